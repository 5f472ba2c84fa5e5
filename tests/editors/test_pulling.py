"""An editor that pulls diagnostics is not pushed them as well: it would show each twice."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient

URI = "file:///flows/pulled.flow"
WRONG = 'flow a {\n  on manual()\n  slack.post_mesage(channel: "general", message: "hello")\n}\n'


@pytest_lsp.fixture(config=ClientServerConfig(server_command=[sys.executable, "-m", "flowquill.cli.main", "lsp"]))
async def client(lsp_client: LanguageClient) -> AsyncIterator[None]:
    capabilities = types.ClientCapabilities(
        text_document=types.TextDocumentClientCapabilities(diagnostic=types.DiagnosticClientCapabilities()),
        workspace=types.WorkspaceClientCapabilities(diagnostics=types.DiagnosticWorkspaceClientCapabilities(refresh_support=True)),
    )
    await lsp_client.initialize_session(types.InitializeParams(capabilities=capabilities))
    yield
    await lsp_client.shutdown_session()


@pytest.mark.asyncio
async def test_nothing_is_pushed_and_a_change_of_settings_asks_for_a_new_pull(client: LanguageClient) -> None:
    refreshed = asyncio.get_running_loop().create_future()

    # The test client's own handler only writes a line into the log.
    client.protocol.fm.features.pop(types.WORKSPACE_DIAGNOSTIC_REFRESH)

    @client.feature(types.WORKSPACE_DIAGNOSTIC_REFRESH)
    def refresh(*_: object) -> None:
        if not refreshed.done():
            refreshed.set_result(True)

    client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(URI, "flowquill", 1, WRONG)))
    asked = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(URI))
    assert [d.code for d in (await client.text_document_diagnostic_async(asked)).items] == ["FQ003"]

    client.workspace_did_change_configuration(types.DidChangeConfigurationParams({"flowquill": {"builtinCatalog": False}}))
    await asyncio.wait_for(refreshed, 30)
    assert [d.code for d in (await client.text_document_diagnostic_async(asked)).items] == ["FQ002"]
    assert URI not in client.diagnostics

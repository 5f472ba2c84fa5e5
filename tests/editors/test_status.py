"""What a status item is told: settings that load another model are seen at once, and what was wrong with the old one is forgotten."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient

URI = "file:///flows/down.flow"


@pytest_lsp.fixture(config=ClientServerConfig(server_command=[sys.executable, "-m", "flowquill.cli.main", "lsp"]))
async def client(lsp_client: LanguageClient) -> AsyncIterator[None]:
    options = {"flowquill": {"model": "/nowhere/one"}}
    await lsp_client.initialize_session(types.InitializeParams(capabilities=types.ClientCapabilities(), initialization_options=options))
    yield
    await lsp_client.shutdown_session()


@pytest.mark.asyncio
async def test_another_model_is_loaded_in_sight(client: LanguageClient) -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()

    @client.feature("flowquill/status")
    def told(params: Any) -> None:
        heard.put_nowait(params)

    async def until(state: str) -> Any:
        while (params := await asyncio.wait_for(heard.get(), 60)).state != state:
            pass
        return params

    heard.put_nowait(await client.protocol.send_request_async("flowquill/status", {}))
    await until("failed")
    client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(URI, "flowquill", 1, "# every day post the weather\n")))
    context = types.InlineCompletionContext(types.InlineCompletionTriggerKind.Invoked)
    await client.text_document_inline_completion_async(types.InlineCompletionParams(context, types.TextDocumentIdentifier(URI), types.Position(1, 0)))
    assert "/nowhere/one" in (await until("failed")).nothing.message

    client.workspace_did_change_configuration(types.DidChangeConfigurationParams({"flowquill": {"model": "/nowhere/two"}}))
    assert (await until("loading")).nothing is None
    other = await until("failed")
    assert "/nowhere/two" in other.message and other.nothing is None


@pytest.mark.asyncio
async def test_what_is_taken_back_too_late_writes_nothing_into_the_log() -> None:
    """Editors do so all the time, and show each line of the log as an error."""
    program = [sys.executable, "-m", "flowquill.cli.main", "lsp"]
    server = await asyncio.create_subprocess_exec(*program, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    messages = [
        {"id": 1, "method": "initialize", "params": {"capabilities": {}, "initializationOptions": {"model": "/nowhere", "builtinCatalog": False}}},
        {"method": "$/cancelRequest", "params": {"id": 77}},
        {"id": 2, "method": "shutdown", "params": None},
        {"method": "exit", "params": None},
    ]
    bodies = [json.dumps({"jsonrpc": "2.0", **message}).encode() for message in messages]
    _, log = await asyncio.wait_for(server.communicate(b"".join(b"Content-Length: %d\r\n\r\n%s" % (len(body), body) for body in bodies)), 60)
    assert b"Cancel" not in log, log.decode()

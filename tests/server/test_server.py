"""The language server over the real process and the real protocol."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient

URI = "file:///flows/demo.flow"
SOUND = 'flow a {\n  on manual()\n\n  slack.post_message(channel: "general", message: "hello")\n}\n'


@pytest_lsp.fixture(config=ClientServerConfig(server_command=[sys.executable, "-m", "flowquill.cli.main", "lsp"]))
async def client(lsp_client: LanguageClient) -> AsyncIterator[None]:
    capabilities = types.ClientCapabilities(
        text_document=types.TextDocumentClientCapabilities(inline_completion=types.InlineCompletionClientCapabilities()),
        workspace=types.WorkspaceClientCapabilities(apply_edit=True),
    )
    await lsp_client.initialize_session(types.InitializeParams(capabilities=capabilities))
    yield
    await lsp_client.shutdown_session()


async def opened(client: LanguageClient, text: str, uri: str = URI) -> list[types.Diagnostic]:
    """Opens a file and gives its first diagnostics."""
    client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "flow", 1, text)))
    return await published(client, uri)


async def published(client: LanguageClient, uri: str = URI) -> list[types.Diagnostic]:
    await asyncio.wait_for(client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS), 20)
    return list(client.diagnostics[uri])


def identifier(uri: str = URI) -> types.TextDocumentIdentifier:
    return types.TextDocumentIdentifier(uri)


@pytest.mark.asyncio
async def test_diagnostics_follow_the_text(client: LanguageClient) -> None:
    assert await opened(client, SOUND) == []
    wrong = types.TextDocumentContentChangePartial(types.Range(types.Position(3, 8), types.Position(3, 20)), "post_mesage")
    client.text_document_did_change(types.DidChangeTextDocumentParams(types.VersionedTextDocumentIdentifier(2, URI), [wrong]))
    found = await published(client)
    assert [(d.code, d.range.start.line, d.range.start.character) for d in found] == [("FQ003", 3, 8)]
    actions = await client.text_document_code_action_async(
        types.CodeActionParams(identifier(), found[0].range, types.CodeActionContext(diagnostics=found))
    )
    assert actions
    titles = [a.title for a in actions]
    assert titles[0] == "Change to post_message"


@pytest.mark.asyncio
async def test_positions_count_utf16_units(client: LanguageClient) -> None:
    found = await opened(client, 'flow a {\n  on manual()\n  compose(value: "😀", nope: 1)\n}\n')
    assert [(d.code, d.range.start.character) for d in found] == [("FQ004", 23)]


@pytest.mark.asyncio
async def test_completion_of_operations_parameters_and_values(client: LanguageClient) -> None:
    await opened(client, 'flow a {\n  on manual()\n  slack.\n  http(method: "\n}\n')

    async def labels(line: int, character: int) -> list[str]:
        answer = await client.text_document_completion_async(types.CompletionParams(identifier(), types.Position(line, character)))
        assert isinstance(answer, list)
        return [i.label for i in answer]

    assert "post_message" in await labels(2, 8)
    assert "GET" in await labels(3, 16)


@pytest.mark.asyncio
async def test_hover_formatting_and_symbols(client: LanguageClient) -> None:
    await opened(client, SOUND.replace("  slack", "      slack"))
    hover = await client.text_document_hover_async(types.HoverParams(identifier(), types.Position(3, 14)))
    assert hover and isinstance(hover.contents, types.MarkupContent) and "slack.post_message" in hover.contents.value
    edits = await client.text_document_formatting_async(types.DocumentFormattingParams(identifier(), types.FormattingOptions(2, True)))
    assert edits and edits[0].new_text == SOUND
    symbols = await client.text_document_document_symbol_async(types.DocumentSymbolParams(identifier()))
    assert symbols and symbols[0].name == "a"


@pytest.mark.asyncio
async def test_pull_diagnostics(client: LanguageClient) -> None:
    await opened(client, "flow a {\n  nowhere.nothing()\n}\n")
    report = await client.text_document_diagnostic_async(types.DocumentDiagnosticParams(identifier()))
    assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
    assert {d.code for d in report.items} == {"FQ002", "FQ015"}


@pytest.mark.asyncio
async def test_a_comment_offers_to_be_generated(client: LanguageClient) -> None:
    await opened(client, "# every day say hello\n\n")
    actions = await client.text_document_code_action_async(
        types.CodeActionParams(identifier(), types.Range(types.Position(0, 0), types.Position(0, 0)), types.CodeActionContext(diagnostics=[]))
    )
    assert actions and [a.title for a in actions] == ["Generate flow from comment"]


@pytest.mark.asyncio
async def test_a_file_that_is_not_open_is_an_error_and_the_server_lives_on(client: LanguageClient) -> None:
    with pytest.raises(Exception, match="not open"):
        await client.text_document_hover_async(types.HoverParams(identifier("file:///nowhere.flow"), types.Position(0, 0)))
    assert await opened(client, SOUND) == []

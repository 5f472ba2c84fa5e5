"""Navigation, colors, lenses and commands over the real process and the real protocol."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient

URI = "file:///flows/edit.flow"
TEXT = (
    "# see https://example.org/notes\n"
    "flow a {\n"
    "  on manual(who: text) as started\n"
    '  answer = http(method: "GET", uri: "https://example.org")\n'
    "  if answer.status_code == 200 {\n"
    '    slack.post_message(channel: "😀", message: $"{answer.status_code} for {started.who}")\n'
    "  }\n"
    "}\n"
)


@pytest_lsp.fixture(config=ClientServerConfig(server_command=[sys.executable, "-m", "flowquill.cli.main", "lsp"]))
async def client(lsp_client: LanguageClient) -> AsyncIterator[None]:
    await lsp_client.initialize_session(types.InitializeParams(capabilities=types.ClientCapabilities()))
    lsp_client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(URI, "flow", 1, TEXT)))
    yield
    await lsp_client.shutdown_session()


FILE = types.TextDocumentIdentifier(URI)


def at(text: str, plus: int = 0, nth: int = 0) -> types.Position:
    """Where a text stands in the file, in UTF-16 units."""
    offset = -1
    for _ in range(nth + 1):
        offset = TEXT.index(text, offset + 1)
    before = TEXT[: offset + plus]
    line = before[before.rfind("\n") + 1 :]
    return types.Position(before.count("\n"), len(line.encode("utf-16-le")) // 2)


@pytest.mark.asyncio
async def test_definition_references_and_highlights(client: LanguageClient) -> None:
    use = at("answer", 2, 2)
    found = await client.text_document_definition_async(types.DefinitionParams(FILE, use))
    assert isinstance(found, types.Location) and found.range.start == at("answer")
    places = await client.text_document_references_async(types.ReferenceParams(types.ReferenceContext(False), FILE, use))
    assert places and [p.range.start for p in places] == [at("answer", 0, 1), at("answer", 0, 2)]
    marks = await client.text_document_document_highlight_async(types.DocumentHighlightParams(FILE, use))
    assert marks and [m.kind for m in marks] == [types.DocumentHighlightKind.Write, types.DocumentHighlightKind.Read, types.DocumentHighlightKind.Read]


@pytest.mark.asyncio
async def test_rename(client: LanguageClient) -> None:
    ready = await client.text_document_prepare_rename_async(types.PrepareRenameParams(FILE, at("answer")))
    assert isinstance(ready, types.PrepareRenamePlaceholder) and ready.placeholder == "answer"
    edit = await client.text_document_rename_async(types.RenameParams(FILE, at("answer"), "page"))
    assert edit and edit.changes and [e.range.start for e in edit.changes[URI]] == [at("answer", 0, n) for n in range(3)]
    with pytest.raises(Exception, match="already given"):
        await client.text_document_rename_async(types.RenameParams(FILE, at("answer"), "started"))
    assert await client.text_document_prepare_rename_async(types.PrepareRenameParams(FILE, at("see"))) is None


@pytest.mark.asyncio
async def test_hover_of_a_name_and_a_property(client: LanguageClient) -> None:
    async def said(position: types.Position) -> str:
        hover = await client.text_document_hover_async(types.HoverParams(FILE, position))
        assert hover and isinstance(hover.contents, types.MarkupContent)
        return hover.contents.value

    assert "object (result of `http`)" in await said(at("answer", 1, 1)) and "`status_code`: integer" in await said(at("answer", 1, 1))
    assert "integer" in await said(at("status_code", 2))


@pytest.mark.asyncio
async def test_tokens_of_all_and_of_a_range(client: LanguageClient) -> None:
    full = await client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(FILE))
    assert full and len(full.data) % 5 == 0 and full.data
    part = await client.text_document_semantic_tokens_range_async(types.SemanticTokensRangeParams(FILE, types.Range(types.Position(4, 0), types.Position(4, 30))))
    assert part and 0 < len(part.data) < len(full.data) and part.data[0] == 4


@pytest.mark.asyncio
async def test_folding_selection_hints_links_and_symbols(client: LanguageClient) -> None:
    folds = await client.text_document_folding_range_async(types.FoldingRangeParams(FILE))
    assert folds and (1, 6) in [(f.start_line, f.end_line) for f in folds]
    ranges = await client.text_document_selection_range_async(types.SelectionRangeParams(FILE, [at("status_code")]))
    assert ranges and ranges[0].parent is not None
    whole = types.Range(types.Position(0, 0), types.Position(9, 0))
    hints = await client.text_document_inlay_hint_async(types.InlayHintParams(FILE, whole))
    assert hints and [h.label for h in hints] == [": object", ": object"]
    links = await client.text_document_document_link_async(types.DocumentLinkParams(FILE))
    assert links and [link.target for link in links] == ["https://example.org/notes", "https://example.org"]
    symbols = await client.workspace_symbol_async(types.WorkspaceSymbolParams("ans"))
    assert symbols and [s.name for s in symbols] == ["answer"]


@pytest.mark.asyncio
async def test_signature_help(client: LanguageClient) -> None:
    found = await client.text_document_signature_help_async(types.SignatureHelpParams(FILE, at("message:", 9)))
    assert found and found.signatures[0].label.startswith("slack.post_message(channel: text, message: text") and found.active_parameter == 1


@pytest.mark.asyncio
async def test_lenses_and_their_commands(client: LanguageClient) -> None:
    lenses = await client.text_document_code_lens_async(types.CodeLensParams(FILE))
    assert lenses and [lens.command.title for lens in lenses if lens.command] == ["Dry run", "Export to Logic Apps", "Preview graph"]

    async def done(number: int) -> Any:
        command = lenses[number].command
        assert command
        return await client.workspace_execute_command_async(types.ExecuteCommandParams(command.command, command.arguments))

    def field(value: Any, name: str) -> Any:
        return value[name] if isinstance(value, dict) else getattr(value, name)

    assert field(await done(0), "status") == "Succeeded"
    assert field(field(await done(1), "definition"), "actions")
    assert [field(n, "kind") for n in field(await done(2), "nodes")] == ["trigger", "call", "if", "block", "call"]
    with pytest.raises(Exception, match="no flow nothing"):
        await client.workspace_execute_command_async(types.ExecuteCommandParams("flowquill.run", [URI, "nothing"]))

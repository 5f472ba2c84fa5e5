"""What the model writes, over the real process with the model of the package: ghost text, commands, status, settings."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient

pytestmark = pytest.mark.model
URI = "file:///flows/new.flow"
FILE = types.TextDocumentIdentifier(URI)
COMMENT = "# when an issue is opened on GitHub, post it in the engineering channel of Slack\n\n"
FLOW = 'flow a {\n  on manual(who: text) as started\n  todo "Post a message in the sales channel of Slack"\n}\n'


@pytest_lsp.fixture(config=ClientServerConfig(server_command=[sys.executable, "-m", "flowquill.cli.main", "lsp"]))
async def client(lsp_client: LanguageClient) -> AsyncIterator[None]:
    heard: dict[str, list[Any]] = {"edits": [], "statuses": [], "asked": []}
    lsp_client.heard = heard  # type: ignore[attr-defined]
    lsp_client.configured = {}  # type: ignore[attr-defined]

    @lsp_client.feature(types.WORKSPACE_APPLY_EDIT)
    def apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        heard["edits"].append(params)
        return types.ApplyWorkspaceEditResult(applied=True)

    @lsp_client.feature("flowquill/status")
    def status(params: Any) -> None:
        heard["statuses"].append(params)

    @lsp_client.feature("flowquill/input")
    def asked(params: Any) -> dict[str, str]:
        heard["asked"].append(params)
        return {"value": "also wait two days at the end"}

    capabilities = types.ClientCapabilities(
        text_document=types.TextDocumentClientCapabilities(inline_completion=types.InlineCompletionClientCapabilities()),
        workspace=types.WorkspaceClientCapabilities(apply_edit=True, workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True)),
        experimental={"flowquill": {"input": True, "results": True}},
    )
    await lsp_client.initialize_session(types.InitializeParams(capabilities=capabilities))
    yield
    await lsp_client.shutdown_session()


def opened(client: LanguageClient, text: str, version: int = 1) -> None:
    client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(URI, "flow", version, text)))


async def command(client: LanguageClient, name: str, *arguments: Any) -> dict[str, Any]:
    return plain(await asyncio.wait_for(client.workspace_execute_command_async(types.ExecuteCommandParams(name, list(arguments))), 90))


def plain(value: Any) -> Any:
    """What came as JSON, as JSON again."""
    if hasattr(value, "_asdict"):
        return {k: plain(v) for k, v in value._asdict().items()}
    return [plain(v) for v in value] if isinstance(value, list) else value


async def ghost(client: LanguageClient, line: int, character: int, by_hand: bool = True) -> list[types.InlineCompletionItem]:
    kinds = types.InlineCompletionTriggerKind
    context = types.InlineCompletionContext(kinds.Invoked if by_hand else kinds.Automatic)
    params = types.InlineCompletionParams(context, FILE, types.Position(line, character))
    found = await asyncio.wait_for(client.text_document_inline_completion_async(params), 90)
    return list(found.items if isinstance(found, types.InlineCompletionList) else found or [])


def written(client: LanguageClient) -> tuple[str, types.Range]:
    """The text of the last edit that the server asked for, and where it goes."""
    edit = client.heard["edits"][-1].edit  # type: ignore[attr-defined]
    change = edit.document_changes[0]
    assert change.text_document.version == 1
    return change.edits[0].new_text, change.edits[0].range


async def status(client: LanguageClient) -> dict[str, Any]:
    return dict(plain(await client.protocol.send_request_async("flowquill/status", {})))


@pytest.mark.asyncio
async def test_ghost_text_alternatives_and_typing_through(client: LanguageClient) -> None:
    opened(client, COMMENT)
    items = await ghost(client, 1, 0)
    texts = [str(i.insert_text) for i in items]
    assert len(texts) == len(set(texts)) and 1 < len(texts) <= 3 and texts[0].startswith("flow ") and "slack.post_message" in texts[0]
    before = (await status(client))["latencyMs"]
    start = texts[0][:8]
    place = types.Range(types.Position(1, 0), types.Position(1, 0))
    client.text_document_did_change(types.DidChangeTextDocumentParams(types.VersionedTextDocumentIdentifier(2, URI), [types.TextDocumentContentChangePartial(place, start)]))
    typed = await ghost(client, 1, 8, by_hand=False)
    assert typed and typed[0].insert_text == texts[0] and typed[0].range == types.Range(types.Position(1, 0), types.Position(1, 8))
    # Nothing was generated anew.
    assert (await status(client))["latencyMs"] == before


@pytest.mark.asyncio
async def test_ghost_text_says_why_nothing_comes(client: LanguageClient) -> None:
    opened(client, "flow a {\n  on manual()\n}\n")
    assert await ghost(client, 1, 0, by_hand=False) == [] and not client.messages
    assert (await status(client))["nothing"]["code"] == "not-blank"
    assert await ghost(client, 1, 0) == []
    assert "not blank" in client.messages[-1].message


@pytest.mark.asyncio
async def test_settings_count_at_once(client: LanguageClient) -> None:
    opened(client, COMMENT)
    client.workspace_did_change_configuration(types.DidChangeConfigurationParams({"flowquill": {"ghostText": "off", "codeLens": False}}))
    assert await ghost(client, 1, 0) == [] and "switched off" in client.messages[-1].message
    client.workspace_did_change_configuration(types.DidChangeConfigurationParams({"flowquill": {"ghostText": "manual", "alternatives": 1}}))
    assert await ghost(client, 1, 0, by_hand=False) == [] and (await status(client))["nothing"]["code"] == "off"
    assert len(await ghost(client, 1, 0)) == 1
    client.workspace_did_change_configuration(types.DidChangeConfigurationParams({}))
    assert await ghost(client, 1, 0, by_hand=False) != [] or (await status(client))["nothing"]["code"] == "off"
    client.workspace_did_change_configuration(types.DidChangeConfigurationParams({"flowquill": {"ghostText": "loud"}}))
    await status(client)
    assert "automatic is used" in client.messages[-1].message


@pytest.mark.asyncio
async def test_generate_todo_edit_and_explain(client: LanguageClient) -> None:
    opened(client, COMMENT)
    done = await command(client, "flowquill.generate", URI, 0)
    assert done["applied"] and done["latencyMs"] > 0 and written(client)[0].startswith("flow ")

    opened(client, FLOW)
    done = await command(client, "flowquill.generateTodo", URI, 2)
    text, place = written(client)
    assert done["applied"] and text.startswith("slack.") and place == types.Range(types.Position(2, 2), types.Position(2, 53))
    assert (await command(client, "flowquill.generateTodo", URI, 0))["code"] == "no-comment"

    sound = 'flow a {\n  on manual()\n  slack.post_message(channel: "sales", message: "hello")\n}\n'
    opened(client, sound)
    done = await command(client, "flowquill.edit", URI, "a", "also wait two days at the end")
    assert done["applied"] and "delay(" in written(client)[0] and "slack.post_message" in written(client)[0]
    asked = await command(client, "flowquill.edit", URI, "a")
    assert asked["applied"] and client.heard["asked"] and written(client)[0] == done["text"]  # type: ignore[attr-defined]
    explained = await command(client, "flowquill.explain", URI, "a")
    text, place = written(client)
    assert explained["applied"] and text.startswith("# What it does: When started by hand") and place.start == types.Position(0, 0)


@pytest.mark.asyncio
async def test_the_status_is_told_when_it_changes(client: LanguageClient) -> None:
    opened(client, COMMENT)
    first = await status(client)
    assert first["state"] in ("loading", "ready") and first["nothing"] is None
    await command(client, "flowquill.generate", URI, 0)
    last = await status(client)
    assert last["state"] == "ready" and last["engine"] == "embedded" and last["model"] and last["latencyMs"] > 0 and 0 < last["confidence"] <= 1
    assert last["catalog"]["operations"] > 100
    assert "generating" in [plain(s)["state"] for s in client.heard["statuses"]]  # type: ignore[attr-defined]


@pytest.mark.asyncio
async def test_actions_of_every_kind(client: LanguageClient) -> None:
    text = '# mail me\nflow a {\n  on manual()\n  slack.post_message()\n  todo "Call the customer"\n  x = compose(valu: 1)\n}\n'
    opened(client, text)
    kinds = types.CodeActionKind

    async def offered(start: tuple[int, int], end: tuple[int, int], *only: str) -> dict[str, Any]:
        context = types.CodeActionContext(diagnostics=[], only=list(only) or None)
        params = types.CodeActionParams(FILE, types.Range(types.Position(*start), types.Position(*end)), context)
        return {a.title: a for a in await client.text_document_code_action_async(params) or []}

    at_call = await offered((3, 10), (3, 10))
    assert {"Fill in 2 required parameters", "Add channel to be filled in", "Explain this flow", "Edit flow with an instruction ..."} <= set(at_call)
    edit = at_call["Fill in 2 required parameters"].edit
    assert edit and edit.document_changes and edit.document_changes[0].edits[0].new_text == "channel: ?, message: ?"
    assert "Write this step" in await offered((4, 4), (4, 4))
    assert {"Generate flow from comment", "Change the flow a as this comment says"} <= set(await offered((0, 0), (0, 0)))
    assert list(await offered((3, 2), (5, 20), kinds.RefactorExtract)) == ["Put 3 steps into a scope"]
    every = await offered((0, 0), (6, 0), kinds.SourceFixAll)
    assert list(every) == ["Fix everything that has one fix"]
    fixed = every["Fix everything that has one fix"].edit
    assert fixed and fixed.document_changes and "  compose(value" in fixed.document_changes[0].edits[0].new_text


@pytest.mark.asyncio
async def test_layout_of_a_selection_and_while_typing(client: LanguageClient) -> None:
    opened(client, "flow a {\n     on manual()\n   compose( value:1 )\n}\n")
    options = types.FormattingOptions(2, True)
    part = types.Range(types.Position(2, 0), types.Position(2, 9))
    edits = await client.text_document_range_formatting_async(types.DocumentRangeFormattingParams(FILE, part, options))
    assert edits and [e.new_text for e in edits] == ["  compose(value: 1)\n"]
    moved = await client.text_document_on_type_formatting_async(types.DocumentOnTypeFormattingParams(FILE, types.Position(1, 0), "\n", options))
    assert moved and moved[0].new_text == "  " and moved[0].range.end == types.Position(1, 5)
    assert not await client.text_document_on_type_formatting_async(types.DocumentOnTypeFormattingParams(FILE, types.Position(3, 1), "}", options))


@pytest.mark.asyncio
async def test_completion_items_are_resolved(client: LanguageClient) -> None:
    opened(client, "flow a {\n  on manual()\n  slack.\n  http(method: \"x\")\n}\n")
    found = await client.text_document_completion_async(types.CompletionParams(FILE, types.Position(2, 8)))
    assert isinstance(found, list)
    item = next(i for i in found if i.label == "post_message")
    assert item.documentation is None and item.insert_text is None
    whole = await client.completion_item_resolve_async(item)
    assert isinstance(whole.documentation, types.MarkupContent) and "slack.post_message" in whole.documentation.value
    quoted = await client.text_document_completion_async(types.CompletionParams(FILE, types.Position(3, 17)))
    assert isinstance(quoted, list) and quoted
    edit = quoted[0].text_edit
    assert isinstance(edit, types.TextEdit) and edit.range == types.Range(types.Position(3, 16), types.Position(3, 17))

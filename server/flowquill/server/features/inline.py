"""textDocument/inlineCompletion: a flow as ghost text on the blank line below a comment."""

from __future__ import annotations

from lsprotocol import types

from flowquill.server.app import FlowquillServer
from flowquill.server.documents import Snapshot
from flowquill.server.features.comments import Asked, asked
from flowquill.server.features.generate import PATIENCE, generation

SHORT = 3.0
"""Seconds that typing waits for the model to load before it is told so."""


def register(server: FlowquillServer) -> None:
    """Adds the handler. The last answer is kept: editors ask again for the same place."""
    last: list[tuple[Asked, str, str]] = []

    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    async def inline(params: types.InlineCompletionParams) -> types.InlineCompletionList:
        snapshot = server.documents.snapshot(params.text_document.uri)
        by_hand = params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
        found = _wanted(snapshot, params.position)
        if found is None:
            if by_hand:
                server.tell("Ghost text comes on the blank line below a comment that says what the flow should do.", once=True)
            return types.InlineCompletionList([])
        if last and last[0][:2] == (found, snapshot.text):
            return _items(snapshot, params.position, last[0][2])
        try:
            written = await generation(server, snapshot, found, PATIENCE if by_hand else SHORT)
        except Exception as error:
            server.tell(str(error) or type(error).__name__, types.MessageType.Warning, once=not by_hand)
            return types.InlineCompletionList([])
        if written is None:
            server.tell("Flowquill is still loading its model; ask again in a moment.", once=not by_hand)
            return types.InlineCompletionList([])
        last[:] = [(found, snapshot.text, written.insert)]
        return _items(snapshot, params.position, written.insert)


def _wanted(snapshot: Snapshot, position: types.Position) -> Asked | None:
    """The request whose flow belongs at this place: a blank line just below a comment, with no step of its own below yet."""
    lines = snapshot.lines
    line = position.line
    if lines.line(line).strip() or line == 0:
        return None
    below = lines.line(line + 1).strip() if line + 1 < len(lines.starts) else ""
    if below and not below.startswith(("}", "#")):
        return None
    found = asked(lines, line)
    if found is None or found.last != line - 1:
        return None
    return Asked(found.text, found.first, found.last, lines.offset(position))


def _items(snapshot: Snapshot, position: types.Position, insert: str) -> types.InlineCompletionList:
    text = insert.replace("\n", snapshot.line_break)
    item = types.InlineCompletionItem(insert_text=text, range=types.Range(position, position))
    return types.InlineCompletionList([item] if text.strip() else [])

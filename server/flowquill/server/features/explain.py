"""The command flowquill.explain: writes what a flow does as a comment above it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from flowquill.server.app import FlowquillServer
from flowquill.server.features.flows import chosen
from flowquill.server.features.writing import workspace_edit

if TYPE_CHECKING:
    from flowquill.server.documents import Snapshot

COMMAND = "flowquill.explain"


def register(server: FlowquillServer) -> None:
    """Adds the command."""

    @server.command(COMMAND)
    async def explain(*arguments: Any) -> dict[str, Any]:
        from flowquill.server.reading.explain import comment, explained

        found = await chosen(server, arguments)
        text = explained(found.flow, found.piece.catalog)
        span = place(found.snapshot, found.span[0])
        written = comment(text) + "\n"
        edit = types.TextEdit(found.snapshot.lines.range(span), written.replace("\n", found.snapshot.line_break))
        params = types.ApplyWorkspaceEditParams(workspace_edit(server, found.snapshot, [edit]), label="Explain this flow")
        answer = await server.workspace_apply_edit_async(params)
        if not answer.applied:
            server.tell("The editor did not take the comment; nothing was changed.", types.MessageType.Warning)
        return {"applied": answer.applied, "text": text}


def place(snapshot: Snapshot, start: int) -> tuple[int, int]:
    """Where the explanation of a flow that begins at an offset goes: an earlier explanation right above, or the flow's line."""
    from flowquill.server.reading.explain import MARK

    lines = snapshot.lines
    own = last = lines.number(start)
    begin = lines.starts[own]
    while last > 0 and lines.line(last - 1).startswith("#"):
        last -= 1
        if lines.line(last).startswith(f"# {MARK}"):
            return lines.starts[last], begin
    return begin, begin

"""The commands that have the model write: a comment becomes a flow, a `todo` a step, an instruction a changed flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from flowquill.server.app import FlowquillServer
from flowquill.server.features.comments import Asked, asked
from flowquill.server.features.flows import arguments_of, chosen
from flowquill.server.features.writing import (
    PATIENCE,
    NothingCame,
    Running,
    Wrote,
    generation,
    plain,
    put,
    say,
    unbroken,
)

if TYPE_CHECKING:
    from flowquill.grammar import tree
    from flowquill.server.documents import Snapshot

COMMAND = "flowquill.generate"
TODO = "flowquill.generateTodo"
EDIT = "flowquill.edit"
INPUT = "flowquill/input"


def register(server: FlowquillServer) -> None:
    """Adds the commands."""
    running = Running()
    running.register(server)

    @server.command(COMMAND)
    async def generate(*arguments: Any) -> dict[str, Any]:
        snapshot, line = _line(server, arguments)
        if isinstance(snapshot, str):
            return say(server, "failed", snapshot, types.MessageType.Error)
        found = asked(snapshot.lines, line)
        if found is None:
            return say(server, "no-comment", "There is no comment here; write what the flow should do after a # and ask again.")
        return await running.show(server, "Writing the flow", lambda: _comment(server, snapshot, found))

    @server.command(TODO)
    async def todo(*arguments: Any) -> dict[str, Any]:
        snapshot, line = _line(server, arguments)
        if isinstance(snapshot, str):
            return say(server, "failed", snapshot, types.MessageType.Error)
        return await running.show(server, "Writing the step", lambda: _todo(server, snapshot, line))

    @server.command(EDIT)
    async def edit(*arguments: Any) -> dict[str, Any]:
        values = arguments_of(arguments)
        instruction = values[2] if len(values) > 2 and isinstance(values[2], str) else None
        if instruction is None:
            instruction = await _asked_for(server)
        if not instruction or not instruction.strip():
            return say(server, "cancelled", "No instruction was given; nothing was changed.")
        return await running.show(server, "Changing the flow", lambda: _edit(server, values[:2], instruction))


def _line(server: FlowquillServer, given: tuple[Any, ...]) -> tuple[Snapshot | str, int]:
    """The open file and the line that a command names; else a sentence that says what is wrong."""
    values = arguments_of(given)
    if len(values) < 2 or not isinstance(values[0], str) or not isinstance(values[1], int):
        return "The command names no line of a file; give the file's URI and a line.", -1
    snapshot = server.documents.get(values[0])
    return (snapshot, values[1]) if snapshot is not None else (f"The file {values[0]} is not open; open it in the editor first.", -1)


async def _comment(server: FlowquillServer, snapshot: Snapshot, found: Asked) -> Wrote:
    from flowquill.generation.request import Request

    written = await generation(server, Request(found.text, plain(snapshot.text), unbroken(snapshot, found.offset)), PATIENCE)
    if not written.insert.strip():
        raise NothingCame("empty", "The model wrote nothing for this comment; say it in other words.")
    await put(server, snapshot, (found.offset, found.offset), written.insert, "Generate flow")
    return written, written.insert


async def _todo(server: FlowquillServer, snapshot: Snapshot, line: int) -> Wrote:
    from flowquill.generation.request import Request
    from flowquill.grammar.parse import parse
    from flowquill.server.reading.names import Reading
    from flowquill.server.reading.places import todo_at

    def find(_: Snapshot, reading: Reading) -> tuple[tree.Todo, tuple[int, int]] | None:
        return todo_at(reading, snapshot.lines.span(line))

    found = await server.read(snapshot.uri, find)
    if found is None:
        raise NothingCame("no-comment", "There is no `todo` on this line; put the cursor on one and ask again.")
    node, (start, end) = found
    before, after = plain(snapshot.text[:start]), plain(snapshot.text[end:])
    written = await generation(server, Request(node.text, before + after, len(before)), PATIENCE)
    insert = written.insert.strip("\n") if not before.rsplit("\n", 1)[-1].strip() else written.insert.strip()
    if not insert.strip() or insert.lstrip().startswith("todo "):
        raise NothingCame("empty", "No operation of the catalog does this; the todo stays.")
    if len(parse(before + insert + after).errors) > len(parse(plain(snapshot.text)).errors):
        raise NothingCame("empty", "The step does not fit behind what stands before this todo; the todo stays.")
    await put(server, snapshot, (start, end), insert, "Generate step")
    return written, insert


async def _edit(server: FlowquillServer, flow: list[Any], instruction: str) -> Wrote:
    from flowquill.generation.request import Request
    from flowquill.grammar import tree
    from flowquill.grammar.parse import parse

    found = await chosen(server, flow)
    start, end = found.span
    text = plain(found.snapshot.text[start:end])
    written = await generation(server, Request(instruction, text), PATIENCE)
    result = written.flow.strip("\n")
    flows = parse(result).file.flows
    if flows and len(flows[0].body) == 1 and isinstance(flows[0].body[0], tree.Refuse) and not flows[0].triggers:
        raise NothingCame("empty", f"This is not done: {flows[0].body[0].text}")
    if result == text:
        raise NothingCame("empty", "The model changed nothing; say it in other words, with the names that the flow uses.")
    await put(server, found.snapshot, (start, end), result, "Edit flow")
    return written, result


async def _asked_for(server: FlowquillServer) -> str | None:
    if not server.client_can("input"):
        return None
    question = {"prompt": "How should the flow change?", "placeholder": "send the message to the manager as well"}
    answer = await server.protocol.send_request_async(INPUT, question)
    value = answer.get("value") if isinstance(answer, dict) else getattr(answer, "value", None)
    return value if isinstance(value, str) else None

"""workspace/executeCommand flowquill.generate: a comment becomes a flow, with progress that can be cancelled."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from lsprotocol import types

from flowquill.server.app import FlowquillServer
from flowquill.server.documents import Snapshot
from flowquill.server.features.comments import Asked, asked

if TYPE_CHECKING:
    from flowquill.generation.request import Generation

COMMAND = "flowquill.generate"
PATIENCE = 60.0
"""Seconds a person who asked by hand is let wait for the model to load."""


def register(server: FlowquillServer) -> None:
    """Adds the command."""

    @server.feature(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    def cancelled(params: types.WorkDoneProgressCancelParams) -> None:
        task = _running.get(str(params.token))
        if task is not None:
            task.cancel()

    @server.command(COMMAND)
    async def generate(*arguments: Any) -> None:
        uri, line = _arguments(arguments)
        snapshot = server.documents.get(uri)
        if snapshot is None:
            server.tell(f"The file {uri} is not open; open it in the editor first.", types.MessageType.Error)
            return
        found = asked(snapshot.lines, line)
        if found is None:
            server.tell("There is no comment here; write what the flow should do after a # and ask again.")
            return
        await _generate(server, snapshot, found)


_running: dict[str, asyncio.Task[Any]] = {}


def _arguments(given: tuple[Any, ...]) -> tuple[str, int]:
    values = given[0] if len(given) == 1 and isinstance(given[0], list | tuple) else given
    if len(values) >= 2 and isinstance(values[0], str) and isinstance(values[1], int):
        return values[0], values[1]
    return "", -1


async def _generate(server: FlowquillServer, snapshot: Snapshot, found: Asked) -> None:
    token = f"flowquill-{uuid4()}"
    task = asyncio.current_task()
    shown = bool(server.client_capabilities.window and server.client_capabilities.window.work_done_progress)
    if shown:
        await server.work_done_progress.create_async(token)
        server.work_done_progress.begin(token, types.WorkDoneProgressBegin(title="Writing the flow", cancellable=True))
    if task is not None:
        _running[token] = task
    try:
        written = await generation(server, snapshot, found, PATIENCE)
        if written is None:
            server.tell("The model is still loading; ask again in a moment.")
        elif server.documents.get(snapshot.uri) is not snapshot:
            server.tell("The file changed while its flow was being written; ask again.")
        else:
            await _apply(server, snapshot, found, written)
    except asyncio.CancelledError:
        server.tell("Stopped; nothing was changed.")
    except Exception as error:
        server.tell(str(error) or type(error).__name__, types.MessageType.Error)
    finally:
        _running.pop(token, None)
        if shown:
            server.work_done_progress.end(token, types.WorkDoneProgressEnd())


async def generation(server: FlowquillServer, snapshot: Snapshot, found: Asked, patience: float) -> Generation | None:
    """The generation for a request in a file; None where the model is not ready in time. Raises GenerationError and Cancelled."""
    generator = await server.generator(patience)
    if generator is None:
        return None
    from flowquill.generation.request import Request

    request = Request(found.text, snapshot.text.replace("\r\n", "\n"), _unbroken(snapshot, found.offset))
    return await server.generate(lambda stop: generator.generate(request, cancelled=stop))


def _unbroken(snapshot: Snapshot, offset: int) -> int:
    """An offset in the text whose line breaks are single characters."""
    return offset - snapshot.text.count("\r\n", 0, offset)


async def _apply(server: FlowquillServer, snapshot: Snapshot, found: Asked, written: Generation) -> None:
    place = snapshot.lines.position(found.offset)
    edit = types.TextEdit(types.Range(place, place), written.insert.replace("\n", snapshot.line_break))
    answer = await server.workspace_apply_edit_async(
        types.ApplyWorkspaceEditParams(types.WorkspaceEdit(changes={snapshot.uri: [edit]}), label="Generate flow")
    )
    if not answer.applied:
        server.tell("The editor did not take the flow; nothing was changed.", types.MessageType.Warning)

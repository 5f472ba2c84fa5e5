"""What everything that writes for a person has in common: the generation, its progress, cancelling, the edit, and why nothing came."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from lsprotocol import types

from flowquill.server.app import FlowquillServer
from flowquill.server.standing import Nothing

if TYPE_CHECKING:
    from flowquill.generation.request import Generation, Request
    from flowquill.grammar.diagnostics import Edit
    from flowquill.server.documents import Snapshot

PATIENCE = 60.0
"""Seconds a person who asked by hand is let wait for the model to load."""

Wrote = tuple["Generation", str]
log = logging.getLogger(__name__)


class NothingCame(Exception):
    """Why there is nothing to write. The message is one sentence for a person; `code` is one of server/README.md's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Running:
    """Generations that show progress, by their token, so that the person can stop them."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[Any]] = {}

    def register(self, server: FlowquillServer) -> None:
        """Adds the handler for the stop button."""

        @server.feature(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
        def cancelled(params: types.WorkDoneProgressCancelParams) -> None:
            task = self._tasks.get(str(params.token))
            if task is not None:
                task.cancel()

    async def show(self, server: FlowquillServer, title: str, work: Callable[[], Awaitable[Wrote]]) -> dict[str, Any]:
        """Runs `work`, which writes something and says what; tells the person why where nothing came. The answer of the command."""
        token = f"flowquill-{uuid4()}"
        shown = bool(server.client_capabilities.window and server.client_capabilities.window.work_done_progress)
        task = asyncio.current_task()
        try:
            if shown:
                await server.work_done_progress.create_async(token)
                server.work_done_progress.begin(token, types.WorkDoneProgressBegin(title=title, cancellable=True))
            if task is not None:
                self._tasks[token] = task
            made, text = await work()
        except NothingCame as reason:
            return say(server, reason.code, str(reason), types.MessageType.Error if reason.code == "failed" else types.MessageType.Info)
        except asyncio.CancelledError:
            return say(server, "cancelled", "Stopped; nothing was changed.")
        except Exception as error:
            return say(server, "failed", str(error) or type(error).__name__, types.MessageType.Error)
        finally:
            self._tasks.pop(token, None)
            if shown:
                server.work_done_progress.end(token, types.WorkDoneProgressEnd())
        server.status.gave(made)
        server.tell_status()
        return {"applied": True, "text": text, "latencyMs": server.status.latency_ms, "confidence": made.confidence}


def say(server: FlowquillServer, code: str, message: str, kind: types.MessageType = types.MessageType.Info) -> dict[str, Any]:
    """Tells the person, the status and the caller why nothing was written."""
    server.tell(message, kind)
    server.status.nothing = Nothing(code, message)
    server.tell_status()
    return {"applied": False, "code": code, "message": message}


async def generation(server: FlowquillServer, request: Request, patience: float, alternatives: int = 1) -> Generation:
    """What the model writes. Raises NothingCame where it is not loaded in time or fails in the middle, GenerationError, Cancelled."""
    from flowquill.generation.request import Cancelled, GenerationError

    generator = await server.generator(patience)
    if generator is None:
        raise NothingCame("loading", "Flowquill is still loading its model; ask again in a moment.")
    try:
        return await server.generate(lambda stop: generator.generate(request, alternatives=alternatives, cancelled=stop))
    except (GenerationError, Cancelled):
        raise
    except Exception as error:
        # Where it happened, and not what it said: that may hold what was typed.
        log.error("the model failed: %s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
        raise NothingCame("failed", f"The model failed in the middle ({type(error).__name__}); nothing was changed, ask again, and start the language server anew if it stays so.") from None


def unbroken(snapshot: Snapshot, offset: int) -> int:
    """An offset in the text whose line breaks are single characters, as generation sees it."""
    return offset - snapshot.text.count("\r\n", 0, offset)


def plain(text: str) -> str:
    """A text with line feeds for line breaks."""
    return text.replace("\r\n", "\n")


def text_edit(snapshot: Snapshot, edit: Edit) -> types.TextEdit:
    """An edit of a snapshot in the protocol's form, with the line breaks of the file."""
    return types.TextEdit(snapshot.lines.range(edit.span), plain(edit.text).replace("\n", snapshot.line_break))


def workspace_edit(server: FlowquillServer, snapshot: Snapshot, edits: list[types.TextEdit]) -> types.WorkspaceEdit:
    """Edits of one file, bound to its version where the client can take that: it then refuses them once the file has changed."""
    workspace = server.client_capabilities.workspace
    able = workspace.workspace_edit if workspace else None
    if able is not None and able.document_changes and snapshot.version is not None:
        document = types.OptionalVersionedTextDocumentIdentifier(snapshot.uri, snapshot.version)
        return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(document, list(edits))])
    return types.WorkspaceEdit(changes={snapshot.uri: edits})


async def put(server: FlowquillServer, snapshot: Snapshot, span: tuple[int, int], text: str, label: str) -> None:
    """Has the editor put `text` in place of a span of a snapshot. Raises NothingCame where the file changed or the editor does not."""
    if server.documents.get(snapshot.uri) is not snapshot:
        raise NothingCame("changed", "The file changed while its flow was being written; ask again.")
    edit = types.TextEdit(snapshot.lines.range(span), text.replace("\n", snapshot.line_break))
    answer = await server.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(workspace_edit(server, snapshot, [edit]), label=label))
    if not answer.applied:
        why = f" ({answer.failure_reason})" if answer.failure_reason else ""
        raise NothingCame("changed", f"The editor did not take the flow{why}; nothing was changed.")

"""textDocument/inlineCompletion: a flow, or steps, as ghost text below a comment."""

from __future__ import annotations

import asyncio
from time import perf_counter

from lsprotocol import types

from flowquill.server.app import FlowquillServer
from flowquill.server.documents import Snapshot
from flowquill.server.features.comments import Asked, asked
from flowquill.server.features.ghosts import Ghost, Ghosts, Pace
from flowquill.server.features.writing import PATIENCE, NothingCame, generation, plain, unbroken
from flowquill.server.standing import Nothing

SHORT = 3.0
"""Seconds that typing waits for the model to load."""


def register(server: FlowquillServer) -> None:
    """Adds the handler."""
    writer = GhostWriter(server)

    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    async def inline(params: types.InlineCompletionParams) -> types.InlineCompletionList:
        snapshot = server.documents.snapshot(params.text_document.uri)
        by_hand = params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
        try:
            found = await writer.offered(snapshot, params.position, by_hand)
        except NothingCame as reason:
            writer.nothing(reason, by_hand)
            return types.InlineCompletionList([])
        server.status.nothing = None
        server.tell_status()
        place = snapshot.lines.range(found.span)
        return types.InlineCompletionList([types.InlineCompletionItem(insert_text=t, filter_text=t, range=place) for t in found.texts])


class GhostWriter:
    """Ghost text of one server: what was written already is kept, and of several requests only the newest is worked on."""

    def __init__(self, server: FlowquillServer) -> None:
        self.server = server
        self.ghosts = Ghosts()
        self.pace = Pace()
        self.work: asyncio.Task[tuple[str, ...]] | None = None

    async def offered(self, snapshot: Snapshot, position: types.Position, by_hand: bool) -> Ghost:
        """What may stand at a position. Raises NothingCame."""
        self._wished(by_hand)
        offset = snapshot.lines.offset(position)
        kept = self.ghosts.at(snapshot, offset)
        if kept is not None and not by_hand:
            if not kept.texts:
                raise NothingCame("empty", "The model wrote nothing for this comment; say it in other words.")
            return kept
        place = wanted(snapshot, position, by_hand)
        if isinstance(place, Nothing):
            if kept is not None and kept.texts:
                return kept
            raise NothingCame(place.code, place.message)
        if not by_hand:
            await asyncio.sleep(self.pace.delay)
            if self.server.documents.get(snapshot.uri) is not snapshot:
                self.pace.overtaken()
                raise NothingCame("changed", "The file changed before the flow was begun.")
        texts = await self._newest(snapshot, place, by_hand)
        first = kept.texts[:1] if kept is not None and kept.span == (place.offset, place.offset) else ()
        texts = tuple(dict.fromkeys((*first, *texts)))
        self.ghosts.keep(snapshot, place.offset, texts)
        if not texts:
            raise NothingCame("empty", "The model wrote nothing for this comment; say it in other words.")
        return Ghost((place.offset, place.offset), texts)

    def nothing(self, reason: NothingCame, by_hand: bool) -> None:
        """Notes why nothing came, and tells the person who asked by hand."""
        self.server.status.nothing = Nothing(reason.code, str(reason))
        self.server.tell_status()
        if by_hand:
            self.server.tell(str(reason), types.MessageType.Warning if reason.code == "failed" else types.MessageType.Info)
        elif reason.code == "failed":
            self.server.tell(str(reason), types.MessageType.Warning, once=True)

    def _wished(self, by_hand: bool) -> None:
        wish = self.server.preferences.ghost_text
        if wish == "off":
            raise NothingCame("off", "Ghost text is switched off; set flowquill.ghostText to automatic or manual to have it.")
        if wish == "manual" and not by_hand:
            raise NothingCame("off", "Ghost text comes only when asked for by hand, as flowquill.ghostText says.")

    async def _newest(self, snapshot: Snapshot, place: Asked, by_hand: bool) -> tuple[str, ...]:
        """The texts for a place. A request before this one that is still worked on is given up."""
        if self.work is not None and not self.work.done():
            self.work.cancel()
            self.pace.overtaken()
        work = self.work = asyncio.ensure_future(self._written(snapshot, place, by_hand))
        try:
            return await work
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise NothingCame("cancelled", "A newer request took this one's place.") from None

    async def _written(self, snapshot: Snapshot, place: Asked, by_hand: bool) -> tuple[str, ...]:
        from flowquill.generation.request import GenerationError, Request

        source, cursor = plain(snapshot.text), unbroken(snapshot, place.offset)
        began = perf_counter()
        try:
            made = await generation(self.server, Request(place.text, source, cursor), PATIENCE if by_hand else SHORT, self.server.preferences.alternatives if by_hand else 1)
        except NothingCame:
            raise
        except GenerationError as error:
            # The model is there, and this comment is not for it.
            failed = self.server.status.shown(self.server.loading)["state"] == "failed"
            raise NothingCame("failed" if failed else "empty", str(error)) from None
        except Exception as error:
            raise NothingCame("failed", str(error) or type(error).__name__) from error
        self.pace.took(perf_counter() - began)
        self.server.status.gave(made)
        after = len(source) - cursor
        texts = [made.insert, *(flow[cursor : len(flow) - after] for flow in made.alternatives)]
        return tuple(dict.fromkeys(t.replace("\n", snapshot.line_break) for t in texts if t.strip()))


def wanted(snapshot: Snapshot, position: types.Position, by_hand: bool) -> Asked | Nothing:
    """The request whose flow belongs at a position, or why there is none."""
    lines, line = snapshot.lines, position.line
    found = asked(lines, line)
    text = lines.line(line)
    if found is not None and found.last == line:
        if by_hand and not text[len(text.rstrip()) :].strip() and lines.offset(position) >= lines.span(line)[0] + len(text.rstrip()):
            return _unless_written(snapshot, found, line, lines.span(line)[1], by_hand)
        return Nothing("no-comment", "Press Enter at the end of the comment; ghost text comes on the line below it.")
    if text.strip():
        return Nothing("not-blank", "Ghost text comes on a blank line below a comment, and this line is not blank.")
    if found is None or found.last != line - 1:
        return Nothing("no-comment", "There is no comment right above this line; write what the flow should do after a # and press Enter.")
    above = lines.line(found.last)
    if not by_hand and text != above[: len(above) - len(above.lstrip())]:
        return Nothing("indentation", "The cursor is not indented as its comment is; ghost text comes there by itself only at the same indentation.")
    return _unless_written(snapshot, found, line, lines.offset(position), by_hand)


def _unless_written(snapshot: Snapshot, found: Asked, line: int, offset: int, by_hand: bool) -> Asked | Nothing:
    """The request, but where what it asks for stands below already."""
    lines = snapshot.lines
    below = lines.line(line + 1).strip() if line + 1 < len(lines.starts) else ""
    if below and not below.startswith(("}", "#")):
        inside = bool(lines.line(found.last)[:1].strip() == "") and not below.startswith("flow ")
        # Inside a flow a line that was just begun, or asked for, is a place for new steps above those that stand there.
        if not inside or not (by_hand or snapshot.entered == line):
            return Nothing("already-written", "What this comment asks for stands below it already; delete that to have it written anew.")
    return Asked(found.text, found.first, found.last, offset)

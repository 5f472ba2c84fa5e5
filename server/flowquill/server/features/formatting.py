"""textDocument/formatting, rangeFormatting and onTypeFormatting: one layout for all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types

from flowquill.server.app import FlowquillServer
from flowquill.server.features.writing import text_edit

if TYPE_CHECKING:
    from flowquill.server.documents import Snapshot
    from flowquill.server.reading.names import Reading


def register(server: FlowquillServer) -> None:
    """Adds the handlers."""

    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    async def formatting(params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
        from flowquill.grammar.format import FormatError, format_text

        snapshot = server.documents.snapshot(params.text_document.uri)
        try:
            written = await asyncio.get_running_loop().run_in_executor(server.checking, format_text, snapshot.text.replace("\r\n", "\n"))
        except FormatError as error:
            server.tell(f"The file is left as it is: {error}")
            return None
        written = written.replace("\n", snapshot.line_break)
        if written == snapshot.text:
            return []
        return [types.TextEdit(snapshot.lines.range((0, len(snapshot.text))), written)]

    @server.feature(types.TEXT_DOCUMENT_RANGE_FORMATTING)
    async def part(params: types.DocumentRangeFormattingParams) -> list[types.TextEdit] | None:
        from flowquill.grammar.format import FormatError

        def work(snapshot: Snapshot, reading: Reading) -> list[types.TextEdit]:
            from flowquill.server.reading.layout import formatted_part

            return [text_edit(snapshot, e) for e in formatted_part(reading, snapshot.lines.offsets(params.range))]

        try:
            return await server.read(params.text_document.uri, work)
        except FormatError as error:
            server.tell(f"The selection is left as it is: {error}")
            return None

    @server.feature(types.TEXT_DOCUMENT_ON_TYPE_FORMATTING, types.DocumentOnTypeFormattingOptions("}", ["\n", ")"]))
    async def typed(params: types.DocumentOnTypeFormattingParams) -> list[types.TextEdit]:
        from flowquill.server.reading.layout import indentation

        snapshot = server.documents.snapshot(params.text_document.uri)
        line = params.position.line
        start, end = snapshot.lines.span(line)
        text = snapshot.text[start:end]
        blanks = len(text) - len(text.lstrip(" \t"))
        # A bracket within a line moves nothing.
        if params.ch != "\n" and text[blanks : blanks + 1] not in ("}", ")"):
            return []
        wanted = indentation(snapshot.text[:start], text)
        if text[:blanks] == wanted:
            return []
        return [types.TextEdit(snapshot.lines.range((start, start + blanks)), wanted)]

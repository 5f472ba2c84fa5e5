"""textDocument/formatting."""

from __future__ import annotations

from lsprotocol import types

from flowquill.server.app import FlowquillServer


def register(server: FlowquillServer) -> None:
    """Adds the handler."""

    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    async def formatting(params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
        from flowquill.grammar.format import FormatError, format_text

        snapshot = server.documents.snapshot(params.text_document.uri)
        try:
            written = format_text(snapshot.text.replace("\r\n", "\n"))
        except FormatError as error:
            server.tell(f"The file is left as it is: {error}")
            return None
        written = written.replace("\n", snapshot.line_break)
        if written == snapshot.text:
            return []
        return [types.TextEdit(snapshot.lines.range((0, len(snapshot.text))), written)]

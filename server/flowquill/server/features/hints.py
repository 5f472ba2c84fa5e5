"""textDocument/inlayHint: what kind of value a name stands for, behind the place that gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from flowquill.server.app import FlowquillServer

if TYPE_CHECKING:
    from flowquill.server.documents import Snapshot
    from flowquill.server.reading.names import Reading


def register(server: FlowquillServer) -> None:
    """Adds the handler."""

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def hints(params: types.InlayHintParams) -> list[types.InlayHint]:
        def find(snapshot: Snapshot, reading: Reading) -> list[types.InlayHint]:
            first, last = snapshot.lines.offsets(params.range)
            found = []
            for piece, start in zip(reading.pieces, reading.starts, strict=True):
                if start > last or start + len(piece.text) < first:
                    continue
                for one in piece.resolved[0]:
                    place = one.span[1] + start
                    if one.span == one.declared and one.role in ("result", "loop", "trigger") and one.type.name != "any" and first <= place <= last:
                        names = ", ".join(p.name for p in one.type.properties[:12])
                        position = snapshot.lines.position(place)
                        found.append(types.InlayHint(position, f": {one.type.name}", kind=types.InlayHintKind.Type, tooltip=names or None))
            return found

        return await server.read(params.text_document.uri, find)

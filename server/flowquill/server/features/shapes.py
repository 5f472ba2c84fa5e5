"""textDocument/foldingRange and textDocument/selectionRange: the blocks of a flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from flowquill.server.app import FlowquillServer

if TYPE_CHECKING:
    from flowquill.server.documents import Snapshot
    from flowquill.server.reading.names import Reading


def register(server: FlowquillServer) -> None:
    """Adds the handlers."""

    @server.feature(types.TEXT_DOCUMENT_FOLDING_RANGE)
    async def folding(params: types.FoldingRangeParams) -> list[types.FoldingRange]:
        def find(snapshot: Snapshot, reading: Reading) -> list[types.FoldingRange]:
            from flowquill.server.reading.shape import comment_folds, folds

            number = snapshot.lines.number
            blocks = [types.FoldingRange(number(a), number(b) - 1) for a, b in folds(reading) if number(b) - number(a) > 1]
            comments = [types.FoldingRange(number(a), number(b), kind=types.FoldingRangeKind.Comment) for a, b in comment_folds(reading) if number(b) > number(a)]
            return blocks + comments

        return await server.read(params.text_document.uri, find)

    @server.feature(types.TEXT_DOCUMENT_SELECTION_RANGE)
    async def selection(params: types.SelectionRangeParams) -> list[types.SelectionRange]:
        def find(snapshot: Snapshot, reading: Reading) -> list[types.SelectionRange]:
            from flowquill.server.reading.shape import widening

            found = []
            for position in params.positions:
                inner: types.SelectionRange | None = None
                for span in reversed(widening(reading, snapshot.lines.offset(position))):
                    inner = types.SelectionRange(snapshot.lines.range(span), inner)
                assert inner is not None
                found.append(inner)
            return found

        return await server.read(params.text_document.uri, find)

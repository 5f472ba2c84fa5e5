"""textDocument/semanticTokens: full and of a range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from flowquill.server.app import FlowquillServer

if TYPE_CHECKING:
    from flowquill.server.documents import Snapshot
    from flowquill.server.reading.names import Reading

TYPES = ("namespace", "function", "method", "parameter", "property", "variable", "keyword", "type", "string", "number", "comment", "decorator", "class", "operator")
MODIFIERS = ("declaration", "readonly", "modification", "defaultLibrary")


def register(server: FlowquillServer) -> None:
    """Adds the handlers. The legend stands here too, so that `initialize` needs no grammar; a test holds both together."""
    legend = types.SemanticTokensLegend(list(TYPES), list(MODIFIERS))

    @server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, legend)
    async def full(params: types.SemanticTokensParams) -> types.SemanticTokens:
        return await server.read(params.text_document.uri, lambda snapshot, reading: encoded(snapshot, reading, (0, len(snapshot.text))))

    @server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE, legend)
    async def part(params: types.SemanticTokensRangeParams) -> types.SemanticTokens:
        return await server.read(params.text_document.uri, lambda snapshot, reading: encoded(snapshot, reading, snapshot.lines.offsets(params.range)))


def encoded(snapshot: Snapshot, reading: Reading, span: tuple[int, int]) -> types.SemanticTokens:
    """The tokens that touch a span, as the protocol's differences."""
    data: list[int] = []
    line = column = 0
    for piece, begin in zip(reading.pieces, reading.starts, strict=True):
        if begin + len(piece.text) < span[0] or begin > span[1]:
            continue
        for start, length, kind, bits in piece.colors:
            a, b = start + begin, start + begin + length
            if b < span[0] or a > span[1]:
                continue
            place, end = snapshot.lines.position(a), snapshot.lines.position(b)
            if end.line != place.line:
                continue
            data += [place.line - line, place.character - (column if place.line == line else 0), end.character - place.character, kind, bits]
            line, column = place.line, place.character
    return types.SemanticTokens(data)

"""textDocument/semanticTokens: full, what changed since, and of a range."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING

from lsprotocol import types

from flowquill.server.app import FlowquillServer

if TYPE_CHECKING:
    from flowquill.server.documents import Snapshot
    from flowquill.server.reading.names import Piece, Reading

TYPES = ("namespace", "function", "method", "parameter", "property", "variable", "keyword", "type", "string", "number", "comment", "decorator", "class", "operator")
MODIFIERS = ("declaration", "readonly", "modification", "defaultLibrary")
AT_ONCE = 12_000
"""Code points of flows not read yet that one request reads; of the rest it tells what words alone tell, and the client is asked to come again."""


def register(server: FlowquillServer) -> None:
    """Adds the handlers. The legend stands here too, so that `initialize` needs no grammar; a test holds both together."""
    legend = types.SemanticTokensLegend(list(TYPES), list(MODIFIERS))
    numbers = count(1)
    last: dict[str, tuple[str, list[int]]] = {}
    reading_on: set[asyncio.Task[None]] = set()

    async def tokens(uri: str) -> tuple[str, list[int]]:
        """The tokens of the newest version, under a new name."""
        data, whole = await server.read(uri, lambda snapshot, reading: encoded(snapshot, reading, AT_ONCE if _refreshes(server) else None))
        if not whole:
            task = asyncio.create_task(_read_on(server, uri))
            reading_on.add(task)
            task.add_done_callback(reading_on.discard)
        identity = str(next(numbers))
        for closed in [u for u in last if server.documents.get(u) is None]:
            del last[closed]
        last[uri] = identity, data
        return identity, data

    @server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, legend)
    async def full(params: types.SemanticTokensParams) -> types.SemanticTokens:
        identity, data = await tokens(params.text_document.uri)
        return types.SemanticTokens(data, identity)

    @server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL_DELTA)
    async def changed(params: types.SemanticTokensDeltaParams) -> types.SemanticTokens | types.SemanticTokensDelta:
        before = last.get(params.text_document.uri)
        identity, data = await tokens(params.text_document.uri)
        if before is None or before[0] != params.previous_result_id:
            return types.SemanticTokens(data, identity)
        start, deleted, new = difference(before[1], data)
        edits = [types.SemanticTokensEdit(start, deleted, new)] if deleted or new else []
        return types.SemanticTokensDelta(edits, identity)

    @server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE, legend)
    async def part(params: types.SemanticTokensRangeParams) -> types.SemanticTokens:
        def work(snapshot: Snapshot, reading: Reading) -> list[int]:
            return within(snapshot, reading, snapshot.lines.offsets(params.range))

        return types.SemanticTokens(await server.read(params.text_document.uri, work))


def encoded(snapshot: Snapshot, reading: Reading, at_once: int | None) -> tuple[list[int], bool]:
    """The tokens of a file as the protocol counts them, and whether those of all flows were read for it (`at_once` None: they are)."""
    data: list[int] = []
    whole = True
    left = len(snapshot.text) if at_once is None else at_once
    line = 0
    for piece, begin in zip(reading.pieces, reading.starts, strict=True):
        if piece.is_colored or len(piece.text) <= left:
            left -= 0 if piece.is_colored else len(piece.text)
            own = piece.encoded(snapshot.lines.encoding)
        else:
            whole = False
            own = _lexical(piece, snapshot.lines.encoding)
        if own:
            first = snapshot.lines.number(begin)
            at = len(data)
            data += own
            data[at] += first - line
            line = first + sum(own[0::5])
    return data, whole


def _lexical(piece: Piece, encoding: str) -> tuple[int, ...]:
    from flowquill.server.reading.coloring import lexical, relative

    return relative(piece.text, lexical(piece.text), encoding)


def within(snapshot: Snapshot, reading: Reading, span: tuple[int, int]) -> list[int]:
    """The tokens that touch a span."""
    from flowquill.server.reading.coloring import relative

    found = []
    for piece, begin in zip(reading.pieces, reading.starts, strict=True):
        if begin + len(piece.text) >= span[0] and begin <= span[1]:
            found += [(s + begin, n, kind, bits) for s, n, kind, bits in piece.colors if s + begin + n >= span[0] and s + begin <= span[1]]
    if not found:
        return []
    first = snapshot.lines.starts[snapshot.lines.number(found[0][0])]
    end = max(s + n for s, n, _, _ in found)
    data = list(relative(snapshot.text[first:end], [(s - first, n, kind, bits) for s, n, kind, bits in found], snapshot.lines.encoding))
    data[0] += snapshot.lines.number(first)
    return data


def difference(before: list[int], after: list[int]) -> tuple[int, int, list[int]]:
    """(first number that differs, how many go, what comes in their place)."""
    most = min(len(before), len(after))
    start = _common(most, lambda n: before[:n] == after[:n])
    end = _common(most - start, lambda n: before[len(before) - n :] == after[len(after) - n :])
    return start, len(before) - start - end, after[start : len(after) - end]


def _common(most: int, same: Callable[[int], bool]) -> int:
    """The largest number up to `most` for which `same` holds; it holds for all smaller ones too."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if same(middle):
            low = middle
        else:
            high = middle - 1
    return low


def _refreshes(server: FlowquillServer) -> bool:
    """Whether the client can be asked to ask for tokens again."""
    workspace = server.client_capabilities.workspace
    return bool(workspace and workspace.semantic_tokens and workspace.semantic_tokens.refresh_support)


async def _read_on(server: FlowquillServer, uri: str) -> None:
    """Reads the flows of a file one by one, so that other requests come between, and has the client ask again."""
    while True:
        if server.documents.get(uri) is None:
            return
        if not await server.read(uri, _one_more):
            break
    await server.workspace_semantic_tokens_refresh_async(None)


def _one_more(snapshot: Snapshot, reading: Reading) -> bool:
    """Colors one flow more; False where all are."""
    piece = next((p for p in reading.pieces if not p.is_colored), None)
    if piece is None:
        return False
    _ = piece.colors
    return True

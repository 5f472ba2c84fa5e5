"""Blocks to fold, ranges to grow a selection by, the statements of a block one by one."""

from __future__ import annotations

from collections.abc import Iterator

from flowquill.grammar import tree
from flowquill.server.reading.names import Reading


def folds(reading: Reading) -> list[tree.Span]:
    """Spans of flows and of statements with blocks."""
    found: list[tree.Span] = []
    for piece, start in zip(reading.pieces, reading.starts, strict=True):
        for flow in piece.parsed.file.flows:
            found.append((flow.span[0] + start, flow.span[1] + start))
            found += [(n.span[0] + start, n.span[1] + start) for n in statements(flow.body) if tree.blocks(n) or isinstance(n, tree.Call)]
    return found


def comment_folds(reading: Reading) -> list[tree.Span]:
    """Spans of neighbouring lines that are comments and nothing else."""
    runs: list[tree.Span] = []
    for piece, start in zip(reading.pieces, reading.starts, strict=True):
        for comment in piece.parsed.comments:
            if not comment.alone:
                continue
            a, b = comment.span[0] + start, comment.span[1] + start
            if runs and reading.text[runs[-1][1] : a].count("\n") == 1 and not reading.text[runs[-1][1] : a].strip():
                runs[-1] = (runs[-1][0], b)
            else:
                runs.append((a, b))
    return runs


def widening(reading: Reading, offset: int) -> list[tree.Span]:
    """Spans around an offset, the smallest first, each larger than the one before."""
    piece, start = reading.at(offset)
    found: list[tree.Span] = []
    for node in reversed(piece.path(offset - start)):
        span = node.span[0] + start, node.span[1] + start
        if not found or (span != found[-1] and span[0] <= found[-1][0] and span[1] >= found[-1][1]):
            found.append(span)
    return found or [(offset, offset)]


def statements(block: tree.Block) -> Iterator[tree.Statement]:
    """The statements of a block and all blocks inside, in order."""
    for node in block:
        yield node
        for inner in tree.blocks(node):
            yield from statements(inner)

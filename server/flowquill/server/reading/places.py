"""What stands at a place: a `todo`, the words of a statement behind its label."""

from __future__ import annotations

from flowquill.grammar import tree
from flowquill.server.reading.names import Piece, Reading
from flowquill.server.reading.walking import walk


def todo_at(reading: Reading, span: tree.Span) -> tuple[tree.Todo, tree.Span] | None:
    """A `todo` that touches a span, and where its keyword and text stand, without what precedes them in the statement."""
    piece, start = reading.at(span[0])
    for node in walk(piece.parsed.file):
        if isinstance(node, tree.Todo) and node.span[0] + start <= span[1] and span[0] <= node.span[1] + start:
            return node, (action_start(piece, node, "todo") + start, node.span[1] + start)
    return None


def action_start(piece: Piece, node: tree.Statement, word: str) -> int:
    """Where a statement's own words begin, behind decorators, `after` and label."""
    ends = [d.span[1] for d in node.decorators] + [a.span[1] for a in node.after]
    if node.label is not None:
        ends.append(node.label.span[1])
    found = piece.text.find(word, max(ends, default=node.span[0]), node.span[1])
    return found if found >= 0 else node.span[0]

"""Comments that ask for a flow: where they stand, and where its text goes."""

from __future__ import annotations

from dataclasses import dataclass

from flowquill.server.lines import Lines


@dataclass(frozen=True, slots=True)
class Asked:
    """A request in a file: its words, the lines of its comment [first, last], and the offset its flow goes to."""

    text: str
    first: int
    last: int
    offset: int


def comment_at(lines: Lines, line: int) -> tuple[int, int] | None:
    """First and last line of the block of comments that `line` belongs to, or that ends just above it."""
    if not _words(lines, line):
        line -= 1
    if line < 0 or not _words(lines, line):
        return None
    first = last = line
    while first > 0 and _words(lines, first - 1):
        first -= 1
    while _words(lines, last + 1):
        last += 1
    return first, last


def asked(lines: Lines, line: int) -> Asked | None:
    """The request of the comment at or above `line`; its flow goes to the blank line below, or to a new line at its end."""
    block = comment_at(lines, line)
    if block is None:
        return None
    first, last = block
    text = " ".join(w for n in range(first, last + 1) if (w := _words(lines, n)))
    below = last + 1
    if below < len(lines.starts) and not lines.line(below).strip():
        return Asked(text, first, last, lines.span(below)[1])
    return Asked(text, first, last, lines.span(last)[1])


def _words(lines: Lines, line: int) -> str:
    """What a line says where it is a comment and nothing else; "" elsewhere."""
    if not 0 <= line < len(lines.starts):
        return ""
    text = lines.line(line).strip()
    return text.lstrip("#").strip() if text.startswith("#") else ""

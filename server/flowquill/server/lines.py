"""Where a text's lines begin, and the way from LSP positions to code point offsets and back."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from lsprotocol import types

_BREAK = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Lines:
    """A text's lines as LSP counts them: they end at LF, CRLF and CR, and at nothing else.

    `encoding`: what a position's `character` counts, "utf-16", "utf-8" or "utf-32" (code points).
    """

    text: str
    starts: tuple[int, ...]
    encoding: str

    @classmethod
    def of(cls, text: str, encoding: str = "utf-16") -> Lines:
        """The lines of a text."""
        return cls(text, (0, *(m.end() for m in _BREAK.finditer(text))), encoding)

    def replaced(self, start: int, end: int, text: str) -> Lines:
        """The lines after `text` was put in place of a span. Only what changed is looked through."""
        whole = self.text[:start] + text + self.text[end:]
        # A line break may arise from, or be split by, the characters right beside the change.
        first = max(0, bisect_right(self.starts, max(0, start - 1)) - 1)
        after = bisect_right(self.starts, end + 1)
        moved = len(text) - (end - start)
        tail = self.starts[after:]
        stop = tail[0] + moved if tail else len(whole)
        begin = self.starts[first]
        between = (m.end() for m in _BREAK.finditer(whole, begin, stop) if m.end() > begin)
        kept = tuple(s + moved for s in tail) if moved else tail
        found = list(between)
        if kept and found and found[-1] == kept[0]:
            found.pop()
        return Lines(whole, (*self.starts[: first + 1], *found, *kept), self.encoding)

    def number(self, offset: int) -> int:
        """The line, from 0, in which a code point offset lies."""
        return bisect_right(self.starts, offset) - 1

    def span(self, line: int) -> tuple[int, int]:
        """Where a line's text begins and ends, without its line break. Lines beyond the last are empty ones at the end."""
        if line >= len(self.starts):
            return len(self.text), len(self.text)
        start = self.starts[line]
        end = self.starts[line + 1] if line + 1 < len(self.starts) else len(self.text)
        while end > start and self.text[end - 1] in "\r\n":
            end -= 1
        return start, end

    def line(self, line: int) -> str:
        """A line's text without its line break."""
        start, end = self.span(line)
        return self.text[start:end]

    def offset(self, position: types.Position) -> int:
        """The code point offset of a position; positions outside are moved to the nearest place inside."""
        start, end = self.span(max(0, position.line))
        text = self.text[start:end]
        wanted = max(0, position.character)
        if self.encoding == "utf-32" or text.isascii():
            return start + min(wanted, len(text))
        units = 0
        for number, character in enumerate(text):
            if units >= wanted:
                return start + number
            units += self._width(character)
        return end

    def position(self, offset: int) -> types.Position:
        """The position of a code point offset."""
        offset = min(max(0, offset), len(self.text))
        line = self.number(offset)
        start = self.starts[line]
        before = self.text[start:offset]
        if self.encoding == "utf-32" or before.isascii():
            return types.Position(line, len(before))
        return types.Position(line, sum(self._width(c) for c in before))

    def range(self, span: tuple[int, int]) -> types.Range:
        """The range of a span of code points."""
        return types.Range(self.position(span[0]), self.position(span[1]))

    def offsets(self, wanted: types.Range) -> tuple[int, int]:
        """The span of a range."""
        start, end = self.offset(wanted.start), self.offset(wanted.end)
        return min(start, end), max(start, end)

    def _width(self, character: str) -> int:
        code = ord(character)
        if self.encoding == "utf-8":
            return 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4
        return 2 if code > 0xFFFF else 1

"""Layout of parts: the lines of a selection, and the indentation of a line while somebody types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

from flowquill.grammar.diagnostics import Edit
from flowquill.grammar.format import STEP, FormatError, format_text
from flowquill.server.reading.names import Reading

_TOKEN = re.compile(r'\$?"(?:[^"\\\n]|\\.)*"?|#[^\n]*|[\[\](){}\n]')
_FLOW = re.compile(r"^flow[ \t]", re.MULTILINE)


def formatted_part(reading: Reading, span: tuple[int, int]) -> list[Edit]:
    """Edits that format the lines a span touches, and no others. Raises FormatError where one of its flows does not parse."""
    found: list[Edit] = []
    for piece, start in zip(reading.pieces, reading.starts, strict=True):
        if start > span[1] or start + len(piece.text) < span[0] or not piece.text.strip():
            continue
        try:
            after = format_text(piece.text.replace("\r\n", "\n"))
        except FormatError as error:
            line = reading.text.count("\n", 0, start) + error.line
            raise FormatError(str(error).replace(f"line {error.line} ", f"line {line} ", 1), line) from None
        # Blank lines between flows belong to no flow; they stay.
        body = piece.text.rstrip()
        found += _changed_lines(body, after.rstrip("\n"), start, span)
    return found


def _changed_lines(before: str, after: str, start: int, span: tuple[int, int]) -> list[Edit]:
    old, new = before.splitlines(keepends=True), after.split("\n")
    offsets = [start]
    for line in old:
        offsets.append(offsets[-1] + len(line))
    found = []
    for tag, a, b, c, d in _by_line(SequenceMatcher(None, [line.rstrip("\r\n") for line in old], new, autojunk=False).get_opcodes()):
        if tag == "equal" or offsets[b] < span[0] or offsets[a] > span[1] or (a < b and offsets[b] == span[0]):
            continue
        text = "".join(f"{line}\n" for line in new[c:d])
        if b == len(old):
            text = text.removesuffix("\n")
        found.append(Edit((offsets[a], offsets[b]), text))
    return found


def _by_line(changes: Iterable[tuple[str, int, int, int, int]]) -> Iterator[tuple[str, int, int, int, int]]:
    """Changes of as many lines as there were, line by line; others as they are."""
    for tag, a, b, c, d in changes:
        if tag == "replace" and b - a == d - c:
            yield from ((tag, a + n, a + n + 1, c + n, c + n + 1) for n in range(b - a))
        else:
            yield tag, a, b, c, d


def indentation(before: str, line: str) -> str:
    """The blanks that belong before `line`, which follows the text `before` (which ends with a line break or is empty)."""
    starts = [m.start() for m in _FLOW.finditer(before)]
    opened: list[tuple[str, int]] = []
    number = 0
    for match in _TOKEN.finditer(before, starts[-1] if starts else 0):
        token = match.group()
        if token == "\n":
            number += 1
        elif token in ("{", "(", "["):
            opened.append((token, number))
        elif token in ("}", ")", "]") and opened:
            opened.pop()
    closing = re.match(r"\s*([)\]}]+)", line)
    for _ in range(min(len(closing[1]), len(opened)) if closing else 0):
        opened.pop()
    # What one line opens is one step further in, however much it opens.
    return STEP * len({number for _, number in opened})

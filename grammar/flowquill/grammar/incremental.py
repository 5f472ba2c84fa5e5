"""Diagnostics while somebody types: of a changed text only the statements that the change touched are read and checked again.

A line that begins in column 0 with `flow NAME {` begins a flow, whatever stands before it; so a brace left open in one flow does
not disturb the next. Within a flow `reparse` and `recheck` take over the statements that stayed as they were.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flowquill.grammar.catalog import Catalog
from flowquill.grammar.diagnostics import Diagnostic
from flowquill.grammar.recheck import Found, recheck
from flowquill.grammar.reparse import Reading, reparse

_BEGINNING = re.compile(r"^flow[ \t]+([A-Za-z_]\w*)[ \t]*(?:\"[^\"\n]*\"[ \t]*)?\{", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Piece:
    """One flow's text (or what stands before the first) and what was found in it, places counted from its beginning."""

    text: str
    reading: Reading
    found: Sequence[Found]


class Document:
    """A file's text under a catalog. Immutable: `changed` gives the next one and shares what stayed as it was."""

    def __init__(self, text: str, catalog: Catalog, _before: Sequence[_Piece] = ()) -> None:
        self.text = text
        self.catalog = catalog
        self._pieces = _pieces(flow_texts(text), catalog, _before)

    def changed(self, text: str) -> Document:
        """The document with another text."""
        return Document(text, self.catalog, self._pieces)

    @cached_property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All diagnostics in the order of their places in the whole text."""
        found: list[Diagnostic] = []
        seen: set[str] = set()
        offset = 0
        for piece in self._pieces:
            found += [d.moved(by + offset) for d, by in piece.found]
            header = _BEGINNING.match(piece.text)
            if header is not None:
                name = header[1]
                if name in seen:
                    span = (offset + header.start(1), offset + header.end(1))
                    found.append(Diagnostic("FQ012", "error", f"there is already a flow {name} in this file; give this one another name", span))
                seen.add(name)
            offset += len(piece.text)
        return tuple(sorted(found, key=lambda d: d.span))


def _pieces(texts: Sequence[str], catalog: Catalog, before: Sequence[_Piece]) -> list[_Piece]:
    known = {p.text: p for p in before}
    first = 0
    while first < min(len(texts), len(before)) and texts[first] == before[first].text:
        first += 1
    # Of the pieces between those that are the same at both ends, each helps to read the one at its place.
    last = 0
    while last < min(len(texts), len(before)) - first and texts[-1 - last] == before[-1 - last].text:
        last += 1
    old = before[first : len(before) - last]
    pieces = []
    for number, text in enumerate(texts):
        piece = known.get(text)
        if piece is None:
            place = number - first
            reading = reparse(text, old[place].reading if 0 <= place < len(old) else None)
            piece = _Piece(text, reading, recheck(reading, catalog))
        pieces.append(piece)
    return pieces


def flow_texts(text: str) -> list[str]:
    """The text of each flow of a file, in order, and first what stands before them where there is any; joined they are the file."""
    starts = [m.start() for m in _BEGINNING.finditer(text)]
    if not starts or starts[0] > 0:
        starts.insert(0, 0)
    return [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]

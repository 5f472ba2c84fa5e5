"""Diagnostics while somebody types: a file is read flow by flow, and only the flows whose text changed are read again.

A line that begins in column 0 with `flow NAME {` begins a flow, whatever stands before it; so a brace left open in one flow does
not disturb the next, and the cost of a keystroke is that of one flow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from flowquill.grammar.catalog import Catalog
from flowquill.grammar.check import check
from flowquill.grammar.diagnostics import Diagnostic
from flowquill.grammar.parse import parse

_BEGINNING = re.compile(r"^flow[ \t]+([A-Za-z_]\w*)[ \t]*(?:\"[^\"\n]*\"[ \t]*)?\{", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Piece:
    """One flow's text (or what stands before the first) and its diagnostics, places counted from its beginning."""

    text: str
    diagnostics: tuple[Diagnostic, ...]


class Document:
    """A file's text under a catalog. Immutable: `changed` gives the next one and shares what stayed as it was."""

    def __init__(self, text: str, catalog: Catalog, _known: Mapping[str, _Piece] | None = None) -> None:
        self.text = text
        self.catalog = catalog
        known = _known or {}
        self._pieces = [known.get(part) or _Piece(part, check(parse(part), catalog)) for part in flow_texts(text)]

    def changed(self, text: str) -> Document:
        """The document with another text."""
        return Document(text, self.catalog, {p.text: p for p in self._pieces})

    @cached_property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All diagnostics in the order of their places in the whole text."""
        found: list[Diagnostic] = []
        seen: set[str] = set()
        offset = 0
        for piece in self._pieces:
            found += [d.moved(offset) for d in piece.diagnostics]
            header = _BEGINNING.match(piece.text)
            if header is not None:
                name = header[1]
                if name in seen:
                    span = (offset + header.start(1), offset + header.end(1))
                    found.append(Diagnostic("FQ012", "error", f"there is already a flow {name} in this file; give this one another name", span))
                seen.add(name)
            offset += len(piece.text)
        return tuple(sorted(found, key=lambda d: d.span))


def flow_texts(text: str) -> list[str]:
    """The text of each flow of a file, in order, and first what stands before them where there is any; joined they are the file."""
    starts = [m.start() for m in _BEGINNING.finditer(text)]
    if not starts or starts[0] > 0:
        starts.insert(0, 0)
    return [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]

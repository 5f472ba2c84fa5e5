"""Every name of a flow: where it is given, where it is used, and the type of what it stands for, by the checker's own rules of scope."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from flowquill.grammar import reparse, tree
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.check import Checker, KnownName
from flowquill.grammar.incremental import flow_texts
from flowquill.grammar.parse import Parsed, comments_in
from flowquill.grammar.types import ValueType

_NAMING = frozenset({"actions", "body", "items", "iterationIndexes", "outputs", "result", "variables", "formDataValue", "formDataMultiValues", "multipartBody"})
"""Functions whose first argument names a step, a loop or a variable."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A name at a place. `declared`: the span of the place that gives it; `writes`: whether the value changes here."""

    name: str
    span: tree.Span
    declared: tree.Span
    role: str
    type: ValueType
    writes: bool = False

    def moved(self, by: int) -> Occurrence:
        """The same where the text stands `by` code points further on."""
        span, declared = (self.span[0] + by, self.span[1] + by), (self.declared[0] + by, self.declared[1] + by)
        return Occurrence(self.name, span, declared, self.role, self.type, self.writes)


@dataclass
class _Resolver(Checker):
    """The checker, noting what each name stands for."""

    seen: list[Occurrence] = field(default_factory=list)
    given: dict[str, tree.Name] = field(default_factory=dict)
    types: dict[tree.Span, ValueType] = field(default_factory=dict)

    def _bind(self, name: tree.Name, what: KnownName) -> None:
        super()._bind(name, what)
        self.given[name.text] = name
        self.seen.append(Occurrence(name.text, name.span, name.span, what.role, what.type, True))

    def _step(self, name: tree.Name, bound: bool = False) -> None:
        super()._step(name, bound)
        if not bound:
            self.given[name.text] = name
            self.seen.append(Occurrence(name.text, name.span, name.span, "step", ValueType("any"), True))

    def _use(self, name: str, span: tree.Span, writes: bool = False) -> None:
        what = self.names.get(name)
        declared = what.declared if what is not None else self.given.get(name)
        if declared is not None:
            kind, role = (what.type, what.role) if what is not None else (ValueType("any"), "step")
            self.seen.append(Occurrence(name, span, declared.span, role, kind, writes))

    def _statement(self, node: tree.Statement) -> None:
        for after in node.after:
            if after.step is not None:
                self._use(after.step.text, after.step.span)
        super()._statement(node)

    def _variable(self, name: tree.Name, kinds: object) -> ValueType:
        self._use(name.text, name.span, writes=True)
        return super()._variable(name, kinds)  # type: ignore[arg-type]

    def _reference(self, node: tree.Reference) -> ValueType:
        self._use(node.name, node.span)
        return super()._reference(node)

    def _type(self, node: tree.Expression) -> ValueType:
        found = super()._type(node)
        self.types[node.span] = found
        return found

    def _function(self, node: tree.Function) -> ValueType:
        if node.name.text in _NAMING and node.arguments:
            first = node.arguments[0]
            if isinstance(first, tree.Literal) and isinstance(first.value, str):
                self._use(first.value, (first.span[0] + 1, first.span[1] - 1))
        return super()._function(node)


@dataclass(frozen=True)
class Piece:
    """One flow's text, read once; spans count from its beginning."""

    text: str
    catalog: Catalog
    earlier: reparse.Reading | None = field(default=None, compare=False)
    _encoded: dict[str, tuple[int, ...]] = field(default_factory=dict, compare=False)

    @cached_property
    def read(self) -> reparse.Reading:
        """The text as the parser read it, with what it could take over from an earlier version of the flow."""
        return reparse.reparse(self.text, self.earlier)

    @property
    def for_later(self) -> reparse.Reading | None:
        """What helps to read a later version of the flow."""
        return self.read if "read" in self.__dict__ else self.earlier

    @cached_property
    def parsed(self) -> Parsed:
        """The tree."""
        return Parsed(self.text, reparse.plain(self.read.file), comments_in(self.text), self.read.errors)

    @cached_property
    def resolved(self) -> tuple[tuple[Occurrence, ...], dict[tree.Span, ValueType]]:
        """Occurrences of names in the order of their places, and the types of expressions by span."""
        seen: list[Occurrence] = []
        kinds: dict[tree.Span, ValueType] = {}
        for flow in self.parsed.file.flows:
            resolver = _Resolver(self.text, self.catalog, frozenset(), True)
            resolver.flow(flow)
            seen += resolver.seen
            kinds |= resolver.types
        return tuple(sorted(set(seen), key=lambda o: o.span)), kinds

    @cached_property
    def colors(self) -> tuple[tuple[int, int, int, int], ...]:
        """The semantic tokens."""
        from flowquill.server.reading.coloring import colored

        return colored(self)

    def encoded(self, encoding: str) -> tuple[int, ...]:
        """The semantic tokens in the protocol's numbers, counted from the piece's beginning."""
        from flowquill.server.reading.coloring import relative

        if encoding not in self._encoded:
            self._encoded[encoding] = relative(self.text, self.colors, encoding)
        return self._encoded[encoding]

    @property
    def is_colored(self) -> bool:
        """Whether the semantic tokens are worked out already."""
        return "colors" in self.__dict__

    def path(self, offset: int) -> list[tree.Node]:
        """The nodes around an offset, from the file down to the innermost."""
        path: list[tree.Node] = [self.parsed.file]
        while True:
            inside = [c for c in tree.children(path[-1]) if c.span[0] <= offset <= c.span[1] and c.span != tree.NOWHERE]
            if not inside:
                return path
            path.append(inside[-1])


class Reading:
    """A text, flow by flow. Immutable: `changed` gives the next one and shares the flows that stayed as they were."""

    def __init__(self, text: str, catalog: Catalog, before: tuple[Piece, ...] = ()) -> None:
        self.text = text
        self.catalog = catalog
        self.pieces = tuple(_pieces(flow_texts(text), catalog, before))
        starts, offset = [], 0
        for piece in self.pieces:
            starts.append(offset)
            offset += len(piece.text)
        self.starts = tuple(starts)

    def changed(self, text: str) -> Reading:
        """The reading of another text."""
        return Reading(text, self.catalog, self.pieces)

    def at(self, offset: int) -> tuple[Piece, int]:
        """The flow at an offset and where its text begins."""
        number = max(0, bisect_right(self.starts, offset) - 1)
        return self.pieces[number], self.starts[number]


def _pieces(texts: list[str], catalog: Catalog, before: tuple[Piece, ...]) -> Iterator[Piece]:
    """A piece a text: one from before where its text is the same, else one that is read with the help of what stood in its place."""
    known = {p.text: p for p in before}
    shorter = min(len(texts), len(before))
    first = next((n for n in range(shorter) if texts[n] != before[n].text), shorter)
    last = next((n for n in range(shorter - first) if texts[-1 - n] != before[-1 - n].text), shorter - first)
    for number, text in enumerate(texts):
        piece = known.get(text)
        if piece is None:
            # Between what is the same at both ends, each helps the one at its place.
            beside = before[number] if first <= number < len(before) - last else None
            piece = Piece(text, catalog, beside.for_later if beside is not None else None)
        yield piece


def occurrence(reading: Reading, offset: int) -> Occurrence | None:
    """The name at an offset, or None."""
    piece, start = reading.at(offset)
    found = next((o for o in piece.resolved[0] if o.span[0] <= offset - start <= o.span[1]), None)
    return found.moved(start) if found else None


def occurrences(reading: Reading, offset: int) -> list[Occurrence]:
    """All places of the name at an offset, its declaration among them; [] where there is no name."""
    found = occurrence(reading, offset)
    if found is None:
        return []
    piece, start = reading.at(offset)
    return [m for o in piece.resolved[0] if (m := o.moved(start)).declared == found.declared and o.name == found.name]


class RenameError(Exception):
    """A name that cannot be taken. The message is one sentence for a person."""


def check_new_name(reading: Reading, offset: int, name: str) -> None:
    """Raises RenameError where `name` cannot replace the name at an offset."""
    import re

    from flowquill.grammar.words import RESERVED

    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise RenameError(f"{name} is no name; use letters, digits and underscores, and begin with a letter.")
    if name in RESERVED or name in reading.catalog.connectors or name in reading.catalog.builtins:
        raise RenameError(f"{name} is a word of the language or the catalog; choose another name.")
    piece, _ = reading.at(offset)
    if any(o.name == name for o in piece.resolved[0]):
        raise RenameError(f"The name {name} is already given in this flow; choose another.")

"""Parsing a text that differs a little from one parsed before: statements that stayed as they were are taken over whole.

A statement is a value that the parser can shift like a token. It may be taken from the earlier parse where its own text and the token
behind it are the same, and where the parser stands at the beginning of a statement again; then a whole parse would have built the same.
Statements with a mistake in or behind them are never kept, so that every mistake is found anew. (The idea: T. Wagner and
S. Graham, Efficient and Flexible Incremental Parsing, TOPLAS 1998, with states of the parser as the test.)

Places are not renumbered: a kept statement counts from where its text stood when it was read, and `Placed` says how far that is from
where it stands now.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain
from typing import Any

from flowquill.grammar import tree
from flowquill.grammar.lalr import Driver, Rule, Table, Token, table
from flowquill.grammar.parse import CLOSING, MAX_DEPTH, OPENING, ParseError, build, read

_ON = re.compile(r"\bon\b")
_READING = frozenset({"reference", "set", "append", "increment", "decrement", "for_each", "after_clause"})
"""Rules whose value names what the checker looks up."""
_PEEK = 4
"""How many characters behind a token may decide where it ends (a number looks at `e+` and a digit)."""


@dataclass(slots=True, eq=False)
class Kept:
    """A statement and what has to be known to take it over. Places in `node` count from where it was read.

    `reach`: from its beginning to the end of the token behind it; `start_state`, `end_state`: the parser's before its first and
    before that last token; `first`: its first terminal; `height`: how deep brackets are nested in it; `level`: whether it is read in the same way in a block and in
    a flow, where `on` is a keyword.
    `reads`: the names whose meaning it asks for; `steps`, `binds`, `items`, `waits`: the steps it names, the names it gives, those of
    them that are elements of loops, and the steps that its `after` name. `memo` belongs to the checker.
    """

    node: tree.Statement
    reach: int
    start_state: int
    end_state: int
    first: str
    height: int
    level: bool
    reads: tuple[str, ...]
    steps: frozenset[str]
    binds: frozenset[str]
    items: frozenset[str]
    waits: frozenset[str]
    memo: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class Placed(tree.Statement):
    """A kept statement in a tree. `shift`: from the places in it to those of what stands around it."""

    kept: Kept
    shift: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A text's tree, in which statements are `Placed`, and its mistakes.

    `sound`: the last reading without mistakes before this one, for when the mistake, which may hide many statements, is taken back.
    """

    text: str
    file: tree.File
    errors: tuple[ParseError, ...]
    sound: Reading | None = None


def reparse(text: str, before: Reading | None = None) -> Reading:
    """Parses a text, with the help of an earlier one's reading where there is any. Never raises."""
    errors: list[ParseError] = []
    sound = None if before is None else before.sound if before.errors else before
    known = [r for r in (before, sound if sound is not before else None) if r is not None]
    driver = _KeepingDriver(table(), text, known, errors)
    file = read(text, driver, errors)
    return Reading(text, file, tuple(errors), sound if errors else None)


def plain(file: tree.File) -> tree.File:
    """The tree as `parse` gives it."""
    return _plain(file, 0)  # type: ignore[no-any-return]


def _plain(value: Any, shift: int) -> Any:
    if isinstance(value, tuple):
        return tuple(_plain(v, shift) for v in value)
    if isinstance(value, Placed):
        return _plain(value.kept.node, shift + value.shift)
    if not isinstance(value, tree.Node):
        return value
    parts = {f.name: _plain(getattr(value, f.name), shift) for f in fields(value) if f.init and f.name != "span"}
    return replace(value, **parts, span=(value.span[0] + shift, value.span[1] + shift))


@dataclass(frozen=True, slots=True)
class _Change:
    """Where two texts differ: `old[start:old_end]` became `new[start:new_end]`."""

    start: int
    old_end: int
    new_end: int

    @classmethod
    def between(cls, old: str, new: str) -> _Change:
        """The shortest stretch outside which both are the same."""
        shorter = min(len(old), len(new))
        start = _common(shorter, lambda a, b: old[a:b] == new[a:b])
        behind = _common(shorter - start, lambda a, b: old[len(old) - b : len(old) - a] == new[len(new) - b : len(new) - a])
        return cls(start, len(old) - behind, len(new) - behind)


def _common(length: int, same: Any) -> int:
    """How many characters, at most `length`, are the same from one end on; `same(a, b)` compares a stretch of them."""
    low = 0
    while low < length and same(low, min(length, low + 4096)):
        low = min(length, low + 4096)
    high = min(length, low + 4096)
    while low < high:
        middle = (low + high + 1) // 2
        if same(low, middle):
            low = middle
        else:
            high = middle - 1
    return low


class _Earlier:
    """The statements of an earlier reading by where they began, asked for from the beginning to the end."""

    def __init__(self, reading: Reading, change: _Change) -> None:
        self._change = change
        self._moved = change.new_end - change.old_end
        self._open: list[tuple[Sequence[tree.Statement], int, int]] = [
            ([s for flow in reading.file.flows for s in flow.body], 0, 0)
        ]

    def at(self, offset: int) -> tuple[Kept, int] | None:
        """The unchanged statement that now begins at `offset`, and the shift from its own places to those of the new text."""
        moved = 0 if offset < self._change.start else self._moved
        if offset >= self._change.start and offset < self._change.new_end:
            return None
        wanted = offset - moved
        while self._open:
            block, number, base = self._open.pop()
            if number == len(block):
                continue
            statement = block[number]
            start, end = statement.span[0] + base, statement.span[1] + base
            if end <= wanted:
                self._open.append((block, number + 1, base))
                continue
            if start >= wanted:
                self._open.append((block, number, base))
                if start > wanted or not isinstance(statement, Placed):
                    return None
                kept = statement.kept
                if moved == 0 and start + kept.reach + _PEEK > self._change.start and start < self._change.old_end:
                    return None
                return kept, base + statement.shift + moved
            self._open.append((block, number + 1, base))
            node, shift = (statement.kept.node, statement.shift) if isinstance(statement, Placed) else (statement, 0)
            self._open.append((list(chain.from_iterable(tree.blocks(node))), 0, base + shift))
        return None


class _KeepingDriver(Driver):
    """A driver that keeps each statement it reads and takes over those of an earlier reading."""

    def __init__(self, grammar: Table, text: str, known: Sequence[Reading], errors: Sequence[ParseError]) -> None:
        super().__init__(grammar, build)
        self._text = text
        self._errors = errors
        self._earlier = [_Earlier(r, _Change.between(r.text, text)) for r in known]
        self._behind = Token("", "", 0, 0)
        self._read_in = 0
        self._reused: tuple[int, int] | None = None
        self._barred = -1
        self._reads: list[tuple[int, tuple[str, ...]]] = []
        self._depths: list[tuple[int, int]] = []
        self._depth = 0

    @property
    def lexing(self) -> int:
        """The state by which the next token is read; behind a reused statement, that by which it was read before."""
        return self._reused[1] if self._reused is not None else self.states[-1]

    def feed(self, token: Token) -> bool:
        """As Driver.feed."""
        self._behind, self._read_in = token, self.lexing
        if not super().feed(token):
            return False
        self._reused = None
        self._note_depth(token)
        return True

    def reuse(self, token: Token, depth: int) -> int | None:
        """As Driver.reuse."""
        if token.start == self._barred:
            return None
        found = next((f for e in self._earlier if (f := e.at(token.start)) is not None), None)
        if found is None:
            return None
        kept, shift = found
        if kept.first != token.type or depth + kept.height > MAX_DEPTH or not self._begins(kept, token):
            return None
        start, end = kept.node.span[0] + shift, kept.node.span[1] + shift
        self.values.append(Placed(kept, shift, span=(start, end), after=kept.node.after))
        self.spans.append((start, end))
        self.states.append(self.table.actions[self.states[-1]]["statement"])  # type: ignore[arg-type]
        self._reused = start, kept.end_state
        self._depths.append((start, depth + kept.height))
        self._reads.append((start, kept.reads))
        return end

    def undo(self) -> int | None:
        """As Driver.undo."""
        if self._reused is None:
            return None
        start, self._reused = self._reused[0], None
        del self.states[-1], self.values[-1], self.spans[-1], self._depths[-1], self._reads[-1]
        self._barred = start
        return start

    def _begins(self, kept: Kept, token: Token) -> bool:
        """Reduces what ends before `token`; whether the statement may stand there."""
        if self.table.push(tuple(self.states), token.type) is None:
            return False
        while True:
            row = self.table.actions[self.states[-1]]
            if "statement" in row:
                return kept.start_state == self.states[-1] or kept.level
            action = row[token.type]
            if isinstance(action, int):
                return False
            self._behind, self._read_in = token, self.lexing
            self.reduce(action, token)
            self._reused = None

    def _value(self, rule: Rule, taken: list[Any], span: tuple[int, int] | None, here: int) -> Any:
        value = super()._value(rule, taken, span, here)
        if rule.name in _READING:
            name = value.step if isinstance(value, tree.After) else value.item if isinstance(value, tree.For) else value.name
            if name is not None:
                self._reads.append((value.span[0], (name if isinstance(name, str) else name.text,)))
        if rule.origin != "statement":
            return value
        start, end = value.span
        if self._errors and self._errors[-1].skipped[1] > start:
            return value
        first = self.table.next_token(self._text, start, self.states[-1])
        if first is None:
            return value
        names = _Names.of(value)
        kept = Kept(
            value,
            self._behind.end - start,
            self.states[-1],
            self._read_in,
            first.type,
            self._height(start),
            _ON.search(self._text, start, end) is None,
            self._reads_from(start),
            frozenset(names.steps),
            frozenset(names.binds),
            frozenset(names.items),
            frozenset(names.waits),
        )
        return Placed(kept, 0, span=value.span, after=value.after)

    def _note_depth(self, token: Token) -> None:
        if token.type == "CHUNK":
            return
        if token.text in OPENING:
            self._depth += 1
            self._depths.append((token.start, self._depth))
        elif token.text in CLOSING:
            self._depth -= 1

    def _reads_from(self, start: int) -> tuple[str, ...]:
        """The names read in the text from `start` on."""
        inside: dict[str, None] = {}
        for place, names in reversed(self._reads):
            if place < start:
                break
            inside.update(dict.fromkeys(names))
        return tuple(inside)

    def _height(self, start: int) -> int:
        """How deep brackets are nested in the text from `start` on."""
        inside = []
        for place, depth in reversed(self._depths):
            if place < start:
                break
            inside.append(depth)
        return max(inside) - self._depth if inside else 0


@dataclass(slots=True)
class _Names:
    """What a statement names, those in it included."""

    steps: set[str]
    binds: set[str]
    items: set[str]
    waits: set[str]

    @classmethod
    def of(cls, node: tree.Statement) -> _Names:
        """The names of one statement."""
        found = cls(set(), set(), set(), set())
        found._add(node)
        return found

    def _add(self, node: tree.Statement) -> None:
        if isinstance(node, Placed):
            kept = node.kept
            self.steps |= kept.steps
            self.binds |= kept.binds
            self.items |= kept.items
            self.waits |= kept.waits
            return
        self.waits.update(a.step.text for a in node.after if a.step is not None)
        if node.label is not None:
            self.steps.add(node.label.text)
            self.binds.add(node.label.text)
        match node:
            case tree.Call(name=tree.Name(text=name)):
                self.steps.add(name)
                self.binds.add(name)
            case tree.Scope():
                self.steps.add(node.name.text)
                self.binds.add(node.name.text)
            case tree.Param() | tree.Var():
                self.binds.add(node.name.text)
            case tree.For():
                self.binds.add(node.item.text)
                self.items.add(node.item.text)
            case _:
                pass
        for block in tree.blocks(node):
            for inner in block:
                self._add(inner)


def step_names(block: tree.Block) -> Iterator[str]:
    """The steps that a block names, at any depth."""
    for node in block:
        yield from _Names.of(node).steps

"""The LALR table of `flow.lark` and a contextual lexer: shared by the parser and by the parser run forward.

lark reads the grammar and computes the table; this module only drives it, because two things are needed that lark's own
driver does not give: recovery that resynchronises at statements, and states that a decoder can fork thousands of times a second.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from lark import Lark
from lark.lexer import PatternStr
from lark.parsers.lalr_analysis import Shift

END = "$END"
_NAME_LIKE = frozenset({"NAME", "OPERATION", "PARAMETER", "PROPERTY", "KEY", "DECORATOR"})


class Token(NamedTuple):
    """A terminal's occurrence: `type` is its name in flow.lark, `start` and `end` are offsets in code points."""

    type: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One expansion of the grammar. `name` is its alias or its origin; `size` the number of symbols it reduces.

    `grows`: a repetition that takes one element more, which is a value of its own.
    """

    name: str
    origin: str
    size: int
    inlined: bool
    transparent: bool
    takes: tuple[tuple[int, bool, int], ...]
    trailing_gaps: int
    grows: bool = False

    def children(self, values: list[Any]) -> list[Any]:
        """The values of the right-hand side as the tree sees them: punctuation dropped, repetitions spliced, gaps None."""
        result: list[Any] = []
        for position, spliced, gaps in self.takes:
            if gaps:
                result.extend([None] * gaps)
            if spliced:
                result.extend(values[position])
            else:
                result.append(values[position])
        if self.trailing_gaps:
            result.extend([None] * self.trailing_gaps)
        return result


class Table:
    """States, actions and lexers of the grammar. Immutable after construction; `accepts` is memoised by parser stack."""

    def __init__(self, grammar: str) -> None:
        lark = Lark(grammar, parser="lalr", maybe_placeholders=True)
        parse_table = lark.parser.parser._parse_table
        rules: dict[Any, Rule] = {}
        self.actions: list[dict[str, int | Rule]] = []
        for number in range(len(parse_table.states)):
            row: dict[str, int | Rule] = {}
            for symbol, (kind, argument) in parse_table.states[number].items():
                if kind is Shift:
                    row[symbol] = argument
                else:
                    if argument not in rules:
                        rules[argument] = _rule(argument)
                    row[symbol] = rules[argument]
            self.actions.append(row)
        self.start_state: int = parse_table.start_states["start"]
        self.end_state: int = parse_table.end_states["start"]
        self.patterns = {t.name: t.pattern.to_regexp() for t in lark.terminals}
        self.literals = {t.name: t.pattern.value for t in lark.terminals if isinstance(t.pattern, PatternStr)}
        self.spelling = {text: name for name, text in self.literals.items()}
        self._ignored = re.compile("(?:" + "|".join(self.patterns[name] for name in ("WHITESPACE", "COMMENT")) + ")+")
        self._lexers: dict[int, tuple[re.Pattern[str], dict[str, str]]] = {}
        self._accepts: dict[tuple[int, ...], frozenset[str]] = {}
        self._default: list[Rule | None] = [_only_reduction(row) for row in self.actions]

    def lexer(self, state: int) -> tuple[re.Pattern[str], dict[str, str]]:
        """The pattern of the terminals a state can take (ignored ones where no CHUNK may stand) and its keywords."""
        found = self._lexers.get(state)
        if found is None:
            names = [name for name in self.actions[state] if name in self.patterns]
            named = next((name for name in names if name in _NAME_LIKE), None)
            keywords = {self.literals[n]: n for n in names if n in self.literals and self.literals[n].isidentifier()}
            if keywords and named is None:
                names.append("NAME")
            plain = [n for n in names if n not in self.literals or not self.literals[n].isidentifier()]
            plain.sort(key=lambda n: (n not in self.literals, n != "CHUNK", -len(self.literals.get(n, ""))))
            pattern = "|".join(f"(?P<{n}>{self.patterns[n]})" for n in plain) or r"(?!)"
            found = self._lexers[state] = (re.compile(pattern), keywords)
        return found

    def next_token(self, text: str, offset: int, state: int) -> Token | None:
        """The token at `offset` as `state` reads it; None where nothing of the state's terminals stands there.

        The end of the text is a token of type `$END`.
        """
        pattern, keywords = self.lexer(state)
        row = self.actions[state]
        if "CHUNK" not in row:
            ignored = self._ignored.match(text, offset)
            if ignored:
                offset = ignored.end()
        if offset >= len(text):
            return Token(END, "", len(text), len(text))
        match = pattern.match(text, offset)
        if match is None:
            return None
        name = match.lastgroup or ""
        value = match.group()
        if name in _NAME_LIKE:
            name = keywords.get(value, name)
            if name not in row:
                return None
        return Token(name, value, offset, match.end())

    def accepts(self, stack: tuple[int, ...]) -> frozenset[str]:
        """The terminals (and `$END`) that can come next; exact, since the reductions are simulated."""
        found = self._accepts.get(stack)
        if found is None:
            row = self.actions[stack[-1]]
            legal = [t for t in row if not (t[0].islower() or t.startswith("_")) and self.push(stack, t) is not None]
            found = frozenset(legal)
            if len(self._accepts) < 200_000:
                self._accepts[stack] = found
        return found

    def push(self, stack: tuple[int, ...], terminal: str) -> tuple[int, ...] | None:
        """The stack of states after `terminal`, or None where it cannot come next."""
        states = list(stack)
        while True:
            action = self.actions[states[-1]].get(terminal)
            if action is None:
                return None
            if isinstance(action, int):
                states.append(action)
                return tuple(states)
            if action.size:
                del states[-action.size :]
            goto = self.actions[states[-1]][action.origin]
            assert isinstance(goto, int)
            states.append(goto)
            if terminal == END and goto == self.end_state:
                return tuple(states)


def _rule(rule: Any) -> Rule:
    """lark's rule, with the filtering of its children worked out once (the same rules as lark's tree builder)."""
    flags = rule.options.empty_indices
    size = len(rule.expansion)
    gaps = [len(ones) for ones in "".join(str(int(b)) for b in flags).split("0")] if flags else [0] * (size + 1)
    takes: list[tuple[int, bool, int]] = []
    pending = 0
    for position, symbol in enumerate(rule.expansion):
        pending += gaps[position]
        if not (symbol.is_term and symbol.filter_out):
            takes.append((position, not symbol.is_term and symbol.name.startswith("_"), pending))
            pending = 0
    origin = rule.origin.name
    grows = origin.startswith("_") and takes == [(0, True, 0), (1, False, 0)] and size == 2 and not pending + gaps[size]
    return Rule(
        name=str(rule.alias or origin),
        origin=origin,
        size=size,
        inlined=bool(rule.options.expand1) and rule.alias is None,
        transparent=origin.startswith("_"),
        takes=tuple(takes),
        trailing_gaps=pending + gaps[size],
        grows=grows and rule.expansion[0].name == origin,
    )


def _only_reduction(row: dict[str, int | Rule]) -> Rule | None:
    terminals = {a for s, a in row.items() if not s[0].islower()}
    return next(iter(terminals)) if len(terminals) == 1 and isinstance(next(iter(terminals)), Rule) else None  # type: ignore[return-value]


Build = Callable[[str, list[Any], int, int], Any]


class Driver:
    """A parse in progress: the stack of states with the values built so far."""

    def __init__(self, table: Table, build: Build) -> None:
        self.table = table
        self.build = build
        self.states: list[int] = [table.start_state]
        self.values: list[Any] = []
        self.spans: list[tuple[int, int] | None] = []

    def feed(self, token: Token) -> bool:
        """Takes one token; False, with nothing but complete rules reduced, where it cannot come next."""
        actions, states, values, spans = self.table.actions, self.states, self.values, self.spans
        if not isinstance(actions[states[-1]].get(token.type), int) and self.table.push(tuple(states), token.type) is None:
            return False
        while True:
            action = actions[states[-1]][token.type]
            if isinstance(action, int):
                states.append(action)
                values.append(token)
                spans.append((token.start, token.end))
                return True
            self.reduce(action, token)
            if token.type == END and states[-1] == self.table.end_state:
                return True

    def reduce(self, rule: Rule, token: Token) -> None:
        """Puts the rule's value in place of its parts; `token` is what stands behind them."""
        states, values, spans, size = self.states, self.values, self.spans, rule.size
        if size:
            taken, placed = values[-size:], spans[-size:]
            del states[-size:], values[-size:], spans[-size:]
        else:
            taken, placed = [], []
        span = _cover(placed)
        values.append(self._value(rule, taken, span, token.start))
        spans.append(span)
        states.append(self.table.actions[states[-1]][rule.origin])  # type: ignore[arg-type]

    def _value(self, rule: Rule, taken: list[Any], span: tuple[int, int] | None, here: int) -> Any:
        if rule.grows:
            # The list so far has no other owner, so that a long block does not cost the square of its length.
            taken[0].extend(taken[1:])
            return taken[0]
        children = rule.children(taken)
        if rule.transparent:
            return children
        if rule.inlined and len(children) == 1:
            return children[0]
        start, end = span if span else (here, here)
        return self.build(rule.name, children, start, end)

    @property
    def lexing(self) -> int:
        """The state by which the next token is read."""
        return self.states[-1]

    def reuse(self, token: Token, depth: int) -> int | None:
        """Takes a whole statement that begins with `token` and is known already; the offset behind it, or None where there is none."""
        return None

    def undo(self) -> int | None:
        """Gives back the statement just reused, whose follower does not fit; the offset where it began, None where there is none."""
        return None

    def unwind(self, terminal: str) -> bool:
        """Drops unfinished values until `terminal` can come next; False, unchanged, where it never could."""
        for depth in range(len(self.states), 0, -1):
            if terminal in self.table.actions[self.states[depth - 1]] and self.table.push(
                tuple(self.states[:depth]), terminal
            ):
                del self.states[depth:], self.values[depth - 1 :], self.spans[depth - 1 :]
                return True
        return False


def _cover(spans: Iterable[tuple[int, int] | None]) -> tuple[int, int] | None:
    start = end = -1
    for span in spans:
        if span is not None:
            if start < 0:
                start = span[0]
            end = span[1]
    return (start, end) if start >= 0 else None


@cache
def grammar_text() -> str:
    """The text of flow.lark."""
    return resources.files(__package__).joinpath("flow.lark").read_text(encoding="utf-8")


@cache
def table() -> Table:
    """The table of flow.lark, built once a process (about 80 ms)."""
    return Table(grammar_text())

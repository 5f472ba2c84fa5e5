"""The parser run forward: from any state, what may come next, with the checker's rules as masks.

A `State` is the LALR stack of flow.lark with a semantic value for each symbol on it: an operation for a callee, a type for
an expression, the parameters given so far for an open call. Reductions compute these values as the parser does and fail where
the types would not fit, so that a terminal is legal only if what it completes is sound. States are immutable and cheap to fork.
Ancestors: Baranowski and Hochgeschwender 2021 (LR parsers as decoders), Yin and Neubig 2018 (transition systems).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flowquill.grammar import types
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.functions import FUNCTIONS
from flowquill.grammar.lalr import END, Rule, Table, table
from flowquill.grammar.reductions import REDUCTIONS
from flowquill.grammar.refusals import REASONS as REFUSALS
from flowquill.grammar.stack import (
    HEADS,
    Entry,
    Scope,
    argument_in_progress,
    compared_with,
    in_inputs,
    in_template,
    is_expression,
    item_in_scope,
    loop_header,
    name_role,
    need,
    open_call,
    open_function,
    parameters_of,
    string_role,
    top_symbol,
)
from flowquill.grammar.types import ValueType, assignable
from flowquill.grammar.words import DECORATORS, RESERVED


@dataclass(frozen=True, slots=True)
class Values:
    """The legal texts of a terminal. `fixed`: a closed set; `spans`: also any text the request gives; `free`: any new name."""

    fixed: tuple[str, ...] = ()
    spans: bool = False
    free: bool = False


NOTHING = Values()
SPANS = Values(spans=True)
FREE = Values(free=True)


class State:
    """A prefix of a flow that can be completed. Made by `Forward.start` and `State.shift`."""

    __slots__ = ("_ready", "_terminals", "entries", "forward", "scope", "stack")

    def __init__(self, forward: Forward, stack: tuple[int, ...], entries: tuple[Entry, ...], scope: Scope) -> None:
        self.forward = forward
        self.stack = stack
        self.entries = entries
        self.scope = scope
        self._ready: dict[str, State] | None = None
        self._terminals: frozenset[str] | None = None

    def ready(self) -> dict[str, State]:
        """For each terminal the grammar and the types allow: this state with all reductions done, about to shift it."""
        if self._ready is None:
            found: dict[str, State] = {}
            self._reduce_for(self.forward.table.accepts(self.stack), found)
            self._ready = found
        return self._ready

    def _reduce_for(self, terminals: Iterable[str], found: dict[str, State]) -> None:
        row = self.forward.table.actions[self.stack[-1]]
        groups: dict[Rule, list[str]] = {}
        for terminal in terminals:
            action = row.get(terminal)
            if isinstance(action, int):
                found[terminal] = self
            elif action is not None:
                groups.setdefault(action, []).append(terminal)
        for rule, members in groups.items():
            reduced = self._reduce(rule)
            if reduced is None:
                continue
            if END in members and reduced.stack[-1] == self.forward.table.end_state:
                found[END] = reduced
                members.remove(END)
            reduced._reduce_for(members, found)

    def _reduce(self, rule: Rule) -> State | None:
        size = rule.size
        taken = self.entries[-size:] if size else ()
        stack = self.stack[:-size] if size else self.stack
        entries = self.entries[:-size] if size else self.entries
        goto = self.forward.table.actions[stack[-1]][rule.origin]
        assert isinstance(goto, int)
        action = REDUCTIONS.get(rule.name)
        scope = self.scope
        if action is None:
            value: Any = taken[0][1] if size == 1 else tuple(v for _, v in taken)
        else:
            outcome = action(self, entries, [v for _, v in taken])
            if outcome is None:
                return None
            value, scope = outcome
        return State(self.forward, (*stack, goto), (*entries, (rule.origin, value)), scope)

    def terminals(self) -> frozenset[str]:
        """The terminals that may come next, each with at least one legal value. `$END` where the text may stop."""
        if self._terminals is None:
            self._terminals = frozenset(t for t, s in self.ready().items() if self.forward.allowed(t, s))
        return self._terminals

    def values(self, terminal: str) -> Values:
        """The legal texts of `terminal`, which must be one of `terminals()`."""
        return self.forward.values(terminal, self.ready()[terminal])

    def shift(self, terminal: str, text: str) -> State | None:
        """The state after one more token; None where it is not legal. `text`: a STRING's or CHUNK's value, else as written."""
        ready = self.ready().get(terminal)
        if ready is None or not self.forward.allowed(terminal, ready):
            return None
        values = self.forward.values(terminal, ready)
        if values is not NOTHING and not (values.spans or values.free) and text not in values.fixed:
            return None
        if values.free and not values.spans and text not in values.fixed and not self.forward.unused(text, ready):
            return None
        return self.forward.shifted(terminal, text, ready)


class Forward:
    """The forward parser of a catalog."""

    def __init__(self, catalog: Catalog, grammar: Table | None = None) -> None:
        self.catalog = catalog
        self.table = grammar or table()
        self.strict_dot = self.table.spelling["!."]
        self.strict_bracket = self.table.spelling["!["]
        self.coalesce = self.table.spelling["??"]
        self._callable = tuple(
            [o.name for o in catalog.builtins.values() if o.kind == "action" and o.offered]
            + [c.name for c in catalog.connectors.values() if any(o.kind == "action" for o in c.operations)]
        )
        self._events = tuple(
            [o.name for o in catalog.builtins.values() if o.kind == "trigger" and o.offered]
            + [c.name for c in catalog.connectors.values() if any(o.kind == "trigger" for o in c.operations)]
        )

    @cached_property
    def start(self) -> State:
        """The state before the first token of a file."""
        return State(self, (self.table.start_state,), (), Scope())

    def shifted(self, terminal: str, text: str, ready: State) -> State:
        """`ready` with the token on top, its legality taken for granted."""
        action = self.table.actions[ready.stack[-1]][terminal]
        assert isinstance(action, int)
        scope = ready.scope
        value: Any = text
        if terminal == "FLOW":
            scope = Scope()
        elif terminal == "LBRACE":
            loop = loop_header(ready.entries)
            if loop is not None:
                scope = scope.bind(loop)
            value = scope
        elif terminal == "EQUAL" and len(ready.entries) > 1 and ready.entries[-2][0] == "SET":
            # What may be assigned is known here and nowhere above: a block keeps the names of its beginning only.
            bound = scope.names.get(ready.entries[-1][1])
            value = bound.type.name if bound else "any"
        return State(self, (*ready.stack, action), (*ready.entries, (terminal, value)), scope)

    def unused(self, text: str, state: State) -> bool:
        """Whether `text` can become a new name."""
        return (
            text.isidentifier()
            and text not in RESERVED
            and text not in state.scope.names
            and text not in state.scope.steps
            and text not in self.catalog.connectors
            and text not in self.catalog.builtins
        )

    def allowed(self, terminal: str, ready: State) -> bool:
        """Whether the names, types and counts of `ready` let `terminal` come next (the grammar already does)."""
        entries = ready.entries
        top = entries[-1][0] if entries else ""
        if top == "NAME":
            return self._after_name(terminal, ready)
        if top == "LPAR" and terminal != "RPAR":
            function = open_function(entries)[0]
            if function is not None and FUNCTIONS[function].maximum == 0:
                return False
        if top in HEADS and not ready.scope.triggered and terminal not in ("ON", "AT"):
            return False
        if terminal in _BODY and not ready.scope.triggered and not any(symbol == "ON" for symbol, _ in entries):
            return False
        if terminal == "ON":
            return not ready.scope.triggered
        if terminal in _TARGETS:
            return any(b.role == "variable" and b.type.name in _TARGETS[terminal] for b in ready.scope.names.values())
        if terminal in ("COMPARISON", "AND", "OR") and is_expression(top):
            wanted = need(entries[:-1], self)
            if wanted not in ("boolean", "any"):
                return False
            return terminal == "COMPARISON" or assignable(entries[-1][1].name, "boolean")
        if terminal == "NOT":
            return need(entries, self) in ("boolean", "any")
        if terminal in ("SIGN", "FACTOR") and is_expression(top):
            wanted = need(entries[:-1], self)
            return wanted in ("integer", "number", "any", "boolean", "operand", "text") and assignable(
                entries[-1][1].name, "integer" if wanted == "integer" else "number"
            )
        if terminal in ("LBRACE", "PARALLEL", "LIMIT") and is_expression(top):
            required = {"IF": "boolean", "UNTIL": "boolean", "IN": "list"}.get(entries[-2][0])
            return required is None or assignable(entries[-1][1].name, required)
        if terminal == "RSQB" and is_expression(top) and is_expression(entries[-3][0]):
            return entries[-3][1].name != "list" or assignable(entries[-1][1].name, "integer")
        if terminal == "STRING" and is_expression(top):
            return assignable(entries[-1][1].name, next(v for s, v in reversed(entries) if s == "TYPE"))
        if terminal in _OPERANDS:
            return self._operand(terminal, ready)
        if terminal in ("DOT", self.strict_dot):
            return entries[-1][1].name in ("object", "any")
        if terminal in ("LSQB", self.strict_bracket) and is_expression(top):
            return entries[-1][1].name in ("object", "any", "list")
        if terminal in ("COMMA", "RPAR"):
            return self._separator(terminal, entries)
        if terminal == "PARAMETER":
            return in_inputs(entries) or bool(self.values(terminal, ready).fixed)
        if terminal in ("NAME", "STRING"):
            values = self.values(terminal, ready)
            return values.spans or values.free or bool(values.fixed)
        return True

    def _after_name(self, terminal: str, ready: State) -> bool:
        """What may follow a name depends on what the name is."""
        entries = ready.entries
        text = entries[-1][1]
        role = name_role(entries[:-1])
        if role == "start":
            if text in self.catalog.connectors:
                return terminal == "DOT"
            if text in self.catalog.builtins:
                return terminal == "LPAR"
            return terminal in ("EQUAL", "COLON")
        if role in ("action", "event"):
            return (terminal == "DOT") == (text in self.catalog.connectors)
        if role == "value" and terminal == "LPAR":
            return text in FUNCTIONS
        return True

    def _operand(self, terminal: str, ready: State) -> bool:
        entries = ready.entries
        wanted = need(entries, self)
        if terminal == "STRING":
            return string_role(entries) != "value" or wanted in ("text", "any", "boolean", "operand")
        if terminal in ("TEMPLATE_OPEN",):
            return wanted in ("text", "any", "boolean", "operand") and not self._enum(entries)
        if terminal in ("TRUE", "FALSE"):
            return wanted in ("boolean", "any", "operand", "text")
        if terminal == "NUMBER":
            return top_symbol(entries) == "PARALLEL" or wanted in ("integer", "number", "any", "boolean", "operand", "text")
        if terminal == "LSQB":
            return wanted in ("list", "any")
        if terminal == "LBRACE":
            return top_symbol(entries) in _BLOCKS or is_expression(top_symbol(entries)) or wanted in ("object", "any") or in_template(entries)
        if terminal == "SIGN":
            return wanted in ("integer", "number", "any", "boolean", "operand")
        return True

    def _separator(self, terminal: str, entries: tuple[Entry, ...]) -> bool:
        """Commas and closing parentheses respect the number of arguments and the parameters that are left."""
        function, count = open_function(entries)
        if function is not None:
            signature = FUNCTIONS[function]
            if terminal == "COMMA":
                return signature.maximum is None or count < signature.maximum
            return count >= signature.minimum
        if terminal == "COMMA":
            call = open_call(entries)
            if call is not None:
                return any(p.name not in call[1] for p in parameters_of(call[0]))
        elif len(entries) > 2 and is_expression(entries[-1][0]) and entries[-2][0] == "LPAR" and entries[-3][0] != "NAME":
            wanted = need(entries[:-2], self)
            return wanted in ("operand", "any") or assignable(entries[-1][1].name, wanted)
        return True

    def values(self, terminal: str, ready: State) -> Values:
        """The legal texts of `terminal` in `ready` (a state about to shift it)."""
        entries = ready.entries
        if terminal == "NAME":
            return self._names(ready)
        if terminal == "OPERATION":
            connector = self.catalog.connectors.get(entries[-2][1])
            kind = "trigger" if "ON" in (s for s, _ in entries[-4:-2]) else "action"
            return Values(tuple(o.name for o in connector.operations if o.kind == kind) if connector else ())
        if terminal == "PARAMETER":
            if in_inputs(entries):
                return FREE
            call = open_call(entries)
            return Values(tuple(p.name for p in parameters_of(call[0]) if p.name not in call[1]) if call else ())
        if terminal == "PROPERTY":
            base = entries[-2][1]
            known = tuple(p.name for p in base.properties) if base.name == "object" else ()
            return Values(known, free=not known)
        if terminal == "STRING":
            return self._strings(entries)
        if terminal == "DECORATOR":
            return Values(tuple(DECORATORS))
        if terminal in ("KEY", "CHUNK"):
            return SPANS
        if terminal == "NUMBER":
            return SPANS
        if terminal in _CLOSED:
            return _CLOSED[terminal]
        return NOTHING

    def _names(self, ready: State) -> Values:
        entries, scope = ready.entries, ready.scope
        role = name_role(entries)
        if role == "start":
            return Values(self._callable, free=True)
        if role == "action":
            return Values(self._callable)
        if role == "event":
            return Values(self._events)
        if role == "new":
            return FREE
        if role == "variable":
            wanted = _TARGETS[{"TO": "APPEND"}.get(entries[-1][0], entries[-1][0])]
            return Values(tuple(b.name for b in scope.names.values() if b.role == "variable" and b.type.name in wanted))
        if role == "step":
            return Values(tuple(scope.steps))
        wanted_type = need(entries, self)
        names = [b.name for b in scope.names.values() if _may_stand(b.type, wanted_type)]
        if item_in_scope(entries):
            names.append("item")
        # Where a value may begin, `not` is the operator.
        functions = [f.name for f in FUNCTIONS.values() if f.name != "not" and _may_stand(types.SIMPLE[f.result], wanted_type)]
        return Values((*names, *functions))

    def _strings(self, entries: tuple[Entry, ...]) -> Values:
        role = string_role(entries)
        if role == "refuse":
            return Values(REFUSALS, spans=True)
        if role != "value":
            return SPANS
        enum = self._enum(entries)
        if enum:
            return Values(enum)
        compared = compared_with(entries)
        return Values(compared, spans=True) if compared else SPANS

    def _enum(self, entries: tuple[Entry, ...]) -> tuple[str, ...]:
        parameter = argument_in_progress(entries)
        return parameter.enum if parameter else ()


_TARGETS = {
    "SET": tuple(types.SIMPLE),
    "APPEND": ("list", "text", "any"),
    "INCREMENT": ("integer", "number"),
    "DECREMENT": ("integer", "number"),
}
_BODY = frozenset({"RBRACE"})
_BLOCKS = frozenset({"ELSE", "DO", "TRY", "catch", "CATCH", "statuses", "FINALLY", "DEFAULT", "BRANCH", "PARALLEL", "degree", "limit"})
_OPERANDS = frozenset({"STRING", "TEMPLATE_OPEN", "TRUE", "FALSE", "NUMBER", "LSQB", "LBRACE", "SIGN"})
_CLOSED = {
    "TYPE": Values(tuple(types.SIMPLE)),
    "COMPARISON": Values(("==", "!=", "<=", ">=", "<", ">")),
    "SIGN": Values(("+", "-")),
    "FACTOR": Values(("*", "/", "%")),
}


def _may_stand(value: ValueType, wanted: str) -> bool:
    """Whether an operand of this type, or something inside it, or a comparison with it, can be what is wanted."""
    if wanted in ("any", "boolean", "operand") or value.name in ("any", "object", "list"):
        return True
    return assignable(value.name, wanted)


def read(state: State, tokens: Iterable[tuple[str, str]]) -> Iterator[State]:
    """The states after each token, taken for legal by the grammar and the types; stops at the first that is not."""
    for terminal, text in tokens:
        following = state.shift(terminal, text)
        if following is None:
            return
        state = following
        yield state

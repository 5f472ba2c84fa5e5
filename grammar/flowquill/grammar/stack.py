"""Questions to the stack of the forward parser: what is open, what a name or a text that comes next is, which type is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flowquill.grammar.catalog import Operation, Parameter
from flowquill.grammar.functions import FUNCTIONS
from flowquill.grammar.types import ANY, ValueType
from flowquill.grammar.words import DECORATORS, LIMITS

if TYPE_CHECKING:
    from flowquill.grammar.forward import Forward

Entry = tuple[str, Any]
HEADS = frozenset({"decorators", "after", "label"})
_EXPRESSIONS = frozenset(
    ["expression", "or_expression", "and_expression", "not_expression", "comparison", "sum", "product", "unary", "coalesce", "postfix", "primary"]
)


@dataclass(frozen=True, slots=True)
class Binding:
    """A name in scope. `role`: result, trigger, variable, parameter or loop. `operation`: whose result it is, if any."""

    name: str
    type: ValueType
    role: str
    operation: Operation | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Names in the order they were bound, and what the flow has so far."""

    names: Mapping[str, Binding] = field(default_factory=lambda: MappingProxyType({}))
    steps: frozenset[str] = frozenset()
    triggered: bool = False

    def bind(self, *bindings: Binding) -> Scope:
        return replace(self, names=MappingProxyType({**self.names, **{b.name: b for b in bindings}}))

    def without(self, name: str) -> Scope:
        return replace(self, names=MappingProxyType({k: v for k, v in self.names.items() if k != name}))


def top_symbol(entries: tuple[Entry, ...]) -> str:
    """The symbol on top of the stack, "" where it is empty."""
    return entries[-1][0] if entries else ""


def is_expression(symbol: str) -> bool:
    return symbol in _EXPRESSIONS


def in_template(entries: tuple[Entry, ...]) -> bool:
    return entries[-1][0] == "TEMPLATE_OPEN" or (entries[-1][0].startswith("__") and entries[-2][0] == "TEMPLATE_OPEN")


def name_role(entries: tuple[Entry, ...]) -> str:
    """What a NAME is that comes next: start, action, event, new, variable, step or value."""
    top = entries[-1][0] if entries else ""
    if top in HEADS:
        return "start"
    if top == "ON":
        return "event"
    if top in ("FLOW", "AS", "PARAM", "VAR", "SCOPE", "FOR"):
        return "new"
    if top in ("SET", "INCREMENT", "DECREMENT", "TO"):
        return "variable"
    if top == "EQUAL" and entries[-2][0] == "NAME" and entries[-3][0] in HEADS:
        return "action"
    if top == "AFTER" or ((top == "AND" and entries[-2][0] in ("after_clause",)) or (top == "AND" and entries[-2][0].startswith("__after"))):
        return "step"
    return "value"


def string_role(entries: tuple[Entry, ...]) -> str:
    top = entries[-1][0]
    if top in ("TODO", "REFUSE"):
        return top.lower()
    if top == "NAME" and entries[-2][0] == "FLOW":
        return "description"
    if top in ("LBRACE", "COMMA") and open_object(entries):
        return "key"
    if in_inputs(entries) and top not in ("EQUAL",):
        return "description"
    return "value"


def open_object(entries: tuple[Entry, ...]) -> bool:
    """Whether a key may come next: inside `{`, where the brace opened an object."""
    for symbol, _ in reversed(entries):
        if symbol == "LBRACE":
            return True
        if not (symbol == "COMMA" or symbol == "entry" or symbol.startswith("__")):
            return False
    return False


def in_inputs(entries: tuple[Entry, ...]) -> bool:
    for position in range(len(entries) - 1, 0, -1):
        if entries[position][0] == "LPAR":
            return entries[position - 1][0] == "MANUAL"
    return False


def open_call(entries: tuple[Entry, ...]) -> tuple[Any, frozenset[str]] | None:
    """The innermost open argument list: what is called (Operation, decorator name or "limit") and the parameters given."""
    given: set[str] = set()
    for position in range(len(entries) - 1, 0, -1):
        symbol, value = entries[position]
        if symbol == "LPAR":
            below, what = entries[position - 1]
            return (what if below in ("callee", "DECORATOR") else "limit", frozenset(given)) if below in (
                "callee",
                "DECORATOR",
                "LIMIT",
            ) else None
        _collect(value, given)
    return None


def _collect(value: Any, given: set[str]) -> None:
    if isinstance(value, frozenset):
        given |= value
    elif isinstance(value, tuple):
        for part in value:
            _collect(part, given)


def parameters_of(what: Any) -> tuple[Parameter, ...]:
    """The parameters of what `open_call` gives."""
    if isinstance(what, Operation):
        return what.parameters
    return LIMITS if what == "limit" else DECORATORS.get(what, ())


def open_function(entries: tuple[Entry, ...]) -> tuple[str | None, int]:
    """The function whose argument list is open at the top, and how many arguments it has."""
    count = 0
    for position in range(len(entries) - 1, 0, -1):
        symbol, value = entries[position]
        if symbol == "LPAR":
            name = entries[position - 1][1] if entries[position - 1][0] == "NAME" else None
            return (name, count) if name in FUNCTIONS and name_role(entries[: position - 1]) == "value" else (None, 0)
        if is_expression(symbol):
            count += 1
        elif symbol.startswith("__"):
            count += _count_types(value)
        elif symbol != "COMMA":
            return (None, 0)
    return (None, 0)


def _count_types(value: Any) -> int:
    if isinstance(value, ValueType):
        return 1
    return sum(_count_types(v) for v in value) if isinstance(value, tuple) else 0


def argument_in_progress(entries: tuple[Entry, ...]) -> Parameter | None:
    """The parameter whose value is being written at its top level, or as an element of a list that is its value."""
    while len(entries) > 2 and entries[-1][0] == "LPAR" and entries[-2][0] in ("COLON", "LPAR"):
        entries = entries[:-1]
    position = len(entries) - 1
    while position >= 0 and (entries[position][0] in ("LSQB", "COMMA") or entries[position][0].startswith("__") or is_expression(entries[position][0])):
        if is_expression(entries[position][0]) and top_symbol(entries) != "COMMA" and not entries[-1][0].startswith("__"):
            return None
        position -= 1
    if position < 1 or entries[position][0] != "COLON" or entries[position - 1][0] != "PARAMETER":
        return None
    call = open_call(entries[: position - 1])
    if call is None:
        return None
    return next((p for p in parameters_of(call[0]) if p.name == entries[position - 1][1]), None)


def compared_with(entries: tuple[Entry, ...]) -> tuple[str, ...]:
    """The texts the left side of a comparison can have, where the catalog knows them."""
    if entries[-1][0] == "COMPARISON" and isinstance(entries[-2][1], ValueType):
        return entries[-2][1].enum
    if entries[-1][0] == "CASE":
        for symbol, value in reversed(entries):
            if symbol == "SWITCH":
                break
            if isinstance(value, ValueType):
                return value.enum
    return ()


def item_in_scope(entries: tuple[Entry, ...]) -> bool:
    """Whether `item` stands for the element of a list: inside the arguments of select and filter."""
    return any(s == "callee" and isinstance(v, Operation) and v.connector is None and v.name in ("select", "filter") for s, v in entries)


def loop_header(entries: tuple[Entry, ...]) -> Binding | None:
    """The loop variable, where the next brace opens the body of a for-each."""
    end = len(entries) - 1
    if end >= 0 and entries[end][0] in ("degree", "PARALLEL"):
        end -= 1
    elif end >= 1 and entries[end][0] == "NUMBER" and entries[end - 1][0] == "PARALLEL":
        end -= 2
    if end >= 3 and is_expression(entries[end][0]) and entries[end - 1][0] == "IN" and entries[end - 3][0] == "FOR":
        element = entries[end][1].element() or ANY
        return Binding(entries[end - 2][1], element, "loop")
    return None


def need(entries: tuple[Entry, ...], forward: Forward) -> str:
    """The type wanted of an operand that comes next.

    A type's name, or "operand" (right of a comparison: anything). "boolean" lets any operand begin, since a comparison may follow.
    """
    symbol, _ = entries[-1]
    below: Entry = entries[-2] if len(entries) > 1 else ("", ANY)
    match symbol:
        case "SIGN" | "FACTOR":
            outer = need(entries[:-2] if is_expression(below[0]) else entries[:-1], forward)
            return "integer" if outer == "integer" else "number"
        case "COMPARISON":
            return "operand"
        case "AND" | "OR" | "NOT" | "IF" | "UNTIL":
            return "boolean"
        case "IN":
            return "list"
        case "BY":
            return "number"
        case "COLON" if below[0] == "PARAMETER":
            call = open_call(entries[:-2])
            parameter = next((p for p in parameters_of(call[0]) if p.name == below[1]), None) if call else None
            return parameter.type if parameter else "any"
        case "EQUAL" if below[0] == "NAME":
            return str(entries[-1][1]) if entries[-3][0] == "SET" else "any"
        case "EQUAL":
            return next((v for s, v in reversed(entries) if s == "TYPE"), "any")
        case "LPAR" if below[0] != "NAME":
            outer = need(entries[:-1], forward)
            return "any" if outer == "operand" else outer
        case "LSQB" if is_expression(below[0]):
            return "integer" if below[1].name == "list" else "any"
        case "LBRACE":
            return "text" if in_template(entries[:-1]) else "any"
    if symbol == forward.coalesce:
        left = below[1].name
        return need(entries[:-2], forward) if left == "any" else left
    if symbol == forward.strict_bracket:
        return "integer" if below[1].name == "list" else "any"
    return "any"

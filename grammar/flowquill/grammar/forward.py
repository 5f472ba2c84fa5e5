"""The parser run forward: from any state, what may come next, with the checker's rules as masks.

A `State` is the LALR stack of flow.lark with a semantic value for each symbol on it: an operation for a callee, a type for
an expression, the parameters given so far for an open call. Reductions compute these values as the parser does and fail where
the types would not fit, so that a terminal is legal only if what it completes is sound. States are immutable and cheap to fork.
Ancestors: Baranowski and Hochgeschwender 2021 (LR parsers as decoders), Yin and Neubig 2018 (transition systems).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

from flowquill.grammar import types
from flowquill.grammar.catalog import Catalog, Operation, Parameter
from flowquill.grammar.functions import FUNCTIONS
from flowquill.grammar.lalr import END, Rule, Table, table
from flowquill.grammar.refusals import REASONS as REFUSALS
from flowquill.grammar.types import ANY, BOOLEAN, INTEGER, NUMBER, TEXT, ValueType, assignable

Entry = tuple[str, Any]
RESERVED = frozenset(
    ["flow", "on", "as", "param", "var", "set", "append", "to", "increment", "decrement", "by", "if", "else", "switch", "case", "default", "for", "in", "parallel", "do", "until", "limit", "scope", "branch", "try", "catch", "finally", "todo", "refuse", "after", "or", "and", "not", "true", "false", "null", "item", "manual", "succeeded", "failed", "skipped", "timed_out"]
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
        action = _REDUCTIONS.get(rule.name)
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
            loop = _loop_header(ready.entries)
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
            function = _open_function(entries)[0]
            if function is not None and FUNCTIONS[function].maximum == 0:
                return False
        if top in _HEADS and not ready.scope.triggered and terminal not in ("ON", "AT"):
            return False
        if terminal in _BODY and not ready.scope.triggered and not any(symbol == "ON" for symbol, _ in entries):
            return False
        if terminal == "ON":
            return not ready.scope.triggered
        if terminal in _TARGETS:
            return any(b.role == "variable" and b.type.name in _TARGETS[terminal] for b in ready.scope.names.values())
        if terminal in ("COMPARISON", "AND", "OR") and _is_expression(top):
            wanted = need(entries[:-1], self)
            if wanted not in ("boolean", "any"):
                return False
            return terminal == "COMPARISON" or assignable(entries[-1][1].name, "boolean")
        if terminal == "NOT":
            return need(entries, self) in ("boolean", "any")
        if terminal in ("SIGN", "FACTOR") and _is_expression(top):
            wanted = need(entries[:-1], self)
            return wanted in ("integer", "number", "any", "boolean", "operand", "text") and assignable(
                entries[-1][1].name, "integer" if wanted == "integer" else "number"
            )
        if terminal in ("LBRACE", "PARALLEL", "LIMIT") and _is_expression(top):
            required = {"IF": "boolean", "UNTIL": "boolean", "IN": "list"}.get(entries[-2][0])
            return required is None or assignable(entries[-1][1].name, required)
        if terminal == "RSQB" and _is_expression(top) and _is_expression(entries[-3][0]):
            return entries[-3][1].name != "list" or assignable(entries[-1][1].name, "integer")
        if terminal == "STRING" and _is_expression(top):
            return assignable(entries[-1][1].name, next(v for s, v in reversed(entries) if s == "TYPE"))
        if terminal in _OPERANDS:
            return self._operand(terminal, ready)
        if terminal in ("DOT", self.strict_dot):
            return entries[-1][1].name in ("object", "any")
        if terminal in ("LSQB", self.strict_bracket) and _is_expression(top):
            return entries[-1][1].name in ("object", "any", "list")
        if terminal in ("COMMA", "RPAR"):
            return self._separator(terminal, entries)
        if terminal == "PARAMETER":
            return _in_inputs(entries) or bool(self.values(terminal, ready).fixed)
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
            return _role_of_string(entries) != "value" or wanted in ("text", "any", "boolean", "operand")
        if terminal in ("TEMPLATE_OPEN",):
            return wanted in ("text", "any", "boolean", "operand") and not self._enum(entries)
        if terminal in ("TRUE", "FALSE"):
            return wanted in ("boolean", "any", "operand", "text")
        if terminal == "NUMBER":
            return top_symbol(entries) == "PARALLEL" or wanted in ("integer", "number", "any", "boolean", "operand", "text")
        if terminal == "LSQB":
            return wanted in ("list", "any")
        if terminal == "LBRACE":
            return top_symbol(entries) in _BLOCKS or _is_expression(top_symbol(entries)) or wanted in ("object", "any") or _template(entries)
        if terminal == "SIGN":
            return wanted in ("integer", "number", "any", "boolean", "operand")
        return True

    def _separator(self, terminal: str, entries: tuple[Entry, ...]) -> bool:
        """Commas and closing parentheses respect the number of arguments and the parameters that are left."""
        function, count = _open_function(entries)
        if function is not None:
            signature = FUNCTIONS[function]
            if terminal == "COMMA":
                return signature.maximum is None or count < signature.maximum
            return count >= signature.minimum
        if terminal == "COMMA":
            call = open_call(entries)
            if call is not None:
                return any(p.name not in call[1] for p in parameters_of(call[0]))
        elif len(entries) > 2 and _is_expression(entries[-1][0]) and entries[-2][0] == "LPAR" and entries[-3][0] != "NAME":
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
            if _in_inputs(entries):
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
        role = _role_of_string(entries)
        if role == "refuse":
            return Values(REFUSALS, spans=True)
        if role != "value":
            return SPANS
        enum = self._enum(entries)
        if enum:
            return Values(enum)
        compared = _compared(entries)
        return Values(compared, spans=True) if compared else SPANS

    def _enum(self, entries: tuple[Entry, ...]) -> tuple[str, ...]:
        parameter = argument_in_progress(entries)
        return parameter.enum if parameter else ()


DECORATORS: Mapping[str, tuple[Parameter, ...]] = MappingProxyType(
    {
        "retry": (
            Parameter("type", "retryPolicy/type", "text", enum=("fixed", "exponential", "none")),
            Parameter("count", "retryPolicy/count", "integer"),
            Parameter("interval", "retryPolicy/interval", "text"),
            Parameter("minimum", "retryPolicy/minimumInterval", "text"),
            Parameter("maximum", "retryPolicy/maximumInterval", "text"),
        ),
        "timeout": (Parameter("limit", "limit/timeout", "text", required=True),),
        "secure": (Parameter("inputs", "", "boolean"), Parameter("outputs", "", "boolean")),
        "title": (Parameter("text", "", "text", required=True),),
        "description": (Parameter("text", "", "text", required=True),),
        "concurrency": (Parameter("runs", "runtimeConfiguration/concurrency/runs", "integer"),),
        "when": (Parameter("condition", "conditions", "boolean", required=True),),
        "meta": (Parameter("value", "", "object", required=True),),
    }
)
LIMITS = (Parameter("count", "limit/count", "integer"), Parameter("timeout", "limit/timeout", "text"))

_TARGETS = {
    "SET": tuple(types.SIMPLE),
    "APPEND": ("list", "text", "any"),
    "INCREMENT": ("integer", "number"),
    "DECREMENT": ("integer", "number"),
}
_HEADS = frozenset({"decorators", "after", "label"})
_BODY = frozenset({"RBRACE"})
_BLOCKS = frozenset({"ELSE", "DO", "TRY", "catch", "CATCH", "statuses", "FINALLY", "DEFAULT", "BRANCH", "PARALLEL", "degree", "limit"})
_OPERANDS = frozenset({"STRING", "TEMPLATE_OPEN", "TRUE", "FALSE", "NUMBER", "LSQB", "LBRACE", "SIGN"})
_EXPRESSIONS = frozenset(
    ["expression", "or_expression", "and_expression", "not_expression", "comparison", "sum", "product", "unary", "coalesce", "postfix", "primary"]
)
_CLOSED = {
    "TYPE": Values(tuple(types.SIMPLE)),
    "COMPARISON": Values(("==", "!=", "<=", ">=", "<", ">")),
    "SIGN": Values(("+", "-")),
    "FACTOR": Values(("*", "/", "%")),
}


def top_symbol(entries: tuple[Entry, ...]) -> str:
    """The symbol on top of the stack, "" where it is empty."""
    return entries[-1][0] if entries else ""


def _is_expression(symbol: str) -> bool:
    return symbol in _EXPRESSIONS


def _template(entries: tuple[Entry, ...]) -> bool:
    return entries[-1][0] == "TEMPLATE_OPEN" or (entries[-1][0].startswith("__") and entries[-2][0] == "TEMPLATE_OPEN")


def _may_stand(value: ValueType, wanted: str) -> bool:
    """Whether an operand of this type, or something inside it, or a comparison with it, can be what is wanted."""
    if wanted in ("any", "boolean", "operand") or value.name in ("any", "object", "list"):
        return True
    return assignable(value.name, wanted)


def name_role(entries: tuple[Entry, ...]) -> str:
    """What a NAME is that comes next: start, action, event, new, variable, step or value."""
    top = entries[-1][0] if entries else ""
    if top in _HEADS:
        return "start"
    if top == "ON":
        return "event"
    if top in ("FLOW", "AS", "PARAM", "VAR", "SCOPE", "FOR"):
        return "new"
    if top in ("SET", "INCREMENT", "DECREMENT", "TO"):
        return "variable"
    if top == "EQUAL" and entries[-2][0] == "NAME" and entries[-3][0] in _HEADS:
        return "action"
    if top == "AFTER" or ((top == "AND" and entries[-2][0] in ("after_clause",)) or (top == "AND" and entries[-2][0].startswith("__after"))):
        return "step"
    return "value"


def _role_of_string(entries: tuple[Entry, ...]) -> str:
    top = entries[-1][0]
    if top in ("TODO", "REFUSE"):
        return top.lower()
    if top == "NAME" and entries[-2][0] == "FLOW":
        return "description"
    if top in ("LBRACE", "COMMA") and _open_object(entries):
        return "key"
    if _in_inputs(entries) and top not in ("EQUAL",):
        return "description"
    return "value"


def _open_object(entries: tuple[Entry, ...]) -> bool:
    """Whether a key may come next: inside `{`, where the brace opened an object."""
    for symbol, _ in reversed(entries):
        if symbol == "LBRACE":
            return True
        if not (symbol == "COMMA" or symbol == "entry" or symbol.startswith("__")):
            return False
    return False


def _in_inputs(entries: tuple[Entry, ...]) -> bool:
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


def _open_function(entries: tuple[Entry, ...]) -> tuple[str | None, int]:
    """The function whose argument list is open at the top, and how many arguments it has."""
    count = 0
    for position in range(len(entries) - 1, 0, -1):
        symbol, value = entries[position]
        if symbol == "LPAR":
            name = entries[position - 1][1] if entries[position - 1][0] == "NAME" else None
            return (name, count) if name in FUNCTIONS and name_role(entries[: position - 1]) == "value" else (None, 0)
        if _is_expression(symbol):
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
    while position >= 0 and (entries[position][0] in ("LSQB", "COMMA") or entries[position][0].startswith("__") or _is_expression(entries[position][0])):
        if _is_expression(entries[position][0]) and top_symbol(entries) != "COMMA" and not entries[-1][0].startswith("__"):
            return None
        position -= 1
    if position < 1 or entries[position][0] != "COLON" or entries[position - 1][0] != "PARAMETER":
        return None
    call = open_call(entries[: position - 1])
    if call is None:
        return None
    return next((p for p in parameters_of(call[0]) if p.name == entries[position - 1][1]), None)


def _compared(entries: tuple[Entry, ...]) -> tuple[str, ...]:
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


def _loop_header(entries: tuple[Entry, ...]) -> Binding | None:
    """The loop variable, where the next brace opens the body of a for-each."""
    end = len(entries) - 1
    if end >= 0 and entries[end][0] in ("degree", "PARALLEL"):
        end -= 1
    elif end >= 1 and entries[end][0] == "NUMBER" and entries[end - 1][0] == "PARALLEL":
        end -= 2
    if end >= 3 and _is_expression(entries[end][0]) and entries[end - 1][0] == "IN" and entries[end - 3][0] == "FOR":
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
            outer = need(entries[:-2] if _is_expression(below[0]) else entries[:-1], forward)
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
        case "LSQB" if _is_expression(below[0]):
            return "integer" if below[1].name == "list" else "any"
        case "LBRACE":
            return "text" if _template(entries[:-1]) else "any"
    if symbol == forward.coalesce:
        left = below[1].name
        return need(entries[:-2], forward) if left == "any" else left
    if symbol == forward.strict_bracket:
        return "integer" if below[1].name == "list" else "any"
    return "any"


# Reductions with a meaning. Each gets the state, the entries below and the values of the right-hand side, and gives the
# new value and scope, or None where the types do not fit.

Outcome = tuple[Any, Scope] | None


def _argument(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    call = open_call(below)
    parameter = next((p for p in parameters_of(call[0]) if p.name == parts[0]), None) if call else None
    if parameter is not None and not assignable(parts[2].name, parameter.type):
        return None
    return frozenset({parts[0]}), state.scope


def _callee(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    operation = state.forward.catalog.find(parts[0] if len(parts) == 3 else None, parts[-1])
    wanted = "trigger" if below[-1][0] == "ON" else "action"
    return (operation, state.scope) if operation is not None and operation.kind == wanted else None


def _bound_call(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    operation: Operation = parts[2]
    scope = state.scope.bind(Binding(parts[0], types.of_result(operation), "result", operation))
    return ("step", parts[0]), replace(scope, steps=scope.steps | {parts[0]})


def _trigger(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    scope = replace(state.scope, triggered=True)
    name = parts[4] if len(parts) > 3 else None
    if name is not None:
        event = parts[2]
        kind = event if isinstance(event, ValueType) else types.of_result(event)
        operation = event if isinstance(event, Operation) else None
        scope = scope.bind(Binding(name, kind, "trigger", operation))
    return None, scope


def _event(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    return parts[0], state.scope


def _manual(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    from flowquill.grammar.catalog import Output

    inputs: list[Output] = []

    def collect(value: Any) -> None:
        if isinstance(value, Output):
            inputs.append(value)
        elif isinstance(value, tuple):
            for part in value:
                collect(part)

    for part in parts:
        collect(part)
    return ValueType("object", tuple(inputs)) if inputs else ANY, state.scope


def _input(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    from flowquill.grammar.catalog import Output

    values = [p for p in parts if isinstance(p, ValueType)]
    if values and not assignable(values[0].name, parts[2]):
        return None
    return Output(parts[0], "body/" + parts[0], parts[2]), state.scope


def _declare(role: str) -> Callable[[State, tuple[Entry, ...], list[Any]], Outcome]:
    def declare(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
        if len(parts) > 4 and not assignable(parts[5].name, parts[3]):
            return None
        return None, state.scope.bind(Binding(parts[1], types.SIMPLE[parts[3]], role))

    return declare


def _set(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    binding = state.scope.names.get(parts[1])
    if binding is not None and not assignable(parts[3].name, binding.type.name):
        return None
    return None, state.scope


def _increment(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    return (None, state.scope) if len(parts) < 4 or assignable(parts[3].name, "number") else None


def _labelled(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    return ("step", parts[0]), replace(state.scope, steps=state.scope.steps | {parts[0]})


def _scope(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    return ("step", parts[1]), replace(state.scope, steps=state.scope.steps | {parts[1]})


def _condition(index: int) -> Callable[[State, tuple[Entry, ...], list[Any]], Outcome]:
    def check(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
        return (None, state.scope) if assignable(parts[index].name, "boolean") else None

    return check


def _for_each(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    if not assignable(parts[3].name, "list"):
        return None
    return None, state.scope.without(parts[1])


def _branch(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    outer = next(v for s, v in reversed(below) if s == "LBRACE" and isinstance(v, Scope))
    inner = state.scope
    added = tuple(b for n, b in inner.names.items() if n not in outer.names)
    # Siblings do not see the names; `_parallel` gives them back to what follows. They stay taken.
    hidden = MappingProxyType({n: b for n, b in inner.names.items() if n in outer.names})
    return added, replace(inner, names=hidden, steps=inner.steps | {b.name for b in added})


def _parallel(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    added: list[Binding] = []

    def collect(value: Any) -> None:
        if isinstance(value, Binding):
            added.append(value)
        elif isinstance(value, tuple):
            for part in value:
                collect(part)

    for part in parts[2:]:
        collect(part)
    return None, state.scope.bind(*added)


def _boolean(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    """and, or, not: all operands are booleans."""
    if any(isinstance(p, ValueType) and not assignable(p.name, "boolean") for p in parts):
        return None
    return BOOLEAN, state.scope


def _arithmetic(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    kinds = [p.name for p in parts if isinstance(p, ValueType)]
    if any(not assignable(k, "number") for k in kinds):
        return None
    return (ANY if "any" in kinds else INTEGER if set(kinds) == {"integer"} else NUMBER), state.scope


def _coalesce(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    left, right = parts[0], parts[2]
    if left.name == "any":
        return right, state.scope
    return (left, state.scope) if assignable(right.name, left.name) else None


def _member(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    found = parts[0].member(parts[2])
    return (found, state.scope) if found is not None else None


def _index(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    base, index = parts[0], parts[2]
    if base.name == "list":
        return (base.element() or ANY, state.scope) if assignable(index.name, "integer") else None
    return ANY, state.scope


def _reference(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    binding = state.scope.names.get(parts[0])
    if binding is None:
        return (ANY, state.scope) if parts[0] == "item" else None
    return binding.type, state.scope


def _function(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    signature = FUNCTIONS.get(parts[0])
    return (types.SIMPLE[signature.result], state.scope) if signature else None


def _constant(kind: ValueType) -> Callable[[State, tuple[Entry, ...], list[Any]], Outcome]:
    return lambda state, below, parts: (kind, state.scope)


def _number(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    return (INTEGER if parts[0].isdigit() else NUMBER), state.scope


def _parenthesis(state: State, below: tuple[Entry, ...], parts: list[Any]) -> Outcome:
    return parts[1], state.scope


_REDUCTIONS: dict[str, Callable[[State, tuple[Entry, ...], list[Any]], Outcome]] = {
    "argument": _argument,
    "callee": _callee,
    "bound_call": _bound_call,
    "trigger": _trigger,
    "event": _event,
    "manual": _manual,
    "input": _input,
    "param": _declare("parameter"),
    "var": _declare("variable"),
    "set": _set,
    "increment": _increment,
    "decrement": _increment,
    "label": _labelled,
    "scope": _scope,
    "if_action": _condition(1),
    "until": _condition(3),
    "for_each": _for_each,
    "branch": _branch,
    "parallel": _parallel,
    "or_": _boolean,
    "and_": _boolean,
    "not_": _boolean,
    "compare": _constant(BOOLEAN),
    "arithmetic": _arithmetic,
    "sign": _arithmetic,
    "fallback": _coalesce,
    "member": _member,
    "strict_member": _member,
    "index": _index,
    "strict_index": _index,
    "reference": _reference,
    "function": _function,
    "string": _constant(TEXT),
    "number": _number,
    "true": _constant(BOOLEAN),
    "false": _constant(BOOLEAN),
    "null": _constant(ANY),
    "hole": _constant(ANY),
    "list": _constant(types.LIST),
    "object": _constant(types.OBJECT),
    "template": _constant(TEXT),
    "parenthesis": _parenthesis,
}


def read(state: State, tokens: Iterable[tuple[str, str]]) -> Iterator[State]:
    """The states after each token, taken for legal by the grammar and the types; stops at the first that is not."""
    for terminal, text in tokens:
        following = state.shift(terminal, text)
        if following is None:
            return
        state = following
        yield state

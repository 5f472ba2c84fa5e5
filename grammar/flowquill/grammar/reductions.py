"""What a rule of the grammar means once its right-hand side is read.

Each function gets the state, the entries below and the values of the right-hand side, and gives the new value and scope, or None where the types do not fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flowquill.grammar import types
from flowquill.grammar.catalog import Operation, Output
from flowquill.grammar.functions import FUNCTIONS
from flowquill.grammar.stack import Binding, Entry, Scope, open_call, parameters_of
from flowquill.grammar.types import ANY, BOOLEAN, INTEGER, NUMBER, TEXT, ValueType, assignable

if TYPE_CHECKING:
    from flowquill.grammar.forward import State

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


REDUCTIONS: dict[str, Callable[[State, tuple[Entry, ...], list[Any]], Outcome]] = {
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

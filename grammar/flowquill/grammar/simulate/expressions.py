"""What an expression of a flow gives, in a frame of names, elements and the run's own functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from flowquill.grammar import tree
from flowquill.grammar.escapes import UNTYPED, WDL
from flowquill.grammar.functions import function_named
from flowquill.grammar.simulate import number_functions
from flowquill.grammar.simulate.library import Library, checked_arguments
from flowquill.grammar.simulate.values import (
    Failure,
    equal,
    is_number,
    kind,
    less,
    part_of,
    property_of,
    to_text,
    weighed,
)

_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {"+": number_functions.add, "-": number_functions.sub, "*": number_functions.mul, "/": number_functions.div, "%": number_functions.mod}
)
_FILLED: Mapping[str, Any] = MappingProxyType({"text": "?", "integer": 1, "number": 1, "boolean": True, "list": (), "object": ()})


class Frame(Protocol):
    """What an expression reads of a run."""

    @property
    def library(self) -> Library: ...

    def lookup(self, name: str) -> Any:
        """The value of a name. Raises Failure where there is none."""

    def ask(self, name: str, arguments: list[Any]) -> Any:
        """The result of a function of the run, such as `outputs`. Raises Failure."""


def evaluate(node: tree.Expression, frame: Frame, wanted: str = "any") -> Any:
    """The value. `wanted`: the type of the place, by which a `?` is filled in. Raises Failure."""
    match node:
        case tree.Literal():
            return node.value
        case tree.Hole():
            filler = _FILLED.get(wanted, "?")
            return [] if wanted == "list" else {} if wanted == "object" else filler
        case tree.ListExpression():
            return [evaluate(one, frame) for one in node.items]
        case tree.ObjectExpression():
            return {e.key.text: evaluate(e.value, frame) for e in node.entries}
        case tree.Template():
            return weighed("".join(p if isinstance(p, str) else to_text(evaluate(p, frame)) for p in node.parts))
        case tree.Reference():
            return frame.lookup(node.name)
        case tree.Member():
            return property_of(evaluate(node.base, frame), node.name.text, node.strict)
        case tree.Index():
            return part_of(evaluate(node.base, frame), evaluate(node.index, frame), node.strict)
        case tree.Function():
            return _function(node, frame)
        case tree.Unary():
            return _unary(node, frame)
        case tree.Binary():
            return _binary(node, frame)


def condition(node: tree.Expression, frame: Frame) -> bool:
    """The value of a condition. Raises Failure where it is neither true nor false."""
    value = evaluate(node, frame, "boolean")
    if not isinstance(value, bool):
        raise Failure(f"A condition is true or false, and this is {kind(value)}.", "InvalidTemplate")
    return value


def _function(node: tree.Function, frame: Frame) -> Any:
    signature = function_named(node.name.text)
    name = signature.name if signature else node.name.text
    if name in ("and", "or") and len(node.arguments) > 1:
        return any(condition(a, frame) for a in node.arguments) if name == "or" else all(condition(a, frame) for a in node.arguments)
    if name == "not" and len(node.arguments) == 1:
        return not condition(node.arguments[0], frame)
    if name == "if" and len(node.arguments) == 3:
        return evaluate(node.arguments[1 if condition(node.arguments[0], frame) else 2], frame)
    arguments = [evaluate(a, frame) for a in node.arguments]
    if name == UNTYPED and arguments:
        return arguments[0]
    if name == WDL:
        return frame.ask(name, arguments)
    if name == "coalesce":
        return next((a for a in arguments if a is not None), None)
    if signature is not None and signature.group == "run":
        return frame.ask(name, checked_arguments(signature, arguments))
    if name == "item":
        return frame.lookup("item")
    return frame.library.call(name, arguments)


def _unary(node: tree.Unary, frame: Frame) -> Any:
    if node.operator == "not":
        return not condition(node.operand, frame)
    value = evaluate(node.operand, frame, "number")
    if not is_number(value):
        raise Failure(f"{node.operator} takes a number, and this is {kind(value)}.")
    return number_functions.sub(0, value) if node.operator == "-" else value


def _binary(node: tree.Binary, frame: Frame) -> Any:
    operator = node.operator
    if operator == "and":
        return condition(node.left, frame) and condition(node.right, frame)
    if operator == "or":
        return condition(node.left, frame) or condition(node.right, frame)
    left = evaluate(node.left, frame, "number" if operator in _ARITHMETIC else "any")
    if operator == "??":
        return left if left is not None else evaluate(node.right, frame)
    right = evaluate(node.right, frame, "number" if operator in _ARITHMETIC else "any")
    match operator:
        case "==":
            return equal(left, right)
        case "!=":
            return not equal(left, right)
        case "<":
            return less(left, right, "<")
        case ">":
            return less(right, left, ">")
        case "<=":
            return not less(right, left, "<=")
        case ">=":
            return not less(left, right, ">=")
    if not is_number(left) or not is_number(right):
        hint = "; join texts with concat or a template" if operator == "+" and "text" in (kind(left), kind(right)) else ""
        raise Failure(f"{operator} takes two numbers, and here are {kind(left)} and {kind(right)}{hint}.")
    return _ARITHMETIC[operator](left, right)

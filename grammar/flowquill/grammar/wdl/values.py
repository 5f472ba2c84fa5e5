"""From expressions of a flow to values and expressions of a definition."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flowquill.grammar import tree
from flowquill.grammar.escapes import UNTYPED, WDL
from flowquill.grammar.wdl import shapes
from flowquill.grammar.wdl.expressions import (
    Access,
    Constant,
    ExpressionError,
    Invocation,
    Piece,
    Wdl,
    parse_expression,
    write_expression,
    write_pieces,
    write_text,
)

_COMPARISONS = {"==": "equals", "<": "less", "<=": "lessOrEquals", ">": "greater", ">=": "greaterOrEquals"}
OPERATORS = {**_COMPARISONS, "+": "add", "-": "sub", "*": "mul", "/": "div", "%": "mod"}
FLAT = {"and": "and", "or": "or", "??": "coalesce"}
_SPELLED = {"encodeUriComponent": "encodeURIComponent", "decodeUriComponent": "decodeUriComponent"}


@dataclass
class Values:
    """Writes expressions. `roots`: what the names in scope stand for; `hole`: called for a value still to be filled in."""

    roots: dict[str, shapes.Root] = field(default_factory=dict)
    hole: Callable[[tree.Hole], None] = lambda node: None

    def value(self, node: tree.Expression) -> Any:
        """The JSON value of an expression: literals as they are, all else as `@...` or text with `@{...}`."""
        match node:
            case tree.Literal(value=str() as text):
                return write_text(text)
            case tree.Literal():
                return node.value
            case tree.Unary(operator="-", operand=tree.Literal(value=int() | float() as number)) if not isinstance(number, bool):
                return -number
            case tree.ListExpression():
                return [self.value(i) for i in node.items]
            case tree.ObjectExpression():
                return {e.key.text: self.value(e.value) for e in node.entries}
            case tree.Template():
                pieces = self.pieces(node)
                return write_pieces(pieces) if any(not isinstance(p, str) for p in pieces) else write_text("".join(map(str, pieces)))
            case tree.Hole():
                self.hole(node)
                return ""
            case tree.Function(name=tree.Name(text=name), arguments=(tree.Literal(value=str() as text),)) if name == WDL:
                return text
            case tree.Function(name=tree.Name(text=name), arguments=(inner,)) if name == UNTYPED:
                return self.value(inner)
            case _:
                return "@" + write_expression(self.expression(node))

    def pieces(self, node: tree.Template) -> tuple[Piece, ...]:
        """The parts of a template, empty texts left out."""
        return tuple(p if isinstance(p, str) else self.expression(p) for p in node.parts if p != "")

    def condition(self, node: tree.Expression) -> Any:
        """The `expression` of a condition or loop."""
        match node:
            case tree.Function(name=tree.Name(text=name), arguments=(inner,)) if name in (UNTYPED, WDL):
                return self.value(node) if name == WDL else self.value(inner)
            case _:
                return "@" + write_expression(self.expression(node))

    def expression(self, node: tree.Expression) -> Wdl:
        """An expression of the definition language."""
        return self.typed(node)[0]

    def typed(self, node: tree.Expression) -> tuple[Wdl, shapes.Shape]:
        """An expression with what is known of its parts."""
        match node:
            case tree.Reference():
                return self._reference(node.name)
            case tree.Member() | tree.Index():
                return self._part(node)
            case tree.Literal():
                return Constant(node.value), shapes.ANY
            case tree.Hole():
                self.hole(node)
                return Constant(""), shapes.ANY
            case tree.ListExpression():
                if not node.items:
                    return Invocation("json", (Constant("[]"),)), shapes.ANY
                return Invocation("createArray", tuple(self.expression(i) for i in node.items)), shapes.ANY
            case tree.ObjectExpression():
                return self._object(node), shapes.ANY
            case tree.Template():
                parts = tuple(Constant(p) if isinstance(p, str) else p for p in self.pieces(node))
                return (Invocation("concat", parts) if parts else Constant("")), shapes.ANY
            case tree.Function():
                return self._function(node), shapes.ANY
            case tree.Unary(operator="not"):
                return Invocation("not", (self.expression(node.operand),)), shapes.ANY
            case tree.Unary(operator="-", operand=tree.Literal(value=int() | float() as number)) if not isinstance(number, bool):
                return Constant(-number), shapes.ANY
            case tree.Unary(operator="-"):
                return Invocation("sub", (Constant(0), self.expression(node.operand))), shapes.ANY
            case tree.Unary():
                return self.typed(node.operand)
            case tree.Binary():
                return self._binary(node), shapes.ANY
        raise TypeError(f"{type(node).__name__} is no expression")

    def _reference(self, name: str) -> tuple[Wdl, shapes.Shape]:
        root = self.roots.get(name)
        if root is None:
            return Invocation("item" if name == "item" else "variables", () if name == "item" else (Constant(name),)), shapes.ANY
        return root.whole, root.shape

    def _part(self, node: tree.Member | tree.Index) -> tuple[Wdl, shapes.Shape]:
        root = self.roots.get(node.base.name) if isinstance(node.base, tree.Reference) else None
        base, shape = self.typed(node.base)
        safe = not node.strict
        if isinstance(node, tree.Member):
            found = next((o for o in shapes.named(shape) if o.name == node.name.text), None)
            if found is None:
                return Access(base, Constant(node.name.text), safe), shapes.ANY
            start, keys = shapes.steps_of_path(root, found)
            result = base if start is None else start
            for part in keys:
                result = shapes.key(result, part, safe)
            return result, shapes.below(found)
        index = self.expression(node.index)
        inner = shapes.element(shape) if shape.kind == "list" else shapes.ANY
        return Access(base, index, safe), inner

    def _object(self, node: tree.ObjectExpression) -> Wdl:
        plain = constant(node)
        if plain is not None:
            return Invocation("json", (Constant(json.dumps(plain[0], separators=(",", ":"), ensure_ascii=False)),))
        result: Wdl = Invocation("json", (Constant("{}"),))
        for entry in node.entries:
            result = Invocation("setProperty", (result, Constant(entry.key.text), self.expression(entry.value)))
        return result

    def _function(self, node: tree.Function) -> Wdl:
        name = node.name.text
        if name == UNTYPED and len(node.arguments) == 1:
            return self.expression(node.arguments[0])
        if name == WDL and len(node.arguments) == 1 and isinstance(node.arguments[0], tree.Literal):
            text = str(node.arguments[0].value)
            try:
                return parse_expression(text.removeprefix("@"))
            except ExpressionError:
                return Constant(text)
        return Invocation(_SPELLED.get(name, name), tuple(self.expression(a) for a in node.arguments))

    def _binary(self, node: tree.Binary) -> Wdl:
        if node.operator in FLAT:
            return Invocation(FLAT[node.operator], tuple(self.expression(p) for p in _flat(node)))
        left, right = self.expression(node.left), self.expression(node.right)
        if node.operator == "!=":
            return Invocation("not", (Invocation("equals", (left, right)),))
        return Invocation(OPERATORS[node.operator], (left, right))


def _flat(node: tree.Binary) -> list[tree.Expression]:
    left = node.left
    first = _flat(left) if isinstance(left, tree.Binary) and left.operator == node.operator else [left]
    return [*first, node.right]


def constant(node: tree.Expression) -> tuple[Any] | None:
    """The value of an expression that is nothing but literals, in a tuple; None for any other."""
    match node:
        case tree.Literal():
            return (node.value,)
        case tree.Unary(operator="-", operand=tree.Literal(value=int() | float() as number)) if not isinstance(number, bool):
            return (-number,)
        case tree.ListExpression():
            items = [constant(i) for i in node.items]
            return None if any(i is None for i in items) else ([i[0] for i in items if i is not None],)
        case tree.ObjectExpression():
            parts: Mapping[str, tuple[Any] | None] = {e.key.text: constant(e.value) for e in node.entries}
            return None if any(p is None for p in parts.values()) else ({k: p[0] for k, p in parts.items() if p is not None},)
        case _:
            return None

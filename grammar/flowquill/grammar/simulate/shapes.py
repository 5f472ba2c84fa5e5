"""What a flow expects of results that the catalog does not describe, read off how it uses them; and the values it compares with.

A dry run needs a body for an HTTP call. Where the flow goes through `answer.body.orders`, orders are a list; where it compares
`order.state` with "open", the state is a text and sometimes "open".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog, Operation
from flowquill.grammar.escapes import UNTYPED
from flowquill.grammar.functions import function_named
from flowquill.grammar.simulate.naming import key, names_of
from flowquill.grammar.simulate.values import is_number

_TRUTHS = frozenset({"and", "or", "not"})


@dataclass
class Shape:
    """The properties, elements and types that a use implies. Grows while a flow is read."""

    kinds: set[str] = field(default_factory=set)
    properties: dict[str, Shape] = field(default_factory=dict)
    element: Shape | None = None

    def property(self, name: str) -> Shape:
        """The shape of a property."""
        return self.properties.setdefault(name, Shape())

    def items(self) -> Shape:
        """The shape of an element."""
        if self.element is None:
            self.element = Shape()
        return self.element

    def at(self, path: str) -> Shape:
        """The shape at a place on the wire such as `body/value`."""
        found = self
        for name in path.split("/"):
            found = found.property(name)
        return found


@dataclass
class Expectations:
    """`results`: by operation as it is written, the shape of `{statusCode, headers, body}`. `compared`: values by property name."""

    results: dict[str, Shape] = field(default_factory=dict)
    compared: dict[str, list[Any]] = field(default_factory=dict)

    def result(self, operation: str) -> Shape:
        """The shape of an operation's result."""
        return self.results.setdefault(operation, Shape())

    def note(self, name: str, *values: Any) -> None:
        """A property is compared with these values."""
        known = self.compared.setdefault(name.lower(), [])
        known.extend(v for v in values if not any(type(v) is type(k) and v == k for k in known))

    def settled(self) -> Expectations:
        """The values of `compared` in one order, whatever flow was read first."""
        for values in self.compared.values():
            values.sort(key=lambda v: (type(v).__name__, str(v)))
        return self


def expectations(flows: Iterable[tree.Flow], catalog: Catalog) -> Expectations:
    """What these flows together expect. Reading order does not matter."""
    found = Expectations()
    for flow in flows:
        _Reader(catalog, found).flow(flow)
    return found.settled()


@dataclass(frozen=True, slots=True)
class _Result:
    """What a name stands for: an operation's result, its named outputs found on the wire."""

    wire: Shape
    operation: Operation | None

    def member(self, name: str) -> Shape:
        output = self.operation.output(name) if self.operation else None
        if output is not None:
            return self.wire.at(output.path) if output.path else self.wire
        return self.wire.property("body").property(name)


class _Reader:
    """Reads one flow from its trigger on."""

    def __init__(self, catalog: Catalog, found: Expectations) -> None:
        self.catalog = catalog
        self.found = found
        self.names: dict[str, Shape | _Result] = {}
        self.wires: dict[str, Shape] = {}
        self.elements: list[Shape] = []
        self.trigger = Shape()

    def flow(self, flow: tree.Flow) -> None:
        """Reads trigger and body."""
        for trigger in flow.triggers[:1]:
            if trigger.callee is None:
                self.trigger = self.found.result("manual")
                operation = None
            else:
                self.trigger = self.found.result(trigger.callee.text)
                operation = self._operation(trigger.callee)
            if trigger.name is not None:
                self.names[trigger.name.text] = _Result(self.trigger, operation)
            for decorator in trigger.decorators:
                self._arguments(decorator.arguments, None)
        self.block(flow.body)

    def _operation(self, callee: tree.Callee) -> Operation | None:
        return self.catalog.find(callee.connector.text if callee.connector else None, callee.operation.text)

    def block(self, block: tree.Block) -> None:
        """Reads statements in order."""
        for statement in block:
            self.statement(statement)

    def statement(self, node: tree.Statement) -> None:
        """Reads one statement and its blocks."""
        match node:
            case tree.Call():
                self._call(node)
            case tree.Param() | tree.Var():
                if node.value is not None:
                    self.names[node.name.text] = self.expression(node.value, node.type)
            case tree.Set():
                self.expression(node.value)
            case tree.Append():
                self.expression(node.value)
            case tree.Increment():
                if node.by is not None:
                    self.expression(node.by, "number")
            case tree.If():
                self.expression(node.condition, "boolean")
            case tree.Switch():
                for case in node.cases:
                    self._compared(node.subject, case.value, "==")
            case tree.For():
                element = self.expression(node.source, "list").items()
                self.names[node.item.text] = element
                self.elements.append(element)
                for name in (node.item.text, *names_of(node)):
                    self.wires[key(name) + "[]"] = element
            case tree.Until():
                # The condition reads what the body made.
                self.block(node.body)
                self.expression(node.condition, "boolean")
                return
        for block in tree.blocks(node):
            self.block(block)
        if isinstance(node, tree.For):
            self.elements.pop()

    def _call(self, node: tree.Call) -> None:
        operation = self._operation(node.callee)
        given = {a.parameter.text: a.value for a in node.arguments}
        text = node.callee.text
        result: Shape | _Result
        if text in ("select", "filter"):
            source = self.expression(given["from_"], "list").items() if "from_" in given else Shape()
            self.elements.append(source)
            self.names["item"] = source
            wire = Shape()
            made = self.expression(given["values"]) if "values" in given else source
            if "where" in given:
                self.expression(given["where"], "boolean")
            self.elements.pop()
            self.names.pop("item", None)
            wire.property("body").element = source if text == "filter" else made
            result = _Result(wire, operation)
        elif text == "table":
            source = self.expression(given["from_"], "list").items() if "from_" in given else Shape()
            self.elements.append(source)
            self.names["item"] = source
            if "columns" in given:
                self.expression(given["columns"])
            self.elements.pop()
            self.names.pop("item", None)
            wire = Shape()
            result = _Result(wire, operation)
        elif text == "compose":
            result = self.expression(given["value"]) if "value" in given else Shape()
            wire = Shape()
            wire.properties["body"] = result
        elif text == "parse_json":
            wire = Shape()
            wire.properties["body"] = self.expression(given["content"]) if "content" in given else Shape()
            result = _Result(wire, operation)
        else:
            self._arguments(node.arguments, operation)
            wire = self.found.result(text)
            result = _Result(wire, operation)
        if node.name is not None:
            self.names[node.name.text] = result
        for name in names_of(node):
            self.wires[key(name)] = wire

    def _arguments(self, arguments: Iterable[tree.Argument], operation: Operation | None) -> None:
        for argument in arguments:
            parameter = operation.parameter(argument.parameter.text) if operation else None
            self.expression(argument.value, parameter.type if parameter else "any")

    def expression(self, node: tree.Expression, wanted: str = "any") -> Shape:
        """Reads an expression that stands where `wanted` is the type; its shape, where it is a place in a result."""
        shape = self._shape(node)
        if isinstance(shape, _Result):
            shape = shape.wire.property("body")
        if wanted != "any":
            shape.kinds.add(wanted)
        return shape

    def _shape(self, node: tree.Expression) -> Shape | _Result:
        match node:
            case tree.Reference():
                return self.names.get(node.name) or Shape()
            case tree.Member():
                return self._part(node.base, node.name.text)
            case tree.Index():
                if isinstance(node.index, tree.Literal) and isinstance(node.index.value, str):
                    return self._part(node.base, node.index.value)
                self.expression(node.index)
                return self.expression(node.base).items()
            case tree.Function():
                return self._function(node)
            case tree.Binary():
                return self._binary(node)
            case tree.Unary():
                self.expression(node.operand, "boolean" if node.operator == "not" else "number")
            case tree.Template():
                for part in node.parts:
                    if not isinstance(part, str):
                        self.expression(part)
            case tree.ListExpression():
                for one in node.items:
                    self.expression(one)
            case tree.ObjectExpression():
                made = Shape()
                for entry in node.entries:
                    made.properties[entry.key.text] = self.expression(entry.value)
                return made
        return Shape()

    def _part(self, base: tree.Expression, name: str) -> Shape:
        inside = self._shape(base)
        return inside.member(name) if isinstance(inside, _Result) else inside.property(name)

    def _function(self, node: tree.Function) -> Shape:
        signature = function_named(node.name.text)
        name = signature.name if signature else ""
        first = node.arguments[0] if node.arguments else None
        step = key(first.value) if isinstance(first, tree.Literal) and isinstance(first.value, str) else ""
        if name in ("body", "actionBody", "outputs", "actionOutputs"):
            wire = self.wires.get(step) or Shape()
            return wire.property("body") if name in ("body", "actionBody") else wire
        if name == "triggerBody":
            return self.trigger.property("body")
        if name == "triggerOutputs":
            return self.trigger
        if name == "items" and step + "[]" in self.wires:
            return self.wires[step + "[]"]
        if name in ("item", "items") and self.elements:
            return self.elements[-1]
        if name == "equals" and len(node.arguments) == 2:
            self._compared(node.arguments[0], node.arguments[1], "==")
            return Shape()
        if name in ("greater", "greaterOrEquals", "less", "lessOrEquals", "contains", "startsWith", "endsWith") and len(node.arguments) == 2:
            self._compared(node.arguments[0], node.arguments[1], "<" if name[0] in "gl" else name)
        if name == "empty" and isinstance(first, tree.Member):
            self.found.note(first.name.text, "")
        shapes = []
        for place, argument in enumerate(node.arguments):
            expected = signature.argument(place) if signature else None
            if signature is not None and expected is not None:
                use = _uses(signature.name, signature.group, expected.name)
                if use:
                    self.expression(argument).kinds.add(use)
            shapes.append(self.expression(argument, expected.types[0] if expected and len(expected.types) == 1 else "boolean" if name in _TRUTHS else "any"))
        if node.name.text == UNTYPED and shapes:
            return shapes[0]
        if name in ("first", "last") and shapes:
            return shapes[0].items()
        return shapes[0] if name in ("json", "coalesce", "skip", "take", "sort", "reverse", "union") and shapes else Shape()

    def _binary(self, node: tree.Binary) -> Shape:
        if node.operator in ("and", "or"):
            self.expression(node.left, "boolean")
            self.expression(node.right, "boolean")
        elif node.operator in ("==", "!=", "<", "<=", ">", ">="):
            self._compared(node.left, node.right, node.operator)
        elif node.operator == "??":
            self.expression(node.right)
            return self.expression(node.left)
        else:
            self.expression(node.left, "number")
            self.expression(node.right, "number")
        return Shape()

    def _compared(self, left: tree.Expression, right: tree.Expression, operator: str) -> None:
        for one, other in ((left, right), (right, left)):
            shape = self.expression(one)
            if not isinstance(other, tree.Literal) or other.value is None:
                continue
            value = other.value
            shape.kinds.add("boolean" if isinstance(value, bool) else "number" if is_number(value) else "text")
            name = one.name.text if isinstance(one, tree.Member) else one.name if isinstance(one, tree.Reference) else ""
            if isinstance(one, tree.Index) and isinstance(one.index, tree.Literal):
                name = str(one.index.value)
            if not name or isinstance(value, bool):
                continue
            if isinstance(value, str):
                self.found.note(name, value)
            else:
                self.found.note(name, value - 1, value, value + 1)


def _uses(function: str, group: str, argument: str) -> str:
    """What kind of text a function reads: time, zone, digits, base64; "" where any will do."""
    if group == "time":
        return "time" if argument in ("time", "start", "end") else "zone" if argument in ("zone", "from", "to") else ""
    if function in ("int", "float", "decimal"):
        return "digits"
    return "base64" if function in ("base64ToBinary", "base64ToString", "decodeBase64") else ""

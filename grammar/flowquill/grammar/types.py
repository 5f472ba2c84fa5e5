"""The types of values: what an expression gives, which properties it has, and where it may stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flowquill.grammar.catalog import Operation, Output


@dataclass(frozen=True, slots=True)
class ValueType:
    """`properties` are those of an object, or of one element of a list. `open`: others may exist, unknown to the catalog.

    `enum`: the only texts it takes, where the catalog knows them.
    """

    name: str
    properties: tuple[Output, ...] = ()
    open: bool = True
    enum: tuple[str, ...] = ()

    def member(self, name: str) -> ValueType | None:
        """The type of a property; None where a closed object lacks it or the value has no properties."""
        if self.name == "any" or (self.name == "object" and not self.properties):
            return ANY
        if self.name != "object":
            return None
        found = next((p for p in self.properties if p.name == name), None)
        return of_output(found) if found else (ANY if self.open else None)

    def element(self) -> ValueType | None:
        """The type of one element of a list; None where the value is no list."""
        if self.name == "any":
            return ANY
        if self.name != "list":
            return None
        return ValueType("object", self.properties) if self.properties else ANY


ANY = ValueType("any")
TEXT = ValueType("text")
INTEGER = ValueType("integer")
NUMBER = ValueType("number")
BOOLEAN = ValueType("boolean")
LIST = ValueType("list")
OBJECT = ValueType("object")
SIMPLE = {t.name: t for t in (ANY, TEXT, INTEGER, NUMBER, BOOLEAN, LIST, OBJECT)}

_TAKES = {
    "any": frozenset(SIMPLE),
    "text": frozenset({"any", "text", "integer", "number", "boolean"}),
    "integer": frozenset({"any", "integer"}),
    "number": frozenset({"any", "integer", "number"}),
    "boolean": frozenset({"any", "boolean"}),
    "list": frozenset({"any", "list"}),
    "object": frozenset({"any", "object"}),
}


def assignable(value: str, target: str) -> bool:
    """Whether a value of type `value` may stand where `target` is expected. Numbers and booleans become text by themselves."""
    return value in _TAKES[target]


def of_output(output: Output) -> ValueType:
    """The type of a catalog output."""
    return ValueType(output.type, output.properties, enum=output.enum)


def of_result(operation: Operation) -> ValueType:
    """The type of an operation's result: an object of its outputs; any, where the catalog names none."""
    return of_properties(operation.outputs)


def of_properties(outputs: Iterable[Output]) -> ValueType:
    """An object with these properties and perhaps others."""
    properties = tuple(outputs)
    return ValueType("object", properties) if properties else ANY

"""Where the parts of a step's result are on the wire: the catalog's outputs, walked by name or by key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flowquill.grammar.catalog import Operation, Output
from flowquill.grammar.wdl.expressions import Access, Constant, Invocation, Wdl

HTTP = "http"


@dataclass(frozen=True, slots=True)
class Shape:
    """A value whose parts have names. `kind`: any, object, list or another type; None as `outputs`: nothing is known."""

    kind: str = "any"
    outputs: tuple[Output, ...] = ()


ANY = Shape()


@dataclass(frozen=True, slots=True)
class Root:
    """A name that stands for a step, the trigger, a variable, a parameter or an element.

    `whole` is what the name alone means; `body` and `rest` are what paths of outputs start from: `body/x` from `body`, others from `rest`.
    """

    whole: Wdl
    shape: Shape
    body: Wdl | None = None
    rest: Wdl | None = None


def of_step(name: str, operation: Operation | None) -> Root:
    """The result of the action `name`. A connector's result is its body, a built-in step's all of its outputs."""
    body, rest = Invocation("body", (Constant(name),)), Invocation("outputs", (Constant(name),))
    return _root(body, rest, operation)


def of_trigger(operation: Operation | None, manual: bool, inputs: tuple[Output, ...] = ()) -> Root:
    """What started the flow."""
    body, rest = Invocation("triggerBody"), Invocation("triggerOutputs")
    if manual:
        return Root(body, Shape("object" if inputs else "any", inputs), body, rest)
    return _root(body, rest, operation)


def _root(body: Wdl, rest: Wdl, operation: Operation | None) -> Root:
    outputs = operation.outputs if operation else ()
    whole = body if operation is not None and operation.connector is not None else rest
    return Root(whole, Shape("object" if outputs else "any", outputs), body, rest)


def steps_of_path(root: Root | None, output: Output) -> tuple[Wdl | None, tuple[str, ...]]:
    """What an output's path starts from, and the keys from there on. Inside a result (`root` None) it starts from the value itself."""
    parts = tuple(p for p in output.path.split("/") if p) or (output.name,)
    if root is None or root.body is None:
        return None, parts
    if parts[0] == "body":
        return root.body, parts[1:]
    if parts[0] == "header":
        return root.rest, ("headers", *parts[1:])
    return root.rest, parts


def below(output: Output) -> Shape:
    """The shape of an output's value."""
    return Shape(output.type, output.properties)


def element(shape: Shape) -> Shape:
    """The shape of one element of a list."""
    return Shape("object", shape.outputs) if shape.kind == "list" and shape.outputs else ANY


def key(base: Wdl, part: str, safe: bool) -> Wdl:
    """One part of a value."""
    index: str | int = int(part) if part.isdigit() else part
    return Access(base, Constant(index), safe)


def named(shape: Shape) -> Iterator[Output]:
    """The named parts."""
    yield from shape.outputs if shape.kind == "object" else ()

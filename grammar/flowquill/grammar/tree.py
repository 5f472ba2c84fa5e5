"""The syntax tree: frozen dataclasses that compare by content, never by place. Spans are code point offsets [start, end)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Literal as Choice

Span = tuple[int, int]
NOWHERE: Span = (0, 0)
Type = Choice["text", "integer", "number", "boolean", "list", "object", "any"]
Status = Choice["succeeded", "failed", "skipped", "timed_out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Anything of the tree. `span` takes no part in comparison: two trees are equal when they mean the same."""

    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A name where it is written: of a flow, a step, an operation, a parameter, a property."""

    text: str


# Expressions


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """Text, a number, true, false or null. `1` and `1.0` and `true` are different literals."""

    value: str | int | float | bool | None
    kind: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", type(self.value).__name__)


@dataclass(frozen=True, slots=True)
class Hole(Node):
    """`?`: a value that the request did not give and a person has to fill in."""


@dataclass(frozen=True, slots=True)
class ListExpression(Node):
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Entry(Node):
    key: Name
    value: Expression


@dataclass(frozen=True, slots=True)
class ObjectExpression(Node):
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Reference(Node):
    """A name used as a value: a step's result, a variable, a parameter, the trigger, an element of a loop, `item`."""

    name: str


@dataclass(frozen=True, slots=True)
class Member(Node):
    """`base.name`; `strict` (written `!.`) fails where the property is absent, else the value is null."""

    base: Expression
    name: Name
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Index(Node):
    """`base[index]`, for properties whose name is no identifier and for elements; `strict` as in Member."""

    base: Expression
    index: Expression
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Function(Node):
    """A function of the Workflow Definition Language."""

    name: Name
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    operator: Choice["-", "+", "not"]
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Operators: or, and, ==, !=, <, <=, >, >=, +, -, *, /, %, ??."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Template(Node):
    """Interpolated text: pieces of text and expressions, no two pieces of text side by side."""

    parts: tuple[str | Expression, ...]


Expression = (
    Literal | Hole | ListExpression | ObjectExpression | Reference | Member | Index | Function | Unary | Binary | Template
)


@dataclass(frozen=True, slots=True)
class Argument(Node):
    parameter: Name
    value: Expression


# What may stand before a statement


@dataclass(frozen=True, slots=True)
class Decorator(Node):
    """A setting of a step, as `@retry(count: 3)`."""

    name: Name
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class After(Node):
    """`after STEP failed, skipped`: the step runs when STEP (None: the one before) ended so."""

    step: Name | None
    statuses: tuple[Status, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(Node):
    label: Name | None = None
    after: tuple[After, ...] = ()
    decorators: tuple[Decorator, ...] = ()


Block = tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Callee(Node):
    """`connector.operation`, or a built-in action (connector None)."""

    connector: Name | None
    operation: Name

    @property
    def text(self) -> str:
        """As it is written."""
        return f"{self.connector.text}.{self.operation.text}" if self.connector else self.operation.text


@dataclass(frozen=True, slots=True)
class Call(Statement):
    name: Name | None
    callee: Callee
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Param(Statement):
    name: Name
    type: Type
    value: Expression | None


@dataclass(frozen=True, slots=True)
class Var(Statement):
    name: Name
    type: Type
    value: Expression | None


@dataclass(frozen=True, slots=True)
class Set(Statement):
    name: Name
    value: Expression


@dataclass(frozen=True, slots=True)
class Append(Statement):
    value: Expression
    name: Name


@dataclass(frozen=True, slots=True)
class Increment(Statement):
    """`increment` or, with `negative`, `decrement`."""

    name: Name
    by: Expression | None
    negative: bool = False


@dataclass(frozen=True, slots=True)
class If(Statement):
    """`otherwise` of one plain If is what `else if` writes; None: no else, (): an empty one."""

    condition: Expression
    then: Block
    otherwise: Block | None


@dataclass(frozen=True, slots=True)
class Case(Node):
    value: Expression
    body: Block


@dataclass(frozen=True, slots=True)
class Switch(Statement):
    subject: Expression
    cases: tuple[Case, ...]
    default: Block | None


@dataclass(frozen=True, slots=True)
class For(Statement):
    """`degree`: None: one after the other, 0: parallel as the platform likes, n: at most n at a time."""

    item: Name
    source: Expression
    degree: int | None
    body: Block


@dataclass(frozen=True, slots=True)
class Until(Statement):
    body: Block
    condition: Expression
    limits: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope(Statement):
    name: Name
    body: Block


@dataclass(frozen=True, slots=True)
class Parallel(Statement):
    branches: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Try(Statement):
    """`catch` None: no catch; its `statuses` (): failed and timed_out."""

    body: Block
    catch: Block | None
    statuses: tuple[Status, ...]
    final: Block | None


@dataclass(frozen=True, slots=True)
class Todo(Statement):
    text: str


@dataclass(frozen=True, slots=True)
class Refuse(Statement):
    text: str


# Flows


@dataclass(frozen=True, slots=True)
class Input(Node):
    """A typed input of a manual trigger."""

    name: Name
    type: Type
    optional: bool = False
    default: Expression | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Trigger(Node):
    """`callee` None: a manual trigger, with `inputs`."""

    callee: Callee | None
    arguments: tuple[Argument, ...] = ()
    inputs: tuple[Input, ...] = ()
    name: Name | None = None
    decorators: tuple[Decorator, ...] = ()


@dataclass(frozen=True, slots=True)
class Flow(Node):
    """`triggers`: one, where the flow is sound; the checker reports none and more than one."""

    name: Name
    description: str | None
    triggers: tuple[Trigger, ...]
    body: Block


@dataclass(frozen=True, slots=True)
class File(Node):
    flows: tuple[Flow, ...]


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below, in the order they are written."""
    for spec in fields(node):
        yield from _nodes(getattr(node, spec.name))


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _nodes(part)


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, parents first."""
    yield node
    for child in children(node):
        yield from walk(child)


def blocks(statement: Statement) -> tuple[Block, ...]:
    """The blocks a statement contains, in order; () where it has none."""
    match statement:
        case If():
            return (statement.then, *(() if statement.otherwise is None else (statement.otherwise,)))
        case Switch():
            return (*(c.body for c in statement.cases), *(() if statement.default is None else (statement.default,)))
        case For() | Until() | Scope():
            return (statement.body,)
        case Parallel():
            return statement.branches
        case Try():
            return tuple(b for b in (statement.body, statement.catch, statement.final) if b is not None)
        case _:
            return ()

"""Steps of a plan: each knows the statements it becomes and the pieces of language that ask for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from flowquill.grammar import tree


@dataclass(frozen=True, slots=True)
class Condition:
    """`text` says it, `expression` is it."""

    text: str
    expression: tree.Expression


@dataclass(slots=True)
class Node:
    """A step. `starts`: what its failure or success is to be waited for, if it is not simply next."""

    after: tuple[tree.After, ...] = field(default=(), kw_only=True)
    frame: str = field(default="", kw_only=True)

    def statements(self) -> tuple[tree.Statement, ...]:
        """What the step becomes."""
        built = self._build()
        return (replace(built[0], after=self.after), *built[1:]) if self.after else built

    def _build(self) -> tuple[tree.Statement, ...]:
        raise NotImplementedError

    @property
    def simple(self) -> bool:
        """Whether one clause says it, so that it can be joined to others with "and"."""
        return False


@dataclass(slots=True)
class Act(Node):
    """One clause in the imperative, and its statements."""

    say: str
    built: tuple[tree.Statement, ...]
    lead: str = ""

    def _build(self) -> tuple[tree.Statement, ...]:
        return self.built

    @property
    def simple(self) -> bool:
        return not self.after


@dataclass(slots=True)
class Branch(Node):
    """If, else if, else."""

    arms: list[tuple[Condition, list[Node]]]
    otherwise: list[Node] | None = None
    negated: bool = False

    def _build(self) -> tuple[tree.Statement, ...]:
        rest = None if self.otherwise is None else block(self.otherwise)
        for condition, body in reversed(self.arms):
            expression = negation(condition.expression) if self.negated else condition.expression
            rest = (tree.If(condition=expression, then=block(body), otherwise=rest),)
        assert rest is not None
        return rest


@dataclass(slots=True)
class Loop(Node):
    """For each. `singular`, `plural` and `source_phrase` name the elements and the list."""

    key: str
    source: tree.Expression
    singular: str
    plural: str
    source_phrase: str
    body: list[Node]
    degree: tuple[int, str] | None = None
    implied: bool = False
    fetch: tuple[tree.Statement, ...] = ()
    """What brings the list, where the loop's own words ask for it ("for every Salesforce account ...")."""

    def _build(self) -> tuple[tree.Statement, ...]:
        degree = self.degree[0] if self.degree else None
        return (*self.fetch, tree.For(item=tree.Name(self.key), source=self.source, degree=degree, body=block(self.body)))

    @property
    def simple(self) -> bool:
        return self.implied and not self.after


@dataclass(slots=True)
class Choose(Node):
    """Switch. A case is its value's surface, the literal and the steps."""

    phrase: str
    subject: tree.Expression
    cases: list[tuple[str, tree.Literal, list[Node]]]
    default: list[Node] | None

    def _build(self) -> tuple[tree.Statement, ...]:
        cases = tuple(tree.Case(value, block(body)) for _, value, body in self.cases)
        return (tree.Switch(subject=self.subject, cases=cases, default=None if self.default is None else block(self.default)),)


@dataclass(slots=True)
class Repeat(Node):
    """Do until. `pause`: what the wait between two rounds says and is."""

    body: list[Node]
    condition: Condition
    pause: tuple[str, tree.Statement] | None
    limit: tuple[str, tree.Argument] | None

    def _build(self) -> tuple[tree.Statement, ...]:
        body = block(self.body) + ((self.pause[1],) if self.pause else ())
        limits = (self.limit[1],) if self.limit else ()
        return (tree.Until(body=body, condition=self.condition.expression, limits=limits),)


@dataclass(slots=True)
class Together(Node):
    """Parallel branches."""

    branches: list[list[Node]]

    def _build(self) -> tuple[tree.Statement, ...]:
        return (tree.Parallel(branches=tuple(block(b) for b in self.branches)),)


@dataclass(slots=True)
class Attempt(Node):
    """Try, catch, finally."""

    body: list[Node]
    catch: list[Node]
    final: list[Node] | None = None

    def _build(self) -> tuple[tree.Statement, ...]:
        final = None if self.final is None else block(self.final)
        return (tree.Try(body=block(self.body), catch=block(self.catch), statuses=(), final=final),)


@dataclass(slots=True)
class Group(Node):
    """A scope."""

    name: str
    body: list[Node]

    def _build(self) -> tuple[tree.Statement, ...]:
        return (tree.Scope(name=tree.Name(self.name), body=block(self.body)),)


@dataclass(slots=True)
class Start:
    """The trigger: its tree, how it is said, and which family of sentences fits (event, schedule, manual)."""

    trigger: tree.Trigger
    text: str
    family: str
    inputs: str = ""


def block(nodes: Sequence[Node]) -> tree.Block:
    """The statements of several steps."""
    return tuple(s for node in nodes for s in node.statements())


def inner_blocks(nodes: Sequence[Node]) -> list[tuple[int, list[Node], Callable[[list[Node]], Node]]]:
    """The blocks of loops and of conditions without further arms: where the step stands, its steps, and the step with others in their place."""
    found: list[tuple[int, list[Node], Callable[[list[Node]], Node]]] = []
    for index, node in enumerate(nodes):
        if isinstance(node, Loop):
            found.append((index, node.body, partial(_with_body, node)))
        elif isinstance(node, Branch) and len(node.arms) == 1:
            found.append((index, node.arms[0][1], partial(_with_then, node)))
            if node.otherwise:
                found.append((index, node.otherwise, partial(_with_otherwise, node)))
    return found


def _with_body(loop: Loop, body: list[Node]) -> Node:
    return replace(loop, body=body)


def _with_then(branch: Branch, body: list[Node]) -> Node:
    return replace(branch, arms=[(branch.arms[0][0], body)])


def _with_otherwise(branch: Branch, body: list[Node]) -> Node:
    return replace(branch, otherwise=body)


_OPPOSITE = {"==": "!=", "!=": "==", ">": "<=", "<=": ">", "<": ">=", ">=": "<"}


def negation(expression: tree.Expression) -> tree.Expression:
    """The opposite: comparisons turn round, `not` is put before anything else or taken away."""
    match expression:
        case tree.Binary(operator=operator) if operator in _OPPOSITE:
            return tree.Binary(_OPPOSITE[operator], expression.left, expression.right)
        case tree.Unary(operator="not"):
            return expression.operand
        case _:
            return tree.Unary("not", expression)

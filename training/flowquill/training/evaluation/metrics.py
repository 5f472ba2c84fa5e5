"""What a written flow is held against: the calls of the expected one, the grammar, the catalog and the words of the request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog, Operation
from flowquill.grammar.parse import parse
from flowquill.grammar.refusals import REASONS

N = TypeVar("N", bound=tree.Node)


@dataclass(frozen=True, slots=True)
class Score:
    """One flow. `similarity`: 0 to 1; the counts are of things that must not occur."""

    similarity: float
    exact: bool
    unparsed: int
    unknown_operations: int
    unknown_parameters: int
    unsaid_literals: int


def calls(flow: tree.Flow) -> list[str]:
    """The trigger, the operations, manual steps and refusals, in the order of the text."""
    found = [trigger.callee.text if trigger.callee else "manual" for trigger in flow.triggers]
    for node in statements(flow.body):
        match node:
            case tree.Call():
                found.append(node.callee.text)
            case tree.Todo():
                found.append("todo")
            case tree.Refuse():
                found.append("refuse")
            case _:
                pass
    return found


def statements(block: tree.Block) -> Iterator[tree.Statement]:
    """All statements, outer before inner, in the order of the text."""
    for statement in block:
        yield statement
        for inner in tree.blocks(statement):
            yield from statements(inner)


def similarity(expected: Sequence[str], written: Sequence[str]) -> float:
    """Length of the longest common subsequence of two lists of calls over that of the longer list."""
    longer = max(len(expected), len(written))
    if not longer:
        return 1.0
    row = [0] * (len(written) + 1)
    for one in expected:
        diagonal = 0
        for index, other in enumerate(written, 1):
            diagonal, row[index] = row[index], diagonal + 1 if one == other else max(row[index], row[index - 1])
    return row[-1] / longer


def score(text: str, expected: tree.Flow, said: str, catalog: Catalog) -> Score:
    """`text`: the written flow; `said`: everything its literals may come from (the request, and the flow that was there before)."""
    parsed = parse(text)
    if parsed.errors or not parsed.file.flows:
        return Score(0.0, False, 1, 0, 0, 0)
    flow = parsed.file.flows[0]
    operations = parameters = literals = 0
    for callee, arguments in _called(flow):
        operation = catalog.find(callee.connector.text if callee.connector else None, callee.operation.text)
        operations += operation is None
        for argument in arguments:
            known = operation.parameter(argument.parameter.text) if operation is not None else None
            parameters += operation is not None and known is None
            literals += sum(not _said(v, said, known.enum if known else ()) for v in texts(argument.value))
    for statement in statements(flow.body):
        for value in _own(statement):
            literals += not _said(value, said, _enums(catalog))
    exact = _plain(flow) == _plain(expected)
    return Score(similarity(calls(expected), calls(flow)), exact, 0, operations, parameters, literals)


def _called(flow: tree.Flow) -> Iterator[tuple[tree.Callee, tuple[tree.Argument, ...]]]:
    for trigger in flow.triggers:
        if trigger.callee is not None:
            yield trigger.callee, trigger.arguments
    for statement in statements(flow.body):
        if isinstance(statement, tree.Call):
            yield statement.callee, statement.arguments


def _own(statement: tree.Statement) -> Iterator[str]:
    """Texts of a statement outside of arguments and blocks."""
    match statement:
        case tree.Call():
            return
        case tree.Todo() | tree.Refuse():
            yield statement.text
        case tree.If() | tree.Until():
            yield from texts(statement.condition)
        case tree.Switch():
            yield from texts(statement.subject)
            for case in statement.cases:
                yield from texts(case.value)
        case tree.For():
            yield from texts(statement.source)
        case tree.Set() | tree.Append() | tree.Var():
            yield from texts(statement.value)
        case _:
            return


def texts(node: object) -> Iterator[str]:
    """All literal texts below a node, and the fixed parts of templates."""
    match node:
        case tree.Literal(value=str() as value):
            yield value
        case tree.Todo(text=text) | tree.Refuse(text=text):
            yield text
        case tree.Template(parts=parts):
            for part in parts:
                if isinstance(part, str):
                    yield part
                else:
                    yield from texts(part)
        case tree.Node():
            for spec in fields(node):
                yield from texts(getattr(node, spec.name))
        case tuple():
            for one in node:
                yield from texts(one)
        case _:
            return


def _said(value: str, said: str, allowed: Sequence[str] | frozenset[str]) -> bool:
    """Whether a text stands in the request (blanks apart), is one of the values the catalog lists, or a reason to refuse."""
    bare = " ".join(value.split())
    return not bare or bare in " ".join(said.split()) or value in allowed or value in REASONS


def _enums(catalog: Catalog) -> frozenset[str]:
    found: frozenset[str] | None = _ENUMS.get(id(catalog))
    if found is None:
        found = _ENUMS[id(catalog)] = frozenset(_listed(catalog.operations()))
    return found


_ENUMS: dict[int, frozenset[str]] = {}


def _listed(operations: Iterator[Operation]) -> Iterator[str]:
    for operation in operations:
        for parameter in operation.parameters:
            yield from (str(v) for v in parameter.enum)
        for output in operation.outputs:
            yield from (str(v) for v in output.enum)


def _plain(flow: tree.Flow) -> tree.Flow:
    """The flow without its name and without arguments left open, to compare."""
    return replace(without_holes(flow), name=tree.Name(""), description=None)


def without_holes(node: N) -> N:
    """The node without the arguments that are left open."""
    changes: dict[str, Any] = {}
    for spec in fields(node):
        if not spec.init:
            continue
        value = getattr(node, spec.name)
        if isinstance(value, tuple):
            kept = tuple(
                without_holes(v) if isinstance(v, tree.Node) else v
                for v in value
                if not (isinstance(v, tree.Argument) and isinstance(v.value, tree.Hole))
            )
            changes[spec.name] = kept
        elif isinstance(value, tree.Node):
            changes[spec.name] = without_holes(value)
    return replace(node, **changes)

"""The names a flow under a decoding grammar can hold, with their types: results, the trigger, loops, variables, inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog, Operation, Output
from flowquill.grammar.decoding.terminals import escaped, one_of
from flowquill.grammar.naming import result_name
from flowquill.grammar.spelling import ELEMENT, SCOPE, VARIABLE
from flowquill.grammar.types import ANY, SIMPLE, ValueType, assignable, of_output, of_properties, of_result

NUMBERED = "(_[2-9])?"


@dataclass(frozen=True, slots=True)
class Named:
    """Names that match `pattern`, a regular expression, and the type of what they stand for."""

    pattern: str
    type: ValueType


def rule_name(operation: Operation) -> str:
    """The pattern of the names that results of an operation get."""
    return escaped(result_name(operation, frozenset())) + NUMBERED


def names(operations: Sequence[Operation], flow: tree.Flow | None, catalog: Catalog) -> tuple[Named, ...]:
    """All that may be referred to, each pattern perhaps more than once."""
    found = [Named(rule_name(o), of_result(o)) for o in operations]
    lists = [o for operation in operations for o in operation.outputs if o.type == "list"]
    if flow is not None:
        bound = dict(_bound(flow, catalog))
        found += [Named(escaped(n), t) for n, t in bound.items() if t is not None]
        lists += [p for t in bound.values() if t is not None for p in t.properties if p.type == "list"]
    element = _element(lists)
    if flow is not None:
        found += [Named(escaped(n), element) for n, t in _bound(flow, catalog) if t is None]
    found += [Named(ELEMENT + NUMBERED, element), Named(VARIABLE + NUMBERED, ANY)]
    if any(o.connector is None and o.name in ("select", "filter") for o in operations):
        found.append(Named("item", element))
    return tuple(found)


def _element(lists: Iterable[Output]) -> ValueType:
    """The type of an element of any of these lists; anything, where one does not say."""
    properties: dict[str, Output] = {}
    for one in lists:
        for output in one.properties:
            known = properties.setdefault(output.name, output)
            if known.type != output.type:
                properties[output.name] = Output(output.name, output.path, "any")
    return of_properties(properties.values())


def _bound(flow: tree.Flow, catalog: Catalog) -> Iterator[tuple[str, ValueType | None]]:
    """The names a flow binds with their types; None for an element of a loop."""
    for trigger in flow.triggers:
        if trigger.name is not None:
            inputs = [Output(i.name.text, i.name.text, i.type) for i in trigger.inputs]
            operation = find(trigger.callee, catalog) if trigger.callee else None
            yield trigger.name.text, of_result(operation) if operation else of_properties(inputs)
    for node in tree.walk(flow):
        match node:
            case tree.Call(name=tree.Name() as name):
                operation = find(node.callee, catalog)
                yield name.text, of_result(operation) if operation else ANY
            case tree.For():
                yield node.item.text, None
            case tree.Var() | tree.Param():
                yield node.name.text, SIMPLE[node.type]


def given_to(operation: Operation, flow: tree.Flow | None, catalog: Catalog) -> tuple[str, ...]:
    """The names that a flow's results of an operation have."""
    calls = [n for n in tree.walk(flow) if isinstance(n, tree.Call) and n.name is not None] if flow is not None else []
    return tuple(dict.fromkeys(c.name.text for c in calls if c.name is not None and find(c.callee, catalog) == operation))


def find(callee: tree.Callee, catalog: Catalog) -> Operation | None:
    """The operation that a callee names."""
    return catalog.find(callee.connector.text if callee.connector else None, callee.operation.text)


def step_pattern(operations: Iterable[Operation], flow: tree.Flow | None) -> str:
    """The pattern of the names that `after` may wait for."""
    patterns = [rule_name(o) for o in operations if o.kind == "action"] + [SCOPE + NUMBERED]
    if flow is not None:
        patterns += [escaped(n.name.text) for n in tree.walk(flow) if isinstance(n, tree.Call | tree.Scope) and n.name is not None]
        patterns += [escaped(n.label.text) for n in tree.walk(flow) if isinstance(n, tree.Statement) and n.label is not None]
    return f"({'|'.join(dict.fromkeys(patterns))})"


def reference_patterns(known: Iterable[Named]) -> Mapping[str, str]:
    """For each type, and "indexable" for what can be followed by an index, the pattern of the paths that may stand there."""
    alternatives: dict[str, list[str]] = {t: [] for t in (*SIMPLE, "indexable")}
    for named in dict.fromkeys(known):
        for target, found in alternatives.items():
            pattern = _paths(named, target)
            if pattern and pattern not in found:
                found.append(pattern)
    return {target: f"({'|'.join(found)})" for target, found in alternatives.items() if found}


def _fits(kind: ValueType, target: str) -> bool:
    return kind.name in ("any", "object", "list") if target == "indexable" else assignable(kind.name, target)


def _paths(named: Named, target: str) -> str | None:
    """The pattern of `named` and its properties, two deep, where they fit `target`."""
    direct = [p.name for p in named.type.properties if named.type.name == "object" and _fits(of_output(p), target)]
    inner: list[str] = []
    for output in named.type.properties if named.type.name == "object" else ():
        if output.type == "object":
            below = [p.name for p in output.properties if _fits(of_output(p), target)]
            if below:
                inner.append(rf"{escaped(output.name)}\.{one_of(below)}")
    parts = ([one_of(direct)] if direct else []) + inner
    path = rf"(\.({'|'.join(parts)}))" if parts else ""
    if _fits(named.type, target):
        return f"{named.pattern}{path}{'?' if path else ''}"
    return f"{named.pattern}{path}" if path else None

"""The one spelling of flows that compile to the same, to compare a flow with what its definition gives back."""

from __future__ import annotations

import re
from dataclasses import replace

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog, Operation
from flowquill.grammar.wdl.finish import mapped
from flowquill.grammar.wdl.names import title_of


def canonical(flow: tree.Flow, catalog: Catalog) -> tree.Flow:
    """The flow with the canonical spellings of grammar/README.md: what is needed and missing as `?`, arguments in the catalog's order,
    `a.b` for `a["b"]`, no sign `+`, templates inside expressions as `concat`, no empty `else`, names of elements by position."""
    items: dict[str, str] = {}
    for node in tree.walk(flow):
        if isinstance(node, tree.For):
            items[node.item.text] = f"element_{len(items)}"
    if flow.triggers and flow.triggers[0].name is not None:
        items[flow.triggers[0].name.text] = "started_by"

    whole = {items.get(name, name): about for name, about in _whole_bodies(flow, catalog).items()}

    def change(node: tree.Node) -> tree.Node:
        if isinstance(node, (tree.Member, tree.Index)) and isinstance(node.base, tree.Reference) and node.base.name in whole:
            names, body = whole[node.base.name]
            if not isinstance(node, tree.Member) or node.name.text not in names:
                node = replace(node, base=tree.Member(node.base, tree.Name(body)))
        match node:
            case tree.Index(index=tree.Literal(value=str() as key)) if re.fullmatch(r"[A-Za-z_]\w*", key):
                return tree.Member(node.base, tree.Name(key), node.strict)
            case tree.Unary(operator="+"):
                return node.operand
            case tree.Reference() if node.name in items and node.name != items[node.name]:
                return tree.Reference(items[node.name])
            case tree.For():
                return replace(node, item=tree.Name(items[node.item.text]), degree=None if node.degree == 1 else node.degree)
            case tree.If(otherwise=()):
                return replace(node, otherwise=None)
            case tree.Switch(default=()):
                return replace(node, default=None)
            case tree.Increment(by=tree.Literal(value=1)):
                return replace(node, by=None)
            case tree.Call():
                return replace(node, arguments=_ordered(node.callee, node.arguments, catalog), name=node.name)
            case tree.Trigger():
                arguments = _ordered(node.callee, node.arguments, catalog) if node.callee else ()
                kept = tuple(d for d in node.decorators if not (d.name.text == "meta" and _about_platform(d)))
                name = tree.Name("started_by") if node.name is not None else None
                return replace(node, arguments=arguments, name=name, decorators=kept)
        return node

    return _without_unused(mapped(flow, change))


def _whole_bodies(flow: tree.Flow, catalog: Catalog) -> dict[str, tuple[frozenset[str], str]]:
    """The names of connectors' results whose operation calls the whole body something, with all outputs and that one."""
    found: dict[str, tuple[frozenset[str], str]] = {}
    for node in tree.walk(flow):
        if isinstance(node, (tree.Call, tree.Trigger)) and node.name is not None and node.callee is not None and node.callee.connector is not None:
            operation = catalog.find(node.callee.connector.text, node.callee.operation.text)
            body = next((o.name for o in operation.outputs if o.path == "body"), None) if operation else None
            if operation is not None and body is not None:
                found[node.name.text] = (frozenset(o.name for o in operation.outputs), body)
    return found


def _ordered(callee: tree.Callee, arguments: tuple[tree.Argument, ...], catalog: Catalog) -> tuple[tree.Argument, ...]:
    operation: Operation | None = catalog.find(callee.connector.text if callee.connector else None, callee.operation.text)
    if operation is None:
        return arguments
    given = {a.parameter.text: a.value for a in arguments}
    if operation.id == "Recurrence" and given.get("interval") == tree.Literal(1):
        del given["interval"]
    wanted = {p.name: given.get(p.name, tree.Hole()) for p in operation.parameters if p.name in given or p.required}
    return tuple(tree.Argument(tree.Name(k), v) for k, v in wanted.items() if not isinstance(v, tree.Hole) or _required(operation, k))


def _required(operation: Operation, name: str) -> bool:
    found = operation.parameter(name)
    return found is not None and found.required


def _about_platform(decorator: tree.Decorator) -> bool:
    value = decorator.arguments[0].value
    return isinstance(value, tree.ObjectExpression) and [e.key.text for e in value.entries] == ["workflow"]


def _without_unused(flow: tree.Flow) -> tree.Flow:
    used = {n.name for n in tree.walk(flow) if isinstance(n, tree.Reference)}
    used |= {n.step.text for n in tree.walk(flow) if isinstance(n, tree.After) and n.step is not None}

    def change(node: tree.Node) -> tree.Node:
        if isinstance(node, (tree.Call, tree.Trigger)) and node.name is not None and node.name.text not in used:
            node = replace(node, name=None)
        if isinstance(node, tree.Statement) and title_of(node.decorators) is not None:
            return replace(node, decorators=tuple(d for d in node.decorators if d.name.text != "title"))
        return node

    return mapped(flow, change)

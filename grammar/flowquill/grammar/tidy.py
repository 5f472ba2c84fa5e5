"""Finishes a written flow: names that nothing uses go, placeholders get the names a person would choose."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.naming import flow_name, loop_name
from flowquill.grammar.rename import bound_names, rename

N = TypeVar("N", bound=tree.Node)
_VARIABLES = {"integer": "count", "number": "total", "text": "text_value", "list": "collected", "boolean": "flag", "object": "record", "any": "value"}


def tidy(flow: tree.Flow, catalog: Catalog) -> tree.Flow:
    """The flow with unused result names dropped, and its loops, variables and itself named by rule."""
    flow = name_placeholders(_unnamed(flow, _used(flow)), catalog)
    if flow.name.text != "new_flow":
        return flow
    calls = [n.callee for n in tree.walk(flow) if isinstance(n, tree.Call)]
    operations = [o for c in calls if (o := catalog.find(c.connector.text if c.connector else None, c.operation.text))]
    trigger = None
    for given in flow.triggers:
        if given.callee is not None:
            connector = given.callee.connector.text if given.callee.connector else None
            trigger = catalog.find(connector, given.callee.operation.text)
    return replace(flow, name=tree.Name(flow_name(trigger, operations, set())))


def name_placeholders(flow: tree.Flow, catalog: Catalog) -> tree.Flow:
    """The flow with its placeholder loops and variables named."""
    taken = {t.name.text for t in flow.triggers if t.name is not None}
    for statement in flow.body:
        taken.update(bound_names(statement))
    taken |= set(catalog.connectors) | set(catalog.builtins)
    names: dict[str, str] = {}
    for node in tree.walk(flow):
        if isinstance(node, tree.For) and _placeholder(node.item.text, "element"):
            wanted = loop_name(_last(node.source), taken)
            names[node.item.text] = wanted
            taken.add(wanted)
        elif isinstance(node, tree.Var) and _placeholder(node.name.text, "variable"):
            base = wanted = _VARIABLES[node.type]
            number = 1
            while wanted in taken:
                number += 1
                wanted = f"{base}_{number}"
            names[node.name.text] = wanted
            taken.add(wanted)
    return rename(flow, names)


def _placeholder(name: str, base: str) -> bool:
    return name == base or (name.startswith(base + "_") and name[len(base) + 1 :].isdigit())


def _last(expression: tree.Expression) -> str:
    match expression:
        case tree.Member():
            return expression.name.text
        case tree.Index(index=tree.Literal(value=str() as text)):
            return text
        case tree.Reference():
            return expression.name
        case _:
            return "items"


def _used(flow: tree.Flow) -> set[str]:
    used: set[str] = set()
    for node in tree.walk(flow):
        match node:
            case tree.Reference():
                used.add(node.name)
            case tree.After(step=tree.Name() as step):
                used.add(step.text)
            case tree.Set() | tree.Append() | tree.Increment():
                used.add(node.name.text)
    return used


def _unnamed(node: N, used: set[str]) -> N:
    changes: dict[str, Any] = {}
    for spec in fields(node):
        if not spec.init:
            continue
        value = getattr(node, spec.name)
        changed = _unnamed_value(value, used)
        if changed is not value:
            changes[spec.name] = changed
    if isinstance(node, (tree.Call, tree.Trigger)) and node.name is not None and node.name.text not in used:
        changes["name"] = None
    return replace(node, **changes) if changes else node


def _unnamed_value(value: object, used: set[str]) -> object:
    if isinstance(value, (tree.Flow, tree.Statement, tree.Trigger, tree.Case)):
        return _unnamed(value, used)
    if isinstance(value, tuple):
        changed = tuple(_unnamed_value(v, used) for v in value)
        return changed if any(a is not b for a, b in zip(changed, value, strict=True)) else value
    return value

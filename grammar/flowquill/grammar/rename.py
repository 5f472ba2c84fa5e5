"""The names that a tree binds and uses, replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from flowquill.grammar import tree

N = TypeVar("N", bound=tree.Node)

_BINDING = (tree.Call, tree.Param, tree.Var, tree.Set, tree.Append, tree.Increment, tree.Scope, tree.Trigger)


def rename(node: N, names: Mapping[str, str]) -> N:
    """The tree with names replaced, where they are bound and where they are used."""
    if not names:
        return node
    changes: dict[str, Any] = {}
    for spec in fields(node):
        if not spec.init:
            continue
        value = getattr(node, spec.name)
        changed = _rename_value(value, names)
        if changed is not value:
            changes[spec.name] = changed
    if isinstance(node, tree.Reference) and node.name in names:
        changes["name"] = names[node.name]
    if isinstance(node, _BINDING) and node.name is not None and node.name.text in names:
        changes["name"] = tree.Name(names[node.name.text], span=node.name.span)
    if isinstance(node, tree.For) and node.item.text in names:
        changes["item"] = tree.Name(names[node.item.text], span=node.item.span)
    if isinstance(node, tree.After) and node.step is not None and node.step.text in names:
        changes["step"] = tree.Name(names[node.step.text], span=node.step.span)
    if isinstance(node, tree.Statement) and node.label is not None and node.label.text in names:
        changes["label"] = tree.Name(names[node.label.text], span=node.label.span)
    return replace(node, **changes) if changes else node


def _rename_value(value: object, names: Mapping[str, str]) -> object:
    if isinstance(value, tree.Name):
        return value
    if isinstance(value, tree.Node):
        return rename(value, names)
    if isinstance(value, tuple):
        changed = tuple(_rename_value(v, names) for v in value)
        return changed if any(a is not b for a, b in zip(changed, value, strict=True)) else value
    return value


def bound_names(statement: tree.Statement) -> list[str]:
    """The names a statement and what is in it bind, in order."""
    found: list[str] = []
    for node in tree.walk(statement):
        match node:
            case tree.Call(name=tree.Name() as name):
                found.append(name.text)
            case tree.Var() | tree.Param() | tree.Scope():
                found.append(node.name.text)
            case tree.For():
                found.append(node.item.text)
        if isinstance(node, tree.Statement) and node.label is not None:
            found.append(node.label.text)
    return found

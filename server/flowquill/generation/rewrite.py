"""Rebuilds a syntax tree with some nodes changed; what did not change stays the same object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, TypeVar

from flowquill.grammar import tree

N = TypeVar("N", bound=tree.Node)


def rewrite(node: N, change: Callable[[tree.Node], tree.Node]) -> N:
    """`node` with `change` applied to everything below it and then to itself, children first."""
    return change(_below(node, change))  # type: ignore[return-value]


def _below(node: N, change: Callable[[tree.Node], tree.Node]) -> N:
    changed: dict[str, Any] = {}
    for spec in fields(node):
        if not spec.init or spec.name == "span":
            continue
        old = getattr(node, spec.name)
        new = _value(old, change)
        if new is not old:
            changed[spec.name] = new
    return replace(node, **changed) if changed else node


def _value(value: Any, change: Callable[[tree.Node], tree.Node]) -> Any:
    if isinstance(value, tree.Node):
        return rewrite(value, change)
    if isinstance(value, tuple) and value:
        rebuilt = tuple(_value(v, change) for v in value)
        return rebuilt if any(a is not b for a, b in zip(rebuilt, value, strict=True)) else value
    return value

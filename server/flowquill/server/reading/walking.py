"""Going through a tree fast: which parts of a node may hold nodes is worked out once a class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from typing import Any

from flowquill.grammar import tree

_PLAIN = frozenset({"span", "text", "kind", "operator", "strict", "degree", "statuses", "negative", "optional", "type"})
"""Fields that never hold a node, whatever the class."""


@cache
def _parts(kind: Any) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind) if f.name not in _PLAIN)


def walk(root: tree.Node) -> Iterator[tree.Node]:
    """The node and all below it, parents first, in the order they are written; like `tree.walk`."""
    waiting: list[object] = [root]
    while waiting:
        value = waiting.pop()
        if isinstance(value, tree.Node):
            yield value
            if not isinstance(value, tree.Name):
                kind: Any = type(value)
                waiting += [getattr(value, name) for name in reversed(_parts(kind))]
        elif isinstance(value, tuple):
            waiting += reversed(value)

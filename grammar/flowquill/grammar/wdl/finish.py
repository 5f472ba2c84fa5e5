"""The last touches of an imported flow: names that nothing uses, titles that the compiler derives anyway, types that do not fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.check import check
from flowquill.grammar.escapes import UNTYPED
from flowquill.grammar.parse import Parsed
from flowquill.grammar.wdl.names import assign, base_name, in_order, is_action, title_of, trigger_name

N = TypeVar("N", bound=tree.Node)
_UNFIT = frozenset({"FQ006", "FQ007", "FQ011"})


def finished(flow: tree.Flow, catalog: Catalog, wire_names: Mapping[str, str]) -> tree.Flow:
    """The flow as a person would write it, as far as rules go. What it compiles to stays the same."""
    flow = _without_names(flow)
    flow = _without_titles(flow, catalog)
    return _fitted(flow, catalog)


def _without_names(flow: tree.Flow) -> tree.Flow:
    used: set[str] = set()
    for node in tree.walk(flow):
        match node:
            case tree.Reference():
                used.add(node.name)
            case tree.After(step=tree.Name() as step):
                used.add(step.text)

    def change(node: tree.Node) -> tree.Node:
        if isinstance(node, (tree.Call, tree.Trigger)) and node.name is not None and node.name.text not in used:
            return replace(node, name=None)
        return node

    return mapped(flow, change)


def _without_titles(flow: tree.Flow, catalog: Catalog) -> tree.Flow:
    """Drops `@title` where the step gets the same name without it."""
    keep: set[str] = set()
    wanted = [title_of(s.decorators) for s in in_order(flow.body) if is_action(s)]
    for _ in range(4):

        def change(node: tree.Node, keep: frozenset[str] = frozenset(keep)) -> tree.Node:
            if isinstance(node, tree.Trigger) and title_of(node.decorators) == trigger_name(node, catalog):
                return replace(node, decorators=tuple(d for d in node.decorators if d.name.text != "title"))
            if isinstance(node, tree.Statement) and is_action(node) and (title := title_of(node.decorators)) is not None:
                base = base_name(node, catalog)
                alike = title == base or (title.startswith(f"{base}_") and title[len(base) + 1 :].isdigit())
                if alike and title not in keep:
                    return replace(node, decorators=tuple(d for d in node.decorators if d.name.text != "title"))
            return node

        made = mapped(flow, change)
        names = assign(made, catalog)
        given = [names[id(s)] for s in in_order(made.body) if is_action(s)]
        wrong = {w for w, g in zip(wanted, given, strict=True) if w is not None and w != g}
        if not wrong:
            return made
        keep |= wrong
    return flow


def _fitted(flow: tree.Flow, catalog: Catalog) -> tree.Flow:
    """Wraps values in `untyped` where the checker takes them for another type than their place wants."""
    for _ in range(6):
        flow = numbered(flow)
        errors = [d for d in check(Parsed("", tree.File((flow,)), (), ()), catalog) if d.severity == "error"]
        places = {d.span for d in errors if d.code in _UNFIT}
        if not places:
            return flow
        parents = {node.name.span: node.base.span for node in tree.walk(flow) if isinstance(node, tree.Member)}
        wrap = {parents.get(p, p) for p in places}

        def change(node: tree.Node, wrap: set[tree.Span] = wrap) -> tree.Node:
            if node.span in wrap and isinstance(node, tree.Expression):
                return tree.Function(tree.Name(UNTYPED), (node,))
            return node

        flow = mapped(flow, change)
    return flow


def numbered(flow: tree.Flow) -> tree.Flow:
    """The flow with a different span on every node, so that a diagnostic's span names its node."""
    count = 0

    def change(node: tree.Node) -> tree.Node:
        nonlocal count
        count += 1
        return replace(node, span=(count, count))

    return mapped(flow, change, every=True)


def mapped(node: N, change: Any, every: bool = False) -> N:
    """A tree with each node changed, children first. Nodes stay the same where nothing below them changes."""
    changes: dict[str, Any] = {}
    for name in _fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, tree.Node):
            made: Any = mapped(value, change, every)
        elif isinstance(value, tuple) and value and not isinstance(value[0], int):
            made = tuple(_part(v, change, every) for v in value)
            if all(a is b for a, b in zip(made, value, strict=True)):
                continue
        else:
            continue
        if made is not value:
            changes[name] = made
    result: N = change(replace(node, **changes) if changes else node)
    return result


def _part(value: Any, change: Any, every: bool) -> Any:
    if isinstance(value, tree.Node):
        return mapped(value, change, every)
    if isinstance(value, tuple):
        return tuple(_part(v, change, every) for v in value)
    return value


_FIELDS: dict[type, tuple[str, ...]] = {}


def _fields(kind: type) -> tuple[str, ...]:
    found = _FIELDS.get(kind)
    if found is None:
        found = _FIELDS[kind] = tuple(f.name for f in fields(kind) if f.name not in ("span", "kind"))
    return found

"""Gives the stand-ins of a planned flow their names, by the rules of `flowquill.grammar.naming`, in the order of the text."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Set
from dataclasses import fields, replace
from typing import Any, TypeVar

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog, Operation
from flowquill.grammar.naming import RESERVED, flow_name, loop_name, result_name, variable_name
from flowquill.training.data.draft import KEY

N = TypeVar("N", bound=tree.Node)


def rewritten(node: N, names: Mapping[str, str], texts: Mapping[str, str] | None = None) -> N:
    """The node with names replaced where they are bound or read; texts of `todo` likewise."""
    changes: dict[str, Any] = {}
    if isinstance(node, tree.Reference):
        return replace(node, name=names[node.name]) if node.name in names else node
    if isinstance(node, tree.Todo):
        return replace(node, text=texts[node.text]) if texts and node.text in texts else node
    if isinstance(node, (tree.Literal, tree.Hole)):
        return node
    for spec in _fields(type(node)):
        value = getattr(node, spec)
        if isinstance(value, tree.Name):
            if value.text in names and spec in ("name", "item", "step", "label"):
                changes[spec] = tree.Name(names[value.text])
        elif isinstance(value, tree.Node):
            new: object = rewritten(value, names, texts)
            if new is not value:
                changes[spec] = new
        elif isinstance(value, tuple) and value:
            several = tuple(rewritten(v, names, texts) if isinstance(v, tree.Node) else _inside(v, names, texts) for v in value)
            if any(a is not b for a, b in zip(several, value, strict=True)):
                changes[spec] = several
    return replace(node, **changes) if changes else node


def _inside(value: object, names: Mapping[str, str], texts: Mapping[str, str] | None) -> object:
    if isinstance(value, tuple):
        return tuple(rewritten(v, names, texts) if isinstance(v, tree.Node) else v for v in value)
    return value


_KNOWN: dict[type, tuple[str, ...]] = {}


def _fields(kind: type) -> tuple[str, ...]:
    found = _KNOWN.get(kind)
    if found is None:
        found = _KNOWN[kind] = tuple(f.name for f in fields(kind) if f.name not in ("span", "kind"))
    return found


def named(
    flow: tree.Flow,
    catalog: Catalog,
    texts: Mapping[str, str],
    taken: Set[str] = frozenset(),
    names: dict[str, str] | None = None,
    kept: dict[int, str] | None = None,
    bind: Callable[[Operation, Set[str]], str] | None = None,
) -> tree.Flow:
    """The flow with its names. Results that nothing reads stay unbound. `taken`: names to keep clear of.

    `kept`: names by identity of statements whose results are bound though nothing reads them, as in a flow that people wrote; with `bind`, which
    names a result, such names are made and added to it.

    `names` holds the names of stand-ins that an earlier flow gave them, which stay, and takes in the new ones.
    """
    read = {n.name for n in _walk(flow) if isinstance(n, tree.Reference)} | {
        n.name.text for n in _walk(flow) if isinstance(n, (tree.Set, tree.Append, tree.Increment))
    }
    names = {} if names is None else names
    used = set(taken) | set(catalog.connectors) | set(catalog.builtins) | set(names.values())

    def give(key: str, name: str) -> None:
        if key in names:
            return
        names[key] = name
        used.add(name)

    trigger = flow.triggers[0] if flow.triggers else None
    operation = None
    if trigger is not None:
        if trigger.callee is not None:
            operation = catalog.find(trigger.callee.connector.text if trigger.callee.connector else None, trigger.callee.operation.text)
        if trigger.name is not None and trigger.name.text.startswith(KEY):
            if trigger.name.text not in read:
                trigger = replace(trigger, name=None)
            else:
                assert trigger.name is not None
                give(trigger.name.text, result_name(operation, used) if operation else _fresh("request", used))
    called = []

    def visit(block: tree.Block) -> tree.Block:
        out = []
        for statement in block:
            out.append(_visit(statement))
        return tuple(out)

    def _visit(statement: tree.Statement) -> tree.Statement:
        match statement:
            case tree.Call():
                known = catalog.find(statement.callee.connector.text if statement.callee.connector else None, statement.callee.operation.text)
                if known is not None:
                    called.append(known)
                if statement.name is None or (statement.name.text.startswith(KEY) and statement.name.text not in read):
                    if known is not None and kept is not None and bind is not None and known.outputs and id(statement) not in kept:
                        kept[id(statement)] = bind(known, used)
                        used.add(kept[id(statement)])
                    if kept and id(statement) in kept:
                        return replace(statement, name=tree.Name(kept[id(statement)]))
                if statement.name is not None and statement.name.text.startswith(KEY):
                    if statement.name.text not in read or known is None:
                        return replace(statement, name=None)
                    give(statement.name.text, result_name(known, used))
                return statement
            case tree.Var():
                if statement.name.text.startswith(KEY):
                    give(statement.name.text, variable_name(statement.type, used))
                return statement
            case tree.For():
                if statement.item.text.startswith(KEY):
                    give(statement.item.text, loop_name(_last(statement.source, names), used))
                return replace(statement, body=visit(statement.body))
            case tree.If():
                then = visit(statement.then)
                return replace(statement, then=then, otherwise=None if statement.otherwise is None else visit(statement.otherwise))
            case tree.Switch():
                cases = tuple(tree.Case(c.value, visit(c.body)) for c in statement.cases)
                return replace(statement, cases=cases, default=None if statement.default is None else visit(statement.default))
            case tree.Until() | tree.Scope():
                return replace(statement, body=visit(statement.body))
            case tree.Parallel():
                return replace(statement, branches=tuple(visit(b) for b in statement.branches))
            case tree.Try():
                body = visit(statement.body)
                catch = None if statement.catch is None else visit(statement.catch)
                return replace(statement, body=body, catch=catch, final=None if statement.final is None else visit(statement.final))
            case _:
                return statement

    body = visit(flow.body)
    title = flow.name
    if title.text.startswith(KEY):
        title = tree.Name(flow_name(operation, called, frozenset()))
    flow = replace(flow, name=title, triggers=(trigger,) if trigger is not None else (), body=body)
    return rewritten(flow, names, texts)


def peoples_name(rng: random.Random, operation: Operation, used: Set[str]) -> str:
    """A name as people give one to a result: by the rule, by what it is, or short."""
    words = operation.name.split("_")
    options = [result_name(operation, used), "_".join(words[1:]) or operation.name, operation.name, f"{operation.connector}_{words[-1]}", f"new_{words[-1]}", f"{words[-1]}_result", f"step{len(used) % 9 + 1}"]
    name = rng.choice(options[:2] * 3 + options[2:])
    number = 1
    while name in used or name in RESERVED:
        number += 1
        name = f"{name.rstrip('_0123456789')}_{number}"
    return name


def _walk(node: tree.Node) -> list[tree.Node]:
    found: list[tree.Node] = []
    stack: list[object] = [node]
    while stack:
        value = stack.pop()
        if isinstance(value, tree.Node):
            found.append(value)
            stack.extend(getattr(value, spec) for spec in _fields(type(value)))
        elif isinstance(value, tuple):
            stack.extend(value)
    return found


def _fresh(base: str, used: Set[str]) -> str:
    name, number = base, 1
    while name in used:
        number += 1
        name = f"{base}_{number}"
    return name


def _last(source: tree.Expression, names: Mapping[str, str]) -> str:
    match source:
        case tree.Member():
            last = source.name.text
            if last in ("items", "value", "values", "results", "body", "data") and isinstance(source.base, tree.Reference):
                return names.get(source.base.name, last)
            return last
        case tree.Reference():
            return names.get(source.name, source.name)
        case _:
            return "items"

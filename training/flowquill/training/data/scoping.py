"""Whether a planned flow reads only what is bound before: after steps were taken out, put in or moved."""

from __future__ import annotations

from dataclasses import fields

from flowquill.grammar import tree
from flowquill.training.data.draft import KEY


def closed(flow: tree.Flow) -> bool:
    """True if every stand-in that a statement reads is bound by the trigger or by a statement before, in the same block or around it."""
    bound = {t.name.text for t in flow.triggers if t.name is not None}
    return _block(flow.body, bound) is not None


def _block(block: tree.Block, bound: set[str]) -> set[str] | None:
    """The names bound at the block's end; None where one was read too early."""
    bound = set(bound)
    for statement in block:
        if isinstance(statement, tree.Until):
            inside = _block(statement.body, bound)
            if inside is None or not _reads(statement.condition) <= inside:
                return None
            continue
        if not _own(statement) <= bound:
            return None
        more = {statement.item.text} if isinstance(statement, tree.For) else set()
        if any(_block(inner, bound | more) is None for inner in tree.blocks(statement)):
            return None
        if isinstance(statement, (tree.Call, tree.Var)) and statement.name is not None:
            bound.add(statement.name.text)
    return bound


def _own(statement: tree.Statement) -> set[str]:
    """What a statement reads outside its blocks."""
    match statement:
        case tree.If():
            return _reads(statement.condition)
        case tree.Switch():
            return _reads(statement.subject)
        case tree.For():
            return _reads(statement.source)
        case tree.Scope() | tree.Parallel() | tree.Try():
            return set()
        case tree.Set() | tree.Append() | tree.Increment():
            return _reads(statement) | {statement.name.text}
        case _:
            return _reads(statement)


def _reads(node: object) -> set[str]:
    if isinstance(node, tree.Reference):
        return {node.name} if node.name.startswith(KEY) else set()
    if isinstance(node, tree.Node):
        found: set[str] = set()
        for spec in fields(node):
            found |= _reads(getattr(node, spec.name))
        return found
    if isinstance(node, tuple):
        return set().union(*(_reads(v) for v in node)) if node else set()
    return set()

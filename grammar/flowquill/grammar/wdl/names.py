"""What steps are called in a definition: by their `@title`, else by rule, each name once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog

LENGTH = 80
_BASES: Mapping[type, str] = {tree.If: "Condition", tree.Switch: "Switch", tree.For: "For_each", tree.Until: "Until", tree.Try: "Try", tree.Todo: "Todo", tree.Refuse: "Refuse"}


def title_of(decorators: tuple[tree.Decorator, ...]) -> str | None:
    """The text of `@title`, where there is one."""
    for decorator in decorators:
        if decorator.name.text == "title":
            for argument in decorator.arguments:
                if isinstance(argument.value, tree.Literal) and isinstance(argument.value.value, str):
                    return argument.value.value
    return None


def base_name(node: tree.Statement, catalog: Catalog) -> str:
    """What a step without a title is called: its label or result's name with a capital, else what it does."""
    if node.label is not None:
        return _capital(node.label.text)
    match node:
        case tree.Call(name=tree.Name(text=name)):
            return _capital(name)
        case tree.Call():
            callee = node.callee
            operation = catalog.find(callee.connector.text if callee.connector else None, callee.operation.text)
            return wire_name(operation.title if operation else callee.operation.text)
        case tree.Var():
            return f"Initialize_{node.name.text}"
        case tree.Set():
            return f"Set_{node.name.text}"
        case tree.Append():
            return f"Append_to_{node.name.text}"
        case tree.Increment():
            return f"{'Decrement' if node.negative else 'Increment'}_{node.name.text}"
        case tree.Scope():
            return _capital(node.name.text)
        case _:
            return _BASES.get(type(node), "Step")


def trigger_name(trigger: tree.Trigger, catalog: Catalog) -> str:
    """What a trigger without a title is called."""
    if trigger.callee is None:
        return "manual"
    operation = catalog.find(trigger.callee.connector.text if trigger.callee.connector else None, trigger.callee.operation.text)
    if operation is None:
        return wire_name(trigger.callee.operation.text)
    return operation.id if operation.id == "Recurrence" else wire_name(operation.title)


def wire_name(text: str) -> str:
    """A text as a name: blanks become underscores, what a name may not hold goes."""
    return re.sub(r"_+", "_", re.sub(r"[^\w().-]+", "_", text)).strip("_")[:LENGTH] or "Step"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def is_action(node: tree.Statement) -> bool:
    """Whether the step becomes an action of its own."""
    return not isinstance(node, (tree.Param, tree.Parallel))


def in_order(block: tree.Block) -> Iterator[tree.Statement]:
    """The steps of a block and of those inside it, as they are written."""
    for statement in block:
        yield statement
        for inner in tree.blocks(statement):
            yield from in_order(inner)


def assign(flow: tree.Flow, catalog: Catalog) -> dict[int, str]:
    """The name of every step of a flow, by the identity of its node. Titles come first; the rest are numbered where taken."""
    steps = [s for s in in_order(flow.body) if is_action(s)]
    found: dict[int, str] = {}
    taken: set[str] = set()
    for step in steps:
        title = title_of(step.decorators)
        if title is not None and title.lower() not in taken:
            found[id(step)] = title
            taken.add(title.lower())
    for step in steps:
        if id(step) not in found:
            base = base_name(step, catalog)
            name, number = base, 1
            while name.lower() in taken or any(f"{name}{p}".lower() in taken for p in parts(step)):
                number += 1
                name = f"{base}_{number}"
            found[id(step)] = name
            taken.add(name.lower())
        taken.update(f"{found[id(step)]}{p}".lower() for p in parts(step))
    return found


def parts(node: tree.Statement) -> tuple[str, ...]:
    """What is added to the name of `try` for its other scopes."""
    if not isinstance(node, tree.Try):
        return ()
    return (*(("_catch",) if node.catch is not None else ()), *(("_finally",) if node.final is not None else ()))

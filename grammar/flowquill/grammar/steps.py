"""What a flow does as plain data: its trigger and its nested steps, the form that `parse --json` and `generate --json` print."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.format import expression as written


def steps_of(flow: tree.Flow, catalog: Catalog) -> dict[str, Any]:
    """`{"trigger": {...} or None, "steps": [...]}`.

    A call is `{"op": ORIGINAL_ID, "connector", "name", "args"}`, a built-in step `{"builtin": NAME, "name", "args"}`, with "as" where its
    result has a name. Arguments are JSON values where they are plain literals, else the text of the expression.
    """
    return {"trigger": _trigger(flow.triggers[0], catalog) if flow.triggers else None, "steps": _block(flow.body, catalog)}


def _trigger(trigger: tree.Trigger, catalog: Catalog) -> dict[str, Any]:
    if trigger.callee is None:
        found: dict[str, Any] = {"builtin": "manual", "name": "manual", "args": {i.name.text: i.type for i in trigger.inputs}}
    else:
        found = _called(trigger.callee, trigger.arguments, catalog)
    return {**found, "as": trigger.name.text} if trigger.name else found


def _called(callee: tree.Callee, arguments: Iterable[tree.Argument], catalog: Catalog) -> dict[str, Any]:
    name = callee.operation.text
    args = {a.parameter.text: _value(a.value) for a in arguments}
    if callee.connector is None:
        return {"builtin": name, "name": name, "args": args}
    operation = catalog.find(callee.connector.text, name)
    return {"op": operation.id if operation else callee.text, "connector": callee.connector.text, "name": name, "args": args}


def _value(node: tree.Expression) -> Any:
    if isinstance(node, tree.Literal):
        return node.value
    if isinstance(node, tree.ListExpression):
        return [_value(n) for n in node.items]
    return written(node)


def _block(block: tree.Block, catalog: Catalog) -> list[dict[str, Any]]:
    return [_step(s, catalog) for s in block]


def _step(node: tree.Statement, catalog: Catalog) -> dict[str, Any]:
    step = _bare(node, catalog)
    if node.after:
        step["after"] = [{"step": a.step.text if a.step else None, "statuses": list(a.statuses)} for a in node.after]
    return step


def _bare(node: tree.Statement, catalog: Catalog) -> dict[str, Any]:
    match node:
        case tree.Call():
            step = _called(node.callee, node.arguments, catalog)
            return {**step, "as": node.name.text} if node.name else step
        case tree.Param() | tree.Var():
            kind = "param" if isinstance(node, tree.Param) else "var"
            args: dict[str, Any] = {"type": node.type, **({"value": _value(node.value)} if node.value is not None else {})}
            return {"builtin": kind, "name": node.name.text, "args": args}
        case tree.Set():
            return {"builtin": "set", "name": node.name.text, "args": {"value": _value(node.value)}}
        case tree.Append():
            return {"builtin": "append", "name": node.name.text, "args": {"value": _value(node.value)}}
        case tree.Increment():
            by = {"by": _value(node.by)} if node.by is not None else {}
            return {"builtin": "decrement" if node.negative else "increment", "name": node.name.text, "args": by}
        case tree.If():
            return {"if": written(node.condition), "then": _block(node.then, catalog), "else": _block(node.otherwise or (), catalog)}
        case tree.Switch():
            cases = [{"case": written(c.value), "do": _block(c.body, catalog)} for c in node.cases]
            return {"switch": written(node.subject), "cases": cases, "default": _block(node.default or (), catalog)}
        case tree.For():
            return {"for": node.item.text, "in": written(node.source), "do": _block(node.body, catalog)}
        case tree.Until():
            return {"until": written(node.condition), "do": _block(node.body, catalog)}
        case tree.Scope():
            return {"scope": node.name.text, "do": _block(node.body, catalog)}
        case tree.Parallel():
            return {"parallel": [_block(b, catalog) for b in node.branches]}
        case tree.Try():
            step = {"try": _block(node.body, catalog), "catch": _block(node.catch or (), catalog)}
            return {**step, "finally": _block(node.final, catalog)} if node.final is not None else step
        case tree.Todo():
            return {"todo": node.text}
        case tree.Refuse():
            return {"refuse": node.text}
    raise TypeError(f"no step: {type(node).__name__}")

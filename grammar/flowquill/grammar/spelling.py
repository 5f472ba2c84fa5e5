"""The one spelling in which language models write a flow: its trigger and statements from column 0, a step a line, names by rule.

Short, so that a small model has little to learn and little to write, and closed, so that the decoding grammar can spell it out:
no head and no braces around the whole, arguments in the catalog's order without those that are still open, results named by
`naming.result_name`, loops `element`, variables `variable`. `read` gives the flow back; the formatter then lays it out, and
`tidy` gives loops and variables the names a person would choose.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog, Operation
from flowquill.grammar.format import argument, expression, render
from flowquill.grammar.naming import result_name
from flowquill.grammar.parse import Parsed, parse
from flowquill.grammar.rename import rename

HEAD = "flow new_flow {\n"
ELEMENT = "element"
VARIABLE = "variable"
SCOPE = "steps"
STEP = "  "


def spell(flow: tree.Flow, catalog: Catalog, *, keep: Collection[str] = (), names: bool = True) -> str:
    """The body of `flow` in the one spelling, its lines joined by line feeds, none at the end.

    `keep`: names that stay as they are (those of the flow an edit or a completion starts from); `names` False: all stay.
    A flow that refuses becomes its `refuse` alone.
    """
    refused = next((s for s in tree.walk(flow) if isinstance(s, tree.Refuse)), None)
    if refused is not None:
        return render(replace(refused, after=(), label=None, decorators=()))
    if names:
        flow = rename(flow, _renamed(flow, catalog, frozenset(keep)))
    lines = [line for trigger in flow.triggers for line in _trigger(trigger, catalog)]
    return "\n".join([*lines, *_statements(flow.body, catalog, 0)])


def spell_statements(statements: tree.Block, catalog: Catalog, *, keep: Collection[str] = ()) -> str:
    """Statements for a place inside a flow, in the one spelling."""
    return spell(tree.Flow(tree.Name("new_flow"), None, (), statements), catalog, keep=keep)


def read(text: str) -> Parsed:
    """The flow of a spelled body, or of a whole flow where the text is one. Never raises; see its `errors`."""
    return parse(text if text.lstrip().startswith("flow ") else f"{HEAD}{text}\n}}")


def _renamed(flow: tree.Flow, catalog: Catalog, keep: frozenset[str]) -> dict[str, str]:
    """What each bound name of the flow is called in the one spelling."""
    names: dict[str, str] = {}
    reserved = set(catalog.connectors) | set(catalog.builtins)
    taken = set(keep)

    def give(old: str, new: str) -> None:
        if old not in keep and old not in names:
            names[old] = new
            taken.add(new)

    for trigger in flow.triggers:
        if trigger.name is not None:
            operation = _operation(trigger.callee, catalog) if trigger.callee else None
            give(trigger.name.text, result_name(operation, taken | reserved) if operation else "request")
    for node in _in_order(flow):
        match node:
            case tree.Call(name=tree.Name() as name):
                operation = _operation(node.callee, catalog)
                if operation is not None:
                    give(name.text, result_name(operation, taken | reserved))
            case tree.For():
                give(node.item.text, numbered(ELEMENT, taken))
            case tree.Var():
                give(node.name.text, numbered(VARIABLE, taken))
            case tree.Scope():
                give(node.name.text, numbered(SCOPE, taken))
    return names


def numbered(base: str, taken: Collection[str]) -> str:
    """`base`, or `base_2`, `base_3` ... where it is taken."""
    number, name = 1, base
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    return name


def _in_order(flow: tree.Flow) -> Iterator[tree.Node]:
    return (n for n in tree.walk(flow) if isinstance(n, tree.Statement))


def _operation(callee: tree.Callee, catalog: Catalog) -> Operation | None:
    return catalog.find(callee.connector.text if callee.connector else None, callee.operation.text)


def _call(callee: tree.Callee, arguments: tuple[tree.Argument, ...], catalog: Catalog) -> str:
    operation = _operation(callee, catalog)
    given = [a for a in arguments if not isinstance(a.value, tree.Hole)]
    if operation is not None:
        order = {p.name: place for place, p in enumerate(operation.parameters)}
        given.sort(key=lambda a: order.get(a.parameter.text, len(order)))
    return f"{callee.text}({', '.join(argument(a) for a in given)})"


def _trigger(node: tree.Trigger, catalog: Catalog) -> Iterator[str]:
    name = f" as {node.name.text}" if node.name is not None else ""
    if node.callee is None:
        inputs = ", ".join(f"{i.name.text}: {i.type}" for i in node.inputs)
        yield f"on manual({inputs}){name}"
    else:
        yield f"on {_call(node.callee, node.arguments, catalog)}{name}"


def _statements(block: tree.Block, catalog: Catalog, depth: int) -> Iterator[str]:
    for statement in block:
        yield from _statement(statement, catalog, depth)


def _statement(node: tree.Statement, catalog: Catalog, depth: int) -> Iterator[str]:
    pad = STEP * depth

    def inside(block: tree.Block) -> Iterator[str]:
        return _statements(block, catalog, depth + 1)

    prefix = pad + _after(node)
    match node:
        case tree.Call():
            name = f"{node.name.text} = " if node.name is not None else ""
            yield f"{prefix}{name}{_call(node.callee, node.arguments, catalog)}"
        case tree.If():
            yield from _if(node, prefix, catalog, depth)
        case tree.Switch():
            yield f"{prefix}switch {expression(node.subject)} {{"
            for case in node.cases:
                yield f"{pad}{STEP}case {expression(case.value)} {{"
                yield from _statements(case.body, catalog, depth + 2)
                yield f"{pad}{STEP}}}"
            if node.default is not None:
                yield f"{pad}{STEP}default {{"
                yield from _statements(node.default, catalog, depth + 2)
                yield f"{pad}{STEP}}}"
            yield f"{pad}}}"
        case tree.For():
            degree = "" if node.degree is None else " parallel" + (f" {node.degree}" if node.degree else "")
            yield f"{prefix}for {node.item.text} in {expression(node.source)}{degree} {{"
            yield from inside(node.body)
            yield f"{pad}}}"
        case tree.Until():
            yield f"{prefix}do {{"
            yield from inside(node.body)
            limits = f" limit({', '.join(argument(a) for a in node.limits)})" if node.limits else ""
            yield f"{pad}}} until {expression(node.condition)}{limits}"
        case tree.Scope():
            yield f"{prefix}scope {node.name.text} {{"
            yield from inside(node.body)
            yield f"{pad}}}"
        case tree.Parallel():
            yield f"{prefix}parallel {{"
            for branch in node.branches:
                yield f"{pad}{STEP}branch {{"
                yield from _statements(branch, catalog, depth + 2)
                yield f"{pad}{STEP}}}"
            yield f"{pad}}}"
        case tree.Try():
            yield f"{prefix}try {{"
            yield from inside(node.body)
            if node.catch is not None:
                statuses = f" {', '.join(node.statuses)}" if node.statuses else ""
                yield f"{pad}}} catch{statuses} {{"
                yield from inside(node.catch)
            if node.final is not None:
                yield f"{pad}}} finally {{"
                yield from inside(node.final)
            yield f"{pad}}}"
        case _:
            yield prefix + render(replace(node, after=(), label=None, decorators=()))


def _if(node: tree.If, prefix: str, catalog: Catalog, depth: int) -> Iterator[str]:
    pad = STEP * depth
    head = f"{prefix}if {expression(node.condition)} {{"
    while True:
        yield head
        yield from _statements(node.then, catalog, depth + 1)
        otherwise = node.otherwise
        if otherwise is None:
            break
        chained = otherwise[0] if len(otherwise) == 1 else None
        if isinstance(chained, tree.If) and not (chained.label or chained.after or chained.decorators):
            node = chained
            head = f"{pad}}} else if {expression(node.condition)} {{"
            continue
        yield f"{pad}}} else {{"
        yield from _statements(otherwise, catalog, depth + 1)
        break
    yield f"{pad}}}"


def _after(node: tree.Statement) -> str:
    if not node.after:
        return ""
    clauses = [(f"{c.step.text} " if c.step else "") + ", ".join(c.statuses) for c in node.after]
    return f"after {' and '.join(clauses)}: "

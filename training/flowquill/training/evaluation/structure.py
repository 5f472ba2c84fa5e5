"""The shape of a flow: which operations it calls, and in which conditions, loops and branches they stand. Arguments and names do not count."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping

from flowquill.grammar import tree
from flowquill.grammar.naming import RESERVED

Shape = tuple["Part", ...]
Part = tuple[object, ...]
"""A call ("call", operation), a manual step ("todo",), or a construct ("if", Shape, Shape), ("for", Shape), ("until", Shape), ..."""


def of_flow(block: tree.Block) -> Shape:
    """The shape of a block of statements. Steps that only handle data (variables, compose) are left out."""
    return tuple(part for statement in block for part in _statement(statement))


def _statement(statement: tree.Statement) -> Iterable[Part]:
    match statement:
        case tree.Call():
            yield ("call", statement.callee.text)
        case tree.Todo():
            yield ("todo",)
        case tree.If():
            yield ("if", of_flow(statement.then), of_flow(statement.otherwise or ()))
        case tree.Switch():
            rest = of_flow(statement.default or ())
            for case in reversed(statement.cases):
                rest = (("if", of_flow(case.body), rest),)
            yield from rest
        case tree.For():
            yield ("for", of_flow(statement.body))
        case tree.Until():
            yield ("until", of_flow(statement.body))
        case tree.Scope():
            yield from of_flow(statement.body)
        case tree.Parallel():
            yield ("parallel", *sorted((of_flow(b) for b in statement.branches), key=repr))
        case tree.Try():
            yield ("try", of_flow(statement.body), of_flow(statement.catch or ()), of_flow(statement.final or ()))
        case _:
            return


def of_python(source: str, names: Mapping[str, str]) -> Shape:
    """The shape of a flow in Flow-Bench's subset of Python. `names`: what each function is called in a flow. Raises SyntaxError."""
    return _lines(ast.parse(source).body, names)


def _lines(lines: Iterable[ast.stmt], names: Mapping[str, str]) -> Shape:
    return tuple(part for line in lines for part in _line(line, names))


def _line(line: ast.stmt, names: Mapping[str, str]) -> Iterable[Part]:
    match line:
        case ast.Assign(value=ast.Call(func=ast.Name(id=called))) | ast.Expr(value=ast.Call(func=ast.Name(id=called))):
            yield ("todo",) if called == "user_task" else ("call", name_of(called, names))
        case ast.If():
            yield ("if", _lines(line.body, names), _lines(line.orelse, names))
        case ast.For():
            yield ("for", _lines(line.body, names))
        case ast.While():
            yield ("until", _lines(line.body, names))
        case ast.Try():
            yield ("try", _lines(line.body, names), _lines([s for h in line.handlers for s in h.body], names), _lines(line.finalbody, names))
        case _:
            return


def name_of(called: str, names: Mapping[str, str]) -> str:
    """What an operation is called in a flow. Tests name some in another version, or with other capitals, than the catalog does."""
    if called in names:
        return names[called]
    wanted = _unversioned(called)
    return next((name for identity, name in names.items() if _unversioned(identity) == wanted), called)


def _unversioned(identity: str) -> str:
    return re.sub(r"__\d+_\d+_\d+__", "__", identity).lower()


def calls(shape: Shape) -> tuple[str, ...]:
    """The operations and manual steps of a shape in the order they are written."""
    found: list[str] = []
    for part in shape:
        if part[0] == "call":
            found.append(str(part[1]))
        elif part[0] == "todo":
            found.append("todo")
        else:
            for inner in part[1:]:
                found += calls(inner)  # type: ignore[arg-type]
    return tuple(found)


def context_of(source: str, names: Mapping[str, str]) -> str:
    """A flow in Flow-Bench's subset of Python as `.flow` text, for tests that edit one. Names stay as they are where the language allows it.

    Raises SyntaxError.
    """
    parsed = ast.parse(source)
    taken = {n.split(".")[0] for n in names.values()} | RESERVED
    for node in ast.walk(parsed):
        if isinstance(node, ast.Name) and node.id not in names and (node.id in taken or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", node.id)):
            node.id = f"{node.id.lstrip('_')}_"
    return "flow prior {\n  on manual()\n" + _written(parsed.body, names, 1) + "}\n"


def _written(lines: Iterable[ast.stmt], names: Mapping[str, str], depth: int) -> str:
    pad = "  " * depth
    out = ""
    for line in lines:
        match line:
            case ast.Assign(targets=[ast.Name(id=target)], value=ast.Call(func=ast.Name(id="user_task"), args=[ast.Constant(value=str() as said)])):
                out += f'{pad}todo "{said}"\n'
            case ast.Expr(value=ast.Call(func=ast.Name(id="user_task"), args=[ast.Constant(value=str() as said)])):
                out += f'{pad}todo "{said}"\n'
            case ast.Assign(targets=[ast.Name(id=target)], value=ast.Call(func=ast.Name(id=called))):
                out += f"{pad}{target} = {name_of(called, names)}()\n"
            case ast.Expr(value=ast.Call(func=ast.Name(id=called))):
                out += f"{pad}{name_of(called, names)}()\n"
            case ast.If():
                out += f"{pad}if {_condition(line.test)} {{\n{_written(line.body, names, depth + 1)}{pad}}}"
                out += f" else {{\n{_written(line.orelse, names, depth + 1)}{pad}}}\n" if line.orelse else "\n"
            case ast.For(target=ast.Name(id=target), iter=ast.Name(id=source)):
                out += f"{pad}for {target} in {source}.items {{\n{_written(line.body, names, depth + 1)}{pad}}}\n"
            case _:
                continue
    return out


def _condition(test: ast.expr) -> str:
    signs = {ast.Eq: "==", ast.NotEq: "!=", ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<="}
    match test:
        case ast.Compare(left=left, ops=[sign], comparators=[right]) if type(sign) in signs:
            return f"{_value(left)} {signs[type(sign)]} {_value(right)}"
        case ast.BoolOp(op=ast.And(), values=values):
            return " and ".join(_condition(v) for v in values)
        case ast.BoolOp(op=ast.Or(), values=values):
            return " or ".join(_condition(v) for v in values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return f"not ({_condition(operand)})"
        case _:
            return f"{_value(test)} == true"


def _value(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=bool() as value):
            return "true" if value else "false"
        case ast.Constant(value=str() as value):
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case ast.Constant(value=value):
            return "null" if value is None else str(value)
        case ast.Attribute(value=ast.Name(id=base), attr=name):
            return f'{base}["{name}"]'
        case ast.Name(id=name):
            return name
        case _:
            return "null"

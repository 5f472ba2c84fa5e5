"""The pieces of a flow's text that an edit may keep as they are, and their trees to compare others with."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from flowquill.grammar import tree
from flowquill.grammar.choices import Kept, write
from flowquill.grammar.lalr import END, Driver, table
from flowquill.grammar.parse import build, chunk_text, parse, unquote

_HEADED = (tree.For, tree.If, tree.Switch)


def pieces(text: str) -> tuple[Kept, ...]:
    """The pieces of a flow's text that an edit may keep: its trigger, statements, arguments, and the expressions of statements."""
    parsed = parse(text)
    if parsed.errors or not parsed.file.flows:
        return ()
    tokens = lex(text)

    def piece(kind: str, node: tree.Node) -> Kept:
        start, end = node.span
        inside = [(t, v, e) for t, v, s, e in tokens if s >= start and e <= end]
        if kind == "head":
            opening = next(n for n, (t, _, _) in enumerate(inside) if t == "LBRACE") + 1
            inside, end = inside[:opening], inside[opening - 1][2]
        return Kept(kind, start, end, tuple((t, v) for t, v, _ in inside))

    found: list[Kept] = []

    def visit(statement: tree.Statement) -> None:
        found.append(piece("statement", statement))
        if isinstance(statement, _HEADED) and not statement.decorators and statement.label is None and not statement.after:
            found.append(piece("head", statement))
        match statement:
            case tree.Call():
                found.extend(piece("argument", a) for a in statement.arguments)
            case tree.If():
                found.append(piece("expression", statement.condition))
            case tree.Switch():
                found.append(piece("expression", statement.subject))
                found.extend(piece("case", case) for case in statement.cases)
            case tree.For():
                found.append(piece("expression", statement.source))
            case tree.Until():
                found.append(piece("expression", statement.condition))
        for block in tree.blocks(statement):
            for inner in block:
                visit(inner)

    flow = parsed.file.flows[0]
    for trigger in flow.triggers:
        found.append(piece("trigger", trigger))
        found.extend(piece("argument", a) for a in trigger.arguments)
    for statement in flow.body:
        visit(statement)
    return tuple(found)


def lex(text: str) -> list[tuple[str, str, int, int]]:
    """The tokens of a text without mistakes: terminal, value (texts unquoted), start, end."""
    grammar = table()
    driver = Driver(grammar, build)
    found: list[tuple[str, str, int, int]] = []
    offset = 0
    while True:
        token = grammar.next_token(text, offset, driver.states[-1])
        if token is None or not driver.feed(token):
            raise ValueError("the text has mistakes")
        if token.type == END:
            return found
        value = unquote(token.text) if token.type == "STRING" else chunk_text(token.text) if token.type == "CHUNK" else token.text
        found.append((token.type, value, token.start, token.end))
        offset = token.end


def piece_tree(piece: Kept) -> tree.Node | None:
    """The tree of a kept piece, to compare others with."""
    return _piece_tree(piece.kind, write(piece.tokens))


@lru_cache(maxsize=4096)
def _piece_tree(kind: str, source: str) -> tree.Node | None:
    wrapped = {
        "trigger": f"flow x {{ {source} }}",
        "statement": f"flow x {{ {source} }}",
        "head": f"flow x {{ {source} }} }}",
        "case": f"flow x {{ switch a {{ {source} }} }}",
        "argument": f"flow x {{ a({source}) }}",
        "expression": f"flow x {{ set a = {source} }}",
    }[kind]
    parsed = parse(wrapped)
    if parsed.errors:
        return None
    flow = parsed.file.flows[0]
    if kind == "trigger":
        return flow.triggers[0]
    first = flow.body[0]
    if kind in ("statement", "head"):
        return first
    if kind == "case":
        return first.cases[0] if isinstance(first, tree.Switch) else None
    return first.arguments[0] if isinstance(first, tree.Call) else first.value if isinstance(first, tree.Set) else None


def emptied(statement: tree.Statement) -> tree.Statement:
    """The statement with nothing in its blocks, as its head alone reads."""
    match statement:
        case tree.For():
            return replace(statement, body=())
        case tree.If():
            return replace(statement, then=(), otherwise=None)
        case tree.Switch():
            return replace(statement, cases=(), default=None)
    return statement

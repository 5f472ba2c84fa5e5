"""Text to syntax tree, with every mistake of the file reported: after one, reading goes on at the next statement."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flowquill.grammar import tree
from flowquill.grammar.lalr import END, Driver, Token, table

MAX_DEPTH = 100
MAX_CHAIN = 200
"""How many operators and paths one expression may join without a bracket: each nests the tree once more."""


@dataclass(frozen=True, slots=True)
class ParseError:
    """A mistake of form. `skipped` is what was left out to go on; names bound in there may be used below."""

    message: str
    span: tree.Span
    expected: tuple[str, ...]
    skipped: tree.Span


@dataclass(frozen=True, slots=True)
class Comment:
    """A `#` comment up to the end of its line; `alone` when nothing stands before it on the line."""

    text: str
    span: tree.Span
    alone: bool


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file's tree, its comments and its mistakes. The tree holds what could be read."""

    text: str
    file: tree.File
    comments: tuple[Comment, ...]
    errors: tuple[ParseError, ...]


def parse(text: str) -> Parsed:
    """Parses a file. Never raises: what cannot be read is in `errors`."""
    errors: list[ParseError] = []
    file = read(text, Driver(table(), build), errors)
    return Parsed(text, file, comments_in(text), tuple(errors))


def read(text: str, driver: Driver, errors: list[ParseError]) -> tree.File:
    """Feeds a whole text to a driver that is at its start; the mistakes are added to `errors` as they are found."""
    grammar = driver.table
    offset = depth = chain = 0
    while True:
        token = grammar.next_token(text, offset, driver.lexing)
        before = depth
        if token is not None:
            known = driver.reuse(token, depth)
            if known is not None:
                offset, chain = known, 0
                continue
            chain = chain + 1 if token.text in _JOINING else chain if token.type in _JOINED or token.text == "]" else 0
            if chain > MAX_CHAIN:
                message = f"more than {MAX_CHAIN} operators follow one another without a bracket; split the expression into several steps"
                errors.append(ParseError(message, (token.start, token.end), (), (token.start, len(text))))
                return tree.File(())
            if token.text in OPENING and token.type != "CHUNK":
                depth += 1
                if depth > MAX_DEPTH:
                    message = f"blocks and brackets are nested more than {MAX_DEPTH} deep; move the inner part to a flow of its own"
                    errors.append(ParseError(message, (token.start, token.end), (), (token.start, len(text))))
                    return tree.File(())
            elif token.text in CLOSING and token.type != "CHUNK":
                depth = max(0, depth - 1)
            if driver.feed(token):
                if token.type == END:
                    return driver.values[0]  # type: ignore[no-any-return]
                offset = token.end
                continue
        back = driver.undo()
        if back is not None:
            offset, depth = back, before
            continue
        expected = tuple(sorted(grammar.accepts(tuple(driver.states))))
        found = _rough(text, offset)
        message = _message(expected, found)
        stuck = bool(errors) and errors[-1].skipped[1] == found.start == errors[-1].span[0]
        offset = _recover(text, _rough(text, found.end) if stuck else found, driver)
        errors.append(ParseError(message, (found.start, max(found.end, found.start)), expected, (found.start, offset)))
        depth = sum(1 for s in driver.values if isinstance(s, Token) and s.text in OPENING)
        if offset >= len(text):
            return driver.values[0] if driver.values and isinstance(driver.values[0], tree.File) else tree.File(())


_JOINING = frozenset(["+", "-", "*", "/", "%", "and", "or", "not", "??", "==", "!=", "<", "<=", ">", ">=", ".", "["])
_JOINED = frozenset(["NAME", "PROPERTY", "NUMBER", "STRING", "OPERATION", "TRUE", "FALSE", "NULL", "HOLE"])
OPENING = frozenset("{([")
CLOSING = frozenset("})]")
_ROUGH = re.compile(
    r"""(?P<comment>\#[^\n]*)|(?P<blank>[ \t\r]+)|(?P<newline>\n)|(?P<string>\$?"(?:[^"\\\n]|\\.)*"?)"""
    r"""|(?P<word>[A-Za-z_]\w*)|(?P<number>[0-9][0-9.]*)|(?P<open>[{(\[])|(?P<close>[})\]])|(?P<other>[\s\S])"""
)
_STARTS = frozenset(
    ["flow", "on", "param", "var", "set", "append", "increment", "decrement", "if", "switch", "for", "do", "scope", "parallel", "try", "todo", "refuse", "after"]
)


def _rough(text: str, offset: int) -> Token:
    """The next token, read without the grammar: `type` is the group of _ROUGH."""
    while offset < len(text):
        match = _ROUGH.match(text, offset)
        assert match is not None
        if match.lastgroup not in ("comment", "blank", "newline"):
            return Token(match.lastgroup or "", match.group(), match.start(), match.end())
        offset = match.end()
    return Token(END, "", len(text), len(text))


def _recover(text: str, found: Token, driver: Driver) -> int:
    """Leaves the driver where a statement, a block's end or a flow can be read; returns the offset to go on from."""
    token, depth = found, 0
    while token.type != END:
        if token.text == "flow" and _first(text, token) and depth <= 0 and _new_flow(text, token) and driver.unwind("FLOW"):
            return token.start
        if token.type == "close":
            if token.text == "}" and depth <= 0 and driver.unwind("TODO"):
                driver.unwind("RBRACE")
                return token.start
            depth -= token.text == "}" or depth > 0
        elif token.type == "open":
            depth += 1
        elif depth <= 0 and (token.type == "word" or token.text == "@") and _first(text, token) and _starts(text, token) and (token.start > found.start or _resumable(driver)) and driver.unwind("TODO"):
            return token.start
        following = _rough(text, token.end)
        if following.start == token.start:
            break
        token = following
    _close(driver, len(text))
    return len(text)


def _first(text: str, token: Token) -> bool:
    """Whether nothing stands before it on its line."""
    return not text[text.rfind("\n", 0, token.start) + 1 : token.start].strip()


def _new_flow(text: str, token: Token) -> bool:
    return re.match(r"flow\s+[A-Za-z_]\w*\s*(\"[^\"\n]*\"\s*)?\{", text[token.start : token.start + 400]) is not None


def _starts(text: str, token: Token) -> bool:
    if token.text == "@" or token.text in _STARTS:
        return True
    return re.match(r"[A-Za-z_]\w*\s*[=.(:]", text[token.start : token.start + 200]) is not None


def _resumable(driver: Driver) -> bool:
    """Whether the statement being read is more than its first word, so that starting over loses something unfinished only."""
    return "TODO" not in driver.table.accepts(tuple(driver.states))


def _close(driver: Driver, end: int) -> None:
    """Closes all open blocks at the end of a file that stops too early."""
    for _ in range(4 * MAX_DEPTH):
        if driver.feed(Token(END, "", end, end)):
            return
        if "RBRACE" in driver.table.accepts(tuple(driver.states)):
            driver.feed(Token("RBRACE", "}", end, end))
        elif not (driver.unwind("TODO") or driver.unwind("FLOW")):
            return


def comments_in(text: str) -> tuple[Comment, ...]:
    """The comments of a text in order; what looks like one inside a string or template is none."""
    if "#" not in text:
        return ()
    found = []
    for match in _COMMENT.finditer(text):
        if match.group().startswith("#"):
            alone = not text[text.rfind("\n", 0, match.start()) + 1 : match.start()].strip()
            found.append(Comment(match.group().rstrip(), (match.start(), match.start() + len(match.group().rstrip())), alone))
    return tuple(found)


_COMMENT = re.compile(r"""\$?"(?:[^"\\\n]|\\.)*"?|\#[^\n]*""")

_SAYS = {
    "NAME": "a name",
    "OPERATION": "an operation",
    "PARAMETER": "a parameter name",
    "PROPERTY": "a property name",
    "KEY": "a key",
    "DECORATOR": "a setting's name",
    "NUMBER": "a number",
    "STRING": "a quoted text",
    "TYPE": "a type (text, integer, number, boolean, list, object, any)",
    "COMPARISON": "a comparison",
    "SIGN": "'+' or '-'",
    "FACTOR": "'*', '/' or '%'",
    "HOLE": "'?'",
    "OPTIONAL": "'?'",
    "CHUNK": "text",
    "TEMPLATE_OPEN": "an interpolated text",
    "TEMPLATE_CLOSE": "'\"'",
    END: "the end of the file",
}
_VALUE = frozenset({"NAME", "STRING", "NUMBER", "HOLE", "TRUE", "FALSE", "NULL", "TEMPLATE_OPEN", "LSQB", "LPAR", "LBRACE", "SIGN"})
_STATEMENT = frozenset({"TODO", "REFUSE", "IF", "SWITCH", "FOR", "DO", "SCOPE", "TRY", "SET", "VAR"})
_OPERATORS = frozenset({"COMPARISON", "SIGN", "FACTOR", "AND", "OR", "DOT", "LSQB", "__ANON_1", "__ANON_2", "__ANON_0", "__ANON_3"})


def _message(expected: tuple[str, ...], found: Token) -> str:
    """One sentence: what was expected and what stands there."""
    rest = set(expected)
    said: list[str] = []
    if rest >= _STATEMENT:
        said.append("a statement")
        keep = {"RBRACE", "ON"} & rest
        rest = keep
    elif {"STRING", "TRUE", "HOLE"} <= rest:
        said.append("a value")
        rest -= _VALUE | {"NOT"}
    elif {"COMPARISON", "AND"} <= rest:
        rest -= {t for t in rest if t in _OPERATORS or table().literals.get(t, "") in ("??", "!.", "![")}
        if "LPAR" in rest:
            rest.discard("LPAR")
        said.append("an operator")
        if _STATEMENT & rest:
            rest -= _STATEMENT | _VALUE
    literals = table().literals
    for name in sorted(rest):
        said.append(_SAYS.get(name) or f"'{literals.get(name, name.lower())}'")
    ordered = list(dict.fromkeys(said))[:6]
    listed = ordered[0] if len(ordered) == 1 else ", ".join(ordered[:-1]) + " or " + ordered[-1] if ordered else "nothing more"
    if found.type == END:
        return f"the file ends here, but {listed} was expected"
    if found.type == "string" and not found.text.endswith('"'):
        return "this text has no closing quotation mark on its line"
    shown = found.text if len(found.text) <= 40 else found.text[:37] + "..."
    return f"expected {listed}, found '{shown}'"


# One builder for each alias or rule of flow.lark


def build(rule: str, parts: list[Any], start: int, end: int) -> Any:
    """The node of a rule of flow.lark over its parts."""
    return _BUILDERS[rule](parts, (start, end))


def _name(token: Token) -> tree.Name:
    return tree.Name(token.text, span=(token.start, token.end))


def _maybe_name(token: Token | None) -> tree.Name | None:
    return None if token is None else _name(token)


def unquote(text: str) -> str:
    """The value of a STRING as it is written (the escapes are JSON's)."""
    return str(json.loads(text)) if "\\" in text else text[1:-1]


def _number(text: str) -> int | float:
    return int(text) if text.isdigit() else float(text)


def chunk_text(text: str) -> str:
    """The value of a CHUNK of a template as it is written."""
    if "\\" not in text:
        return text
    return str(json.loads('"' + text.replace("\\{", "{").replace("\\}", "}") + '"'))


def _flow(parts: list[Any], span: tree.Span) -> tree.Flow:
    name, description, *items = parts
    return tree.Flow(
        _name(name),
        None if description is None else unquote(description.text),
        tuple(i for i in items if isinstance(i, tree.Trigger)),
        tuple(i for i in items if isinstance(i, tree.Statement)),
        span=span,
    )


def _trigger(parts: list[Any], span: tree.Span) -> tree.Trigger:
    decorators, (callee, arguments, inputs), name = parts
    return tree.Trigger(callee, arguments, inputs, _maybe_name(name), decorators, span=span)


def _statement(parts: list[Any], span: tree.Span) -> tree.Statement:
    decorators, after, label, action = parts
    if label is None and not after and not decorators:
        return action  # type: ignore[no-any-return]
    from dataclasses import replace

    return replace(action, label=label, after=after or (), decorators=decorators, span=span)  # type: ignore[no-any-return]


def _callee(parts: list[Any], span: tree.Span) -> tree.Callee:
    if len(parts) == 1:
        return tree.Callee(None, _name(parts[0]), span=span)
    return tree.Callee(_name(parts[0]), _name(parts[1]), span=span)


def _if(parts: list[Any], span: tree.Span) -> tree.If:
    condition, then, otherwise = parts
    return tree.If(condition, then, otherwise, span=span)


def _switch(parts: list[Any], span: tree.Span) -> tree.Switch:
    subject, *cases = parts
    default = cases.pop() if cases and not isinstance(cases[-1], tree.Case) else None
    return tree.Switch(subject, tuple(cases), default, span=span)


def _try(parts: list[Any], span: tree.Span) -> tree.Try:
    body, catch, final = parts
    statuses, caught = catch if catch is not None else ((), None)
    return tree.Try(body, caught, statuses, final, span=span)


def _binary(parts: list[Any], span: tree.Span) -> tree.Binary:
    left, operator, right = parts
    return tree.Binary(operator.text, left, right, span=span)


def _worded(operator: str) -> Callable[[list[Any], tree.Span], tree.Binary]:
    return lambda parts, span: tree.Binary(operator, parts[0], parts[1], span=span)


def _template(parts: list[Any], span: tree.Span) -> tree.Template:
    pieces = [chunk_text(p.text) if isinstance(p, Token) else p for p in parts[1:-1]]
    return tree.Template(tuple(pieces), span=span)


def _entry(parts: list[Any], span: tree.Span) -> tree.Entry:
    key = parts[0]
    text = unquote(key.text) if key.type == "STRING" else key.text
    return tree.Entry(tree.Name(text, span=(key.start, key.end)), parts[1], span=span)


def _given(parts: list[Any]) -> tuple[Any, ...]:
    return tuple(p for p in parts if p is not None)


_BUILDERS: dict[str, Callable[[list[Any], tree.Span], Any]] = {
    "start": lambda p, s: tree.File(tuple(p), span=s),
    "flow": _flow,
    "trigger": _trigger,
    "event": lambda p, s: (p[0], p[1] or (), ()),
    "manual": lambda p, s: (None, (), p[0] or ()),
    "inputs": lambda p, s: tuple(p),
    "input": lambda p, s: tree.Input(
        _name(p[0]), p[1].text, p[2] is not None, p[3], None if p[4] is None else unquote(p[4].text), span=s
    ),
    "statement": _statement,
    "decorators": lambda p, s: tuple(p),
    "decorator": lambda p, s: tree.Decorator(_name(p[0]), p[1] or (), span=s),
    "after": lambda p, s: tuple(p),
    "after_clause": lambda p, s: tree.After(_maybe_name(p[0]), p[1], span=s),
    "statuses": lambda p, s: tuple(t.text for t in p),
    "label": lambda p, s: _name(p[0]),
    "call": lambda p, s: tree.Call(None, p[0], p[1] or (), span=s),
    "bound_call": lambda p, s: tree.Call(_name(p[0]), p[1], p[2] or (), span=s),
    "param": lambda p, s: tree.Param(_name(p[0]), p[1].text, p[2], span=s),
    "var": lambda p, s: tree.Var(_name(p[0]), p[1].text, p[2], span=s),
    "set": lambda p, s: tree.Set(_name(p[0]), p[1], span=s),
    "append": lambda p, s: tree.Append(p[0], _name(p[1]), span=s),
    "increment": lambda p, s: tree.Increment(_name(p[0]), p[1], span=s),
    "decrement": lambda p, s: tree.Increment(_name(p[0]), p[1], True, span=s),
    "if_action": _if,
    "else_if": lambda p, s: (p[0],),
    "else_part": lambda p, s: p[0],
    "switch": _switch,
    "case": lambda p, s: tree.Case(p[0], p[1], span=s),
    "default": lambda p, s: p[0],
    "for_each": lambda p, s: tree.For(_name(p[0]), p[1], p[2], p[3], span=s),
    "degree": lambda p, s: 0 if p[0] is None else _number(p[0].text),
    "until": lambda p, s: tree.Until(p[0], p[1], p[2] or (), span=s),
    "limit": lambda p, s: p[0] or (),
    "scope": lambda p, s: tree.Scope(_name(p[0]), p[1], span=s),
    "parallel": lambda p, s: tree.Parallel(tuple(p), span=s),
    "branch": lambda p, s: p[0],
    "try_action": _try,
    "catch": lambda p, s: (p[0] or (), p[1]),
    "finally": lambda p, s: p[0],
    "todo": lambda p, s: tree.Todo(unquote(p[0].text), span=s),
    "refuse": lambda p, s: tree.Refuse(unquote(p[0].text), span=s),
    "block": lambda p, s: tuple(p),
    "callee": _callee,
    "arguments": lambda p, s: _given(p),
    "argument": lambda p, s: tree.Argument(_name(p[0]), p[1], span=s),
    "or_": _worded("or"),
    "and_": _worded("and"),
    "not_": lambda p, s: tree.Unary("not", p[0], span=s),
    "compare": _binary,
    "arithmetic": _binary,
    "sign": lambda p, s: tree.Unary(p[0].text, p[1], span=s),
    "fallback": _worded("??"),
    "member": lambda p, s: tree.Member(p[0], _name(p[1]), span=s),
    "strict_member": lambda p, s: tree.Member(p[0], _name(p[1]), True, span=s),
    "index": lambda p, s: tree.Index(p[0], p[1], span=s),
    "strict_index": lambda p, s: tree.Index(p[0], p[1], True, span=s),
    "reference": lambda p, s: tree.Reference(p[0].text, span=s),
    "function": lambda p, s: tree.Function(_name(p[0]), _given(p[1:]), span=s),
    "string": lambda p, s: tree.Literal(unquote(p[0].text), span=s),
    "number": lambda p, s: tree.Literal(_number(p[0].text), span=s),
    "true": lambda p, s: tree.Literal(True, span=s),
    "false": lambda p, s: tree.Literal(False, span=s),
    "null": lambda p, s: tree.Literal(None, span=s),
    "hole": lambda p, s: tree.Hole(span=s),
    "list": lambda p, s: tree.ListExpression(_given(p), span=s),
    "object": lambda p, s: tree.ObjectExpression(_given(p), span=s),
    "entry": _entry,
    "template": _template,
    "parenthesis": lambda p, s: p[0],
}

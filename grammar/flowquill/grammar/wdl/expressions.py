"""The expressions of the Workflow Definition Language: `@...`, `@{...}` inside text, `@@` for a plain at sign, `?[` and `?.`.

A string of a definition is read to a text, an expression or a sequence of both, and written back from it. The grammar is lark's LALR.
Source: "Reference guide to workflow expression functions in Azure Logic Apps and Power Automate", Microsoft Learn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from lark import Lark, Transformer
from lark.exceptions import LarkError

MAX_NESTING = 40
_GRAMMAR = r"""
?start: postfix
?postfix: primary
        | postfix "[" start "]"       -> index
        | postfix "?" "[" start "]"   -> safe_index
        | postfix "." NAME            -> member
        | postfix "?" "." NAME        -> safe_member
?primary: NAME "(" [start ("," start)*] ")" -> call
        | STRING  -> string
        | NUMBER  -> number
        | NAME    -> word
NAME: /[A-Za-z_][A-Za-z0-9_]*/
STRING: /'([^']|'')*'/
NUMBER: /[+\-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+\-]?[0-9]+)?/
WHITESPACE: /\s+/
%ignore WHITESPACE
"""


class ExpressionError(Exception):
    """A text that is no expression of the language."""


@dataclass(frozen=True, slots=True)
class Constant:
    """Text, a number, true, false or null."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Invocation:
    """A function and its arguments; `name` as it was written."""

    name: str
    arguments: tuple[Wdl, ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    """A part of a value. `safe`: null where it is absent (`?[`), else an error."""

    base: Wdl
    key: Wdl
    safe: bool


Wdl = Constant | Invocation | Access
Piece = str | Wdl

_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


class _Builder(Transformer[Any, Any]):
    """Makes the nodes while parsing."""

    def index(self, parts: list[Any]) -> Access:
        return Access(parts[0], parts[1], False)

    def safe_index(self, parts: list[Any]) -> Access:
        return Access(parts[0], parts[1], True)

    def member(self, parts: list[Any]) -> Access:
        return Access(parts[0], Constant(str(parts[1])), False)

    def safe_member(self, parts: list[Any]) -> Access:
        return Access(parts[0], Constant(str(parts[1])), True)

    def call(self, parts: list[Any]) -> Invocation:
        return Invocation(str(parts[0]), tuple(p for p in parts[1:] if p is not None))

    def string(self, parts: list[Any]) -> Constant:
        return Constant(str(parts[0])[1:-1].replace("''", "'"))

    def number(self, parts: list[Any]) -> Constant:
        text = str(parts[0])
        return Constant(float(text) if any(c in text for c in ".eE") else int(text))

    def word(self, parts: list[Any]) -> Constant:
        text = str(parts[0])
        if text.lower() not in _WORDS:
            raise ExpressionError(f"{text} is no function call and no constant; write {text}() or quote it")
        return Constant(_WORDS[text.lower()])


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", transformer=_Builder(), maybe_placeholders=False)


@lru_cache(maxsize=4096)
def parse_expression(text: str) -> Wdl:
    """The expression of `text`, which has no leading at sign. Raises ExpressionError."""
    if _depth(text) > MAX_NESTING:
        raise ExpressionError("the expression is nested too deeply; compose its inner part in a step before")
    try:
        found = _parser().parse(text)
    except ExpressionError:
        raise
    except LarkError as error:
        raise ExpressionError(f"the expression does not parse ({str(error).splitlines()[0]})") from None
    except ValueError:
        raise ExpressionError("a number of the expression is too long; write it as text") from None
    assert isinstance(found, (Constant, Invocation, Access))
    return found


def _depth(text: str) -> int:
    depth = most = 0
    quoted = False
    for letter in text:
        if letter == "'":
            quoted = not quoted
        elif not quoted and letter in "([":
            depth += 1
            most = max(most, depth)
        elif not quoted and letter in ")]":
            depth -= 1
    return most


def write_expression(node: Wdl) -> str:
    """An expression as text, without the leading at sign."""
    match node:
        case Constant(value=str() as text):
            return "'" + text.replace("'", "''") + "'"
        case Constant(value=value):
            if value is None or isinstance(value, bool):
                return {None: "null", True: "true", False: "false"}[value]
            return repr(value)
        case Invocation():
            return f"{node.name}({', '.join(write_expression(a) for a in node.arguments)})"
        case Access():
            return f"{write_expression(node.base)}{'?' if node.safe else ''}[{write_expression(node.key)}]"


def read_string(text: str) -> str | Wdl | tuple[Piece, ...]:
    """What a string of a definition says: plain text, an expression (`@...`) or text with expressions inside (`@{...}`).

    Raises ExpressionError where what follows the at sign cannot be read.
    """
    if text.startswith("@") and not text.startswith(("@@", "@{")):
        return parse_expression(text[1:])
    if text.startswith("@@") and not text.startswith("@@{"):
        text = "@" + text[2:] if "@{" not in text[2:] else text[1:]
        if "@{" not in text:
            return text
    elif "@{" not in text:
        return text
    pieces = tuple(_pieces(text))
    if all(isinstance(p, str) for p in pieces):
        return "".join(str(p) for p in pieces)
    return pieces


def _pieces(text: str) -> Iterator[Piece]:
    plain: list[str] = []
    at = 0
    while True:
        found = text.find("@{", at)
        if found < 0:
            plain.append(text[at:])
            break
        if found > 0 and text[found - 1] == "@" and found - 1 >= at:
            plain.append(text[at : found - 1] + "@{")
            at = found + 2
            continue
        plain.append(text[at:found])
        end = _closing(text, found + 2)
        if "".join(plain):
            yield "".join(plain)
        plain = []
        yield parse_expression(text[found + 2 : end])
        at = end + 1
    if "".join(plain):
        yield "".join(plain)


def _closing(text: str, at: int) -> int:
    quoted = False
    for place in range(at, len(text)):
        if text[place] == "'":
            quoted = not quoted
        elif text[place] == "}" and not quoted:
            return place
    raise ExpressionError("an expression inside text has no closing brace; add one")


def write_text(text: str) -> str:
    """The string of a definition that says exactly `text`."""
    escaped = text.replace("@{", "@@{")
    return "@" + escaped if escaped.startswith("@") and not escaped.startswith("@@{") else escaped


def write_pieces(pieces: tuple[Piece, ...]) -> str:
    """The string of a definition for text with expressions inside."""
    written = "".join(p.replace("@{", "@@{") if isinstance(p, str) else "@{" + write_expression(p) + "}" for p in pieces)
    first = pieces[0] if pieces else ""
    return "@" + written if isinstance(first, str) and first.startswith("@") and not first.startswith("@{") else written


def canonical(node: Wdl) -> Wdl:
    """The one spelling of expressions that mean the same (see `normalise`)."""
    match node:
        case Constant():
            return node
        case Invocation():
            return _canonical_call(node.name.lower(), tuple(canonical(a) for a in node.arguments))
        case Access():
            return _canonical_access(canonical(node.base), canonical(node.key), node.safe)


def _canonical_call(name: str, arguments: tuple[Wdl, ...]) -> Wdl:
    if name in ("and", "or", "coalesce"):
        flat: list[Wdl] = []
        for place, argument in enumerate(arguments):
            nested = isinstance(argument, Invocation) and argument.name == name and (name != "coalesce" or place == 0)
            flat.extend(argument.arguments if nested and isinstance(argument, Invocation) else (argument,))
        if len(flat) == 1 and name != "coalesce":
            return flat[0]
        return Invocation(name, tuple(flat))
    return Invocation(name, arguments)


def _canonical_access(base: Wdl, key: Wdl, safe: bool) -> Wdl:
    if isinstance(base, Invocation) and base.name in ("outputs", "triggeroutputs", "actionoutputs") and isinstance(key, Constant):
        path = key.value
        if isinstance(path, str) and (path == "body" or path.startswith("body/")):
            body: Wdl = Invocation("triggerbody" if base.name == "triggeroutputs" else "body", base.arguments)
            for part in path.split("/")[1:]:
                body = Access(body, Constant(part), safe)
            return body
    return Access(base, key, safe)

"""Semantic tokens: which words of a text are connectors, operations, parameters, names, properties and words of the language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from flowquill.grammar import tree
from flowquill.grammar.words import RESERVED
from flowquill.server.lines import Lines
from flowquill.server.reading.names import Piece
from flowquill.server.reading.walking import walk

TYPES = ("namespace", "function", "method", "parameter", "property", "variable", "keyword", "type", "string", "number", "comment", "decorator", "class", "operator")
MODIFIERS = ("declaration", "readonly", "modification", "defaultLibrary")
_KIND = {name: number for number, name in enumerate(TYPES)}
_WORD = re.compile(r'"(?:[^"\\\n]|\\.)*"|#[^\n]*|[A-Za-z_]\w*|[0-9][0-9.eE]*')
_NAMES_OF_TYPES = frozenset({"text", "integer", "number", "boolean", "list", "object", "any"})
Colored = tuple[int, int, int, int]


def lexical(text: str) -> tuple[Colored, ...]:
    """The tokens that words alone tell, for a text that is not read yet: comments, texts, numbers, words of the language."""
    return tuple(_rest(text, {}, []))


def colored(piece: Piece) -> tuple[Colored, ...]:
    """(start, length, number in TYPES, bits of MODIFIERS) in the order of their places."""
    places: dict[int, tuple[int, int, int]] = {}
    templates: list[tree.Span] = []
    for node in walk(piece.parsed.file):
        mark = _MARKS.get(type(node))
        if mark is not None:
            mark(node, places)
        elif isinstance(node, tree.Literal):
            if isinstance(node.value, str) and node.span[0] not in places:
                places[node.span[0]] = (node.span[1], _KIND["string"], 0)
        elif isinstance(node, tree.Template):
            templates.append(node.span)
    for one in piece.resolved[0]:
        if piece.text[one.span[0] - 1 : one.span[0]] != '"':
            bits = (one.span == one.declared) | (2 if one.role in ("loop", "parameter", "result", "trigger") else 0) | (4 if one.writes and one.span != one.declared else 0)
            places[one.span[0]] = (one.span[1], _KIND["variable"], bits)
    found: list[Colored] = [(start, end - start, kind, bits) for start, (end, kind, bits) in places.items()]
    found += _rest(piece.text, places, sorted(templates))
    return tuple(sorted(found))


Places = dict[int, tuple[int, int, int]]


def _named(kind: str, bits: int) -> Callable[[Any, Places], None]:
    number = _KIND[kind]

    def mark(node: Any, places: Places) -> None:
        places[node.name.span[0]] = (node.name.span[1], number, bits)

    return mark


def _callee(node: tree.Callee, places: Places) -> None:
    if node.connector is not None:
        places[node.connector.span[0]] = (node.connector.span[1], _KIND["namespace"], 0)
    places[node.operation.span[0]] = (node.operation.span[1], _KIND["method"], 0 if node.connector else 8)


def _argument(node: tree.Argument, places: Places) -> None:
    places[node.parameter.span[0]] = (node.parameter.span[1], _KIND["parameter"], 0)


def _entry(node: tree.Entry, places: Places) -> None:
    places[node.key.span[0]] = (node.key.span[1], _KIND["property"], 0)


_MARKS: Mapping[type[tree.Node], Callable[[Any, Places], None]] = MappingProxyType(
    {
        tree.Flow: _named("class", 1),
        tree.Callee: _callee,
        tree.Argument: _argument,
        tree.Input: _named("property", 1),
        tree.Member: _named("property", 0),
        tree.Entry: _entry,
        tree.Function: _named("function", 8),
        tree.Decorator: _named("decorator", 0),
    }
)


def _rest(text: str, places: Places, templates: list[tree.Span]) -> list[Colored]:
    """The tokens that the tree does not name."""
    found: list[Colored] = []
    covered = iter(templates)
    inside = next(covered, None)
    offset = 0
    while match := _WORD.search(text, offset):
        start, offset = match.start(), match.end()
        while inside is not None and start >= inside[1]:
            inside = next(covered, None)
        if inside is not None and inside[0] < offset and start >= inside[0]:
            # A template's text is left to the editor's own grammar; its expressions are colored above.
            offset = max(offset, inside[1])
            continue
        word = match.group()
        if start in places:
            offset = max(offset, places[start][0])
        elif word[0] == "#":
            found.append((start, len(word.rstrip("\r")), _KIND["comment"], 0))
        elif word[0] == '"':
            found.append((start, len(word), _KIND["string"], 0))
        elif word[0].isdigit():
            found.append((start, len(word), _KIND["number"], 0))
        elif word in RESERVED:
            found.append((start, len(word), _KIND["keyword"], 0))
        elif word in _NAMES_OF_TYPES:
            found.append((start, len(word), _KIND["type"], 0))
    return found


def relative(text: str, colors: Iterable[Colored], encoding: str) -> tuple[int, ...]:
    """Tokens as the protocol counts them, each from the one before, the first from the beginning of `text`."""
    lines = Lines.of(text, encoding)
    data: list[int] = []
    line = column = 0
    number, count = 0, len(lines.starts)
    for start, length, kind, bits in colors:
        while number + 1 < count and lines.starts[number + 1] <= start:
            number += 1
        begin = lines.starts[number]
        if number + 1 < count and start + length > lines.starts[number + 1]:
            continue
        if encoding == "utf-32" or text[begin : start + length].isascii():
            character, width = start - begin, length
        else:
            character = lines.position(start).character
            width = lines.position(start + length).character - character
        data += (number - line, character - column if number == line else character, width, kind, bits)
        line, column = number, character
    return tuple(data)

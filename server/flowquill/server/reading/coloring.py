"""Semantic tokens: which words of a text are connectors, operations, parameters, names, properties and words of the language."""

from __future__ import annotations

import re

from flowquill.grammar import tree
from flowquill.grammar.forward import RESERVED
from flowquill.server.reading.names import Piece

TYPES = ("namespace", "function", "method", "parameter", "property", "variable", "keyword", "type", "string", "number", "comment", "decorator", "class", "operator")
MODIFIERS = ("declaration", "readonly", "modification", "defaultLibrary")
_KIND = {name: number for number, name in enumerate(TYPES)}
_WORD = re.compile(r'"(?:[^"\\\n]|\\.)*"|#[^\n]*|[A-Za-z_]\w*|[0-9][0-9.eE]*')
_NAMES_OF_TYPES = frozenset({"text", "integer", "number", "boolean", "list", "object", "any"})
Colored = tuple[int, int, int, int]


def colored(piece: Piece) -> tuple[Colored, ...]:
    """(start, length, number in TYPES, bits of MODIFIERS) in the order of their places."""
    places: dict[int, tuple[int, int, int]] = {}
    templates: list[tree.Span] = []
    for node in tree.walk(piece.parsed.file):
        match node:
            case tree.Flow():
                places[node.name.span[0]] = (node.name.span[1], _KIND["class"], 1)
            case tree.Callee():
                if node.connector is not None:
                    places[node.connector.span[0]] = (node.connector.span[1], _KIND["namespace"], 0)
                places[node.operation.span[0]] = (node.operation.span[1], _KIND["method"], 0 if node.connector else 8)
            case tree.Argument():
                places[node.parameter.span[0]] = (node.parameter.span[1], _KIND["parameter"], 0)
            case tree.Input():
                places[node.name.span[0]] = (node.name.span[1], _KIND["property"], 1)
            case tree.Member():
                places[node.name.span[0]] = (node.name.span[1], _KIND["property"], 0)
            case tree.Entry():
                places[node.key.span[0]] = (node.key.span[1], _KIND["property"], 0)
            case tree.Function():
                places[node.name.span[0]] = (node.name.span[1], _KIND["function"], 8)
            case tree.Decorator():
                places[node.name.span[0]] = (node.name.span[1], _KIND["decorator"], 0)
            case tree.Literal(value=str()) if node.span[0] not in places:
                places[node.span[0]] = (node.span[1], _KIND["string"], 0)
            case tree.Template():
                templates.append(node.span)
    for one in piece.resolved[0]:
        if piece.text[one.span[0] - 1 : one.span[0]] != '"':
            bits = (one.span == one.declared) | (2 if one.role in ("loop", "parameter", "result", "trigger") else 0) | (4 if one.writes and one.span != one.declared else 0)
            places[one.span[0]] = (one.span[1], _KIND["variable"], bits)
    found: list[Colored] = [(start, end - start, kind, bits) for start, (end, kind, bits) in places.items()]
    covered = iter(sorted(templates))
    inside = next(covered, None)
    offset = 0
    while match := _WORD.search(piece.text, offset):
        start, offset = match.start(), match.end()
        while inside is not None and start >= inside[1]:
            inside = next(covered, None)
        if inside is not None and inside[0] < offset:
            # A template's text is left to the editor's own grammar; its expressions are colored above.
            offset = max(offset, inside[1]) if start >= inside[0] else offset
            if start >= inside[0]:
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
    return tuple(sorted(found))

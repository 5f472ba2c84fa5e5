"""What the expressions of a definition read: steps, variables, parameters and loops, with the place of each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flowquill.grammar.wdl.arm import is_expression
from flowquill.grammar.wdl.expressions import Access, Constant, ExpressionError, Invocation, Piece, Wdl, read_string

_STEPS = frozenset({"body", "outputs", "actions", "result", "actionbody", "actionoutputs", "formdatavalue", "formdatamultivalues", "multipartbody"})
_KINDS = {**dict.fromkeys(_STEPS, "step"), "items": "loop", "iterationindexes": "loop", "variables": "variable", "parameters": "parameter"}
# Texts there are data, never evaluated.
_DATA = frozenset({"schema", "metadata", "description"})
# An expression that nothing ends is read once and passed over: text of many openings would else be read again for each.
_INSIDE = re.compile(r"@\{(?:[^'}]|'[^']*')*+(\})?")


@dataclass(frozen=True, slots=True)
class Reference:
    """Something an expression reads. `kind`: step, loop, variable or parameter; `name`: as it is quoted."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A text that begins as an expression and is none."""

    text: str
    reason: str


def read_references(value: Any, longest: int) -> Iterator[Reference | Unparsed]:
    """All references in a value, in order, each once for every place. Texts longer than `longest` are passed over."""
    if isinstance(value, str):
        # What the resource manager computes is an expression of another language until the template is deployed.
        if "@" in value and len(value) <= longest and not is_expression(value):
            yield from _of_string(value)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            if key not in _DATA:
                yield from read_references(key, longest)
                yield from read_references(one, longest)
    elif isinstance(value, list):
        for one in value:
            yield from read_references(one, longest)


def _of_string(text: str) -> Iterator[Reference | Unparsed]:
    try:
        said = read_string(text)
    except ExpressionError as error:
        yield Unparsed(text, str(error))
        return
    for piece in said if isinstance(said, tuple) else (said,):
        yield from _of_piece(piece)


def _of_piece(node: Piece | Wdl) -> Iterator[Reference]:
    match node:
        case Invocation(name=name, arguments=arguments):
            kind = _KINDS.get(name.lower())
            if kind and arguments and isinstance(arguments[0], Constant) and isinstance(arguments[0].value, str):
                yield Reference(kind, arguments[0].value)
            for argument in arguments:
                yield from _of_piece(argument)
        case Access(base=base, key=key):
            yield from _of_piece(base)
            yield from _of_piece(key)


def longest_expression(value: Any) -> int:
    """The length of the longest expression, with its at sign."""
    if isinstance(value, str):
        if value.startswith("@") and not value.startswith(("@{", "@@")):
            return len(value)
        return max((len(m[0]) for m in _INSIDE.finditer(value) if m[1]), default=0)
    if isinstance(value, Mapping):
        return max((longest_expression(v) for k, v in value.items() if k not in _DATA), default=0)
    return max((longest_expression(v) for v in value), default=0) if isinstance(value, list) else 0

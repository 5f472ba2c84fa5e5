"""The expressions of a decoding grammar: a rule for each type, conditions, functions of the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from flowquill.grammar.choices import FUNCTION_CHOICES
from flowquill.grammar.decoding.terminals import literal
from flowquill.grammar.functions import FUNCTIONS, FunctionArgument, Signature
from flowquill.grammar.types import SIMPLE, assignable
from flowquill.grammar.words import RESERVED

_LITERALS: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("string", "template"),
    "integer": ("number",),
    "number": ("number",),
    "boolean": ("TRUTH", "condition"),
    "list": ("list",),
    "object": ("object",),
    "any": ("string", "template", "number", "TRUTH", "list", "object"),
}
"""What each type may be written as, besides references and functions."""

_RUNTIME: Final = frozenset(
    ["action", "actions", "body", "items", "iterationIndexes", "listCallbackUrl", "outputs", "parameters", "result", "trigger", "triggerBody", "triggerOutputs", "variables", "workflow", "formDataMultiValues", "formDataValue", "multipartBody", "triggerFormDataMultiValues", "triggerFormDataValue", "triggerMultipartBody"]
)
"""Functions that speak of the platform's own view of a run; a flow says the same by names."""
OFFERED: Final = tuple(n for n in FUNCTION_CHOICES if n not in RESERVED and n not in _RUNTIME)

_CONDITIONS = """\
condition: conjunction (" or " conjunction)*
conjunction: negation | joined (" and " joined)+
joined: negation | "(" either ")"
negation: "not " (negation | "(" (either | joined (" and " joined)+) ")") | comparison
either: conjunction (" or " conjunction)+
comparison: operand COMPARE operand | test
operand: string | EMPTY | number | TRUTH | "null" | REF_ANY | index | call_any
test: REF_BOOLEAN | index | call_boolean
number: quantity (ARITHMETIC quantity)?
quantity: NUMBER | "-" NUMBER | COUNT
list: "[" (value_any (", " value_any)*)? "]"
object: "{" (entry (", " entry)*)? "}"
entry: key ": " value_any
key: KEY | QUOTED_KEY
template: "$\\"" CHUNK? ("{" slot "}" CHUNK?)+ "\\""
index: INDEXABLE "[" (string | NUMBER) "]"
"""
_TERMINALS = """\
COMPARE: " == " | " != " | " <= " | " >= " | " < " | " > "
ARITHMETIC: / [+\\-*\\/%] /
TRUTH: "true" | "false"
EMPTY: "\\"\\""
"""


def value_rules(references: Mapping[str, str], also: str = "") -> list[str]:
    """Rules `value_TYPE`, conditions and functions.

    `references`: patterns of paths by type, as `names.reference_patterns` gives them. `also`: terminals that may stand for any of them.
    """
    lines = [
        *_CONDITIONS.replace("REF_ANY", "REF_ANY" if "any" in references else "EMPTY")
        .replace("COUNT", f"{'REF_NUMBER | ' if 'number' in references else ''}index | call_number")
        .splitlines(),
        *_TERMINALS.splitlines(),
        f"slot: {'REF_ANY | ' if 'any' in references else ''}index | call_any",
    ]
    for target, pattern in references.items():
        given = f"/{pattern}/" + (f" | {also}" if also else "")
        lines.append(f"{'INDEXABLE' if target == 'indexable' else f'REF_{target.upper()}'}: {given}")
    for kind in SIMPLE:
        choices = [*_LITERALS[kind], *([f"REF_{kind.upper()}"] if kind in references else []), "index", f"call_{kind}"]
        if kind == "boolean":
            choices = list(_LITERALS[kind])
        if kind == "text" and "text" in references:
            choices.append('REF_TEXT " ?? " string')
        lines.append(f"value_{kind}: {' | '.join(choices)}")
    lines += _functions()
    return lines


def _functions() -> list[str]:
    """A rule `call_TYPE` for each type: the functions that give it."""
    lines: list[str] = []
    for name in OFFERED:
        lines.append(f"function_{name.lower()}: {_call(FUNCTIONS[name])}")
    for kind in SIMPLE:
        # A result that is only known as `any` fits everywhere; where a type is wanted, it says too little to be offered often.
        fitting = [n for n in OFFERED if assignable(FUNCTIONS[n].result, kind)]
        lines.append(f"call_{kind}: {' | '.join(f'function_{n.lower()}' for n in fitting)}")
    return lines


def _call(signature: Signature) -> str:
    least = max(signature.minimum, 0)
    parts = [_argument(signature, n) for n in range(least)]
    text = literal(f"{signature.name}(") + (" " + ' ", " '.join(parts) if parts else "")
    optional = signature.arguments[least:]
    text += _optional(optional, first=not parts)
    if signature.rest is not None:
        text += f' (", " {_of(signature.rest)})*'
    return f'{text} ")"'


def _argument(signature: Signature, place: int) -> str:
    argument = signature.argument(place)
    assert argument is not None
    return _of(argument)


def _optional(arguments: Sequence[FunctionArgument], *, first: bool) -> str:
    if not arguments:
        return ""
    comma = "" if first else '", " '
    return f" ({comma}{_of(arguments[0])}{_optional(arguments[1:], first=False)})?"


def _of(argument: FunctionArgument) -> str:
    types = argument.types
    if len(types) == 1:
        return f"value_{types[0]}"
    return "value_any" if "any" in types or len(types) > 3 else "(" + " | ".join(f"value_{t}" for t in types) + ")"

"""Typed placeholders for the literals of a request: what leaves for a remote model holds none of the user's values.

`mask` puts EMAIL_1, URL_1, ID_1, DATE_1, NUMBER_1 and TEXT_1 where values stand; `unmask` puts the values back into the flow that
comes home. The same value always gets the same placeholder. Only engines that run elsewhere need this stage.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace

from flowquill.generation.rewrite import rewrite
from flowquill.grammar import tree

_KINDS = ("TEXT", "EMAIL", "URL", "ID", "DATE", "NUMBER")
# In this order: the first that matches at a place wins. Times of day stay: they are no secret, and "5:30 pm" means 17.
_VALUES = re.compile(
    r"""(?P<TEXT>"[^"\n]{1,400}"|“[^”\n]{1,400}”|«[^»\n]{1,400}»|(?<![\w'])'[^'\n]{1,400}'(?!\w)|`[^`\n]{1,400}`)"""
    r"""|(?P<EMAIL>[\w.+%-]{1,400}@[\w-]+(?:\.[\w-]+)+)"""
    r"""|(?P<URL>(?:https?|ftp|sftp)://[^\s"'<>]*[^\s"'<>.,;:!?)])"""
    r"""|(?P<ID>\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b|\b(?=[A-Za-z0-9_-]{0,400}[0-9])(?=[A-Za-z0-9_-]{0,400}[A-Za-z])[A-Za-z0-9_-]{10,}\b|(?<![\w+])\+\d[\d ()-]{5,18}\d\b)"""
    r"""|(?P<DATE>\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?Z?)?\b|\b\d{1,2}[/.]\d{1,2}[/.]\d{2,4}\b)"""
    r"""|(?P<NUMBER>(?<![\w.:])\d+(?:[.,]\d+)*(?![\w:]|\s?[aApP]\.?[mM]\b))"""
)
_PLACEHOLDER = re.compile(rf"\b(?:{'|'.join(_KINDS)})_[0-9]+\b")
# A template is passed over whole, with the strings inside its braces, so that its quotes are not taken for a string's; so is a string that its line
# does not end, for reading it again at each of its escaped quotes would take the square of its length.
_STRING = re.compile(r'\$"(?:[^"\\{]|\\.|\{(?:[^"{}]|"(?:[^"\\]|\\.)*")*\})*"|"((?:[^"\\\n]|\\.)*+)"|"(?:[^"\\\n]|\\.)*+')


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without its values. `values`: what each placeholder stands for."""

    text: str
    values: Mapping[str, str]


def mask(text: str, known: Mapping[str, str] | None = None, *, public: Container[str] = ()) -> Masked:
    """`text` with placeholders for its values. `known`: placeholders already given out, kept and added to.

    `public`: quoted texts, lower-cased, that stay as they are (`prompt.public_texts`).
    """
    values = dict(known or {})

    def put(match: re.Match[str]) -> str:
        kind = match.lastgroup or "TEXT"
        value = match.group()[1:-1] if kind == "TEXT" else match.group()
        if kind == "TEXT" and value.lower() in public:
            return f'"{value}"'
        name = _placeholder(kind, value, values, text)
        return f'"{name}"' if kind == "TEXT" else name

    return Masked(_VALUES.sub(put, text), values)


def mask_flow(source: str, known: Mapping[str, str] | None = None, *, public: Container[str] = ()) -> Masked:
    """The text of a flow with placeholders for the plain strings in it, but for those of `public`."""
    values = dict(known or {})

    def put(match: re.Match[str]) -> str:
        if not match.group(1) or "\\" in match.group(1) or match.group(1).lower() in public:
            return match.group()
        return f'"{_placeholder("TEXT", match.group(1), values, source)}"'

    return Masked(_STRING.sub(put, source), values)


def _placeholder(kind: str, value: str, values: dict[str, str], text: str) -> str:
    for name, given in values.items():
        if given == value:
            return name
    number = 1
    # A placeholder that the user's own text happens to contain must not be replaced on the way back.
    while f"{kind}_{number}" in values or f"{kind}_{number}" in text:
        number += 1
    name = f"{kind}_{number}"
    values[name] = value
    return name


def unmask_text(text: str, values: Mapping[str, str]) -> str:
    """`text` with the values back in place; unknown placeholders stay."""
    return _PLACEHOLDER.sub(lambda match: values.get(match.group(), match.group()), text)


def unmask(flow: tree.Flow, values: Mapping[str, str]) -> tree.Flow:
    """`flow` with the values back in its strings, and numbers where a bare placeholder stands for one."""

    def restore(node: tree.Node) -> tree.Node:
        match node:
            case tree.Literal(value=str() as text):
                return tree.Literal(unmask_text(text, values), span=node.span)
            case tree.Reference(name=name) if name in values:
                return tree.Literal(_literal(name, values[name]), span=node.span)
            case tree.Template():
                return replace(node, parts=tuple(unmask_text(p, values) if isinstance(p, str) else p for p in node.parts))
            case tree.Todo() | tree.Refuse():
                return replace(node, text=unmask_text(node.text, values))
            case _:
                return node

    return rewrite(flow, restore)


def mask_answer(flow: tree.Flow, values: Mapping[str, str]) -> tree.Flow:
    """`flow` with the placeholders of `values` where its literals hold the values: the inverse of `unmask`, for training pairs."""
    longest = sorted(((v, n) for n, v in values.items() if v), key=lambda pair: -len(pair[0]))
    numbers = {_literal(n, v): n for n, v in values.items() if n.startswith("NUMBER_")}
    said = re.compile("|".join(rf"(?<!\w){re.escape(v)}(?!\w)" for v, _ in longest)) if longest else None
    names = dict(longest)

    def hide(text: str) -> str:
        return said.sub(lambda match: names[match.group()], text) if said else text

    def change(node: tree.Node) -> tree.Node:
        match node:
            case tree.Literal(value=str() as text):
                return tree.Literal(hide(text), span=node.span)
            case tree.Literal(value=int() | float() as number) if not isinstance(number, bool) and number in numbers:
                return tree.Reference(numbers[number], span=node.span)
            case tree.Template():
                return replace(node, parts=tuple(hide(p) if isinstance(p, str) else p for p in node.parts))
            case tree.Todo():
                return replace(node, text=hide(node.text))
            case _:
                return node

    return rewrite(flow, change)


def _literal(name: str, value: str) -> str | int | float:
    if name.startswith("NUMBER_"):
        plain = value.replace(",", "")
        return int(plain) if plain.isdigit() else float(plain) if plain.count(".") == 1 else value
    return value

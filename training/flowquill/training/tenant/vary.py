"""One example many times: the values that both its request and its flow say are drawn anew, so that a model learns to copy them and not to know them."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from flowquill.generation.rewrite import rewrite
from flowquill.grammar import tree
from flowquill.training.data.pairs import Pair
from flowquill.training.data.values import Values

_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
# No part of a time, a date, an amount or an identifier.
_NUMBER = r"(?<![\w.:/#-]){}(?![\w:/-]|[.,]\d|\s*(?:[ap]\.?m\b|o[’']clock))"
_ID = re.compile(r"(?=.*\d)[A-Za-z0-9_-]{4,}")


def vary(pair: Pair, rng: random.Random, values: Values, enums: frozenset[str], share: float = 0.7) -> Pair:
    """The pair with about `share` of its free values replaced. `enums`: texts that the catalog lists, which stay."""
    changes: dict[str | int, str | int] = {}
    text = pair.text
    for literal in _literals(pair.flow):
        said = str(literal)
        if literal in changes or (isinstance(literal, str) and (len(literal) < 3 or literal in enums)) or rng.random() > share:
            continue
        places = list(re.finditer(_NUMBER.format(said) if isinstance(literal, int) else rf"(?<!\w){re.escape(said)}(?!\w)", text))
        if len(places) != 1 or any(said in str(other) for other in _literals(pair.flow) if other != literal):
            continue
        fresh = _fresh(literal, rng, values)
        if str(fresh) in text or '"' in str(fresh):
            continue
        start, end = places[0].span()
        text = text[:start] + str(fresh) + text[end:]
        changes[literal] = fresh
    if not changes:
        return pair

    def change(node: tree.Node) -> tree.Node:
        if isinstance(node, tree.Literal) and isinstance(node.value, str | int) and not isinstance(node.value, bool) and node.value in changes:
            return tree.Literal(changes[node.value], span=node.span)
        return node

    return Pair(pair.id, pair.kind, text, rewrite(pair.flow, change), pair.context, pair.cursor, (), pair.tags, pair.withheld)


def _literals(flow: tree.Flow) -> Iterator[str | int]:
    for node in tree.walk(flow):
        if isinstance(node, tree.Literal) and isinstance(node.value, str | int) and not isinstance(node.value, bool):
            yield node.value


def _fresh(literal: str | int, rng: random.Random, values: Values) -> str | int:
    if isinstance(literal, int):
        return literal if literal < 10 else rng.randint(10, 999) if literal < 1000 else rng.randint(1000, 9999)
    if _EMAIL.fullmatch(literal):
        kind = "email"
    elif literal.startswith(("http://", "https://")):
        kind = "url"
    elif _DATE.fullmatch(literal):
        kind = "date"
    elif _ID.fullmatch(literal):
        kind = "id"
    else:
        words = literal.count(" ") + 1
        kind = rng.choice(("keyword", "city", "status") if words == 1 else ("person", "title", "product", "project") if words < 4 else ("sentence", "message", "subject"))
    return str(values.value(rng, kind))

"""Sets of tests by name: the own split, the pairs written by hand, a tenant's, or a file of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flowquill.grammar.catalog import Catalog
from flowquill.training.data.handwritten import PairError, folder, read_pairs
from flowquill.training.data.pairs import Kind, Pair
from flowquill.training.evaluation import own

OWN = 1000
"""Tests of each kind that the own split gives where no number is asked for."""


class SetError(Exception):
    """A set that cannot be read. The message is one sentence that says what to do."""


def pairs_of(name: str, catalog: Catalog, count: int | None, kinds: Sequence[Kind]) -> list[Pair]:
    """The tests of `own`, `hand` or a file; at most `count` of each kind. Raises SetError."""
    if name == "own":
        return [p for kind in kinds for p in own.pairs(catalog, count or OWN, kind)]
    files = sorted((folder() / "test").glob("*.jsonl")) if name == "hand" else [Path(name)]
    if not all(f.is_file() for f in files):
        raise SetError(f"{name} is no file; give one of pairs as JSON lines, or own, or hand.")
    found: list[Pair] = []
    for file in files:
        for pair in read_pairs(file, catalog):
            if isinstance(pair, PairError):
                raise SetError(str(pair))
            found.append(pair)
    if not found:
        raise SetError(f"{name} holds no pairs; give JSON lines of text and flow.")
    return found[:: max(1, len(found) // count)][:count] if count else found


def known_connectors() -> frozenset[str]:
    """The connectors whose operations training has phrases of."""
    return frozenset(f.stem for f in (folder().parent / "operations").glob("*.json"))

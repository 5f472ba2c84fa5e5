"""The operations that fit a request: clause by clause, the nearest of the catalog by vector.

The default model points into the whole catalog and needs none of this; it chooses the tags of a language model's prompt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowquill.grammar.catalog import Catalog, Operation

Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vectors]

_JOINTS = re.compile(
    r"[.;:!?\n]+\s+|,\s+(?:and\s+|then\s+|but\s+)?|\s+(?:and then|then|afterwards|otherwise|else|if not|if so|unless)\s+"
    r"|\s+and\s+(?=(?:\w+\s+){2,})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Found:
    """An operation with its best cosine similarity to any clause of the request."""

    operation: Operation
    score: float


def clauses(text: str) -> tuple[str, ...]:
    """The clauses of a request, and the request as a whole where it has several."""
    parts = tuple(p.strip(" ,") for p in _JOINTS.split(text) if p and len(p.split()) > 1)
    return (*parts, text) if len(parts) > 1 else (text,)


def describe(catalog: Catalog, operation: Operation) -> str:
    """The text an operation is found by: its connector's title, its own title and its summary."""
    connector = catalog.connectors.get(operation.connector or "")
    title = f"{connector.title}: " if connector else ""
    return f"{title}{operation.title}. {operation.summary}".strip()


class Retriever:
    """An index over a catalog. `embed` turns texts into an array [texts, width]; rows need not have length 1."""

    def __init__(self, catalog: Catalog, embed: Embed, vectors: Vectors | None = None) -> None:
        """`vectors` [operations, width], in the order of `catalog.operations()`; made with `embed` where not given."""
        import faiss

        self.operations = tuple(catalog.operations())
        self.embed = embed
        rows = embed([describe(catalog, o) for o in self.operations]) if vectors is None else vectors
        if len(rows) != len(self.operations):
            raise ValueError(f"{len(rows)} vectors for {len(self.operations)} operations; embed the catalog again")
        rows = _unit(rows)
        self._index: Any = faiss.IndexFlatIP(rows.shape[1])
        self._index.add(rows)

    def search(self, text: str, *, each: int = 8, limit: int = 24) -> tuple[Found, ...]:
        """Up to `limit` operations, best first: the `each` nearest of every clause, merged by their best score."""
        scores, rows = self._index.search(_unit(self.embed(clauses(text))), min(each, len(self.operations)))
        best: dict[int, float] = {}
        for score, row in zip(scores.ravel().tolist(), rows.ravel().tolist(), strict=True):
            if row >= 0:
                best[row] = max(score, best.get(row, -1.0))
        ordered = sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]
        return tuple(Found(self.operations[row], score) for row, score in ordered)


def _unit(rows: Vectors) -> Vectors:
    values = np.ascontiguousarray(rows, dtype=np.float32)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.maximum(lengths, 1e-9)

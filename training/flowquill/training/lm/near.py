"""Which operations a prompt offers beside the right ones: those that read alike, so that a model learns to read and not to take the first."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from flowquill.generation.retrieve import Embed, Retriever, Vectors, describe
from flowquill.grammar.catalog import Catalog, Operation
from flowquill.training.data.pairs import Pair

_POOL = 12


class Neighbours:
    """Operations near those of the flow, by the vectors of their descriptions. Needs no vector of the request: for many pairs on a CPU."""

    def __init__(self, catalog: Catalog, embed: Embed, seed: int = 1) -> None:
        self._operations = tuple(catalog.operations())
        self._places = {o.text: place for place, o in enumerate(self._operations)}
        rows = embed([describe(catalog, o) for o in self._operations])
        rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        self._order = np.argsort(-(rows @ rows.T), axis=1, kind="stable")[:, 1 : _POOL + 1]
        self._seed = seed

    def __call__(self, pair: Pair, right: Sequence[Operation]) -> Iterator[Operation]:
        """For each operation of the flow one of its nearest, in turn; then any."""
        rng = random.Random(f"{self._seed}/{pair.id}/{len(right)}")
        pools = [[int(i) for i in self._order[self._places[o.text]]] for o in right if o.text in self._places]
        while any(pools):
            for pool in pools:
                if pool:
                    # Mostly the nearest, at times a farther one.
                    yield self._operations[pool.pop(min(len(pool) - 1, int(rng.expovariate(0.6))))]
        for place in rng.sample(range(len(self._operations)), min(64, len(self._operations))):
            yield self._operations[place]


class Retrieved:
    """Operations near the request, as the engines retrieve them. Every clause is embedded: for few pairs, or with a GPU."""

    def __init__(self, catalog: Catalog, embed: Embed, limit: int = 24) -> None:
        self._retriever = Retriever(catalog, embed)
        self._limit = limit

    def __call__(self, pair: Pair, right: Sequence[Operation]) -> Iterable[Operation]:
        return (found.operation for found in self._retriever.search(pair.text, limit=self._limit))


def embedder() -> Embed:
    """Texts to vectors by the pretrained encoder. Each text is embedded once."""
    from transformers.utils import logging

    from flowquill.training.model.pretrained import Embedder

    # That the encoder's pooler is left out, and a bar for one small file, is nothing to tell.
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    known = Embedder()

    def embed(texts: Sequence[str]) -> Vectors:
        known.add(list(texts))
        return np.stack([known.matrix[known.rows[t]] for t in texts])

    return embed


__all__ = ["Neighbours", "Retrieved", "embedder"]

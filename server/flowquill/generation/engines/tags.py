"""The operations a language model is shown: those the embedded model would call, then the nearest clause by clause."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from flowquill.generation.embedded import EmbeddedEngine
from flowquill.generation.engine import Task
from flowquill.generation.features import connector_text, operation_text
from flowquill.generation.request import GenerationError
from flowquill.generation.retrieve import Retriever, Vectors
from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog, Operation
from flowquill.grammar.decoding.names import find

CONNECTOR = 0.6
"""How much a connector's title counts beside the operation's own words, as measured on the sampler's test split."""


def operations_of(flow: tree.Flow, catalog: Catalog) -> list[Operation]:
    """The operations a flow calls, in order, each once."""
    callees = [n.callee for n in tree.walk(flow) if isinstance(n, tree.Call | tree.Trigger) and n.callee is not None]
    return list(dict.fromkeys(o for c in callees if (o := find(c, catalog)) is not None))


class Tags:
    """Chooses tags over one catalog with the embedded engine's network, vectors and tokenizer. One thread at a time."""

    def __init__(self, catalog: Catalog, engine: EmbeddedEngine) -> None:
        self.catalog = catalog
        self.engine = engine

    @cached_property
    def retriever(self) -> Retriever:
        """The index over the catalog, made when first asked for."""
        operations = list(self.catalog.operations())
        own = _unit(self.embed([operation_text(o) for o in operations]))
        theirs = _unit(self.embed([connector_text(o, self.catalog) for o in operations]))
        return Retriever(self.catalog, lambda texts: self.embed(list(texts)), own + CONNECTOR * theirs)

    def embed(self, texts: list[str]) -> Vectors:
        """Vectors (N, W) of texts by the embedded model's own encoder."""
        return np.asarray(self.engine.vectors.many(texts), np.float32)

    def choose(self, task: Task, count: int, cancelled: Callable[[], bool]) -> tuple[Operation, ...]:
        """Up to `count` operations, the likeliest first; a trigger among them where a flow is to begin. Raises Cancelled."""
        found: list[Operation] = []
        try:
            for hypothesis in self.engine.decode(task, width=2, cancelled=cancelled):
                found += operations_of(hypothesis.flow, self.catalog)
        except GenerationError:
            # The embedded model found no way; the nearest operations alone must do.
            found = []
        near = [f.operation for f in self.retriever.search(task.text, each=6, limit=3 * count)]
        chosen = list(dict.fromkeys([*found, *near]))[: max(1, count)]
        if task.flow is None and not any(o.kind == "trigger" for o in chosen):
            trigger = next((o for o in near if o.kind == "trigger"), None)
            if trigger is not None:
                chosen = [*chosen[: max(0, count - 1)], trigger]
        return tuple(chosen)


def _unit(rows: Vectors) -> Vectors:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), np.float32)

"""Examples to batches: padding, vectors, and the operations a batch chooses among."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import torch
from torch import Tensor

from flowquill.generation.features import BUILTIN_TEXT, MANUAL_TEXT, connector_text, operation_text
from flowquill.grammar.catalog import Catalog, Operation
from flowquill.grammar.choices import KINDS
from flowquill.training.model.encode import Example, Source
from flowquill.training.model.modeling import Batch
from flowquill.training.model.pretrained import Embedder

SOURCES: tuple[Source, ...] = get_args(Source)


@dataclass(frozen=True, slots=True)
class Known:
    """An operation as the model sees it."""

    text: str
    connector: str
    trigger: bool
    summary_row: int
    connector_row: int


class Offered:
    """Which operations of a batch's pool each example may choose among."""

    def __init__(self, pool: Sequence[tuple[Known, Source]]) -> None:
        self.triggers = torch.tensor([known.trigger for known, _ in pool])
        self.everywhere = torch.tensor([not known.connector for known, _ in pool])
        self.sources: dict[Source, Tensor] = {s: torch.tensor([source == s for _, source in pool]) for s in SOURCES}
        places: dict[str, list[int]] = {}
        for position, (known, _) in enumerate(pool):
            places.setdefault(known.connector, []).append(position)
        self.places = {connector: torch.tensor(found) for connector, found in places.items()}
        self.twice = [c.removesuffix("_2") for c in places if c.endswith("_2") and c.removesuffix("_2") in places]

    def to(self, example: Example) -> Tensor:
        """(2, N) bool: actions, triggers."""
        fits = self.sources[example.source] | self.everywhere
        away = list(example.withheld)
        if example.source == "plain":
            # Some products stand twice (`data.plain`); which of two is meant cannot be told, so only one is offered.
            used = {name.split(".")[0] for _, name in example.operations}
            for name in self.twice:
                both = {name, f"{name}_2"} & used
                if both:
                    away += {name, f"{name}_2"} - both
        for connector in away:
            if connector in self.places:
                fits[self.places[connector]] = False
        return torch.stack([fits & ~self.triggers, fits & self.triggers])


class Collator:
    """Makes batches. `random_connectors`: of the public operations, how many connectors beside the batch's own are offered."""

    def __init__(
        self, catalog: Catalog, public: Catalog | None, embedder: Embedder, seed: int, random_connectors: int = 40, plain: Catalog | None = None
    ) -> None:
        self.embedder = embedder
        self.random = random.Random(seed)
        self.random_connectors = random_connectors
        texts = [MANUAL_TEXT, BUILTIN_TEXT]
        for part in (catalog, public, plain):
            for operation in part.operations() if part else ():
                texts += [operation_text(operation), connector_text(operation, part)]  # type: ignore[arg-type]
        embedder.add(texts)
        self.own = [Known("", "", True, embedder.rows[MANUAL_TEXT], embedder.rows[BUILTIN_TEXT])]
        self.own += [self._known(o, catalog) for o in catalog.operations()]
        self.others: dict[Source, dict[str, list[Known]]] = {}
        for source, part in (("public", public), ("plain", plain)):
            if part is not None:
                self.others[source] = {c.name: [self._known(o, part) for o in c.operations] for c in part.connectors.values()}  # type: ignore[index]

    def _known(self, operation: Operation, catalog: Catalog) -> Known:
        rows = self.embedder.rows
        return Known(
            operation.text,
            operation.connector or "",
            operation.kind == "trigger",
            rows[operation_text(operation)],
            rows[connector_text(operation, catalog)],
        )

    def __call__(self, examples: Sequence[Example]) -> Batch:
        rows = self.embedder.rows
        count = len(examples)
        width = max(len(e.ids) for e in examples)
        length = max(len(e.kinds) for e in examples)
        tokens = torch.zeros(count, width, dtype=torch.long)
        segments = torch.zeros(count, width, dtype=torch.long)
        readable = torch.zeros(count, width, dtype=torch.bool)
        asked = torch.zeros(count, width, dtype=torch.bool)
        kinds = torch.full((count, length), -100)
        legal = torch.zeros(count, length, len(KINDS), dtype=torch.bool)
        shape = (count, length)
        input_kinds, texts, owners, starts, ends, coming, places, lasts = (torch.full(shape, -1) for _ in range(8))
        shared = torch.zeros(shape)
        pool = self._pool(examples)
        index = {(k.text, source): i for i, (k, source) in enumerate(pool)}
        operation = torch.full(shape, -100)
        fitting = torch.zeros(count, 2, len(pool), dtype=torch.bool)
        offered = Offered(pool)
        pointer_of: list[tuple[int, int, int]] = []
        choices: list[tuple[tuple[str, int, int, int, float], ...]] = []
        gold: list[int] = []
        spans: list[tuple[int, int, int, int]] = []
        for number, example in enumerate(examples):
            tokens[number, : len(example.ids)] = torch.tensor(example.ids)
            segments[number, : len(example.ids)] = torch.tensor(example.segments)
            readable[number, : len(example.ids)] = True
            asked[number, 1 : example.segments.count(0) - 1] = True
            steps = len(example.kinds)
            kinds[number, :steps] = torch.tensor(example.kinds)
            at = torch.tensor([t for t, allowed in enumerate(example.legal) for _ in allowed])
            legal[number, at, torch.tensor([k for allowed in example.legal for k in allowed])] = True
            legal[number, steps:, 0] = True
            shown = [(k, rows[t] if t else -1, rows[o] if o else -1, s, e) for k, t, o, s, e in example.inputs]
            for table, column in zip((input_kinds, texts, owners, starts, ends), zip(*shown, strict=True), strict=True):
                table[number, :steps] = torch.tensor(column)
            ahead = [(rows[t] if t else -1, first, last) for t, first, last, _ in example.ahead]
            for table, column in zip((coming, places, lasts), zip(*ahead, strict=True), strict=True):
                table[number, :steps] = torch.tensor(column)
            shared[number, :steps] = torch.tensor([s for _, _, _, s in example.ahead])
            for step, name in example.operations:
                operation[number, step] = index[name, example.source if "." in name else "own"]
            fitting[number] = offered.to(example)
            for step, which, candidates, right in example.pointers:
                pointer_of.append((number, step, which))
                choices.append(candidates)
                gold.append(right)
            spans += [(number, step, first, last) for step, first, last in example.spans]
        most = max((len(c) for c in choices), default=1)
        pointed = torch.full((len(choices), most, 4), -1)
        common = torch.zeros(len(choices), most)
        mask = torch.zeros(len(choices), most, dtype=torch.bool)
        for number, options in enumerate(choices):
            pointed[number, : len(options)] = torch.tensor([(rows[t] if t else -1, s, p, e) for t, s, p, e, _ in options])
            common[number, : len(options)] = torch.tensor([c for _, _, _, _, c in options])
            mask[number, : len(options)] = True
        used = torch.unique(torch.cat([texts.flatten(), owners.flatten(), coming.flatten(), pointed[..., 0].flatten()]).clamp(min=0))
        vectors = torch.from_numpy(self.embedder.matrix[used.numpy()])
        local = torch.full((int(used.max()) + 1,), -1)
        local[used] = torch.arange(len(used))

        def localised(table: Tensor) -> Tensor:
            return torch.where(table >= 0, local[table.clamp(min=0)], table)

        pointed = torch.cat([localised(pointed[..., :1]), pointed[..., 1:]], -1)
        matrix = self.embedder.matrix
        return Batch(
            tokens, segments, readable, asked, torch.tensor([e.mode for e in examples]), kinds, legal, input_kinds,
            localised(texts), localised(owners), starts, ends, localised(coming), places, lasts, shared, vectors,
            torch.from_numpy(matrix[[k.summary_row for k, _ in pool]]), torch.from_numpy(matrix[[k.connector_row for k, _ in pool]]),
            operation, fitting, torch.tensor(pointer_of).reshape(-1, 3), pointed, common, mask, torch.tensor(gold, dtype=torch.long),
            torch.tensor(spans).reshape(-1, 4),
        )  # fmt: skip

    def _pool(self, examples: Sequence[Example]) -> list[tuple[Known, Source]]:
        pool: list[tuple[Known, Source]] = [(k, "own") for k in self.own]
        for source, connectors in self.others.items():
            wanted = {name.split(".")[0] for e in examples if e.source == source for _, name in e.operations if "." in name}
            if wanted:
                others = self.random.sample(sorted(connectors), min(self.random_connectors, len(connectors)))
                for connector in sorted(wanted | set(others)):
                    pool += [(k, source) for k in connectors.get(connector, ())]
        return pool


def texts_of(example: Example) -> list[str]:
    """All words of an example that need a vector."""
    found = [t for _, t, _, _, _ in example.inputs] + [o for _, _, o, _, _ in example.inputs]
    found += [t for _, _, candidates, _ in example.pointers for t, *_ in candidates] + [t for t, *_ in example.ahead]
    return [t for t in found if t]

"""Trains an adapter of the default model: a tenant's examples, phrases made from its catalog, and rehearsal of what the base knows.

`train_adapter` is one call: base and examples in, LoRA weights out. Nothing is published here; the gate (`gate`) decides that.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from flowquill.generation.model_files import default_folder
from flowquill.grammar.catalog import Catalog, load_catalog
from flowquill.grammar.forward import Forward
from flowquill.grammar.oracle import Unreachable
from flowquill.training.data.banks import load_banks
from flowquill.training.data.handwritten import PairError, folder, read_pairs
from flowquill.training.data.pairs import Pair
from flowquill.training.data.sampler import Sampler
from flowquill.training.model.batches import Collator, texts_of
from flowquill.training.model.encode import Example, encode
from flowquill.training.model.modeling import Batch
from flowquill.training.model.pretrained import Embedder
from flowquill.training.model.restore import restore
from flowquill.training.model.tokens import tokenizer
from flowquill.training.tenant import lora
from flowquill.training.tenant.config import AdapterConfig
from flowquill.training.tenant.errors import TenantError
from flowquill.training.tenant.lexicon import banks_of
from flowquill.training.tenant.vary import vary

LOG = "log.jsonl"


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training gave. `left_out`: examples that decoders cannot write, with why; `cpu_seconds` over all threads."""

    folder: Path
    steps: int
    seconds: float
    cpu_seconds: float
    left_out: tuple[tuple[str, str], ...]


def train_adapter(
    pairs: Sequence[Pair],
    catalog: Catalog,
    out: Path,
    config: AdapterConfig | None = None,
    base: Path | None = None,
    progress: Callable[[int, int, float], None] = lambda step, steps, loss: None,
) -> Trained:
    """Trains on `pairs` over `catalog` (the tenant's connectors beside the general ones) and writes the additions and a log into `out`.

    `base`: an exported model, the package's own where None. `progress` is told the step, all steps and the loss. An interrupt leaves no adapter.
    Raises TenantError where no example can be learnt from.
    """
    config = config or AdapterConfig()
    base = base or default_folder()
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    started, cpu = time.monotonic(), time.process_time()
    stream = Stream(pairs, catalog, config)
    embedder = embedder_of(base)
    collate = Collator(catalog, None, embedder, config.seed)
    adapted = lora.attach(restore(base), config.rank, config.alpha, config.dropout)
    optimizer = torch.optim.AdamW(lora.trainable(adapted), lr=config.rate, weight_decay=0.01, betas=(0.9, 0.98))
    out.mkdir(parents=True, exist_ok=True)
    with (out / LOG).open("w", encoding="utf-8") as log:
        for step, examples in enumerate(stream.batches(), 1):
            factor = min(step / config.warmup, (config.steps - step + 1) / max(1, config.steps - config.warmup), 1.0)
            for group in optimizer.param_groups:
                group["lr"] = config.rate * factor
            embedder.add([t for e in examples for t in texts_of(e)])
            adapted.train()
            with torch.autocast("cpu", torch.bfloat16):
                parts = adapted(collate(examples))
            parts["loss"].backward()
            torch.nn.utils.clip_grad_norm_(lora.trainable(adapted), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            loss = float(parts["loss"].detach())
            record = {"step": step, "seconds": round(time.monotonic() - started, 1), "rate": round(config.rate * factor, 6), **{k: round(float(v.detach()), 4) for k, v in parts.items()}}
            log.write(json.dumps(record) + "\n")
            log.flush()
            progress(step, config.steps, loss)
    lora.save(adapted, out)
    found = Trained(out, config.steps, round(time.monotonic() - started, 1), round(time.process_time() - cpu, 1), tuple(stream.left_out))
    ran = {"config": asdict(config), "examples": len(stream.own), "left_out": len(stream.left_out), "seconds": found.seconds, "cpu_seconds": found.cpu_seconds}
    (out / "training.json").write_text(json.dumps(ran, indent=1) + "\n", encoding="utf-8")
    return found


def embedder_of(base: Path) -> Embedder:
    """The frozen encoder, with the vectors that ship with the base already known."""
    import numpy as np

    embedder = Embedder()
    texts = json.loads((base / "vectors.json").read_text(encoding="utf-8"))
    with np.load(base / "vectors.npz") as data:
        matrix = data["table"].astype(np.float32) * data["scales"].astype(np.float32)[:, None]
    fresh = [(t, row) for t, row in zip(texts, matrix, strict=True) if t not in embedder.rows]
    embedder.rows |= {t: len(embedder.rows) + place for place, (t, _) in enumerate(fresh)}
    embedder.matrix = np.concatenate([embedder.matrix, np.stack([row for _, row in fresh])]) if fresh else embedder.matrix
    return embedder


ALIKE = ("lookalikes", "twins", "calm")
"""Pairs by hand of harmless requests that sound harmful, and of harmful ones beside them."""


class Stream:
    """The examples of a training, batch after batch, the same for the same seed. `left_out`: pairs that decoders cannot write."""

    def __init__(self, pairs: Sequence[Pair], catalog: Catalog, config: AdapterConfig) -> None:
        self.config = config
        self.catalog = catalog
        self.forward = Forward(catalog)
        general = load_catalog()
        tenant = frozenset(catalog.connectors) - frozenset(general.connectors)
        banks = load_banks(catalog=catalog)
        self.values = banks.values
        self.enums = frozenset(v for o in catalog.operations() for p in o.parameters for v in p.enum)
        self.left_out: list[tuple[str, str]] = []
        self.own = [p for p in pairs if self._writable(p)]
        if not self.own:
            raise TenantError("None of the examples can be learnt from; flowquill train pairs FILE says what is wrong with each.")
        hand = [p for file in sorted(folder().glob("*.jsonl")) for p in read_pairs(file, catalog) if not isinstance(p, PairError)]
        self.hand = hand
        self._alike = [p for name in ALIKE for p in read_pairs(folder() / f"{name}.jsonl", catalog) if not isinstance(p, PairError)]
        self._general = Sampler(catalog, banks, config.seed, "train")
        self._named = Sampler(catalog, banks_of(catalog, tenant), config.seed + 1, "train", (("create", 1.0),)) if tenant else self._general
        self._refused = Sampler(catalog, banks, config.seed + 2, "train", (("refuse", 1.0),))
        self._rng = random.Random(config.seed)
        self._queue: list[Pair] = []

    def _writable(self, pair: Pair) -> bool:
        try:
            encode(pair, self.forward, tokenizer())
        except (Unreachable, ValueError) as error:
            self.left_out.append((pair.id, str(error)))
            return False
        return True

    def batches(self) -> Iterator[list[Example]]:
        """`config.steps` batches of examples of about one length."""
        config = self.config
        block = 8
        for start in range(0, config.steps, block):
            count = min(block, config.steps - start)
            drawn = sorted((self._next() for _ in range(count * config.batch)), key=lambda e: len(e.kinds) + len(e.ids))
            parts = [drawn[i * config.batch : (i + 1) * config.batch] for i in range(count)]
            self._rng.shuffle(parts)
            yield from parts

    def _next(self) -> Example:
        while True:
            pair = self._draw()
            try:
                return encode(pair, self.forward, tokenizer())
            except (Unreachable, ValueError):
                continue

    def _draw(self) -> Pair:
        roll = self._rng.random()
        if roll < self.config.own_share:
            if not self._queue:
                self._queue = self._rng.sample(self.own, len(self.own))
            return vary(self._queue.pop(), self._rng, self.values, self.enums)
        if roll < self.config.own_share + self.config.catalog_share:
            return self._named.sample()
        if roll < sum(self.config.shares):
            # Refusals alone would teach to refuse: half of these are twins, harmless ones mostly.
            return self._rng.choice(self._alike) if self._alike and self._rng.random() < 0.5 else self._refused.sample()
        if self.hand and self._rng.random() < self.config.hand_share:
            return self._rng.choice(self.hand)
        return self._general.sample()


__all__ = ["Batch", "Stream", "Trained", "embedder_of", "train_adapter"]

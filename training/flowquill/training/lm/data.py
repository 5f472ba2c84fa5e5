"""The data of a run: pairs from the sampler, from hand and from files, as rows of token ids in a folder that is made once and then only read."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from flowquill.generation.prompt import VERSION
from flowquill.grammar.catalog import Catalog, load_catalog
from flowquill.grammar.oracle import Unreachable
from flowquill.training.data.handwritten import PairError, folder, read_pairs
from flowquill.training.data.pairs import Pair
from flowquill.training.lm.config import ConfigError, PairSettings
from flowquill.training.lm.examples import Encoded, Rows, TooLong, encode
from flowquill.training.lm.prompts import Exchange, Prompter, TargetError
from flowquill.training.lm.publish import published, write_json

_DEV_SEED = 7_000_001
Step = Callable[[str, int, int], None]
"""Told what is done, how much of it, and out of how much."""


@dataclass(frozen=True)
class Data:
    """`train` and `dev` rows, the first dev exchanges for writing flows, and the manifest of it all."""

    train: Rows
    dev: Rows
    exchanges: Sequence[Exchange]
    manifest: dict[str, Any]


def catalog_of(settings: PairSettings) -> Catalog:
    """The package's connectors and those of the settings."""
    return load_catalog([Path(p) for p in settings.catalogs]) if settings.catalogs else load_catalog()


def prompter_of(settings: PairSettings) -> Prompter:
    """Writes the prompts of a run."""
    from flowquill.training.lm.near import Neighbours, Retrieved, embedder

    catalog = catalog_of(settings)
    near = Neighbours(catalog, embedder(), settings.seed) if settings.near == "operations" else Retrieved(catalog, embedder())
    return Prompter(catalog, near, tags=settings.tags, masked=settings.masked, seed=settings.seed)


def pairs_of(settings: PairSettings, catalog: Catalog) -> Iterator[tuple[Pair, int]]:
    """All training pairs, each with the number of its turn; a hand-written one has several. Raises ConfigError naming file and line."""
    given = [p for file in settings.files for p in _file(Path(file), catalog)]
    # A wrong line of the package's own files is no fault of this run: flowquill train pairs tells of it.
    own = sorted(folder().glob("*.jsonl")) if settings.handwritten else []
    hand = [p for file in own for p in read_pairs(file, catalog) if isinstance(p, Pair)]
    for turn in range(max(1, settings.repeat_handwritten)):
        yield from ((p, turn) for p in (*given, *hand))
    yield from ((p, 0) for p in sampled(settings.pairs, settings.seed))


def sampled(count: int, seed: int) -> Iterator[Pair]:
    """Pairs of the training split."""
    from flowquill.training.data.banks import load_banks
    from flowquill.training.data.sampler import Sampler

    if count:
        sampler = Sampler(load_catalog(), load_banks(), seed, "train")
        for _ in range(count):
            yield sampler.sample()


def _file(file: Path, catalog: Catalog) -> Iterator[Pair]:
    try:
        found = list(read_pairs(file, catalog))
    except FileNotFoundError:
        raise ConfigError(f"There is no file of pairs at {file}; correct files in the configuration.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read as UTF-8 text ({error}); mend it.") from None
    wrong = [p for p in found if isinstance(p, PairError)]
    if wrong:
        more = f" {len(wrong) - 1} more lines are wrong; flowquill train pairs {file} lists them." if len(wrong) > 1 else ""
        raise ConfigError(f"{wrong[0]}{more}")
    yield from (p for p in found if isinstance(p, Pair))


def exchanges(pairs: Iterable[tuple[Pair, int]], prompter: Prompter, left_out: Counter[str]) -> Iterator[Exchange]:
    """The pairs as exchanges. A pair of the sampler that has no place of its own is counted in `left_out`; one of a file is an error."""
    for pair, turn in pairs:
        try:
            yield prompter.exchange(pair, turn)
        except Unreachable:
            left_out["no place of its own"] += 1
        except TargetError as error:
            if pair.id.startswith("train-"):
                left_out["no answer"] += 1
                continue
            name, _, line = pair.id.rpartition("-")
            raise ConfigError(f"{name}.jsonl:{line}: {error}") from None


def encoded(found: Iterable[Exchange], tokenizer: Any, length: int, left_out: Counter[str]) -> Iterator[tuple[Exchange, Encoded]]:
    """The exchanges that fit, as token ids; the others are counted in `left_out`."""
    for exchange in found:
        try:
            yield exchange, encode(tokenizer, exchange.prompt.text, exchange.answer, length)
        except TooLong:
            left_out["too long"] += 1


def settings_of(settings: PairSettings) -> dict[str, Any]:
    """The settings that the data depends on."""
    return {f.name: getattr(settings, f.name) for f in fields(PairSettings)}


def make(folder: Path, settings: PairSettings, tokenizer: Any, prompter: Prompter, step: Step = lambda *_: None) -> Data:
    """The data in `folder`, made where it is not there. Raises ConfigError where it was made with other settings, PublishError for a full disk."""
    wanted = settings_of(settings) | {"prompt": VERSION, "tokenizer": tokenizer_hash(tokenizer)}
    if not (folder / "manifest.json").exists():
        _write(folder, wanted, settings, tokenizer, prompter, step)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    if different := sorted(k for k in wanted if manifest["settings"].get(k) != wanted[k]):
        raise ConfigError(f"{folder} holds data made with other settings ({', '.join(different)}); choose another folder for out, or remove that one.")
    dev = list(exchanges(_dev(settings), prompter, Counter()))
    return Data(_load(folder / "train.npz"), _load(folder / "dev.npz"), dev, manifest)


def _dev(settings: PairSettings) -> Iterator[tuple[Pair, int]]:
    return ((p, 0) for p in sampled(settings.dev_pairs, settings.seed + _DEV_SEED))


def _write(folder: Path, wanted: dict[str, Any], settings: PairSettings, tokenizer: Any, prompter: Prompter, step: Step) -> None:
    left_out: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    digest = hashlib.sha256()
    examples: list[Encoded] = []
    for exchange, example in encoded(exchanges(pairs_of(settings, prompter.catalog), prompter, left_out), tokenizer, settings.length, left_out):
        kinds[exchange.pair.kind] += 1
        digest.update(json.dumps([exchange.prompt.text, exchange.answer]).encode())
        examples.append(example)
        if len(examples) % 200 == 0:
            step("pairs", len(examples), settings.pairs)
    if not examples:
        raise ConfigError(f"No pair is left to train on ({left_out.total()} left out: {dict(left_out) or 'none was given'}); raise length, or name pairs.")
    dev = [e for _, e in encoded(exchanges(_dev(settings), prompter, Counter()), tokenizer, settings.length, Counter())]
    # Long before short would teach long flows first; a fixed shuffle mixes files and sampler before rows are filled.
    order = np.random.default_rng(settings.seed).permutation(len(examples))
    train = Rows.of([examples[i] for i in order], settings.length, settings.packed)
    with published(folder) as fresh:
        _save(fresh / "train.npz", train)
        _save(fresh / "dev.npz", Rows.of(dev, settings.length, packed=False))
        manifest = {
            "settings": wanted,
            "pairs": len(examples),
            "kinds": dict(kinds),
            "left_out": dict(left_out),
            "rows": len(train),
            "tokens": train.tokens,
            "learnt_tokens": sum(len(e.ids) - e.shown for e in examples),
            "sha256_of_pairs": digest.hexdigest(),
            "catalog_operations": sum(1 for _ in prompter.catalog.operations()),
        }
        write_json(fresh / "manifest.json", manifest)


def _save(file: Path, rows: Rows) -> None:
    arrays: dict[str, Any] = rows.arrays()
    np.savez(file, **arrays)


def _load(file: Path) -> Rows:
    with np.load(file, allow_pickle=False) as arrays:
        return Rows.of_arrays({name: arrays[name] for name in arrays.files})


def tokenizer_hash(tokenizer: Any) -> str:
    """Of a fast tokenizer's vocabulary and rules, in hex."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ConfigError("This model has no fast tokenizer, and answers cannot be told from prompts without its offsets; choose a model with a tokenizer.json.")
    return hashlib.sha256(backend.to_str().encode()).hexdigest()


__all__ = ["Data", "catalog_of", "exchanges", "make", "pairs_of", "prompter_of", "sampled", "tokenizer_hash"]

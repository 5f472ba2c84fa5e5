"""Shards of encoded examples, written by worker processes ahead of the trainer and kept, so that a resumed run reads the same."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache, lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any

from flowquill.grammar.catalog import Catalog
from flowquill.grammar.forward import Forward
from flowquill.training.data.banks import Banks, Split
from flowquill.training.model.encode import Example, Source


@cache
def plain_catalog(path: str) -> Catalog:
    """The catalog of bare operations: the products of the language folder and the lists in the folder `path`."""
    from flowquill.training.data.plain import load_plain

    return load_plain(path)[0]


@cache
def public_catalog(path: str) -> Catalog:
    """The catalog made of the public operations in the folder `path`."""
    from flowquill.training.data.public import load_public

    return load_public(Path(path))[0]


class ShardMaker:
    """Writes shard files in the background and reads them. Use as a context manager."""

    def __init__(self, folder: Path, seed: int, size: int, count: int, public: str, workers: int, split: Split = "train") -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._jobs = [(folder, seed, number, size, public, split) for number in range(count)]
        self._workers = max(1, workers)
        self._processes: list[multiprocessing.process.BaseProcess] = []

    def __enter__(self) -> ShardMaker:
        context = multiprocessing.get_context("spawn")
        for worker in range(self._workers):
            process = context.Process(target=_work, args=(self._jobs[worker :: self._workers],), daemon=True)
            process.start()
            self._processes.append(process)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for process in self._processes:
            process.terminate()

    def read(self, count: int) -> Iterator[Example]:
        """About the first `count` examples in the order of the shards, for a manifest."""
        for folder, _, number, size, _, _ in self._jobs[: -(-count // max(1, self._jobs[0][3]))]:
            if _path(folder, number).exists():
                yield from _read(_path(folder, number))[: count - number * size]

    def wait(self, number: int) -> list[Example]:
        """The examples of a shard, as soon as it is written. Raises RuntimeError where its writer died."""
        path = _path(self.folder, number)
        (self.folder / READING).write_text(str(number))
        while not path.exists():
            if self._processes and not any(p.is_alive() for p in self._processes):
                raise RuntimeError(f"The process that writes {path} ended before its time; its message is above.")
            time.sleep(0.5)
        return _read(path)


AHEAD = 3
READING = "reading"
HANDWRITTEN = 0.35


def _read(path: Path) -> list[Example]:
    """The examples of a file: JSON, so that a shard from anywhere can do no more than hold wrong numbers."""
    return [Example(*map(_tuples, values)) for values in json.loads(path.read_text(encoding="utf-8"))]


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _reading(folder: Path) -> int:
    """The shard that the trainer reads: writers keep near it, so that what is mended in the banks soon counts."""
    try:
        return int((folder / READING).read_text())
    except (FileNotFoundError, ValueError):
        return 0


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:04d}.json"


def _work(jobs: list[tuple[Path, int, int, int, str, Split]]) -> None:
    for folder, seed, number, size, public, split in jobs:
        path = _path(folder, number)
        if path.exists():
            continue
        while number > _reading(folder) + AHEAD:
            trainer = multiprocessing.parent_process()
            if trainer is not None and not trainer.is_alive():
                return
            time.sleep(2)
        examples = make_examples(seed * 1_000_003 + number, size, public, split)
        part = path.with_suffix(".part")
        part.write_text(json.dumps([[getattr(e, f.name) for f in fields(Example)] for e in examples]), encoding="utf-8")
        part.rename(path)


def make_examples(seed: int, size: int, public: str, split: Split) -> list[Example]:
    """`size` encoded examples; pairs that the decoder's choices cannot write are left out and counted in the log."""
    from flowquill.grammar.oracle import Unreachable
    from flowquill.training.data.sampler import Sampler
    from flowquill.training.model.encode import encode
    from flowquill.training.model.tokens import tokenizer

    sources = [(Sampler(k.catalog, k.banks, seed + k.shift, split, plain=k.source == "plain"), k) for k in _known(public)]
    found = _handwritten(public, seed, round(HANDWRITTEN * size)) if split == "train" else []
    turn = 0
    while len(found) < size:
        turn += 1
        sampler, known = sources[turn % len(sources)]
        pair = sampler.sample()
        try:
            found.append(encode(pair, known.forward, tokenizer(), known.source))
        except (Unreachable, ValueError):
            # A name or value that no flow can hold as it is drawn; one pair less must not end the run.
            continue
    return found


@dataclass(frozen=True)
class Known:
    """A catalog to sample over with the words for its operations."""

    catalog: Catalog
    banks: Banks
    forward: Forward
    source: Source
    shift: int


@cache
def _known(public: str) -> tuple[Known, ...]:
    from flowquill.grammar.catalog import load_catalog
    from flowquill.training.data.banks import load_banks
    from flowquill.training.data.plain import load_plain
    from flowquill.training.data.public import load_public

    catalog = load_catalog()
    known = [Known(catalog, load_banks(), Forward(catalog), "own", 0)]
    if public:
        wide, banks = load_public(Path(public))
        known.append(Known(wide, banks, Forward(wide), "public", 17))
        bare, banks = load_plain(public)
        known.append(Known(bare, banks, Forward(bare), "plain", 31))
    return tuple(known)


def _handwritten(public: str, seed: int, most: int) -> list[Example]:
    """Up to `most` of the hand-written pairs of training, drawn at random; none more than once a shard."""
    import random

    examples = list(_written(public, tuple((f, f.stat().st_mtime) for f in [*_files(""), *_files("plain/")])))
    random.Random(seed).shuffle(examples)
    return examples[: min(most, len(examples) // 2)]


def _files(under: str) -> list[Path]:
    from flowquill.training.data.handwritten import folder

    return sorted(folder().glob(f"{under}*.jsonl"))


@lru_cache(maxsize=1)
def _written(public: str, _: tuple[tuple[Path, float], ...]) -> tuple[Example, ...]:
    """All hand-written pairs of training: those over the package's catalog, and in `plain/` those over the bare operations of products.

    Read again when a file changes: a run learns from pairs written while it runs.
    """
    from flowquill.grammar.catalog import load_catalog
    from flowquill.training.data.plain import load_plain

    found = _encoded(_files(""), load_catalog(), "own")
    if public:
        listed = plain_catalog(public).connectors
        found += [_beside(e, listed) for e in _encoded(_files("plain/"), load_plain()[0], "plain")]
    return tuple(found)


def _encoded(files: Sequence[Path], catalog: Catalog, source: Source) -> list[Example]:
    from flowquill.grammar.oracle import Unreachable
    from flowquill.training.data.handwritten import PairError, read_pairs
    from flowquill.training.model.encode import encode
    from flowquill.training.model.tokens import tokenizer

    forward = Forward(catalog)
    found: list[Example] = []
    for pair in (p for file in files for p in read_pairs(file, catalog)):
        if isinstance(pair, PairError):
            continue
        try:
            found.append(encode(pair, forward, tokenizer(), source))
        except Unreachable:
            continue
    return found


def _beside(example: Example, listed: Container[str]) -> Example:
    """The example over a catalog in which a product that a list has too stands under a second name (`load_plain`)."""

    def moved(name: str) -> str:
        connector, dot, operation = name.partition(".")
        return f"{connector}_2{dot}{operation}" if f"{connector}_2" in listed else name

    return replace(example, operations=tuple((step, moved(name)) for step, name in example.operations))

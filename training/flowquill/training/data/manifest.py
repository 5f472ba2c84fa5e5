"""A data set as files with a manifest: counts, hashes, seeds, what is held out for the test, and that no test pair reads like one of training.

Three things are held out: phrasings and compositions by the banks and the sampler (`banks.held_out`), and operations here: no training pair calls one
of them. What still reads alike (the same words but for values, or nearly) is taken out of the test and counted.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.format import render
from flowquill.grammar.lalr import grammar_text
from flowquill.training.data.banks import CONNECTIVES_HELD_OUT, TEMPLATES_HELD_OUT, Banks, Split, held_out
from flowquill.training.data.pairs import Pair
from flowquill.training.data.sampler import COMPOSITIONS_HELD_OUT, Sampler

FORMAT = 1
ALIKE = 0.7
"""From this share of common triples of words on, two requests read alike."""
_BANDS, _ROWS = 16, 3
_PRIME = (1 << 61) - 1
_VALUE = re.compile(r"[\"“«'‘`][^\"”»'’`\n]{1,80}[\"”»'’`]|[\w.+-]+@[\w.-]+|https?://\S+|\b\S*\d\S*")
Progress = Callable[[str, int, int], None]


class ManifestError(Exception):
    """A data set that cannot be written or used. The message is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a data set is made of. `operations_held_out`: the share of the catalog's operations that only the test calls."""

    train: int
    test: int
    seed: int = 1
    operations_held_out: float = 0.03


def build(out: Path, catalog: Catalog, banks: Banks, plan: Plan, progress: Progress = lambda part, done, total: None) -> dict[str, Any]:
    """Writes train.jsonl, test.jsonl and manifest.json into `out`, the manifest last. The same arguments give the same bytes. Raises ManifestError."""
    held = frozenset(o.text for o in catalog.operations() if o.connector and held_out(o.text, plan.operations_held_out, "operation"))
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "manifest.json").unlink(missing_ok=True)
        train = list(_drawn(catalog, banks, plan.seed, "train", plan.train, held, progress))
        shingles = Alike(p.text for p in train)
        test: list[Pair] = []
        removed = 0
        for pair in _drawn(catalog, banks, plan.seed, "test", None, frozenset(), progress):
            if shingles.of(pair.text) is not None:
                removed += 1
            else:
                test.append(pair)
                progress("test", len(test), plan.test)
            if len(test) == plan.test or removed > 10 * plan.test:
                break
        parts = {"train": train, "test": test}
        for name, pairs in parts.items():
            _write(out / f"{name}.jsonl", "".join(line(p) for p in pairs))
        manifest = {
            "format": FORMAT,
            "seed": plan.seed,
            "grammar": hashlib.sha256(grammar_text().encode()).hexdigest(),
            "catalog": {"connectors": len(catalog.connectors), "operations": sum(1 for _ in catalog.operations()), "sha256": _hash("\n".join(sorted(repr(o) for o in catalog.operations())))},
            "held_out": {"phrases_of_operations": TEMPLATES_HELD_OUT, "phrases_of_joining": CONNECTIVES_HELD_OUT, "compositions": COMPOSITIONS_HELD_OUT, "operations": sorted(held)},
            "alike": {"threshold": ALIKE, "taken_out_of_test": removed},
            "parts": {name: {"file": f"{name}.jsonl", "sha256": _hash((out / f"{name}.jsonl").read_text(encoding="utf-8")), **counts(pairs, held)} for name, pairs in parts.items()},
        }
        _write(out / "manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise ManifestError(f"The data could not be written to {out} ({error.strerror or error}); make room or give another folder, without a manifest it is not used.") from None
    return manifest


def _drawn(catalog: Catalog, banks: Banks, seed: int, split: Split, count: int | None, held: frozenset[str], progress: Progress) -> Iterator[Pair]:
    """Pairs of a split, none twice, none that calls an operation of `held`; without end where `count` is None."""
    sampler = Sampler(catalog, banks, seed, split)
    seen: set[str] = set()
    done = 0
    while count is None or done < count:
        pair = sampler.sample()
        if pair.text in seen or called(pair) & held:
            continue
        seen.add(pair.text)
        done += 1
        if count is not None and (done % 100 == 0 or done == count):
            progress(split, done, count)
        yield pair


def called(pair: Pair) -> set[str]:
    """The operations that a pair's flow calls."""
    flow = pair.flow
    return {t.callee.text for t in flow.triggers if t.callee} | {n.callee.text for n in tree.walk(flow) if isinstance(n, tree.Call)}


def counts(pairs: Sequence[Pair], held: frozenset[str]) -> dict[str, Any]:
    """How many pairs of each kind and length, how many operations, how many pairs call one that training never does."""
    kinds = Counter(p.kind for p in pairs)
    lengths = Counter(min(8, len(called(p))) for p in pairs)
    operations = {o for p in pairs for o in called(p)}
    unseen = sum(bool(called(p) & held) for p in pairs)
    return {"pairs": len(pairs), "kinds": dict(sorted(kinds.items())), "calls": {str(k): v for k, v in sorted(lengths.items())}, "operations": len(operations), "with_held_out_operations": unseen}


def line(pair: Pair) -> str:
    """A pair as a line of JSON."""
    context = {"context": render(pair.context)} if pair.context is not None else {}
    cursor = {"cursor": list(pair.cursor)} if pair.cursor else {}
    said = {"id": pair.id, "kind": pair.kind, "text": pair.text, **context, **cursor, "flow": render(pair.flow), "tags": list(pair.tags)}
    return json.dumps(said, ensure_ascii=False) + "\n"


def summary(manifest: dict[str, Any]) -> str:
    """The parts of a data set in words."""
    return ", ".join(f"{part['pairs']} pairs of {name}" for name, part in manifest["parts"].items())


def verify(folder: Path) -> dict[str, Any]:
    """The manifest of a data set whose files are as it says and whose test holds nothing of training. Raises ManifestError."""
    try:
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        files = {name: folder / part["file"] for name, part in manifest["parts"].items()}
    except FileNotFoundError:
        raise ManifestError(f"{folder} has no manifest.json (a run that was stopped leaves none); make the data again with flowquill train data --out {folder}.") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise ManifestError(f"{folder / 'manifest.json'} is damaged; make the data again.") from None
    texts: dict[str, list[str]] = {}
    for name, file in files.items():
        content = file.read_text(encoding="utf-8") if file.is_file() else ""
        if _hash(content) != manifest["parts"][name]["sha256"]:
            raise ManifestError(f"{file} is not what its manifest says; make the data again.")
        texts[name] = [json.loads(one)["text"] for one in content.splitlines()]
    leak = next(leaks(texts["train"], texts["test"]), None)
    if leak is not None:
        raise ManifestError(f"The test pair {leak[1][:80]!r} reads like the training pair {leak[0][:80]!r}; take one of them out.")
    return manifest


def leaks(train: Sequence[str], test: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The requests of the test that read like one of training, each with it."""
    known = Alike(train)
    for text in test:
        found = known.of(text)
        if found is not None:
            yield found, text


def fingerprint(text: str) -> str:
    """What two requests share that differ in values, case and punctuation only."""
    return " ".join(re.findall(r"[a-z]+|#", _VALUE.sub(" # ", text.lower())))


class Alike:
    """Finds requests that read alike: by the fingerprint, and by common triples of its words (MinHash in bands, Broder 1997, then counted exactly)."""

    def __init__(self, texts: Iterator[str] | Sequence[str] = ()) -> None:
        rng = np.random.default_rng(11)
        self._factors = rng.integers(1, 1 << 31, (_BANDS * _ROWS, 2), dtype=np.uint64)
        self._texts: list[str] = []
        self._exact: dict[str, int] = {}
        self._bands: dict[tuple[int, bytes], list[int]] = {}
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        """One more request."""
        number = len(self._texts)
        self._texts.append(text)
        bare = fingerprint(text)
        self._exact.setdefault(bare, number)
        for key in self._keys(bare):
            self._bands.setdefault(key, []).append(number)

    def of(self, text: str) -> str | None:
        """A known request that reads like `text`."""
        bare = fingerprint(text)
        if bare in self._exact:
            return self._texts[self._exact[bare]]
        own = _triples(bare)
        tried: set[int] = set()
        for key in self._keys(bare):
            for number in self._bands.get(key, ()):
                if number in tried:
                    continue
                tried.add(number)
                other = _triples(fingerprint(self._texts[number]))
                if len(own & other) >= ALIKE * len(own | other):
                    return self._texts[number]
        return None

    def _keys(self, bare: str) -> Iterator[tuple[int, bytes]]:
        hashes = np.array([int.from_bytes(hashlib.blake2b(t.encode(), digest_size=4).digest(), "big") for t in _triples(bare)], np.uint64)
        signature: NDArray[np.uint64] = ((hashes[None] * self._factors[:, :1] + self._factors[:, 1:]) % np.uint64(_PRIME)).min(1)
        for band in range(_BANDS):
            yield band, signature[band * _ROWS : (band + 1) * _ROWS].tobytes()


def _triples(bare: str) -> frozenset[str]:
    words = bare.split()
    return frozenset(" ".join(words[i : i + 3]) for i in range(max(1, len(words) - 2)))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _write(file: Path, text: str) -> None:
    """All or nothing."""
    part = file.with_suffix(file.suffix + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, file)

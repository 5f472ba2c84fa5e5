"""Few-shot examples: a folder of requests with their flows, found by similarity and kept apart from one another.

`examples.jsonl` holds a line {"text", "flow"} an example and is what a person or a program adds to. Beside it lie the vectors
(`examples.faiss`) with a manifest that says of which texts and by which encoder they are: what was added is embedded when the index is
opened or `refresh` is called, and a new encoder embeds all again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from flowquill.generation.appending import append
from flowquill.generation.prompt import Example
from flowquill.generation.request import GenerationError
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.parse import parse
from flowquill.grammar.spelling import read, spell

FORMAT: Final = 1
DIVERSITY: Final = 0.3
"""How much likeness to an example already chosen counts against another (0: not at all)."""
_POOL: Final = 6
"""Times as many candidates as examples wanted are looked at."""
Vectors = NDArray[np.float32]
Embed = Callable[[list[str]], Vectors]


class ExampleIndex:
    """The examples of one folder. `encoder`: name and version of what `embed` embeds with."""

    def __init__(self, folder: Path, catalog: Catalog, embed: Embed, encoder: str) -> None:
        self.folder = folder
        self.catalog = catalog
        self.embed = embed
        self.encoder = encoder
        self._seen: tuple[int, int] | None = None
        self._examples: list[Example] = []
        self._vectors: Vectors = np.zeros((0, 0), np.float32)
        self._index: Any = None
        self.refresh()

    def __len__(self) -> int:
        return len(self._examples)

    def refresh(self) -> int:
        """Reads what was added since; the number of examples embedded anew. Raises GenerationError where a line cannot be used."""
        source = self.folder / "examples.jsonl"
        try:
            stat = source.stat()
            if self._seen == (stat.st_mtime_ns, stat.st_size):
                return 0
            lines = enumerate(source.read_text(encoding="utf-8").split("\n"), 1)
            examples = list(dict.fromkeys(_example(source, n, line, self.catalog) for n, line in lines if line.strip()))
        except OSError as error:
            raise GenerationError(f"The examples {source} cannot be read ({error.strerror}); correct the folder or leave it out.") from None
        known = self._stored()
        lacking = list(dict.fromkeys(e.text for e in examples if _hash(e.text) not in known))
        if lacking:
            known.update({_hash(t): row for t, row in zip(lacking, _unit(self.embed(lacking)), strict=True)})
        self._examples = examples
        self._vectors = np.stack([known[_hash(e.text)] for e in examples]) if examples else np.zeros((0, 1), np.float32)
        self._build(stored=not lacking and len(known) == len({_hash(e.text) for e in examples}))
        self._seen = (stat.st_mtime_ns, stat.st_size)
        return len(lacking)

    def add(self, text: str, flow: str) -> None:
        """Adds an example and embeds it. Raises GenerationError where the flow does not parse or the disk does not take it."""
        line = json.dumps({"text": text, "flow": flow}, ensure_ascii=False)
        source = self.folder / "examples.jsonl"
        _example(source, 0, line, self.catalog)
        try:
            append(source, line + "\n")
        except OSError as error:
            raise GenerationError(f"The example could not be added to {source} ({error.strerror or error}); make room or check your rights, the file is as it was.") from None
        self.refresh()

    def search(self, text: str, count: int) -> tuple[Example, ...]:
        """Up to `count` examples for a request, the best first: near it, and unlike one another (maximal marginal relevance)."""
        self.refresh()
        if not self._examples or count <= 0:
            return ()
        query = _unit(self.embed([text]))
        scores, rows = self._index.search(query, min(len(self._examples), _POOL * count))
        pool = [(float(s), int(r)) for s, r in zip(scores[0], rows[0], strict=True) if r >= 0]
        chosen: list[int] = []
        while pool and len(chosen) < count:
            best = max(pool, key=lambda p: (1 - DIVERSITY) * p[0] - DIVERSITY * self._nearest(p[1], chosen))
            pool.remove(best)
            chosen.append(best[1])
        return tuple(self._examples[r] for r in chosen)

    def _nearest(self, row: int, chosen: Sequence[int]) -> float:
        return max((float(self._vectors[row] @ self._vectors[c]) for c in chosen), default=0.0)

    def _stored(self) -> dict[str, Vectors]:
        """The vectors kept from before by the hash of their text; none where another encoder made them."""
        import faiss

        try:
            manifest = json.loads((self.folder / "examples.json").read_text(encoding="utf-8"))
            if (manifest.get("format"), manifest.get("encoder")) != (FORMAT, self.encoder):
                return {}
            index = faiss.read_index(str(self.folder / "examples.faiss"))
            rows = index.reconstruct_n(0, index.ntotal)
            return dict(zip(manifest["texts"], rows, strict=True))
        except (OSError, ValueError, KeyError, RuntimeError, AttributeError):
            # Absent or damaged: it is made again from the examples.
            return {}

    def _build(self, *, stored: bool) -> None:
        import faiss

        self._index = faiss.IndexFlatIP(self._vectors.shape[1])
        self._index.add(np.ascontiguousarray(self._vectors))
        if stored:
            return
        manifest = {"format": FORMAT, "encoder": self.encoder, "texts": [_hash(e.text) for e in self._examples]}
        try:
            for name, write in (
                ("examples.faiss", lambda place: faiss.write_index(self._index, str(place))),
                ("examples.json", lambda place: place.write_text(json.dumps(manifest), encoding="utf-8")),
            ):
                beside = self.folder / f".{name}.{os.getpid()}"
                try:
                    write(beside)
                    beside.replace(self.folder / name)
                finally:
                    beside.unlink(missing_ok=True)
        except (OSError, RuntimeError):
            # A folder that cannot be written to only costs embedding again the next time.
            return


def _example(source: Path, number: int, line: str, catalog: Catalog) -> Example:
    try:
        given = json.loads(line)
        text, flow = given["text"], given["flow"]
        if not (isinstance(text, str) and isinstance(flow, str)):
            raise TypeError
    except (ValueError, KeyError, TypeError):
        raise GenerationError(f'Line {number} of {source} is no example; write {{"text": ..., "flow": ...}}.') from None
    parsed = parse(flow) if flow.lstrip().startswith("flow ") else read(flow)
    if parsed.errors or not parsed.file.flows:
        raise GenerationError(f"The flow in line {number} of {source} does not parse; mend or remove the line.")
    return Example(text, spell(parsed.file.flows[0], catalog))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _unit(rows: Vectors) -> Vectors:
    values = np.asarray(rows, np.float32)
    return np.asarray(values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9), np.float32)

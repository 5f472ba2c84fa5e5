"""The networks of the default model on onnxruntime, one thread, and the vectors of words they work with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from flowquill.generation.wordpiece import WordPiece

Array = NDArray[np.float32]
Memory = Any


class Network(Protocol):
    """What decoding needs of the networks, whatever runs them."""

    def read(self, ids: tuple[int, ...], segments: tuple[int, ...]) -> tuple[Array, Memory]:
        """Hidden states (S, W) of a request, and what the decoder keeps of it."""
        ...

    def step(self, inputs: Array, past: Memory | None, memory: Memory) -> tuple[Array, Memory]:
        """Hidden states (B, W) for inputs (B, W) of B hypotheses, and the cache with one more position."""
        ...

    def reorder(self, past: Memory, rows: list[int]) -> Memory:
        """The cache of the hypotheses in `rows`."""
        ...


class Words:
    """The encoder's word vectors, int8 with one scale a row; a gather, so no network is needed for them."""

    def __init__(self, table: NDArray[np.int8], scales: NDArray[np.float16]) -> None:
        self.table = table
        self.scales = scales

    def vectors(self, ids: list[int]) -> Array:
        """(S, W) float32."""
        rows = np.asarray(ids)
        return self.table[rows].astype(np.float32) * self.scales[rows].astype(np.float32)[:, None]


class OnnxNetwork:
    """Encoder and decoder step of a model folder."""

    def __init__(self, folder: Path, words: Words, shape: tuple[int, int, int]) -> None:
        """`shape`: layers, heads, width of a head."""
        self.words = words
        self.shape = shape
        self.encoder = session(folder / "encoder.onnx")
        self.decoder = session(folder / "decoder.onnx")

    def read(self, ids: tuple[int, ...], segments: tuple[int, ...]) -> tuple[Array, Memory]:
        hidden, memory = self.encoder.run(
            None, {"words": self.words.vectors(list(ids))[None], "segments": np.array([segments], np.int64)}
        )
        return hidden[0], memory

    def step(self, inputs: Array, past: Memory | None, memory: Memory) -> tuple[Array, Memory]:
        count = len(inputs)
        layers, heads, width = self.shape
        if past is None:
            past = np.zeros((layers, 2, count, heads, 0, width), np.float32)
        if memory.shape[2] != count:
            memory = np.repeat(memory[:, :, :1], count, axis=2)
        hidden, present = self.decoder.run(None, {"x": inputs[:, None], "past": past, "memory": memory})
        return hidden[:, 0], present

    def reorder(self, past: Memory, rows: list[int]) -> Memory:
        return past if rows == list(range(past.shape[2])) else past[:, :, rows]


class Vectors:
    """Vectors of words: those that ship with the model, and any others, embedded when first asked for and remembered."""

    def __init__(self, folder: Path, tokenizer: WordPiece, words: Words, room: int = 50_000) -> None:
        self.folder = folder
        self.tokenizer = tokenizer
        self.words = words
        self.room = room
        texts = json.loads((folder / "vectors.json").read_text(encoding="utf-8"))
        with np.load(folder / "vectors.npz") as data:
            matrix = data["table"].astype(np.float32) * data["scales"].astype(np.float32)[:, None]
        self.known: dict[str, Array] = dict(zip(texts, matrix, strict=True))
        self._embedder: Any = None

    def of(self, text: str) -> Array:
        """The unit vector (W,) of a text."""
        found = self.known.get(text)
        if found is None:
            found = self._embed(text)
            if len(self.known) < self.room:
                self.known[text] = found
        return found

    def many(self, texts: list[str]) -> Array:
        """(N, W); an empty text has the zero vector."""
        width = self.words.table.shape[1]
        return np.stack([self.of(t) if t else np.zeros(width, np.float32) for t in texts]) if texts else np.zeros((0, width), np.float32)

    def _embed(self, text: str) -> Array:
        if self._embedder is None:
            self._embedder = session(self.folder / "embedder.onnx")
        ids = self.tokenizer.enclosed(text, 128)
        hidden = self._embedder.run(None, {"words": self.words.vectors(ids)[None]})[0][0]
        mean = hidden.mean(0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), np.float32)


def session(file: Path) -> Any:
    """An onnxruntime session of one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

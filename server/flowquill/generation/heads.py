"""The decoder's heads in numpy: from a hidden state to scores, and from a chosen step to the next input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


class Heads:
    """Matrices of `Heads` of the trained model, by the names torch gives them. Vectors are rows of width W (384)."""

    def __init__(self, weights: Mapping[str, Array], kinds: Sequence[str]) -> None:
        self.weights = {name: np.ascontiguousarray(value, dtype=np.float32) for name, value in weights.items()}
        width = self.weights["begin"].shape[-1]
        for name in ("ahead_in", "ahead_place_in", "end_after", "about_in", "about_key"):  # models trained before these were there
            self.weights.setdefault(f"{name}.weight", np.zeros((width, width), np.float32))
        for name in ("shared_in", "shared_key", "closest_in", "closest_key"):
            self.weights.setdefault(f"{name}.weight", np.zeros((width, 1), np.float32))
        self.kinds = tuple(kinds)
        self.index = {kind: number for number, kind in enumerate(self.kinds)}
        self.scale = float(np.exp(self.weights["scale"].item()))

    @classmethod
    def load(cls, file: Path, kinds: Sequence[str]) -> Heads:
        """Reads an .npz of float16 matrices."""
        with np.load(file) as data:
            return cls({name: data[name].astype(np.float32) for name in data.files}, kinds)

    def linear(self, name: str, x: Array) -> Array:
        """x @ weight.T + bias of the layer `name`."""
        out = x @ self.weights[f"{name}.weight"].T
        bias = self.weights.get(f"{name}.bias")
        return out if bias is None else out + bias

    def mapped(self, name: str, x: Array) -> Array:
        """The residual map `name` of candidate vectors, normalised to unit length."""
        y = x + self.linear(f"{name}.second", _gelu(self.linear(f"{name}.first", x)))
        return _unit(y)

    def operations(self, state: Array, summaries: Array, connectors: Array) -> Array:
        """Scores (N,) of operations whose mapped vectors are `summaries` and `connectors` (N, W)."""
        gate = 1 / (1 + np.exp(-self.linear("gate", state)))
        by_summary = summaries @ _unit(self.linear("summary_query", state))
        by_connector = connectors @ _unit(self.linear("connector_query", state))
        return self.scale * (by_summary + gate * by_connector)

    def kind_logits(self, state: Array, best: tuple[float, float]) -> Array:
        """Logits (K,) of the step classes; `best`: the best scores of an action and of a trigger."""
        features = np.clip(np.array(best, np.float32) / self.scale, -2, 2)
        return self.linear("kind", state) + self.weights["match.weight"] @ features

    def pointer(self, name: str, state: Array, texts: Array, steps: Array, places: Array, more: Array | None = None) -> Array:
        """Scores (C,) of candidates; the three (C, W) are their words, the steps and the tokens that made them, zero for none.

        `more` (C, W): what is added to the keys of pieces of the flow being edited (`piece_keys`).
        """
        keys = self.linear("text_key", texts) + self.linear("step_key", steps) + self.linear("place_key", places)
        keys = keys if more is None else keys + more
        return keys @ self.linear(f"pointer.{name}", state) / np.sqrt(keys.shape[-1])

    def starts(self, state: Array, keys: Array) -> Array:
        """Scores (S,) of each token as the first of a span."""
        return keys @ self.linear("span_start", state) / np.sqrt(keys.shape[-1])

    def ends(self, state: Array, first: Array, keys: Array) -> Array:
        """Scores (N, S) of each token as the last of a span that begins with one of the tokens `first` (N, W)."""
        return (self.linear("span_end", state) + self.linear("end_after", first)) @ keys.T / np.sqrt(keys.shape[-1])

    def first_input(self, mode: int) -> Array:
        """The decoder's first input (W,)."""
        return self.weights["begin"][mode] + self.weights["position.weight"][0]

    def ahead(self, text: Array | None, place: Array, shared: float, said: Array, closest: float) -> Array:
        """What is added to an input (W,) to say which piece of the flow being edited comes next: its words, the mean of its tokens, and what the request says of it."""
        added = self.linear("ahead_place_in", place) + self.linear("about_in", said)
        added = added + self.linear("shared_in", np.array([shared], np.float32)) + self.linear("closest_in", np.array([closest], np.float32))
        return added if text is None else added + self.linear("ahead_in", text)

    def piece_keys(self, shared: Array, said: Array, closest: Array) -> Array:
        """What is added to the keys (C, W) of pieces: `shared` (C, 1), `said` (C, W), `closest` (C, 1)."""
        return self.linear("shared_key", shared) + self.linear("about_key", said) + self.linear("closest_key", closest)

    def next_input(self, kind: str, position: int, text: Array | None, owner: Array | None, start: Array | None, end: Array | None) -> Array:
        """The input (W,) that tells the decoder which step was chosen."""
        x = self.weights["step.weight"][self.index[kind]] + self.weights["position.weight"][position]
        for name, value in (("text_in", text), ("owner_in", owner), ("start_in", start), ("end_in", end)):
            if value is not None:
                x = x + self.linear(name, value)
        return x


SHARPNESS = 15.0
"""How sharply a piece of a flow picks the words about it: the factor of cosines before the softmax."""


def about(piece: Array, text: Array | None, words: Array) -> tuple[Array, float]:
    """What a request, whose words are `words` (N, W), says of a piece of a flow: the mean of its tokens `piece` (W,) and the vector of what it calls.

    Gives the words, each by how near it is to the piece (W,), and the cosine of the nearest; as `about` of the trained model.
    """
    if not len(words):
        return np.zeros_like(piece), -1.0
    near = _unit(words) @ _unit(_unit(piece) + _unit(text) if text is not None else _unit(piece))
    weights = np.exp(SHARPNESS * (near - near.max()))
    return (weights / weights.sum()) @ words, float(near.max())


def _unit(x: Array) -> Array:
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-6)


def _gelu(x: Array) -> Array:
    return 0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x**3)))


def log_softmax(x: Array) -> Array:
    """Along the last axis."""
    shifted = x - x.max()
    return shifted - np.log(np.exp(shifted).sum())

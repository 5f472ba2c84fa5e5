"""Examples as token ids: labels only where the answer stands, the end-of-sequence token last, several in a row where rows are packed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

IGNORED: Final = -100
"""The label of a token that is not to be learnt."""


class TooLong(Exception):
    """An example that does not fit."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One example. The first `shown` of `ids` are the prompt; the last is the end of the sequence."""

    ids: tuple[int, ...]
    shown: int

    @property
    def labels(self) -> list[int]:
        """What is to be learnt, aligned with `ids`."""
        return [IGNORED] * self.shown + list(self.ids[self.shown :])


def encode(tokenizer: Any, prompt: str, answer: str, length: int) -> Encoded:
    """Raises TooLong for more than `length` tokens.

    Both are split together, so that an answer's first token is the one a server would sample after the prompt.
    """
    found = tokenizer(prompt + answer, return_offsets_mapping=True, verbose=False)
    ids = [int(i) for i in found["input_ids"]]
    end = tokenizer.eos_token_id
    if ids and ids[-1] == end:
        ids.pop()
    shown = next((i for i, (start, stop) in enumerate(found["offset_mapping"][: len(ids)]) if stop > start and stop > len(prompt)), len(ids))
    ids.append(end)
    if len(ids) > length:
        raise TooLong(f"{len(ids)} tokens, more than {length}")
    return Encoded(tuple(ids), shown)


def shown_masked(tokenizer: Any, example: Encoded) -> str:
    """One example for the eye: the prompt, and between ⟦ ⟧ what is learnt, token by token."""
    learnt = [tokenizer.decode([i]) for i in example.ids[example.shown :]]
    return f"{tokenizer.decode(list(example.ids[: example.shown]))}⟦{'|'.join(learnt)}⟧"


class Rows(torch.utils.data.Dataset[dict[str, list[int]]]):
    """Rows of token ids with labels and positions, in the order of the file. Kept as three flat arrays."""

    def __init__(self, ids: NDArray[np.int32], shown: NDArray[np.int32], bounds: NDArray[np.int64], rows: Sequence[Sequence[int]]) -> None:
        """Example `i` is `ids[bounds[i]:bounds[i + 1]]`; a row is the numbers of its examples."""
        self._ids, self._shown, self._bounds, self._rows = ids, shown, bounds, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, list[int]]:
        ids: list[int] = []
        labels: list[int] = []
        positions: list[int] = []
        for number in self._rows[index]:
            part = self._ids[self._bounds[number] : self._bounds[number + 1]].tolist()
            shown = int(self._shown[number])
            ids += part
            labels += [IGNORED] * shown + part[shown:]
            positions += range(len(part))
        return {"input_ids": ids, "labels": labels, "position_ids": positions}

    @classmethod
    def of(cls, examples: Sequence[Encoded], length: int, packed: bool) -> Rows:
        """Rows of examples; with `packed` as many a row as fit into `length`."""
        sizes = [len(e.ids) for e in examples]
        bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        ids = np.array([i for e in examples for i in e.ids], np.int32)
        rows = pack(sizes, length) if packed else [[i] for i in range(len(examples))]
        return cls(ids, np.array([e.shown for e in examples], np.int32), bounds, rows)

    def examples(self) -> Iterator[Encoded]:
        """The examples in their own order."""
        for number, shown in enumerate(self._shown):
            yield Encoded(tuple(self._ids[self._bounds[number] : self._bounds[number + 1]].tolist()), int(shown))

    @property
    def tokens(self) -> int:
        """All tokens."""
        return len(self._ids)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What `of_arrays` reads."""
        counts = np.array([len(r) for r in self._rows], np.int32)
        members = np.array([i for r in self._rows for i in r], np.int32)
        return {"ids": self._ids, "shown": self._shown, "bounds": self._bounds, "counts": counts, "members": members}

    @classmethod
    def of_arrays(cls, arrays: Any) -> Rows:
        """The rows that `arrays` described."""
        rows = np.split(arrays["members"], np.cumsum(arrays["counts"])[:-1]) if len(arrays["counts"]) else []
        return cls(arrays["ids"], arrays["shown"], arrays["bounds"], [r.tolist() for r in rows])


def pack(sizes: Sequence[int], length: int, open_rows: int = 64) -> list[list[int]]:
    """Numbers of examples by row, in the order given, each into the fullest of the last open rows where it fits (best fit)."""
    done: list[list[int]] = []
    open_: list[tuple[int, list[int]]] = []
    for number, size in enumerate(sizes):
        fitting = [i for i, (used, _) in enumerate(open_) if used + size <= length]
        if fitting:
            best = max(fitting, key=lambda i: open_[i][0])
            used, row = open_[best]
            row.append(number)
            open_[best] = (used + size, row)
            continue
        if len(open_) == open_rows:
            fullest = max(range(len(open_)), key=lambda i: open_[i][0])
            done.append(open_.pop(fullest)[1])
        open_.append((size, [number]))
    return done + [row for _, row in open_]


class Collator:
    """Rows to a batch of tensors [rows, longest].

    Packed rows carry no attention mask: transformers keeps the examples of a row apart by their positions, which begin again at
    zero. Padding at the end of a row begins again too, so nothing sees it and it sees nothing.
    """

    def __init__(self, pad: int) -> None:
        self._pad = pad

    def __call__(self, rows: Iterable[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
        listed = list(rows)
        width = max(len(r["input_ids"]) for r in listed)
        batch: dict[str, torch.Tensor] = {}
        for name, fill in (("input_ids", self._pad), ("labels", IGNORED), ("position_ids", 0)):
            filled = [[*r[name], *([fill] * (width - len(r[name])))] for r in listed]
            batch[name] = torch.tensor(filled, dtype=torch.long)
        return batch


__all__ = ["IGNORED", "Collator", "Encoded", "Rows", "TooLong", "encode", "pack", "shown_masked"]

"""What the sampler gives: a request, the flow it asks for, and where each value of the flow stands in the request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flowquill.grammar import tree

Kind = Literal["create", "edit", "complete", "refuse"]
Value = str | int | float


@dataclass(frozen=True, slots=True)
class Mention:
    """`text[start:end]` says `value` (code point offsets). A number may be said as "five", "5 pm" or "15th"."""

    start: int
    end: int
    value: Value


@dataclass(frozen=True, slots=True)
class Pair:
    """One example.

    `flow` is the target: the whole flow. `context` is what was there before: the old flow of an edit, the surrounding flow
    of a completion (the target is then the context with new statements at `cursor`).

    `cursor` leads to the place of a completion: statement index, then for every step down the number of the block inside
    that statement (the order of `tree.blocks`) and the statement index inside the block. `(2,)` is before statement 2 of
    the flow's body; `(1, 0, 3)` before statement 3 of the first block of statement 1. New statements stand at that index.

    `withheld` names the connectors that the reader must not be offered: their steps became `todo`.
    """

    id: str
    kind: Kind
    text: str
    flow: tree.Flow
    context: tree.Flow | None
    cursor: tuple[int, ...]
    mentions: tuple[Mention, ...]
    tags: tuple[str, ...]
    withheld: tuple[str, ...] = ()

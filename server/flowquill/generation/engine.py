"""What every engine has in common: a task goes in, hypotheses come out, best first."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Task:
    """A request ready for decoding.

    `text`: the request, normalised, and masked where the engine is a remote one. `flow`: the file's text that is to be
    edited (`cursor` None) or continued at the code point offset `cursor`; None for a new flow.
    """

    text: str
    catalog: Catalog
    flow: str | None = None
    cursor: int | None = None


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A flow an engine proposes; `score` is the mean log-probability of its `steps`, `chance` how likely it is just what was asked for, where the engine knows.

    For a new flow and an edit `flow` is the whole flow. For a completion it holds only what is new: the statements for the
    cursor's place and, where the flow has none yet, its trigger; its name and description then mean nothing.
    """

    flow: tree.Flow
    score: float
    steps: int = 1
    chance: float | None = None

    @property
    def statements(self) -> tuple[tree.Statement, ...]:
        """The statements of a completion."""
        return self.flow.body

    @property
    def confidence(self) -> float:
        """How sure the engine is, 0 to 1: a calibrated chance, else the probability of a step."""
        if self.chance is not None:
            return self.chance
        return min(1.0, math.exp(self.score)) if self.score == self.score else 0.0


class Engine(Protocol):
    """Decodes tasks. `decode` is called by one thread at a time and must not change the task.

    It asks `cancelled` between steps and raises `Cancelled` when it says yes; it raises GenerationError where it cannot go on.
    """

    @property
    def name(self) -> str:
        """The kind of engine, as "embedded"."""
        ...

    @property
    def model(self) -> str:
        """The model's name and version."""
        ...

    def decode(self, task: Task, *, width: int, cancelled: Callable[[], bool]) -> list[Hypothesis]:
        """Up to `width` hypotheses, best first."""
        ...

"""The bounds of a dry run: steps, rounds of a loop, time, and whoever wants it cancelled."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


class Stopped(Exception):
    """The run reached one of its bounds. The message is one sentence."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`steps`: of the whole run. `rounds`: of one until loop. `seconds`: of real time."""

    steps: int = 20_000
    rounds: int = 5_000
    seconds: float = 20.0


@dataclass
class Budget:
    """What is left of the limits."""

    limits: Limits
    cancelled: Callable[[], bool] = lambda: False
    taken: int = 0
    began: float = field(default_factory=time.monotonic)

    def step(self) -> None:
        """Takes one step. Raises Stopped where none is left."""
        self.taken += 1
        if self.taken > self.limits.steps:
            raise Stopped(f"The run was stopped after {self.limits.steps:,} steps; a loop may never end, or goes over too much.")
        if time.monotonic() - self.began > self.limits.seconds:
            raise Stopped(f"The run was stopped after {self.limits.seconds:g} seconds; make its loops or values smaller.")
        if self.cancelled():
            raise Stopped("The run was cancelled.")

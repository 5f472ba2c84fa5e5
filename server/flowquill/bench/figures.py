"""What a bench section returns: figures with their unit and the bar they are held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. `bar`: the most it may be (the least, where `least`), in the same unit; None: it is only reported."""

    section: str
    name: str
    value: float
    unit: str
    bar: float | None = None
    least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None where there is none."""
        if self.bar is None:
            return None
        return self.value >= self.bar if self.least else self.value <= self.bar

    def as_json(self) -> dict[str, Any]:
        """The figure as a JSON object, with `met`."""
        return {**asdict(self), "value": round(self.value, 4), "met": self.met}


@dataclass(frozen=True, slots=True)
class Skipped:
    """A section that could not run here, and why."""

    section: str
    reason: str


@dataclass(frozen=True, slots=True)
class Settings:
    """`repeat`: how often short things are measured. `requests`: texts for the sections that generate. `checkpoint`: a trained model's folder."""

    repeat: int = 20
    requests: tuple[str, ...] = field(default=())
    model: str | None = None
    checkpoint: str | None = None


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of `values` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


class Stopwatch:
    """Collects durations in milliseconds: `with watch: ...`."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self._start = 0.0

    def __enter__(self) -> Stopwatch:
        self._start = perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.times.append((perf_counter() - self._start) * 1000)

    def p(self, share: float) -> float:
        """A percentile of the durations, in milliseconds."""
        return percentile(self.times, share)

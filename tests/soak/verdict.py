"""Whether figures over time are flat: the median of the slopes between all pairs of samples (Theil and Sen), which a few bad minutes do not move, and
whether what goes up goes up more often than chance has it (Mann and Kendall)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median

FEWEST = 8
"""Samples after the warm-up that a verdict needs."""
SHORTEST = 20.0
"""Minutes that a run must last for one: before that caches fill, whatever the samples."""
WARM_UP = 0.2
"""The part of a run that fills caches and is left out."""
MOST = {"memory": 0.05, "latency": 0.25}
"""Growth over the rest of the run, as a part of the median, that still counts as flat."""
SURE = 1.645
"""Standard deviations by which rises must outnumber falls: one in twenty flat runs has them."""


@dataclass(frozen=True, slots=True)
class Trend:
    """`slope`: units an hour; `growth`: over the run after the warm-up, as a part of the median; `verdict`: "flat", "grows" or "too short"."""

    slope: float
    growth: float
    verdict: str


def trend(minutes: Sequence[float], values: Sequence[float], kind: str) -> Trend:
    """The trend of values after the warm-up. `kind`: "memory" or "latency"."""
    begin = minutes[-1] * WARM_UP if minutes else 0.0
    kept = [(m, v) for m, v in zip(minutes, values, strict=True) if m > begin]
    slopes = [(w - v) / (n - m) for place, (m, v) in enumerate(kept) for n, w in kept[place + 1 :] if n > m]
    if not slopes:
        return Trend(0.0, 0.0, "too short")
    slope = median(slopes)
    middle = median(v for _, v in kept)
    growth = slope * (kept[-1][0] - kept[0][0]) / middle if middle else 0.0
    count = len(kept)
    rises = sum((s > 0) - (s < 0) for s in slopes)
    sure = rises - 1 > SURE * sqrt(count * (count - 1) * (2 * count + 5) / 18)
    verdict = "too short" if count < FEWEST or minutes[-1] < SHORTEST else "grows" if growth > MOST[kind] and sure else "flat"
    return Trend(round(slope * 60, 3), round(growth, 4), verdict)

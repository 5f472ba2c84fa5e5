"""Whether the confidence of a flow can be believed: reliability, coverage, and the curve that makes probabilities of scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from flowquill.generation.calibration import Calibration
from flowquill.training.evaluation.measures import Item

RIGHT = "exact_structure"
"""What counts as right: the calls and blocks that were expected."""
COVERED = 0.8


@dataclass(frozen=True, slots=True)
class Bin:
    """Flows of about one confidence: its mean, the share (0 to 1) that is right, and how many they are."""

    confidence: float
    right: float
    tests: int


def reliability(items: Sequence[Item], bins: int = 10) -> list[Bin]:
    """Bins of equal width; empty ones are left out."""
    groups: dict[int, list[Item]] = {}
    for item in items:
        groups.setdefault(min(bins - 1, int(item.confidence * bins)), []).append(item)
    return [Bin(sum(i.confidence for i in g) / len(g), sum(i.figures.get(RIGHT, 0.0) for i in g) / len(g), len(g)) for _, g in sorted(groups.items())]


def calibration_error(items: Sequence[Item]) -> float:
    """The expected calibration error (Naeini et al. 2015) over ten bins: 0 where a confidence of p is right in a share p of cases."""
    return sum(b.tests * abs(b.confidence - b.right) for b in reliability(items)) / max(1, len(items))


def surest(items: Sequence[Item], share: float = COVERED) -> list[Item]:
    """The `share` of the items whose confidence is highest."""
    return sorted(items, key=lambda i: -i.confidence)[: math.ceil(share * len(items))]


def coverage(items: Sequence[Item], steps: int = 20) -> list[tuple[float, float]]:
    """How much is kept (0 to 1), and the share right of what is kept, from the surest twentieth to all."""
    kept = [(n / steps, surest(items, n / steps)) for n in range(1, steps + 1)]
    return [(share, sum(i.figures.get(RIGHT, 0.0) for i in found) / len(found)) for share, found in kept if found]


def fit(scores: Sequence[tuple[float, int]], right: Sequence[bool], ridge: float = 1e-3) -> Calibration:
    """The curve under which `right` is likeliest (Platt 1999, by Newton's method). `scores`: sums of log-probabilities, and steps.

    Raises ValueError where all or none are right.
    """
    if not scores or len(scores) != len(right) or all(right) or not any(right):
        raise ValueError("a calibration needs flows that are right and flows that are not; give a larger set")
    x = np.array([(s, s / max(1, n), 1.0) for s, n in scores])
    y = np.array(right, float)
    weights = np.zeros(3)
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        slope = x.T @ (p - y) + ridge * weights
        bend = (x * (p * (1 - p))[:, None]).T @ x + ridge * np.eye(3)
        step = np.linalg.solve(bend, slope)
        weights -= step
        if np.abs(step).max() < 1e-8:
            break
    return Calibration(*(round(float(w), 6) for w in weights))

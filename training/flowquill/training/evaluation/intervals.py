"""How sure a figure is: bootstrap intervals of means, of paired differences, and Wilson intervals of shares."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np

Interval = tuple[float, float]

_DRAWS = 2_000
_SEED = 7


def bootstrap(values: Sequence[float], draws: int = _DRAWS) -> Interval:
    """The 95 % percentile interval of the mean of `values`; the same for the same values. (0, 0) where there are none."""
    if not values:
        return 0.0, 0.0
    found = np.asarray(values, dtype=np.float64)
    chosen = np.random.default_rng(_SEED).integers(0, len(found), (draws, len(found)))
    low, high = np.quantile(found[chosen].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)


def paired(one: Sequence[float], other: Sequence[float]) -> tuple[float, Interval]:
    """The mean of `other` minus `one`, item by item, with its 95 % interval. Raises ValueError where their lengths differ."""
    differences = [b - a for a, b in zip(one, other, strict=True)]
    return sum(differences) / max(1, len(differences)), bootstrap(differences)


def wilson(hits: int, tests: int) -> Interval:
    """The 95 % score interval of a share (Wilson 1927), which stays sensible near 0 and 1. (0, 1) where there are no tests."""
    if not tests:
        return 0.0, 1.0
    z = 1.959964
    share = hits / tests
    middle = (share + z * z / (2 * tests)) / (1 + z * z / tests)
    half = z / (1 + z * z / tests) * sqrt(share * (1 - share) / tests + z * z / (4 * tests * tests))
    return max(0.0, middle - half), min(1.0, middle + half)

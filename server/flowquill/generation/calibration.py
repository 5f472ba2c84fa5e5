"""How likely a flow is just what was asked for: two numbers of a hypothesis through a logistic curve (Platt 1999), fitted by `flowquill train calibrate`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Calibration:
    """chance = sigmoid(total * s + mean * s / n + bias) of the sum `s` of a flow's log-probabilities over `n` steps."""

    total: float
    mean: float
    bias: float

    @classmethod
    def of(cls, described: Any) -> Calibration | None:
        """From model.json's "calibration"; None where a model has none. Raises ValueError where it is no such thing."""
        if described is None:
            return None
        try:
            found = cls(*(float(described[name]) for name in ("total", "mean", "bias")))
        except (KeyError, TypeError, ValueError):
            raise ValueError("the calibration in model.json needs the numbers total, mean and bias") from None
        if not all(map(math.isfinite, (found.total, found.mean, found.bias))):
            raise ValueError("the calibration in model.json holds a number that is none")
        return found

    def chance(self, score: float, steps: int) -> float:
        """0 to 1. `score`: the sum of log-probabilities of `steps` steps."""
        if score != score:
            return 0.0
        x = self.total * score + self.mean * score / max(1, steps) + self.bias
        return 1 / (1 + math.exp(min(700.0, max(-700.0, -x))))


UNSURE = 0.25
"""Below this chance a flow is a guess: other readings are looked for and offered."""

"""Confidence: the curve is found again, calibration error and coverage of known runs, and a model without a curve."""

from __future__ import annotations

import math
import random

import pytest

from flowquill.generation.calibration import Calibration
from flowquill.training.evaluation.confidence import calibration_error, coverage, fit, reliability, surest
from flowquill.training.evaluation.measures import Item


def item(confidence: float, right: bool) -> Item:
    return Item("t", "", "", "", "", 1.0, confidence, {"exact_structure": float(right), "similarity": float(right)}, {})


def test_the_curve_that_made_the_answers_is_found_again() -> None:
    rng, true = random.Random(3), Calibration(0.4, 2.0, 1.5)
    scores = [(-rng.random() * 12, rng.randrange(4, 60)) for _ in range(8000)]
    right = [rng.random() < true.chance(*s) for s in scores]
    found = fit(scores, right)
    assert all(abs(found.chance(*s) - true.chance(*s)) < 0.05 for s in scores)


@pytest.mark.parametrize("right", [[True, True], [False, False], []])
def test_a_curve_needs_both_outcomes(right: list[bool]) -> None:
    with pytest.raises(ValueError, match="larger set"):
        fit([(-1.0, 3)] * len(right), right)


def test_error_and_coverage_of_a_known_run() -> None:
    items = [item(0.95, n < 19) for n in range(20)] + [item(0.15, n < 3) for n in range(20)]
    assert calibration_error(items) == pytest.approx(0.0)
    assert calibration_error([item(0.9, False)] * 5) == pytest.approx(0.9)
    assert [b.tests for b in reliability(items)] == [20, 20]
    assert all(i.confidence == 0.95 for i in surest(items, 0.5))
    kept = coverage(items)
    assert kept[9] == (0.5, pytest.approx(0.95)) and kept[-1] == (1.0, pytest.approx(22 / 40))


def test_what_no_curve_is_says_so() -> None:
    assert Calibration.of(None) is None
    for wrong in ({"total": 1}, {"total": 1, "mean": "x", "bias": 0}, {"total": math.nan, "mean": 0, "bias": 0}, []):
        with pytest.raises(ValueError, match="calibration"):
            Calibration.of(wrong)


def test_chances_stay_within_0_and_1() -> None:
    curve = Calibration(5.0, 5.0, 0.0)
    assert curve.chance(-1e9, 1) == pytest.approx(0.0) and curve.chance(1e9, 1) == pytest.approx(1.0)
    assert curve.chance(math.nan, 4) == 0.0

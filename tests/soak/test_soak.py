"""The soak itself: what counts as flat, the plot, and some seconds of the author against the real server."""

from __future__ import annotations

from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest

from tests.soak.__main__ import drawn, soak
from tests.soak.verdict import trend

MINUTES = [float(m) for m in range(1, 121)]


def noisy(slope: float, middle: float = 300.0, noise: float = 0.1) -> list[float]:
    chance = Random(7)
    return [middle + slope * m + chance.gauss(0, noise * middle) for m in MINUTES]


@pytest.mark.parametrize(("slope", "verdict"), [(0.0, "flat"), (-1.0, "flat"), (1.0, "grows")])
def test_a_leak_of_a_megabyte_a_minute_is_seen_through_noise(slope: float, verdict: str) -> None:
    found = trend(MINUTES, noisy(slope), "memory")
    assert found.verdict == verdict
    if slope:
        assert found.slope == pytest.approx(slope * 60, rel=0.3)


def test_warm_up_and_single_bad_minutes_do_not_count() -> None:
    warming = [100.0 + min(m, 20) * 10 for m in MINUTES]
    assert trend(MINUTES, warming, "memory").verdict == "flat"
    bad = noisy(0.0, noise=0.01)
    bad[-3:] = [3000.0, 2500.0, 4000.0]
    assert trend(MINUTES, bad, "latency").verdict == "flat"


def test_few_samples_are_no_verdict() -> None:
    assert trend(MINUTES[:5], [1.0, 2.0, 4.0, 8.0, 16.0], "memory").verdict == "too short"
    assert trend([m / 60 for m in MINUTES], noisy(1.0), "memory").verdict == "too short"
    assert trend([], [], "memory").verdict == "too short"


@pytest.mark.model
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory as Linux tells it")
def test_some_seconds_of_it(tmp_path: Path) -> None:
    found = soak(tmp_path, 0.2, 3, 0.02, 3)
    assert not found["ended"] and not found["errors"] and sum(found["did"].values()) > 1
    assert found["samples"] and found["samples"][0]["memory"] > 50
    plot = ElementTree.fromstring(drawn(found))
    assert len(plot.findall("{http://www.w3.org/2000/svg}polyline")) == 6

"""The bench's own parts: percentiles, the long file, a section as the command prints it."""

from __future__ import annotations

import json
import subprocess
import sys

from flowquill.bench.figures import Figure, percentile
from flowquill.bench.samples import long_flow
from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.check import check
from flowquill.grammar.parse import parse


def test_percentiles_are_values_of_the_sample() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert [percentile(values, s) for s in (0.0, 0.2, 0.5, 0.95, 1.0)] == [1.0, 1.0, 3.0, 5.0, 5.0]
    assert percentile(list(map(float, range(1, 101))), 0.95) == 95.0


def test_a_bar_is_met_or_missed() -> None:
    assert Figure("a", "b", 3, "ms", bar=3).met is True
    assert Figure("a", "b", 3, "", bar=4, least=True).met is False
    assert Figure("a", "b", 3, "").met is None


def test_the_long_file_is_sound() -> None:
    text = long_flow()
    assert 1_000 <= text.count("\n") + 1 < 1_200
    parsed = parse(text)
    assert not parsed.errors
    assert [d.message for d in check(parsed, load_catalog()) if d.severity == "error"] == []


def test_one_section_as_json() -> None:
    command = [sys.executable, "-m", "flowquill.cli.main", "bench", "--only", "catalog", "--repeat", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    figures = json.loads(done.stdout)["figures"]
    assert [f["name"] for f in figures] == ["operations", "load, p50"]

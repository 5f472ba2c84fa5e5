"""Whatever flow it is given, the dry run ends without an error of its own."""

from __future__ import annotations

import pytest

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.forward import Forward
from flowquill.grammar.parse import parse
from flowquill.grammar.simulate import Limits, same_behaviour, simulate
from tests.grammar.corpus import BAD, GOOD
from tests.grammar.walks import walk

CATALOG = load_catalog()
FORWARD = Forward(CATALOG)
ENDS = {"Succeeded", "Failed", "Cancelled", "Skipped", "Stopped"}


@pytest.mark.parametrize("chunk", range(6))
def test_random_flows_run(chunk: int) -> None:
    for seed in range(chunk * 100, chunk * 100 + 100):
        flow = parse(walk(FORWARD, CATALOG, seed)).file.flows[0]
        run = simulate(flow, CATALOG, seed=seed, limits=Limits(steps=2_000, seconds=5))
        assert run.status in ENDS and run.json()
        assert "\n" not in run.sentence


@pytest.mark.parametrize("name", [*GOOD, *BAD])
def test_the_corpus_runs_even_where_it_is_broken(name: str) -> None:
    for flow in parse({**GOOD, **BAD}[name]).file.flows:
        assert simulate(flow, CATALOG).status in ENDS
        assert same_behaviour(flow, flow, CATALOG).same

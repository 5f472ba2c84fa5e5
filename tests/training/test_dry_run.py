"""Flows of the sampler run in the dry run, and each does what it itself does."""

from __future__ import annotations

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.simulate import Limits, same_behaviour, simulate
from flowquill.training.data.banks import load_banks
from flowquill.training.data.sampler import Sampler

CATALOG = load_catalog()


def test_sampled_flows_run() -> None:
    sampler = Sampler(CATALOG, load_banks(), 11, "train", (("create", 1.0),))
    ends: dict[str, int] = {}
    for number in range(300):
        flow = sampler.sample().flow
        run = simulate(flow, CATALOG, seed=number, limits=Limits(steps=3_000, seconds=5))
        ends[run.status] = ends.get(run.status, 0) + 1
        assert run.status in ("Succeeded", "Failed", "Cancelled"), run.sentence
        if number < 60:
            assert same_behaviour(flow, flow, CATALOG, worlds=3).same
    # What a sampler writes makes sense: it runs, but for what made-up data alone can break.
    assert ends["Succeeded"] > 0.9 * sum(ends.values()), ends

"""Real workflows, decompiled, run in the dry run without an error of its own. Skipped where the shared data is absent."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.simulate import Limits, same_behaviour, simulate
from flowquill.grammar.wdl.decompile import WdlError, decompile

DATA = Path(os.environ.get("FLOWQUILL_SHARED_DATA") or Path(__file__).resolve().parents[3].parent / "shared" / "data")
FILE = DATA / "workflows-dev.jsonl.gz"
CATALOG = load_catalog()


@pytest.mark.skipif(not FILE.exists(), reason=f"the shared data is absent: there is no {FILE.name} (set FLOWQUILL_SHARED_DATA)")
def test_real_workflows_run() -> None:
    ends: dict[str, int] = {}
    with gzip.open(FILE, "rt", encoding="utf-8") as lines:
        for line in lines:
            try:
                flow = decompile(json.loads(line)["definition"], CATALOG, "real").flow
            except WdlError:
                continue
            run = simulate(flow, CATALOG, limits=Limits(steps=3_000, seconds=5))
            ends[run.status] = ends.get(run.status, 0) + 1
            assert same_behaviour(flow, flow, CATALOG, worlds=1).same
    assert set(ends) <= {"Succeeded", "Failed", "Cancelled", "Skipped", "Stopped"}
    # What fails, fails for its made-up data; most do not.
    assert ends["Succeeded"] > sum(ends.values()) / 2

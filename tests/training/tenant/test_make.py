"""The whole way of a small adapter: trained, judged, published, listed, and left alone while nothing changes. What does not pass is not published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("peft")
from click.testing import CliRunner

from flowquill.grammar.catalog import load_catalog
from flowquill.training.cli import training
from flowquill.training.evaluation import safety
from flowquill.training.tenant import gate
from flowquill.training.tenant.config import AdapterConfig
from flowquill.training.tenant.examples import Examples, read
from flowquill.training.tenant.make import make
from flowquill.training.tenant.refresh import refresh
from flowquill.training.tenant.registry import Registry

pytestmark = [pytest.mark.slow, pytest.mark.model]
EXAMPLE = Path(__file__).parents[3] / "training" / "examples" / "nordwerft"
CATALOG = load_catalog([EXAMPLE / "catalog"])
CONFIG = AdapterConfig(steps=12, batch=6, warmup=2, own_share=0.8, catalog_share=0.0, threads=1)


def examples() -> Examples:
    short = sorted(read(EXAMPLE / "test.jsonl", CATALOG)[0], key=lambda p: len(p.text))
    return Examples(tuple(read(EXAMPLE / "train.jsonl", CATALOG)[0]), tuple(short[:20]))


def test_an_adapter_is_made_published_and_kept_current(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Six general tests say nothing to a hundredth; here the way is tested and not the model.
    monkeypatch.setattr(gate, "MARGIN", 1.0)
    registry, prompts = Registry(tmp_path), safety.prompts()[:6]
    seen: list[str] = []
    outcome = make("yard", examples(), CATALOG, registry, CONFIG, general=6, prompts=prompts, watch=lambda what, done, total: seen.append(what))
    assert outcome.version is not None and outcome.verdict.passed, outcome.verdict.reasons
    assert {s.split(",")[0] for s in seen} >= {"training", "merging at strength 1", "the base: tenant", "at strength 1: safety"}
    card = outcome.version.card
    assert card["version"] == 1 and card["data"]["train"] == 64 and set(card["data"]["sha256"]) == {"train", "test"} and str(tmp_path) not in json.dumps(card)
    assert sorted(f.name for f in outcome.version.folder.iterdir()) == ["adapter", "card.json", "catalog", "examples.jsonl", "model", "test.jsonl"]

    found = CliRunner().invoke(training, ["tenants", "--registry", str(tmp_path), "--stale", "--catalog", str(EXAMPLE / "catalog"), "--json"], catch_exceptions=False)
    assert json.loads(found.output)["yard"] == {"versions": [1], "champion": 1, "candidate": 1, "model": str(outcome.version.model), "stale": []}
    assert refresh("yard", CATALOG, registry).outcome is None


def test_what_does_not_pass_is_not_published_and_the_reason_is_kept(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    outcome = make("yard", examples(), CATALOG, registry, AdapterConfig(steps=1, batch=2, rate=1e-6, threads=1), general=6, prompts=safety.prompts()[:4])
    assert outcome.version is None and "not surely better" in outcome.verdict.reasons[0]
    assert registry.versions("yard") == [] and registry.aliases("yard").get("champion") is None
    history = [json.loads(line) for line in (tmp_path / "yard" / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    assert history[0]["what"] == "refused" and "not surely better" in history[0]["why"]

"""A catalog or a base that changed makes adapters stale, and versions of one tenant hold nothing of another."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="pip install 'flowquill[train]'")

from dataclasses import replace
from pathlib import Path

from flowquill.generation.model_files import default_folder
from flowquill.grammar.catalog import Catalog, load_catalog
from flowquill.grammar.catalog.written import connector_text
from flowquill.training.tenant.examples import Examples, read
from flowquill.training.tenant.feedback import Weighted
from flowquill.training.tenant.make import _keep
from flowquill.training.tenant.package import base_name, catalog_hash
from flowquill.training.tenant.refresh import new, weighed
from flowquill.training.tenant.registry import Registry, Version
from flowquill.training.tenant.stale import reasons

EXAMPLE = Path(__file__).parents[3] / "training" / "examples" / "nordwerft"
WHOLE = load_catalog([EXAMPLE / "catalog"])


def only(*names: str) -> Catalog:
    return load_catalog().merged(WHOLE.connectors[n] for n in names)


def published(registry: Registry, tenant: str, catalog: Catalog, names: tuple[str, ...]) -> Version:
    pairs = [p for p in read(EXAMPLE / "train.jsonl", WHOLE)[0] if all(c.split(".")[0] in names for c in str_calls(p) if c.split(".")[0] in WHOLE.connectors and c.split(".")[0] not in load_catalog().connectors)]
    with registry.locked(tenant) as stage:
        _keep(stage, Examples(tuple(pairs), ()), catalog)
        return registry.publish(tenant, stage, {"base": base_name(default_folder()), "catalog": catalog_hash(catalog)})


def str_calls(pair):  # type: ignore[no-untyped-def]
    from flowquill.training.evaluation.metrics import calls

    return calls(pair.flow)


def test_nothing_changed_is_not_stale_whatever_the_order_of_files(tmp_path: Path) -> None:
    version = published(Registry(tmp_path), "one", only("kontor", "rollbahn"), ("kontor", "rollbahn"))
    assert reasons(version, only("rollbahn", "kontor")) == []


def test_added_changed_and_removed_operations_are_named(tmp_path: Path) -> None:
    version = published(Registry(tmp_path), "one", only("kontor"), ("kontor",))
    kontor = WHOLE.connectors["kontor"]
    (said,) = reasons(version, load_catalog().merged([replace(kontor, operations=kontor.operations[1:])]))
    assert "kontor.ba_released removed" in said
    (said,) = reasons(version, load_catalog().merged([replace(kontor, operations=(*kontor.operations, replace(kontor.operations[0], name="ba_back", id="BaBack")))]))
    assert "kontor.ba_back added" in said
    assert reasons(version, only("kontor", "rollbahn"))


def test_another_base_is_named(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    with registry.locked("one") as stage:
        _keep(stage, Examples((), ()), only("kontor"))
        version = registry.publish("one", stage, {"base": {**base_name(default_folder()), "manifest": "0", "version": "0.0.9"}, "catalog": catalog_hash(only("kontor"))})
    (said,) = reasons(version, only("kontor"))
    assert "0.0.9" in said and said.endswith("train it again.")


def test_nothing_of_one_tenant_is_in_the_folder_of_another(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    published(registry, "yard", only("kontor"), ("kontor",))
    published(registry, "fleet", only("rollbahn"), ("rollbahn",))
    for tenant, theirs in (("yard", ("rollbahn", "RB7", "Chock")), ("fleet", ("kontor", "KONTOR", "Kladde"))):
        text = "".join(f.read_text(encoding="utf-8") for f in (tmp_path / tenant).rglob("*") if f.is_file() and f.suffix in (".json", ".jsonl"))
        assert len(text) > 2_000 and not any(word in text for word in theirs)
        # Nor does a link lead out of it.
        assert all(f.resolve().is_relative_to(tmp_path / tenant) for f in (tmp_path / tenant).rglob("*"))
    kept = load_catalog([registry.version("yard").folder / "catalog"])
    assert connector_text(kept.connectors["kontor"]) == connector_text(WHOLE.connectors["kontor"]) and "rollbahn" not in kept.connectors


def test_feedback_that_is_tested_or_known_is_not_new_and_weights_count() -> None:
    pairs = read(EXAMPLE / "train.jsonl", WHOLE)[0]
    old, test, other = pairs[:20], pairs[20:30], pairs[30:33]
    given = [Weighted(p, 3) for p in (old[0], test[0], *other)]
    fresh = new(given, old, test)
    assert [w.pair.text for w in fresh] == [p.text for p in other]
    assert len(weighed(Examples((*old, *other), tuple(test)), fresh)) == 20 + 9

"""Versions appear whole or not at all, aliases move and move back, two at once do not clash, and tenants do not touch."""

from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from flowquill.training.tenant.errors import TenantError
from flowquill.training.tenant.registry import Registry


def published(registry: Registry, tenant: str, word: str = "x", promote: bool = True) -> int:
    with registry.locked(tenant) as stage:
        (stage / "model").mkdir()
        (stage / "model" / "weights").write_text(word)
        return registry.publish(tenant, stage, {"base": "b"}, promote).number


def test_versions_count_up_and_aliases_follow(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    assert [published(registry, "acme", str(n)) for n in (1, 2)] == [1, 2]
    assert registry.version("acme").number == 2
    assert published(registry, "acme", "3", promote=False) == 3
    assert registry.version("acme").number == 2 and registry.version("acme", "candidate").number == 3
    assert registry.promote("acme", "candidate").number == 3
    assert registry.roll_back("acme").number == 2
    assert registry.roll_back("acme").number == 1
    assert (registry.version("acme").model / "weights").read_text() == "1"
    with pytest.raises(TenantError, match="no champion before"):
        registry.roll_back("acme")


def test_a_version_is_never_written_again(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    published(registry, "acme", "one")
    published(registry, "acme", "two")
    assert (registry.version("acme", "1").model / "weights").read_text() == "one"


def test_a_run_that_fails_leaves_nothing(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    with pytest.raises(RuntimeError), registry.locked("acme") as stage:
        (stage / "model").mkdir()
        raise RuntimeError
    assert registry.versions("acme") == [] and not (tmp_path / "acme" / ".stage").exists()


def test_a_disk_that_does_not_take_the_version_leaves_the_old_one(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    published(registry, "acme", "one")
    before = registry.aliases("acme")
    # Where the next version would go a file stands: the rename fails as it does on a full disk.
    (tmp_path / "acme" / "versions" / "0002").write_text("in the way")
    with pytest.raises(TenantError, match="nothing was published"):
        published(registry, "acme", "two")
    assert registry.aliases("acme") == before and [v.number for v in registry.versions("acme")] == [1]


def _hold(root: str, ready: str) -> None:
    with Registry(Path(root)).locked("acme") as stage:
        (stage / "half").write_text("half a model")
        Path(ready).write_text("")
        time.sleep(60)


def test_a_lock_keeps_others_out_and_ends_with_its_process(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    process = multiprocessing.get_context("spawn").Process(target=_hold, args=(str(tmp_path), str(ready)))
    process.start()
    try:
        while not ready.exists():
            assert process.is_alive()
            time.sleep(0.05)
        registry = Registry(tmp_path)
        with pytest.raises(TenantError, match="Another process"):
            published(registry, "acme")
        # Another tenant is not kept waiting.
        assert published(registry, "other") == 1
    finally:
        process.kill()
        process.join()
    assert published(registry, "acme") == 1
    assert not (registry.version("acme").folder / "half").exists()


@pytest.mark.parametrize("name", ["", "../up", "A", "a/b", ".hidden", "a" * 60, "ä"])
def test_names_that_would_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(TenantError, match="no name for a tenant"):
        Registry(tmp_path).home(name)
    assert os.listdir(tmp_path) == []


def test_damage_is_told_in_one_sentence(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    published(registry, "acme")
    (registry.version("acme").folder / "card.json").write_text("{")
    with pytest.raises(TenantError, match="damaged"):
        _ = registry.version("acme").card
    (tmp_path / "acme" / "aliases.json").write_text('{"format": 7}')
    with pytest.raises(TenantError, match="format 7"):
        registry.version("acme")

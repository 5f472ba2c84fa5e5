"""Registries, histories and feedback on disks that take nothing more, or nothing at all: one sentence, and what stood there stands."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flowquill.generation.appending import append
from flowquill.training.tenant.registry import Registry
from tests.cli.command import one_sentence
from tests.faults import powerless, read_only, small_disk

CHAT = 'flow a {\n  on manual()\n  teams.post_message(message: "Done")\n}\n'


def published(registry: Registry, *words: str) -> None:
    for word in words:
        with registry.locked("acme") as stage:
            (stage / "weights").write_text(word)
            registry.publish("acme", stage, {"base": "b"})


def said(*arguments: str, **given: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "flowquill.cli.main", "train", *arguments], capture_output=True, text=True, timeout=300, check=False, **given)


def state(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file() and f.name != "lock"}


def test_aliases_that_the_disk_does_not_take(tmp_path: Path) -> None:
    published(Registry(tmp_path), "one", "two")
    before = state(tmp_path)
    told = one_sentence(said("promote", "--name", "acme", "--version", "1", "--registry", str(tmp_path), **small_disk(10)))
    assert "aliases of acme could not be written" in told and "the champion is as it was" in told
    told = one_sentence(said("rollback", "--name", "acme", "--registry", str(tmp_path), **small_disk(10)))
    assert "the champion is as it was" in told
    assert state(tmp_path) == before and Registry(tmp_path).version("acme").number == 2


def test_a_history_that_the_disk_does_not_take_hides_nothing_that_was_done(tmp_path: Path) -> None:
    published(Registry(tmp_path), "one", "two")
    history = tmp_path / "acme" / "history.jsonl"
    history.write_bytes(history.read_bytes() * 20)
    before = history.read_bytes()
    # Part of the line finds room, and goes again.
    done = said("promote", "--name", "acme", "--version", "1", "--registry", str(tmp_path), **small_disk(len(before) + 10))
    assert done.returncode == 0 and "Version 1 is the champion" in done.stdout
    assert "history.jsonl could not be written" in done.stderr and "Traceback" not in done.stderr
    assert history.read_bytes() == before and Registry(tmp_path).version("acme").number == 1


def test_a_version_whose_aliases_find_no_room_is_not_there(tmp_path: Path) -> None:
    published(Registry(tmp_path), "one")
    aliases = tmp_path / "acme" / "aliases.json"
    # They are longer than anything else that is written.
    aliases.write_text(json.dumps({**json.loads(aliases.read_text()), "former": [1] * 2000}))
    before = state(tmp_path)
    code = (
        "import sys; from pathlib import Path; from flowquill.training.tenant.registry import Registry; from flowquill.training.tenant.errors import TenantError\n"
        "registry = Registry(Path(sys.argv[1]))\n"
        "try:\n    with registry.locked('acme') as stage:\n        registry.publish('acme', stage, {})\n"
        "except TenantError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True, **small_disk(3000))
    assert "nothing was published" in done.stdout
    assert state(tmp_path) == before and [v.number for v in Registry(tmp_path).versions("acme")] == [1]
    published(Registry(tmp_path), "two")
    assert Registry(tmp_path).version("acme").number == 2


def test_a_registry_that_may_not_be_written(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="`train tenants` compares with the base: pip install 'flowquill[train]'")
    published(Registry(tmp_path), "one", "two")
    (tmp_path / "home").mkdir()
    limits = powerless()
    with read_only(tmp_path / "acme", tmp_path / "home"):
        told = one_sentence(said("promote", "--name", "acme", "--version", "1", "--registry", str(tmp_path), **limits))
        assert "takes no writing (Permission denied)" in told and "--registry" in told
        # Reading goes on.
        assert "champion 2" in said("tenants", "--registry", str(tmp_path), **limits).stdout
        home = {"env": {**os.environ, "HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": "", "FLOWQUILL_TENANTS": ""}}
        assert "takes no writing" in one_sentence(said("rollback", "--name", "acme", **home, **limits))


def test_pairs_of_feedback_that_the_disk_does_not_take(tmp_path: Path) -> None:
    given, out = tmp_path / "proposals.jsonl", tmp_path / "pairs.jsonl"
    given.write_text(json.dumps({"text": 'post "Done" in teams', "outcome": "accepted", "proposed": CHAT}) + "\n")
    out.write_text("what stood there\n")
    told = one_sentence(said("feedback", str(given), "--out", str(out), **small_disk(20)))
    assert "pairs.jsonl cannot be written" in told and "the file is as it was" in told
    assert out.read_text() == "what stood there\n" and sorted(f.name for f in tmp_path.iterdir()) == ["pairs.jsonl", "proposals.jsonl"]


def test_a_line_is_added_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "lines"
    append(file, "one\n")
    file.write_text("one\ntor")
    append(file, "two\n")
    assert file.read_text() == "one\ntor\ntwo\n"
    if Path("/dev/full").exists():
        with pytest.raises(OSError) as full:
            append(Path("/dev/full"), "three\n")
        assert full.value.errno == errno.ENOSPC


def test_an_example_that_the_disk_does_not_take(tmp_path: Path) -> None:
    pytest.importorskip("faiss")
    file = tmp_path / "examples.jsonl"
    file.write_text("".join(json.dumps({"text": f"number {n}", "flow": 'on manual()\ntodo "x"'}) + "\n" for n in range(20)))
    before = file.read_bytes()
    code = (
        "import sys, numpy as np; from pathlib import Path; from flowquill.generation.examples import ExampleIndex; from flowquill.generation.request import GenerationError\n"
        "from flowquill.grammar.catalog import load_catalog\n"
        "index = ExampleIndex(Path(sys.argv[1]), load_catalog(), lambda texts: np.ones((len(texts), 4), np.float32), 'e')\n"
        "try:\n    index.add('one more', 'on manual()\\ntodo \"y\"')\n"
        "except GenerationError as error:\n    print(error)\n"
        "print(len(index), len(index.search('number 3', 2)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True, **small_disk(len(before) + 5))
    told, still = done.stdout.splitlines()
    assert "could not be added" in told and "the file is as it was" in told and still == "20 2"
    assert file.read_bytes() == before and not [f for f in tmp_path.iterdir() if f.name.startswith(".")]

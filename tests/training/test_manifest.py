"""A data set is the same for the same seed, holds out what it says, and a leak or damage is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowquill.grammar.catalog import load_catalog
from flowquill.training.data.banks import load_banks
from flowquill.training.data.manifest import Alike, ManifestError, Plan, build, fingerprint, leaks, verify

CATALOG = load_catalog()
BANKS = load_banks()
PLAN = Plan(train=150, test=40, seed=5, operations_held_out=0.2)


def test_same_seed_same_bytes_and_the_manifest_says_what_is_there(tmp_path: Path) -> None:
    made = build(tmp_path / "a", CATALOG, BANKS, PLAN)
    build(tmp_path / "b", CATALOG, BANKS, PLAN)
    for name in ("train.jsonl", "test.jsonl", "manifest.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert verify(tmp_path / "a") == made
    assert made["parts"]["train"]["pairs"] == 150 and made["parts"]["test"]["pairs"] == 40
    assert made["parts"]["train"]["with_held_out_operations"] == 0 and made["parts"]["test"]["with_held_out_operations"] > 0
    lines = (tmp_path / "a" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    assert not any(f"{operation}(" in json.loads(line)["flow"] for line in lines for operation in made["held_out"]["operations"])


def test_requests_that_read_alike_are_found_whatever_their_values() -> None:
    one = 'When a ticket arrives in Freshdesk, email anna@acme.io saying "We are on it" and wait 15 minutes before closing it'
    known = Alike([one, "list the open pull requests of the repository and post them to the channel"])
    assert known.of('when a ticket arrives in freshdesk email ben@other.org saying "Thanks" and wait 20 minutes before closing it.') == one
    assert known.of('When a ticket arrives in Freshdesk, please email anna@acme.io saying "Hi" and wait 15 minutes before closing it') == one
    assert known.of("When an invoice arrives in Freshdesk, create a task for it and tell the team") is None
    assert fingerprint("Mail a@b.c 5 times") == "mail # # times"


def test_a_leaking_test_a_changed_file_and_a_stopped_run_are_told(tmp_path: Path) -> None:
    build(tmp_path, CATALOG, BANKS, PLAN)
    train, test = tmp_path / "train.jsonl", tmp_path / "test.jsonl"
    first = json.loads(train.read_text(encoding="utf-8").splitlines()[0])["text"]
    assert list(leaks([first], [first.upper()])) == [(first, first.upper())]
    whole = test.read_text(encoding="utf-8")
    test.write_text(whole + json.dumps({"text": first, "flow": ""}) + "\n", encoding="utf-8")
    with pytest.raises(ManifestError, match="not what its manifest says"):
        verify(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    import hashlib

    manifest["parts"]["test"]["sha256"] = hashlib.sha256(test.read_bytes()).hexdigest()
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ManifestError, match="reads like the training pair"):
        verify(tmp_path)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(ManifestError, match="has no manifest"):
        verify(tmp_path)


def test_a_folder_that_cannot_be_written_leaves_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ManifestError, match="could not be written"):
        build(tmp_path / "file", CATALOG, BANKS, Plan(5, 2))

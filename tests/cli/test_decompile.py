"""`decompile` as a user runs it: one file, packages, folders, hostile files, and files in the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.check import check
from flowquill.grammar.parse import parse
from tests.cli.command import Run, one_sentence
from tests.grammar.wdl.definitions import MAIL, definition, zipped

LEAVE = definition({"Compose": {"type": "Compose", "inputs": "hello", "runAfter": {}}, "Mail": MAIL}, parameters={"$connections": {"type": "Object", "defaultValue": {}}})
ODD = definition({"Dance": {"type": "Dance", "inputs": {"steps": 3}, "runAfter": {}}})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "leave.json").write_text(json.dumps(LEAVE))
    (tmp_path / "all/deep").mkdir(parents=True)
    (tmp_path / "all/a.json").write_text(json.dumps(LEAVE))
    (tmp_path / "all/deep/a.json").write_text(json.dumps(ODD))
    (tmp_path / "all/broken.json").write_text(json.dumps(LEAVE)[:-30])
    (tmp_path / "all/circle.json").write_text(json.dumps(definition({"A": {"type": "Compose", "inputs": 1, "runAfter": {"A": ["Succeeded"]}}})))
    (tmp_path / "all/p.zip").write_bytes(zipped({"Workflows/Leave.json": json.dumps({"properties": {"definition": LEAVE}})}))
    (tmp_path / "all/bomb.zip").write_bytes(zipped({"Workflows/a.json": b" " * 7_000_000}))
    (tmp_path / "all/other.json").write_text("[]")
    return tmp_path


def sound(text: str) -> int:
    """How many flows a text has; it has no mistakes."""
    parsed = parse(text)
    assert [d for d in check(parsed, load_catalog()) if d.severity == "error"] == []
    return len(parsed.file.flows)


def test_one_file_on_the_standard_output(run: Run, folder: Path) -> None:
    done = run("decompile", "leave.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert sound(done.stdout) == 1
    assert "outlook.send_email" in done.stdout


def test_there_and_back(run: Run, folder: Path) -> None:
    assert run("decompile", "leave.json", "-o", "leave.flow").returncode == 0
    assert run("compile", "leave.flow", "--arm", "-o", "azuredeploy.json").returncode == 0
    assert run("decompile", "azuredeploy.json", "-o", "again.flow").returncode == 0
    assert (folder / "again.flow").read_text() == (folder / "leave.flow").read_text()


def test_a_folder_goes_on_after_what_it_cannot_read(run: Run, folder: Path) -> None:
    done = run("decompile", "all", "-o", "out")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("flowquill: ")]
    assert [line.split()[1] for line in told] == ["all/bomb.zip!Workflows/a.json", "all/broken.json", "all/circle.json"]
    assert all(line.endswith(".") and len(line) < 300 for line in told)
    assert sorted(p.name for p in (folder / "out").iterdir()) == ["a.flow", "a_2.flow", "leave.flow"]
    assert all(sound(p.read_text()) == 1 for p in (folder / "out").iterdir())
    assert any("Dance" in line and "note" in line for line in done.stderr.splitlines())


def test_a_folder_as_one_file(run: Run, folder: Path) -> None:
    run("decompile", "all", "-o", "all.flow")
    assert sound((folder / "all.flow").read_text()) == 3


def test_json_for_tools(run: Run, folder: Path) -> None:
    done = run("decompile", "all", "--json")
    records = json.loads(done.stdout)
    assert done.returncode == 1
    assert [("error" in r) for r in records].count(True) == 3
    odd = next(r for r in records if r["source"].endswith("deep/a.json"))
    assert odd["notes"] and odd["violations"] and odd["diagnostics"] == []
    assert sound(odd["flow"]) == 1
    (record,) = json.loads(run("decompile", "leave.json", "--json", "-o", "out").stdout)
    assert (folder / record["file"]).read_text() == record["flow"]


def test_nothing_is_overwritten_without_force(run: Run, folder: Path) -> None:
    (folder / "leave.flow").write_text("mine")
    assert "--force" in one_sentence(run("decompile", "leave.json", "-o", "leave.flow"))
    done = run("decompile", "leave.json", "-o", ".")
    assert done.returncode == 1 and "--force" in done.stderr
    assert (folder / "leave.flow").read_text() == "mine"
    assert run("decompile", "leave.json", "-o", "leave.flow", "--force").returncode == 0
    assert sound((folder / "leave.flow").read_text()) == 1


def test_a_second_run_over_a_folder_replaces_nothing(run: Run, folder: Path) -> None:
    run("decompile", "all", "-o", "out")
    before = {p.name: p.read_bytes() for p in (folder / "out").iterdir()}
    assert run("decompile", "all", "-o", "out").returncode == 1
    assert {p.name: p.read_bytes() for p in (folder / "out").iterdir()} == before
    run("decompile", "all", "-o", "out", "--force")
    assert {p.name: p.read_bytes() for p in (folder / "out").iterdir()} == before


def test_a_folder_that_cannot_be_made_is_told_once(run: Run, folder: Path) -> None:
    assert "cannot be made a folder" in one_sentence(run("decompile", "all", "-o", "leave.json"))
    assert "cannot be made a folder" in one_sentence(run("decompile", "all", "-o", "leave.json/out"))


@pytest.mark.parametrize(
    ("path", "says"),
    [("missing.json", "no file or folder"), ("all/broken.json", "too early"), ("all/other.json", "no workflow"), ("empty", "no workflow"), ("all/circle.json", "all/circle.json")],
)
def test_unfit_inputs_are_one_sentence(run: Run, folder: Path, path: str, says: str) -> None:
    (folder / "empty").mkdir()
    done = run("decompile", path)
    assert says in one_sentence(done)
    assert done.stdout == ""

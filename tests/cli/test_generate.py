"""`flowquill generate`: its outputs, its JSON contract, batches, and everything unfit it may be given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import Run, one_sentence


def test_a_flow_is_printed_and_parses(run: Run, tmp_path: Path) -> None:
    done = run("generate", "fetch the tickets weekly", fake=True)
    assert done.returncode == 0
    assert done.stdout.startswith("flow ")
    (tmp_path / "a.flow").write_text(done.stdout)
    assert run("check", "a.flow").returncode == 0


def test_json_has_all_keys_of_the_contract(run: Run) -> None:
    done = run("generate", "fetch the tickets weekly", "--json", fake=True)
    data = json.loads(done.stdout)
    assert set(data) == {"flow", "trigger", "steps", "diagnostics", "confidence", "engine", "model", "latency_ms"}
    assert data["latency_ms"]["total"] >= data["latency_ms"]["decode"]
    assert data["steps"]
    assert data["trigger"]


def test_text_from_the_standard_input(run: Run) -> None:
    assert run("generate", "-", stdin="fetch the tickets\nweekly", fake=True).stdout.startswith("flow ")


def test_an_edit_prints_and_leaves_the_file(run: Run, tmp_path: Path) -> None:
    source = 'flow a {\n  on manual()\n  todo "x"\n}\n'
    (tmp_path / "a.flow").write_text(source)
    done = run("generate", "change it please", "--edit", "a.flow", fake=True)
    assert done.stdout.startswith("flow a {")
    assert "call them" in done.stdout
    assert (tmp_path / "a.flow").read_text() == source


def test_a_batch_goes_on_after_bad_lines(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.flow").write_text('flow a {\n  on manual()\n  todo "x"\n}\n')
    lines = [
        json.dumps({"id": "1", "text": "fetch the tickets weekly"}),
        "{broken",
        json.dumps({"id": 3, "text": ""}),
        json.dumps({"id": "4"}),
        json.dumps({"id": "5", "text": "change it please", "edit": "a.flow"}),
        json.dumps({"id": "6", "text": "change it please", "edit": "flow b {\n  on manual()\n}"}),
        json.dumps({"id": "7", "text": "change it please", "edit": "missing.flow"}),
        json.dumps([1]),
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(lines) + "\n")
    done = run("generate", "--batch", "in.jsonl", "--out", "out.jsonl", fake=True)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "5 of 8 requests failed" in done.stderr
    assert done.stdout == ""
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [r["id"] for r in records] == ["1", None, 3, "4", "5", "6", "7", None]
    assert ["error" in r for r in records] == [False, True, True, True, False, False, True, True]
    assert records[4]["flow"].startswith("flow a")
    assert records[5]["flow"].startswith("flow b")
    assert "latency_ms" in records[0]


def test_a_clean_batch_exits_with_0(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"id": 1, "text": "fetch the tickets weekly"}\n')
    assert run("generate", "--batch", "in.jsonl", "--out", "out.jsonl", fake=True).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([""], "empty"),
        (["x" * 20_000], "20,000 characters"),
        (["\x01\x02 mail"], "binary"),
        ([], "Give one request"),
        (["mail me", "--batch", "x.jsonl"], "Give one request"),
        (["--batch", "x.jsonl"], "belong together"),
        (["--batch", "missing.jsonl", "--out", "o.jsonl"], "no file missing.jsonl"),
        (["mail me", "--edit", "missing.flow"], "no file missing.flow"),
        (["mail me", "--edit", "folder"], "is a directory"),
        (["mail me", "--edit", "binary.flow"], "binary"),
        (["mail me", "--edit", "latin.flow"], "not UTF-8"),
        (["mail me", "--catalog", "missing"], "no catalog at missing"),
        (["mail me", "--catalog", "corrupt.json"], "corrupt.json"),
        (["mail me", "--catalog", "binary.flow"], "binary.flow"),
        (["mail me", "--catalog", "shape.json"], "shape.json"),
        (["mail me", "--catalog", "folder"], "holds no .json"),
        (["mail me", "--no-builtin-catalog"], "leaves no connectors"),
    ],
)
def test_bad_input_is_one_sentence(run: Run, tmp_path: Path, arguments: list[str], says: str) -> None:
    _unfit_files(tmp_path)
    assert says in one_sentence(run("generate", *arguments, fake=True))


def test_a_batch_never_overwrites_its_input(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"id": 1, "text": "mail me daily"}\n')
    assert "same file" in one_sentence(run("generate", "--batch", "in.jsonl", "--out", "./in.jsonl", fake=True))
    assert "mail me" in (tmp_path / "in.jsonl").read_text()


def test_a_missing_or_corrupt_model_is_one_sentence(run: Run, tmp_path: Path) -> None:
    assert "model" in one_sentence(run("generate", "mail me daily", "--model", "nowhere"))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "manifest.json").write_text("{")
    assert "model" in one_sentence(run("generate", "mail me daily", "--model", "model"))


def test_the_trace_is_shown_on_demand(run: Run) -> None:
    assert "Traceback" in run("generate", "", fake=True, debug=True).stderr


def _unfit_files(folder: Path) -> None:
    (folder / "folder").mkdir()
    (folder / "binary.flow").write_bytes(bytes(range(256)))
    (folder / "latin.flow").write_bytes("flow a { todo \"Käse\" }".encode("latin-1"))
    (folder / "corrupt.json").write_text('{"name": ')
    (folder / "shape.json").write_text('{"name": "x", "operations": [{"name": 3}]}')

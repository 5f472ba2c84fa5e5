"""`check`, `format` and `parse` over files, good and unfit."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.command import Run, one_sentence

GOOD = 'flow a {\n  on manual()\n\n  compose(value: 1)\n}\n'
BAD = 'flow a {\n  on manual()\n  nowhere.nothing()\n}\n'
UGLY = 'flow a{on manual()\n\n\n\n   compose( value:1 )}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("good.flow", GOOD), ("bad.flow", BAD), ("ugly.flow", UGLY), ("broken.flow", "flow a {\n  if }\n}\n")):
        (tmp_path / name).write_text(text)
    (tmp_path / "deep.flow").write_text("flow a {\n" + "scope s {\n" * 500 + "}\n" * 500 + "}\n")
    (tmp_path / "brackets.flow").write_text("flow a { compose(value: " + "[" * 500 + "]" * 500 + ") }")
    (tmp_path / "binary.flow").write_bytes(bytes(range(256)))
    (tmp_path / "latin.flow").write_bytes("# Käse\n".encode("latin-1"))
    (tmp_path / "empty.flow").write_text("")
    (tmp_path / "folder").mkdir()
    return tmp_path


def test_check_writes_like_a_compiler(run: Run, folder: Path) -> None:
    assert run("check", "good.flow").returncode == 0
    done = run("check", "good.flow", "bad.flow")
    assert done.returncode == 1
    first = done.stdout.splitlines()[0]
    assert first.startswith("bad.flow:3:")
    assert ": error FQ" in first


def test_check_json_and_sarif(run: Run, folder: Path) -> None:
    (report,) = json.loads(run("check", "bad.flow", "--format", "json").stdout)
    assert report["file"] == "bad.flow"
    assert {"code", "severity", "message", "line", "column", "end_line", "end_column", "fixes"} == set(report["diagnostics"][0])
    sarif = json.loads(run("check", "bad.flow", "--format", "sarif").stdout)
    assert sarif["version"] == "2.1.0"
    result = sarif["runs"][0]["results"][0]
    assert result["level"] == "error"
    assert sarif["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 3


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("missing.flow", "no file missing.flow"),
        ("folder", "is a directory"),
        ("binary.flow", "binary"),
        ("latin.flow", "not UTF-8"),
    ],
)
@pytest.mark.parametrize("command", ["check", "format", "parse"])
def test_unfit_files_are_one_sentence(run: Run, folder: Path, command: str, file: str, says: str) -> None:
    assert says in one_sentence(run(command, file))


@pytest.mark.parametrize("file", ["deep.flow", "brackets.flow"])
@pytest.mark.parametrize("command", ["check", "format", "parse"])
def test_nesting_500_deep_is_told_in_one_sentence(run: Run, folder: Path, command: str, file: str) -> None:
    done = run(command, file)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    said = [line for line in (done.stdout + done.stderr).splitlines() if "nested more than" in line]
    assert len(said) == 1


def test_an_unfit_file_does_not_hide_the_others(run: Run, folder: Path) -> None:
    done = run("check", "missing.flow", "bad.flow")
    assert done.returncode == 1
    assert "bad.flow:3:" in done.stdout
    assert "missing.flow" in done.stderr


def test_format_writes_once_and_is_idempotent(run: Run, folder: Path) -> None:
    os.chmod(folder / "ugly.flow", 0o640)
    assert run("format", "ugly.flow", "--check").returncode == 1
    assert (folder / "ugly.flow").read_text() == UGLY
    assert run("format", "ugly.flow").returncode == 0
    assert (folder / "ugly.flow").read_text() == GOOD
    assert (folder / "ugly.flow").stat().st_mode & 0o777 == 0o640
    assert run("format", "ugly.flow", "--check").returncode == 0
    assert sorted(p.name for p in folder.iterdir() if p.name.startswith(".")) == []


def test_format_keeps_crlf_and_leaves_broken_files(run: Run, folder: Path) -> None:
    (folder / "win.flow").write_bytes(UGLY.replace("\n", "\r\n").encode())
    assert run("format", "win.flow").returncode == 0
    assert (folder / "win.flow").read_bytes() == GOOD.replace("\n", "\r\n").encode()
    before = (folder / "broken.flow").read_bytes()
    assert "left as it is" in one_sentence(run("format", "broken.flow"))
    assert (folder / "broken.flow").read_bytes() == before


def test_format_follows_links(run: Run, folder: Path) -> None:
    (folder / "link.flow").symlink_to("ugly.flow")
    assert run("format", "link.flow").returncode == 0
    assert (folder / "link.flow").is_symlink()
    assert (folder / "ugly.flow").read_text() == GOOD


def test_the_standard_input(run: Run, folder: Path) -> None:
    assert run("format", "-", stdin=UGLY).stdout == GOOD
    assert run("check", "-", stdin=BAD).stdout.startswith("-:3:")
    assert json.loads(run("parse", "-", "--json", stdin=GOOD).stdout)["steps"][0]["builtin"] == "compose"


def test_parse_gives_trigger_and_steps(run: Run, folder: Path) -> None:
    outline = json.loads(run("parse", "good.flow", "--json").stdout)
    assert set(outline) == {"trigger", "steps"}
    assert "compose" in run("parse", "good.flow").stdout
    assert "broken.flow:2:" in one_sentence(run("parse", "broken.flow", "--json"))
    assert "no flow" in one_sentence(run("parse", "empty.flow"))
    assert "no flow b" in one_sentence(run("parse", "good.flow", "--flow", "b"))


def test_an_operation_of_an_added_catalog_is_known(run: Run, folder: Path) -> None:
    connector = {"name": "nowhere", "operations": [{"name": "nothing", "id": "Nothing", "kind": "action"}]}
    (folder / "nowhere.json").write_text(json.dumps(connector))
    assert run("check", "bad.flow", "--catalog", "nowhere.json").returncode == 0
    assert run("check", "bad.flow", "--catalog", "nowhere.json", "--no-builtin-catalog").returncode == 0
    steps = json.loads(run("parse", "bad.flow", "--json", "--catalog", "nowhere.json").stdout)["steps"]
    assert steps[0]["op"] == "Nothing"

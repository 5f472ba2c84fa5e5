"""`compile` as a user runs it: documents, templates, packages, mistakes, and files in the way."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.cli.command import Run, one_sentence

LEAVE = """flow leave {
  on manual(days: integer) as request

  if request.days > 3 {
    outlook.send_email(to: "a@b.c", subject: "[draft]", body: $"{request.days} days")
  }
}
"""
NIGHTLY = 'flow nightly {\n  on schedule(frequency: "Day", interval: 1)\n\n  compose(value: 1)\n}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "leave.flow").write_text(LEAVE)
    (tmp_path / "two.flow").write_text(LEAVE + "\n" + NIGHTLY)
    (tmp_path / "wrong.flow").write_text("flow a {\n  on manual()\n  nowhere.nothing()\n}\n" + NIGHTLY)
    (tmp_path / "empty.flow").write_text("")
    return tmp_path


def test_a_document_on_the_standard_output(run: Run, folder: Path) -> None:
    done = run("compile", "leave.flow")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert list(document["definition"]["actions"]) == ["Condition"]
    assert "office365" in document["parameters"]["$connections"]["value"]
    assert json.loads(run("compile", "-", stdin=LEAVE).stdout) == document


def test_a_template(run: Run, folder: Path) -> None:
    done = run("compile", "two.flow", "--arm", "-o", "azuredeploy.json")
    assert done.returncode == 0, done.stderr
    made = json.loads((folder / "azuredeploy.json").read_text())
    assert [r["type"] for r in made["resources"]] == ["Microsoft.Web/connections", "Microsoft.Logic/workflows", "Microsoft.Logic/workflows"]
    assert '"[[draft]"' in (folder / "azuredeploy.json").read_text()
    assert run("compile", "leave.flow", "--arm", "--target", "powerautomate").returncode == 2


def test_a_package_is_the_same_each_time(run: Run, folder: Path) -> None:
    for name in ("a.zip", "b.zip"):
        assert run("compile", "leave.flow", "--target", "powerautomate", "-o", name).returncode == 0
    assert (folder / "a.zip").read_bytes() == (folder / "b.zip").read_bytes()
    assert "manifest.json" in zipfile.ZipFile(folder / "a.zip").namelist()
    assert "only Power Automate" in one_sentence(run("compile", "leave.flow", "-o", "c.zip"))
    document = json.loads(run("compile", "leave.flow", "--target", "powerautomate").stdout)
    assert document["properties"]["displayName"] == "leave"


def test_several_flows(run: Run, folder: Path) -> None:
    assert "choose one with --flow" in one_sentence(run("compile", "two.flow"))
    assert list(json.loads(run("compile", "two.flow", "--flow", "nightly").stdout)["definition"]["actions"]) == ["Compose"]
    assert "no flow third" in one_sentence(run("compile", "two.flow", "--flow", "third"))
    assert run("compile", "two.flow", "-o", "out/").returncode == 0
    assert sorted(p.name for p in (folder / "out").iterdir()) == ["leave.json", "nightly.json"]


def test_nothing_is_overwritten_without_force(run: Run, folder: Path) -> None:
    (folder / "leave.json").write_text("mine")
    assert "--force" in one_sentence(run("compile", "leave.flow", "-o", "leave.json"))
    assert (folder / "leave.json").read_text() == "mine"
    assert run("compile", "leave.flow", "-o", "leave.json", "--force").returncode == 0
    assert json.loads((folder / "leave.json").read_text())["definition"]


def test_mistakes_are_told_and_nothing_is_written(run: Run, folder: Path) -> None:
    done = run("compile", "wrong.flow", "-o", "out.json")
    assert done.returncode == 1
    assert "wrong.flow:3:" in done.stderr and "FQ002" in done.stderr and "Traceback" not in done.stderr
    assert not (folder / "out.json").exists()
    assert run("compile", "wrong.flow", "--flow", "nightly").returncode == 0
    assert "no flow" in one_sentence(run("compile", "empty.flow"))
    assert "no file" in one_sentence(run("compile", "missing.flow"))


def test_what_the_platform_would_refuse_is_told(run: Run, folder: Path) -> None:
    steps = "\n".join("  compose(value: 1)" for _ in range(501))
    (folder / "long.flow").write_text(f"flow long {{\n  on manual()\n\n{steps}\n}}\n")
    done = run("compile", "long.flow", "-o", "out.json")
    assert done.returncode == 1
    assert "WD09" in done.stderr and "501 actions" in done.stderr
    assert not (folder / "out.json").exists()


def test_a_flow_that_refuses_cannot_be_compiled(run: Run, folder: Path) -> None:
    (folder / "no.flow").write_text('flow a {\n  on manual()\n  refuse "This is not a task for a workflow; say what should happen, and when."\n}\n')
    assert one_sentence(run("compile", "no.flow"))

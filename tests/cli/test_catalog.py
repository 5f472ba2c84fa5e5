"""`flowquill catalog`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowquill.grammar.catalog import load_catalog
from tests.cli.command import Run, one_sentence


def test_list_has_a_row_an_operation(run: Run) -> None:
    rows = json.loads(run("catalog", "list", "--json").stdout)
    assert len(rows) == sum(1 for _ in load_catalog().operations())
    assert set(rows[0]) == {"id", "name", "connector", "kind", "title", "summary"}
    triggers = json.loads(run("catalog", "list", "--json", "--kind", "trigger").stdout)
    assert {r["kind"] for r in triggers} == {"trigger"}
    assert "http" in run("catalog", "list").stdout


def test_show_takes_connector_operation_and_id(run: Run) -> None:
    operation = next(o for o in load_catalog().operations() if o.connector)
    connector = json.loads(run("catalog", "show", str(operation.connector), "--json").stdout)
    assert connector["name"] == operation.connector
    assert json.loads(run("catalog", "show", operation.text, "--json").stdout)["id"] == operation.id
    assert operation.text in run("catalog", "show", operation.id).stdout
    assert "http" in run("catalog", "show", "http").stdout


def test_what_show_prints_is_a_catalog_file(run: Run, tmp_path: Path) -> None:
    name = next(iter(load_catalog().connectors))
    (tmp_path / "own.json").write_text(run("catalog", "show", name, "--json").stdout)
    again = load_catalog([tmp_path / "own.json"], builtin=False)
    assert again.connectors[name] == load_catalog().connectors[name]


def test_an_unknown_name_suggests_the_nearest(run: Run) -> None:
    name = next(iter(load_catalog().connectors))
    assert f"did you mean {name}" in one_sentence(run("catalog", "show", name + "x"))
    assert "catalog list" in one_sentence(run("catalog", "show", "qqqqqqqq"))


@pytest.mark.parametrize("arguments", [["list"], ["show", "http"]])
def test_a_missing_catalog_is_one_sentence(run: Run, arguments: list[str]) -> None:
    assert "no catalog at" in one_sentence(run("catalog", *arguments, "--catalog", "gone"))


PETS = {
    "openapi": "3.0.0",
    "info": {"title": "Pets"},
    "paths": {"/pets/{id}": {"get": {"operationId": "getPet", "summary": "Get a pet", "parameters": [{"name": "id", "in": "path", "schema": {"type": "string"}}], "responses": {}}}},
}
FLOW = 'flow a {\n  on manual()\n  pets.get_pet(id: "1")\n}\n'


def tree(folder: Path) -> dict[str, bytes]:
    return {f.name: f.read_bytes() for f in folder.iterdir()}


def test_import_is_the_same_again_resumed_and_from_nothing(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "defs"
    source.mkdir()
    for name in ("a", "b", "c"):
        (source / f"{name}.json").write_text(json.dumps({**PETS, "info": {"title": "Pets", "description": name}}))
    done = run("catalog", "import", "defs", "--out", "one")
    assert done.returncode == 0 and "3 files: 3 connectors, 3 operations" in done.stdout
    assert sorted(tree(tmp_path / "one")) == [".flowquill-import", "pets.json", "pets_2.json", "pets_3.json"]
    before = tree(tmp_path / "one")
    assert "(3 unchanged)" in run("catalog", "import", "defs", "--out", "one").stdout
    assert tree(tmp_path / "one") == before
    run("catalog", "import", "defs/a.json", "--out", "two")
    (tmp_path / "two/pets.json").unlink()
    assert run("catalog", "import", "defs", "--out", "two").returncode == 0
    assert tree(tmp_path / "two") == before
    (source / "a.json").write_text(json.dumps({**PETS, "info": {"title": "Pets", "description": "other"}}))
    assert "(2 unchanged)" in run("catalog", "import", "defs", "--out", "one").stdout
    (tmp_path / "a.flow").write_text(FLOW)
    assert run("check", "a.flow", "--catalog", "one").returncode == 0


def test_import_tells_of_each_file_it_cannot_read_and_goes_on(run: Run, tmp_path: Path) -> None:
    (tmp_path / "defs").mkdir()
    (tmp_path / "defs/a.json").write_text('{"swagger": "2.0"')
    (tmp_path / "defs/b.json").write_text(json.dumps(PETS))
    (tmp_path / "defs/c.yaml").write_text("a: [")
    done = run("catalog", "import", "defs", "--out", "out")
    assert done.returncode == 1 and "1 connectors, 1 operations in out, 2 failed" in done.stdout
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 2 and "a.json" in lines[0] and "c.yaml" in lines[1]
    assert "no file or folder gone" in one_sentence(run("catalog", "import", "gone"))


def test_an_openapi_file_is_a_catalog(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pets.json").write_text(json.dumps(PETS))
    (tmp_path / "a.flow").write_text(FLOW)
    assert run("check", "a.flow", "--catalog", "pets.json").returncode == 0
    assert run("check", "a.flow").returncode == 1


def test_diff_says_what_breaks(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text(json.dumps(PETS))
    (tmp_path / "new.json").write_text(json.dumps(PETS).replace("Get a pet", "Fetch a pet"))
    (tmp_path / "a.flow").write_text(FLOW)
    done = run("catalog", "diff", "old.json", "new.json", "a.flow")
    assert done.returncode == 1 and "added pets.fetch_pet" in done.stdout and "its id getPet is now pets.fetch_pet" in done.stdout and "a.flow:3:8: error FQ003" in done.stdout
    data = json.loads(run("catalog", "diff", "old.json", "new.json", "a.flow", "--json").stdout)
    assert [c["kind"] for c in data["changes"]] == ["added", "removed"] and data["broken"][0]["diagnostics"][0]["code"] == "FQ003"
    same = run("catalog", "diff", "old.json", "old.json", "a.flow")
    assert same.returncode == 0 and "say the same" in same.stdout


def test_the_workspace_file_is_found_above_the_flow(run: Run, tmp_path: Path) -> None:
    deep = tmp_path / "work/flows/deep"
    deep.mkdir(parents=True)
    (tmp_path / "work/pets.json").write_text(json.dumps(PETS))
    (tmp_path / "work/flowquill.toml").write_text('catalogs = ["pets.json"]\nbuiltin-catalog = false\n')
    (deep / "a.flow").write_text(FLOW)
    assert run("check", str(deep / "a.flow")).returncode == 0
    (deep / "b.flow").write_text('flow a {\n  on manual()\n  slack.post_message(channel: "a", message: "b")\n}\n')
    assert "FQ002" in run("check", str(deep / "b.flow")).stdout
    (tmp_path / "work/flowquill.toml").write_text('catalog = ["pets.json"]\n')
    assert "did you mean catalogs?" in one_sentence(run("check", str(deep / "a.flow")))
    (tmp_path / "outside.json").write_text(json.dumps(PETS))
    (tmp_path / "work/flowquill.toml").write_text('catalogs = ["../outside.json", "/etc", "pets.json"]\nbuiltin-catalog = "no"\n')
    done = run("check", str(deep / "a.flow"))
    assert done.returncode == 0 and done.stderr.count("outside the workspace") == 2 and "true is used" in done.stderr
    (tmp_path / "work/flowquill.toml").write_text("catalogs = [")
    assert "flowquill.toml cannot be read" in one_sentence(run("check", str(deep / "a.flow")))

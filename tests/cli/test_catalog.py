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

"""Connectors from the workflow definitions that call them."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from flowquill.grammar.catalog import Catalog, load_catalog
from flowquill.grammar.catalog.importing import connector_of
from flowquill.grammar.catalog.importing.workflows import definition_of, merged
from tests.grammar.catalog.test_openapi import assert_callable

SHARED = Path(os.environ.get("FLOWQUILL_SHARED_DATA") or Path(__file__).parents[4] / "shared/data")
WORKFLOWS = SHARED / "workflows-dev.jsonl.gz"
CONNECTION = {"connection": {"name": "@parameters('$connections')['tables_2']['connectionId']"}}


def definition(body: object) -> dict[str, object]:
    inner = {"type": "ApiConnection", "inputs": {"host": CONNECTION, "method": "post", "path": "/Tables/@{encodeURIComponent('x')}/rows", "queries": {"$top": 5}, "body": body}}
    flat = {"type": "OpenApiConnection", "inputs": {"host": {"apiId": "/providers/x/apis/shared_mailer", "operationId": "SendV2"}, "parameters": {"to": "a", "body/Subject": "@x"}}}
    return {
        "triggers": {"When_mail": {"type": "OpenApiConnection", "splitOn": "@triggerBody()?['value']", "inputs": {"host": {"apiId": "/x/shared_mailer", "operationId": "OnMail"}, "parameters": {}}}},
        "actions": {"Loop": {"type": "Foreach", "actions": {"If": {"type": "If", "actions": {}, "else": {"actions": {"Add_row_(V2)": inner}}}}}, "Send": flat},
    }


def test_calls_are_found_at_any_depth_and_joined() -> None:
    found = merged([definition({"A": 1}), definition({"A": "x", "B": True})])
    catalog = Catalog({c.name: c for c in (connector_of(f) for f in found)}, load_catalog().builtins)
    assert sorted(catalog.connectors) == ["mailer", "tables"]
    row = catalog.connectors["tables"].operations[0]
    assert (row.name, row.method, row.path) == ("add_row", "post", "/Tables/{table}/rows")
    assert {p.path: p.type for p in row.parameters} == {"path/table": "text", "query/$top": "integer", "body/A": "any", "body/B": "boolean"}
    sent, received = (catalog.by_id(i)[0] for i in ("SendV2", "OnMail"))
    assert sorted(p.path for p in sent.parameters) == ["body/Subject", "query/to"]
    assert (received.kind, received.split_on) == ("trigger", "body/value")
    assert_callable(catalog)


@pytest.mark.parametrize("name", ["shared_office365-2", "office365_1", "office365-#workflowname#", "office365_1_#workflowname#", "office365"])
def test_a_connection_is_called_by_its_api(name: str) -> None:
    inner = {"type": "ApiConnection", "inputs": {"host": {"connection": {"name": f"@parameters('$connections')['{name}']['connectionId']"}}, "method": "get", "path": "/Mail"}}
    assert [f.api for f in merged([{"triggers": {}, "actions": {"A": inner}}])] == ["office365"]


def test_a_workflow_file_is_a_catalog(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"properties": {"definition": definition({})}}))
    assert sorted(load_catalog([tmp_path / "a.json"], builtin=False).connectors) == ["mailer", "tables"]


@pytest.mark.skipif(not WORKFLOWS.is_file(), reason="the shared folder with real workflows is absent")
def test_operations_of_real_workflows_can_be_called() -> None:
    with gzip.open(WORKFLOWS, "rt") as stream:
        definitions = [d for line in stream if (d := definition_of(json.loads(line)["definition"])) is not None]
    taken: set[str] = set()
    builtins = load_catalog().builtins
    connectors = [connector_of(f, taken, builtins) for f in merged(definitions)]
    assert assert_callable(Catalog({c.name: c for c in connectors}, builtins)) > 100

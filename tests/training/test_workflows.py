"""Real definitions as tests: the calls they make, in the order they run, under the names of the catalog."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flowquill.training.evaluation.workflows import Names, catalog_of, gold
from flowquill.training.evaluation.workflows import tests as read


def call(identity: str, api: str, after: str = "") -> dict[str, Any]:
    host = {"operationId": identity, "apiId": f"/providers/Microsoft.PowerApps/apis/shared_{api}", "connectionName": f"shared_{api}"}
    return {"type": "OpenApiConnection", "runAfter": {after: ["Succeeded"]} if after else {}, "inputs": {"host": host, "parameters": {}}}


DEFINITION: dict[str, Any] = {
    "triggers": {"t": {"type": "Recurrence", "recurrence": {"frequency": "Day", "interval": 1}}},
    "actions": {
        "Last": call("SendEmail", "office365", "Loop"),
        "Note": {"type": "Compose", "inputs": 1, "runAfter": {}},
        "Loop": {"type": "Foreach", "runAfter": {"Note": ["Succeeded"]}, "actions": {"Odd": call("MakeThing", "acmetools")}},
    },
}


def written(folder: Path) -> Path:
    file = folder / "w.jsonl"
    lines = [{"id": f"x/{q}", "source_repo": "x", "title": "Make things", "description": "Makes them.", "definition": DEFINITION, "pair_quality": q} for q in ("A", "")]
    file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return file


def test_only_judged_definitions_are_tests(tmp_path: Path) -> None:
    assert [t["id"] for t in read(written(tmp_path))] == ["x/A"]


def test_calls_in_the_order_they_run_without_plumbing_and_versions(tmp_path: Path) -> None:
    catalog = catalog_of(written(tmp_path))
    found = gold(DEFINITION, Names(catalog))
    assert found[0] == "schedule" and found[2] == "outlook.send_email" and len(found) == 3
    assert "acme" in found[1] and catalog.find(*found[1].split(".")) is not None


def test_no_words_of_a_test_become_operations(tmp_path: Path) -> None:
    file = written(tmp_path)
    assert not [o.text for o in catalog_of(file).operations() if "make_things" in o.text or "Makes them" in o.summary]


def test_a_connection_of_any_name_is_known_by_its_routes(tmp_path: Path) -> None:
    connection = {"name": "@parameters('$connections')['soc-alerts-#workflowname#']['connectionId']"}
    comment = {"type": "ApiConnection", "runAfter": {}, "inputs": {"host": {"connection": connection}, "method": "post", "path": "/Incidents/Comment", "body": {}}}
    definition = {"triggers": {}, "actions": {"Say": comment}}
    file = tmp_path / "w.jsonl"
    file.write_text(json.dumps({"id": "1", "source_repo": "x", "title": "t", "description": "d", "definition": definition, "pair_quality": "A"}))
    assert gold(definition, Names(catalog_of(file), [definition])) == ("sentinel.add_comment",)

"""The documents and packages that compiled workflows are written to: their form, their bytes, and the way back."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

from flowquill.grammar.wdl.containers import Workflow, read
from flowquill.grammar.wdl.model import Connection
from flowquill.grammar.wdl.package import package
from flowquill.grammar.wdl.writing import Written, logic_app, template
from tests.grammar.wdl.definitions import MAIL, definition

PARAMETERS = {"limit": {"type": "Int"}, "rate": {"type": "Float"}, "note": {"type": "String", "defaultValue": "x"}, "location": {"type": "String"}}
MAILS = definition({"Compose": {"type": "Compose", "inputs": ["[draft]", "[parameters('tenant')]"], "runAfter": {}}, "Mail": MAIL}, parameters=PARAMETERS)
LEAVE = Written("leave_request", MAILS, (Connection("office365", "office365"), Connection("teams", "teams_2")))


def back(path: Path, content: bytes) -> Workflow:
    path.write_bytes(content)
    (found,) = list(read(path))
    assert isinstance(found, Workflow)
    return found


def test_a_logic_app_names_its_connections(tmp_path: Path) -> None:
    document = logic_app(LEAVE)
    assert document["definition"] == MAILS
    assert set(document["parameters"]["$connections"]["value"]) == {"office365", "teams_2"}
    found = back(tmp_path / "a.json", json.dumps(document).encode())
    assert found.definition == MAILS
    assert found.connections == {"office365": "office365", "teams_2": "teams"}
    assert logic_app(Written("a", definition())) == {"definition": definition()}


def test_a_template_declares_all_it_needs() -> None:
    made = template([LEAVE])
    assert set(made["parameters"]) == {"location", "workflowName", "office365ConnectionName", "teams2ConnectionName", "limit", "rate", "locationValue", "tenant"}
    assert made["parameters"]["limit"]["type"] == "int"
    assert [r["type"] for r in made["resources"]] == ["Microsoft.Web/connections", "Microsoft.Web/connections", "Microsoft.Logic/workflows"]
    workflow = made["resources"][-1]
    assert workflow["properties"]["definition"]["actions"]["Compose"]["inputs"] == ["[[draft]", "[parameters('tenant')]"]
    values = workflow["properties"]["parameters"]
    assert values["rate"] == {"value": "[json(parameters('rate'))]"}
    assert values["location"] == {"value": "[parameters('locationValue')]"}
    assert "note" not in values
    assert workflow["dependsOn"] == [c["connectionId"] for c in values["$connections"]["value"].values()]


def test_every_parameter_an_expression_names_is_declared() -> None:
    made = template([LEAVE, Written("b", definition(), (Connection("office365", "office365"),))])

    def texts(value: Any) -> list[str]:
        if isinstance(value, str):
            return [value]
        return [t for v in (value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()) for t in texts(v)]

    named = {n for t in texts(made["resources"]) if t.startswith("[") and not t.startswith("[[") for n in re.findall(r"parameters\('([^']+)'\)", t)}
    assert named <= set(made["parameters"])
    assert sum(r["type"] == "Microsoft.Web/connections" for r in made["resources"]) == 2


def test_a_template_reads_back(tmp_path: Path) -> None:
    found = back(tmp_path / "azuredeploy.json", json.dumps(template([LEAVE])).encode())
    assert found.title == "leave_request"
    assert found.definition == MAILS
    assert found.connections == {"office365": "office365", "teams_2": "teams"}


def test_a_package_has_what_the_import_page_reads(tmp_path: Path) -> None:
    data = package(LEAVE)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {n: json.loads(archive.read(n)) for n in archive.namelist()}
    manifest = files["manifest.json"]
    flow = next(k for k, r in manifest["resources"].items() if r["type"] == "Microsoft.Flow/flows")
    assert set(files) == {"manifest.json", "Microsoft.Flow/flows/manifest.json", *(f"Microsoft.Flow/flows/{flow}/{n}.json" for n in ("apisMap", "connectionsMap", "definition"))}
    assert files["Microsoft.Flow/flows/manifest.json"]["flowAssets"]["assetPaths"] == [flow]
    resources = manifest["resources"]
    assert all(d in resources for r in resources.values() for d in r["dependsOn"])
    for kind, kinds in (("apisMap", "Microsoft.PowerApps/apis"), ("connectionsMap", "Microsoft.PowerApps/apis/connections")):
        assert {resources[i]["type"] for i in files[f"Microsoft.Flow/flows/{flow}/{kind}.json"].values()} == {kinds}
    references = files[f"Microsoft.Flow/flows/{flow}/definition.json"]["properties"]["connectionReferences"]
    assert set(references) == set(files[f"Microsoft.Flow/flows/{flow}/connectionsMap.json"])
    found = back(tmp_path / "a.zip", data)
    assert (found.title, found.definition) == ("leave_request", MAILS)
    assert found.connections == {"office365": "office365", "teams_2": "teams"}


def test_the_same_flow_gives_the_same_bytes() -> None:
    data = package(LEAVE)
    assert data == package(LEAVE)
    assert data != package(Written("other", MAILS, LEAVE.connections))
    # Neither the machine nor the version of a compressor may show.
    assert hashlib.sha256(package(Written("a", definition()))).hexdigest() == "3cd007176135d4099707c398b58f0ed8c34e6545dc668257f9f0c28e6c23a60b"

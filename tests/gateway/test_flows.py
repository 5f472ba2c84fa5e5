"""The embedded engine behind the gateway: each tenant with its own connectors and examples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.running import Running, prepare

pytestmark = pytest.mark.model

CONNECTOR = {
    "name": "kiln",
    "title": "Kiln Control",
    "api": "kiln",
    "category": "industry",
    "summary": "Kilns of the pottery.",
    "operations": [
        {
            "name": "fire_kiln",
            "id": "FireKiln",
            "aliases": [],
            "kind": "action",
            "title": "Fire a kiln",
            "method": "post",
            "path": "/kilns/fire",
            "summary": "Starts the firing of a kiln.",
            "phrases": ["fire the kiln", "start the kiln"],
            "parameters": [],
            "outputs": [],
        }
    ],
}


def example(tenant: str) -> str:
    return json.dumps(
        {"text": f"tell the {tenant} team", "flow": 'flow f {\n  on manual()\n  todo "' + tenant + '"\n}'}
    )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("gateway")
    (folder / "kiln.json").write_text(json.dumps(CONNECTOR))
    for tenant in ("acme", "bolt"):
        (folder / tenant).mkdir()
        (folder / tenant / "examples.jsonl").write_text(example(tenant) + "\n")
    tenants = (
        '[tenant.acme]\ncatalogs = ["kiln.json"]\nexamples = "acme"\n[tenant.bolt]\nexamples = "bolt"\n[tenant.corn]\n'
    )
    made = prepare(folder, replicas=0, tenants=tenants, more="[embedded]\nenabled = true\n")
    try:
        made.start()
        yield made
    finally:
        made.close()


def test_a_flow_is_written_with_the_tenants_own_connectors(running: Running) -> None:
    text = "every Monday fire a kiln with Kiln Control"
    flow = running.ask("acme", "/v1/flows", text=text).json()["flow"]
    assert "kiln.fire_kiln" in flow
    assert "kiln.fire_kiln" not in running.ask("bolt", "/v1/flows", text=text).json()["flow"]


def test_examples_are_the_tenants_own(running: Running) -> None:
    for tenant, other in (("acme", "bolt"), ("bolt", "acme")):
        answer = running.ask(tenant, "/v1/examples", text=f"tell the {other} team", k=5)
        assert answer.status_code == 200, answer.text
        assert [e["text"] for e in answer.json()["data"]] == [f"tell the {tenant} team"]
    assert running.ask("corn", "/v1/examples", text="tell the acme team").json()["data"] == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "text is missing"),
        ({"text": 5}, "must be a text"),
        ({"text": "x", "alternatives": 99}, "from 1 to 4"),
        ({"text": "x", "catalogs": ["/etc"]}, "does not exist"),
        ({"text": "x", "cursor": True, "flow": ""}, "whole number"),
        ({"text": "fire it", "flow": "flow a {\n}", "cursor": 999}, "lies outside"),
    ],
)
def test_a_wrong_request_is_one_sentence(running: Running, body: dict[str, object], says: str) -> None:
    answer = running.ask("acme", "/v1/flows", **body)
    assert answer.status_code == 400, answer.text
    assert says in answer.json()["error"]["message"]


def test_a_gateway_without_vllm_says_so(running: Running) -> None:
    answer = running.ask("corn", max_tokens=1)
    assert answer.status_code == 503
    assert "No server of the model is ready" in answer.json()["error"]["message"]


def test_the_request_is_not_logged(running: Running, tmp_path: Path) -> None:
    running.ask("acme", "/v1/flows", text="canary-9c1d post to the team")
    running.ask("acme", "/v1/examples", text="canary-9c1d")
    assert "canary-9c1d" not in running.log + running.metrics()

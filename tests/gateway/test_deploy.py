"""The files of deploy/: valid by their schemas, and in agreement with one another."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from flowquill.gateway.settings import Settings, read_settings

DEPLOY = Path(__file__).parents[2] / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
VERSION = "1.33"


def manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted(KUBERNETES.glob("*.yaml")):
        if file.name == "kustomization.yaml":
            continue
        for document in yaml.safe_load_all(file.read_text()):
            yield f"{file.name}: {document['kind']} {document['metadata']['name']}", document


def one(kind: str, name: str) -> dict[str, Any]:
    return next(d for _, d in manifests() if d["kind"] == kind and d["metadata"]["name"] == name)


def compose() -> dict[str, Any]:
    table: dict[str, Any] = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text())
    return table


def options(arguments: list[str]) -> dict[str, str]:
    return dict(a.removeprefix("--").split("=", 1) for a in arguments if a.startswith("--") and "=" in a)


def test_the_compose_file_follows_its_schema() -> None:
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        str(DEPLOY / "compose/compose.yaml"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("name", "document"), list(manifests()), ids=[n for n, _ in manifests()])
def test_a_manifest_follows_its_schema(name: str, document: dict[str, Any]) -> None:
    kubernetes_validate.validate(document, VERSION, strict=True)
    assert document["metadata"].get("namespace", "flowquill") == "flowquill"


def test_the_schema_test_can_fail() -> None:
    broken = one("Deployment", "gateway")
    broken["spec"]["replica"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSION, strict=True)


def test_the_kustomization_names_every_manifest() -> None:
    table = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())
    assert {*table["resources"], "kustomization.yaml"} == {f.name for f in KUBERNETES.glob("*.yaml")}
    assert table["configMapGenerator"][0]["files"] == ["gateway.toml"]


def vllm_pod() -> dict[str, Any]:
    return dict(one("StatefulSet", "vllm")["spec"]["template"]["spec"]["containers"][0])


@pytest.mark.parametrize("place", ["compose", "kubernetes"])
def test_gateway_and_replicas_agree(place: str) -> None:
    """What a mistake in would be found only in production: names, slots, ranks, folders, the variable with the key."""
    settings: Settings
    if place == "compose":
        settings = read_settings(DEPLOY / "compose/config/gateway.toml")
        table = compose()["services"]
        replicas = {n: s for n, s in table.items() if n.startswith("vllm")}
        addresses = {f"http://{name}:8000" for name in replicas}
        given = [
            (options(s["command"]), set(s["environment"]), {v.split(":")[1] for v in s["volumes"]})
            for s in replicas.values()
        ]
        mounts = {v.split(":")[1] for v in table["gateway"]["volumes"]}
    else:
        settings = read_settings(KUBERNETES / "gateway.toml")
        count = one("StatefulSet", "vllm")["spec"]["replicas"]
        addresses = {f"http://vllm-{n}.vllm.flowquill.svc:8000" for n in range(count)}
        pod = vllm_pod()
        given = [(options(pod["args"]), {e["name"] for e in pod["env"]}, {m["mountPath"] for m in pod["volumeMounts"]})]
        gateway = one("Deployment", "gateway")["spec"]["template"]["spec"]["containers"][0]
        mounts = {m["mountPath"] for m in gateway["volumeMounts"]}
        assert str(settings.server.keys.parent) in mounts
        assert settings.server.tls_key is not None and str(settings.server.tls_key.parent) in mounts
    assert {r.url for r in settings.replica} == addresses
    assert settings.registry is not None and str(settings.registry.path) in mounts
    for arguments, variables, folders in given:
        assert arguments["served-model-name"] == settings.base_model
        assert int(arguments["max-lora-rank"]) == settings.registry.max_rank
        assert {r.adapter_slots for r in settings.replica} == {int(arguments["max-loras"])}
        assert arguments["structured-outputs-config.backend"] == "guidance"
        assert {r.key_env for r in settings.replica} <= variables and "VLLM_ALLOW_RUNTIME_LORA_UPDATING" in variables
        assert (settings.registry.mount or str(settings.registry.path)) in folders


def test_stopping_leaves_time_to_drain() -> None:
    spec = one("Deployment", "gateway")["spec"]["template"]["spec"]
    pause = int(spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    drain = read_settings(KUBERNETES / "gateway.toml").server.drain_s
    assert pause + drain < spec["terminationGracePeriodSeconds"]
    drain = read_settings(DEPLOY / "compose/config/gateway.toml").server.drain_s
    assert drain < int(compose()["services"]["gateway"]["stop_grace_period"].removesuffix("s"))


def test_replicas_are_reached_by_the_gateway_only() -> None:
    services = compose()["services"]
    assert not any("ports" in s for n, s in services.items() if n.startswith("vllm"))
    assert compose()["networks"]["model"]["internal"] is True
    rule = one("NetworkPolicy", "vllm")["spec"]["ingress"]
    assert {"podSelector": {"matchLabels": {"app": "gateway"}}} in rule[0]["from"]
    assert len(services["gateway"]["ports"]) == 1


def test_the_charts_values_serve_as_the_manifests_do() -> None:
    values = yaml.safe_load((DEPLOY / "helm/production-stack-values.yaml").read_text())
    pod = options(vllm_pod()["args"])
    for model in values["servingEngineSpec"]["modelSpec"]:
        extra = options(model["vllmConfig"]["extraArgs"])
        assert all(pod[name] == value for name, value in extra.items())
        assert str(model["vllmConfig"]["maxLoras"]) == pod["max-loras"] and model["replicaCount"] == 1
    assert values["routerSpec"]["enableRouter"] is False

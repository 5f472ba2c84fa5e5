"""A tenant's key opens what belongs to that tenant and nothing else, whatever the request says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.gateway.running import Running


def sent(running: Running, marker: str) -> dict[str, Any]:
    """What a replica got for the request with this prompt."""
    found = [r for fake in running.fakes for r in fake.seen()["seen"] if r.get("prompt") == marker]
    assert len(found) == 1
    return dict(found[0])


def test_each_tenant_gets_its_own_adapter_and_salt(shared: Running) -> None:
    requests = {}
    for tenant in ("acme", "bolt", "corn"):
        assert shared.ask(tenant, prompt=f"own {tenant}", max_tokens=2).status_code == 200
        requests[tenant] = sent(shared, f"own {tenant}")
    assert requests["acme"]["model"].startswith("acme.1.")
    assert requests["bolt"]["model"].startswith("bolt.1.")
    assert requests["corn"]["model"] == "flowquill"
    salts = {r["cache_salt"] for r in requests.values()}
    assert len(salts) == 3 and all(len(s) == 64 for s in salts)


def test_a_salt_stays_the_same(shared: Running) -> None:
    for marker in ("first", "second"):
        shared.ask("acme", prompt=marker, max_tokens=1)
    assert sent(shared, "first")["cache_salt"] == sent(shared, "second")["cache_salt"]


def test_naming_the_other_tenants_model_is_refused(shared: Running) -> None:
    theirs = shared.status()["tenants"]["bolt"]["model"]
    for name in (
        "bolt",
        theirs,
        theirs.replace("bolt", "BOLT"),
        "acme/../bolt",
        shared.status()["tenants"]["acme"]["model"],
        ["bolt"],
        7,
        {"a": 1},
    ):
        answer = shared.ask("acme", model=name, max_tokens=1)
        assert answer.status_code in (400, 404), name
        assert "There is no model" in answer.json()["error"]["message"]


def test_a_tenant_may_use_the_two_names_of_its_model(shared: Running) -> None:
    for name in ("flowquill", "acme", None):
        assert shared.ask("acme", model=name, max_tokens=1).json()["model"].startswith("acme.1.")


def test_models_lists_the_tenants_own_names(shared: Running) -> None:
    listed = httpx.get(f"{shared.url}/v1/models", headers=shared.headers("acme"), trust_env=False).json()
    assert {m["id"] for m in listed["data"]} == {"flowquill", "acme"}


@pytest.mark.parametrize(
    "field",
    [
        "cache_salt",
        "lora_path",
        "lora_request",
        "kv_transfer_params",
        "vllm_xargs",
        "prompt_embeds",
        "priority",
        "chat_template",
        "request_id",
        "tools",
        "echo",
        "best_of",
    ],
)
def test_fields_that_could_reach_across_are_refused(shared: Running, field: str) -> None:
    answer = shared.ask("acme", **{field: "x"})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == f"The field {field} is not passed on; leave it out."


@pytest.mark.parametrize("prompt", [[1, 2, 3], ["one", "two"], 5, {"a": 1}, ""])
def test_a_prompt_is_one_text(shared: Running, prompt: object) -> None:
    assert shared.ask("acme", prompt=prompt).status_code == 400


def test_a_message_cannot_make_the_replica_fetch(shared: Running) -> None:
    content = [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": "http://169.254.169.254/"}}]
    answer = shared.ask("acme", "/v1/chat/completions", messages=[{"role": "user", "content": content}])
    assert answer.status_code == 400
    assert "must be text" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/load_lora_adapter",
        "/v1/unload_lora_adapter",
        "/metrics",
        "/status",
        "/reset_prefix_cache",
        "/v1/embeddings",
        "/docs",
        "/openapi.json",
        "/fake/seen",
    ],
)
def test_nothing_else_is_passed_on(shared: Running, path: str) -> None:
    for method in ("GET", "POST"):
        answer = httpx.request(method, shared.url + path, headers=shared.headers("acme"), trust_env=False)
        assert answer.status_code in (404, 405)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer x",
        "Bearer fq-00000000-" + "A" * 43,
        "Basic Zm9v",
        "Bearer fq-",
        "Bearer " + "x" * 5000,
        "Bearer ä",
    ],
)
def test_a_wrong_key_is_one_answer(shared: Running, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header.encode("latin-1")}
    answer = httpx.post(f"{shared.url}/v1/completions", json={"prompt": "x"}, headers=headers, trust_env=False)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_key_with_another_tenants_id_opens_nothing(shared: Running) -> None:
    """The id finds the entry, the secret proves it: one of A's with the other of B's is neither."""
    a, b = shared.keys["acme"].split("-", 2), shared.keys["bolt"].split("-", 2)
    headers = {"authorization": f"Bearer fq-{b[1]}-{a[2]}"}
    assert (
        httpx.post(f"{shared.url}/v1/completions", json={"prompt": "x"}, headers=headers, trust_env=False).status_code
        == 401
    )


def test_two_keys_are_not_better_than_one(shared: Running) -> None:
    headers = [("authorization", f"Bearer {shared.keys['acme']}"), ("authorization", f"Bearer {shared.keys['bolt']}")]
    answer = httpx.post(
        f"{shared.url}/v1/completions", json={"prompt": "x", "max_tokens": 1}, headers=headers, trust_env=False
    )
    assert answer.status_code in (400, 401)


def test_no_prompt_answer_or_key_reaches_log_or_metrics(shared: Running) -> None:
    canary = "canary-7f3e-do-not-log"
    shared.ask("acme", prompt=canary, max_tokens=2)
    shared.ask("acme", prompt=canary, nonsense=canary)
    shared.ask("acme", **{canary: 1})
    shared.ask("acme", model=canary)
    shared.ask("acme", "/v1/chat/completions", messages=canary)
    written = shared.log + shared.metrics()
    assert '"event": "request"' in written
    assert canary not in written
    assert not any(key in written for key in shared.keys.values())

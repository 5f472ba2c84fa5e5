"""Replicas killed under load, adapters rolled out and back under load, files changed while serving."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
import pytest

from tests.gateway.running import FAKE, Running, free_port, point, publish, until

Start = Callable[..., Running]
ROOMY = "[tenant.{}.limits]\nconcurrent = 32\nwaiting = 64\nrequests_per_minute = 1000000\nburst = 100000\n"
TENANTS = "".join(f'[tenant.{t}]\nadapter = "{t}"\n{ROOMY.format(t)}' for t in ("acme", "bolt"))


@dataclass
class Load:
    """Users that ask without pause until `end`; what they got."""

    running: Running
    users: int = 8
    stream: bool = False
    codes: Counter[int] = field(default_factory=Counter)
    models: list[tuple[str, str]] = field(default_factory=list)
    longest: float = 0.0

    def __enter__(self) -> Load:
        self._end = threading.Event()
        self._threads = ThreadPoolExecutor(self.users)
        self._work = [self._threads.submit(self._user, n) for n in range(self.users)]
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for work in self._work:
            work.result()
        self._threads.shutdown()

    def _user(self, number: int) -> None:
        tenant = ("acme", "bolt")[number % 2]
        with httpx.Client(trust_env=False, timeout=30) as client:
            while not self._end.is_set():
                began = time.monotonic()
                answer = client.post(
                    f"{self.running.url}/v1/completions",
                    headers=self.running.headers(tenant),
                    json={"prompt": "x", "max_tokens": 5, "stream": self.stream},
                )
                self.longest = max(self.longest, time.monotonic() - began)
                self.codes[answer.status_code] += 1
                if answer.status_code == 200 and not self.stream:
                    self.models.append((tenant, answer.json()["model"]))
                elif answer.status_code == 200:
                    assert "[DONE]" in answer.text or '"error"' in answer.text
                else:
                    assert answer.json()["error"]["message"].endswith(".")
                    time.sleep(0.05)

    def more(self, number: int) -> None:
        """Waits for so many further answers."""
        wanted = self.codes.total() + number
        until(lambda: self.codes.total() >= wanted, f"{number} answers")


def test_a_killed_replica_costs_no_request_where_another_stands(gateway: Start) -> None:
    running = gateway(token_ms=5, tenants=TENANTS)
    with Load(running) as load:
        load.more(50)
        running.fakes[0].kill()
        load.more(200)
        assert running.status()["replicas"][0]["up"] is False
        running.fakes[0].start()
        until(running.settled, "the replica with its adapters")
        before = len(running.fakes[0].seen()["seen"])
        until(lambda: len(running.fakes[0].seen()["seen"]) > before, "requests on it")
    assert set(load.codes) == {200}
    assert load.longest < 20
    assert all(model.startswith(tenant) for tenant, model in load.models)


@pytest.mark.parametrize("stream", [False, True])
def test_the_only_replica_killed_gives_clear_errors_and_comes_back(gateway: Start, stream: bool) -> None:
    running = gateway(replicas=1, token_ms=5, tenants=TENANTS)
    with Load(running, stream=stream) as load:
        load.more(30)
        running.fakes[0].kill()
        until(lambda: load.codes[503] > 10, "errors")
        running.fakes[0].start()
        until(running.settled, "the replica with its adapters")
        good = load.codes[200]
        until(lambda: load.codes[200] > good + 20, "answers again")
    assert set(load.codes) == {200, 503}
    assert load.longest < 20


def test_a_replica_restarted_between_two_probes_gets_its_adapters_again(gateway: Start) -> None:
    """It never failed a probe, but holds nothing: the 404 tells, another replica answers, the next probe loads."""
    running = gateway(tenants=TENANTS)
    running.fakes[0].mode(forget=True)
    with Load(running) as load:
        load.more(100)
        until(lambda: len(running.fakes[0].seen()["adapters"]) == 2, "the adapters")
    assert set(load.codes) == {200}


def test_a_version_is_rolled_out_and_back_under_load_without_a_failed_request(gateway: Start) -> None:
    running = gateway(token_ms=2, tenants=TENANTS)
    with Load(running) as load:
        load.more(50)
        publish(running.registry, "acme", "2")
        until(lambda: running.status()["tenants"]["acme"]["model"].startswith("acme.2."), "version 2")
        load.more(100)
        until(lambda: all(len(r["adapters"]) == 2 for r in running.status()["replicas"]), "version 1 to be unloaded")
        load.more(50)
        point(running.registry, "acme", "1")
        until(lambda: running.status()["tenants"]["acme"]["model"].startswith("acme.1."), "the way back")
        load.more(50)
    assert set(load.codes) == {200}
    served = Counter(model.rsplit(".", 1)[0] for _, model in load.models)
    assert set(served) == {"acme.1", "acme.2", "bolt.1"} and min(served.values()) > 10
    order = [model.split(".")[1] for tenant, model in load.models if tenant == "acme"]
    assert order.index("2") > 0 and order[-1] == "1"


def test_requests_under_way_end_on_the_version_they_began_with(gateway: Start) -> None:
    running = gateway(replicas=1, token_ms=40, tenants=TENANTS)
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(running.ask, "acme", max_tokens=100)
        until(lambda: running.fakes[0].seen()["running"] == 1, "the request")
        publish(running.registry, "acme", "2")
        until(lambda: running.status()["tenants"]["acme"]["model"].startswith("acme.2."), "version 2")
        assert running.ask("acme", max_tokens=1).json()["model"].startswith("acme.2.")
        # Its time (1 s) is over while the request still runs.
        time.sleep(1.5)
        unloaded = [p for p in running.fakes[0].seen()["posts"] if "unload" in p]
        assert unloaded == []
        assert slow.result().json()["model"].startswith("acme.1.")
    until(lambda: any("unload" in p for p in running.fakes[0].seen()["posts"]), "version 1 to be unloaded")


def test_a_version_that_a_replica_refuses_leaves_the_old_one(gateway: Start) -> None:
    running = gateway(tenants=TENANTS)
    running.fakes[1].mode(refuse_loads=True)
    publish(running.registry, "acme", "2")
    until(lambda: running.status()["tenants"]["acme"]["problem"], "the refusal")
    assert "r1 did not load acme.2" in running.status()["tenants"]["acme"]["problem"]
    assert running.ask("acme", max_tokens=1).json()["model"].startswith("acme.1.")
    running.fakes[1].mode(refuse_loads=False)
    until(lambda: running.status()["tenants"]["acme"]["model"].startswith("acme.2."), "version 2")


def test_a_changed_version_is_refused(gateway: Start) -> None:
    running = gateway(replicas=1, tenants=TENANTS)
    folder = publish(running.registry, "acme", "2", alias=None)
    (folder / "adapter_model.safetensors").write_bytes(b"other weights")
    point(running.registry, "acme", "2")
    until(lambda: running.status()["tenants"]["acme"]["problem"], "the refusal")
    assert "differs from its card's hash" in running.status()["tenants"]["acme"]["problem"]
    assert running.ask("acme", max_tokens=1).json()["model"].startswith("acme.1.")


def test_a_tenant_without_its_adapter_gets_no_other_model(gateway: Start) -> None:
    running = gateway(replicas=1, run=False, tenants='[tenant.acme]\nadapter = "absent"\n[tenant.corn]\n')
    running.start(adapters=False)
    answer = running.ask("acme", max_tokens=1)
    assert answer.status_code == 503 and "not loaded yet" in answer.json()["error"]["message"]
    assert running.ask("corn", max_tokens=1).status_code == 200


def test_keys_and_configuration_are_followed(gateway: Start) -> None:
    running = gateway(replicas=1, tenants='[tenant.acme]\nadapter = "acme"\n')
    assert running.ask("bolt", max_tokens=1).status_code == 401
    file = running.folder / "gateway.toml"
    file.write_text(running.config + '[tenant.bolt]\nadapter = "bolt"\n')
    until(lambda: running.ask("bolt", max_tokens=1).status_code == 200, "the new tenant")
    file.write_text(running.config + "nonsense = 1\n")
    until(lambda: "nonsense does not exist" in running.log, "the complaint")
    assert running.ask("bolt", max_tokens=1).status_code == 200
    file.write_text(running.config)
    until(lambda: running.ask("bolt", max_tokens=1).status_code == 401, "the tenant to be gone")


def test_a_replica_of_the_gateways_own_is_started_again_and_stopped_with_it(gateway: Start) -> None:
    port = free_port()
    running = gateway(replicas=0, run=False, tenants=TENANTS)
    command = [sys.executable, str(FAKE), str(port)]
    running.config = running.config.replace(
        "[tenant.acme]",
        f'[[replica]]\nname = "own"\nurl = "http://127.0.0.1:{port}"\ncommand = {command!r}\n[tenant.acme]',
        1,
    )
    running.start()
    until(lambda: running.ask("acme", max_tokens=1).status_code == 200, "the replica to be there")
    assert running.ask("acme", max_tokens=1).status_code == 200
    pid = int(running.log.split('"pid": ')[1].split("}")[0])
    os.kill(pid, signal.SIGKILL)
    until(lambda: "replica ended" in running.log, "its end to be seen")
    until(running.settled, "the replica to be back")
    assert running.ask("acme", max_tokens=1).status_code == 200
    assert "flowquill_replica_restarts_total" in running.metrics()
    assert running.stop() == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the parent-death signal is Linux's")
def test_a_killed_gateway_leaves_no_replica_behind(gateway: Start) -> None:
    port = free_port()
    running = gateway(replicas=0, run=False, tenants=TENANTS)
    command = [sys.executable, str(FAKE), str(port)]
    running.config = running.config.replace(
        "[tenant.acme]",
        f'[[replica]]\nname = "own"\nurl = "http://127.0.0.1:{port}"\ncommand = {command!r}\n[tenant.acme]',
        1,
    )
    running.start()
    assert running.process is not None
    running.process.kill()
    running.process.wait()

    def gone() -> bool:
        try:
            httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False)
        except httpx.ConnectError:
            return True
        return False

    until(gone, "the replica to end")

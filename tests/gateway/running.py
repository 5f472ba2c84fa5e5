"""A gateway in its own process, fakes of vLLM in theirs, keys and a registry, for tests over the wire."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from flowquill.gateway.keys import editing

FAKE = Path(__file__).with_name("fake_vllm.py")
PATIENCE_S = 120.0


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def until(true: Callable[[], object], what: str) -> None:
    """Waits for something that must come; fails with its name where it does not."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            if true():
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"waited {PATIENCE_S:g} s in vain for {what}")


def publish(
    registry: Path,
    adapter: str,
    version: str,
    *,
    alias: str | None = "champion",
    rank: int = 8,
    content: bytes | None = None,
) -> Path:
    """A version as the training room publishes it; its weights are as good as any for a fake that does not read them."""
    folder = registry / adapter / "versions" / version
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": rank}))
    (folder / "adapter_model.safetensors").write_bytes(content or f"{adapter} {version}".encode())
    files = {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in folder.iterdir()}
    (folder / "card.json").write_text(json.dumps({"format": 1, "base": "base", "files": files}))
    if alias:
        point(registry, adapter, version, alias)
    return folder


def point(registry: Path, adapter: str, version: str, alias: str = "champion") -> None:
    """Moves an alias."""
    file = registry / adapter / "aliases.json"
    table = json.loads(file.read_text()) if file.exists() else {}
    new = file.with_suffix(".new")
    new.write_text(json.dumps({**table, alias: version}))
    new.replace(file)


@dataclass
class Fake:
    """A fake vLLM's process."""

    port: int
    token_ms: float = 0.0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, str(FAKE), str(self.port), str(self.token_ms)])
        until(lambda: httpx.get(f"{self.url}/health", trust_env=False).status_code == 200, "the fake")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def seen(self) -> dict[str, Any]:
        answer: dict[str, Any] = httpx.get(f"{self.url}/fake/seen", trust_env=False).json()
        return answer

    def mode(self, **change: object) -> None:
        httpx.post(f"{self.url}/fake/mode", json=change, trust_env=False)

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


@dataclass
class Running:
    """A gateway's process with its folder, fakes and keys."""

    folder: Path
    config: str
    port: int
    admin: int
    fakes: list[Fake]
    keys: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    engine: str = ""
    """The address of a real vLLM behind it."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def registry(self) -> Path:
        return self.folder / "registry"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def start(self, *, adapters: bool = True) -> None:
        (self.folder / "gateway.toml").write_text(self.config)
        with (self.folder / "log").open("ab") as log:
            command = [
                sys.executable,
                "-m",
                "flowquill.cli.main",
                "serve",
                "--config",
                str(self.folder / "gateway.toml"),
            ]
            self.process = subprocess.Popen(command, stderr=log, env={**os.environ, "PYTHONUNBUFFERED": "1"})
        until(
            lambda: httpx.get(f"http://127.0.0.1:{self.admin}/ready", trust_env=False).status_code == 200,
            "the gateway",
        )
        if adapters:
            until(self.settled, "the adapters")

    def settled(self) -> bool:
        """Whether every replica is up and holds every tenant's adapter."""
        status = self.status()
        models = {t["model"] for t in status["tenants"].values()} - {"flowquill"}
        return None not in models and all(r["up"] and models <= set(r["adapters"]) for r in status["replicas"])

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = httpx.get(f"http://127.0.0.1:{self.admin}/status", trust_env=False).json()
        return answer

    def metrics(self) -> str:
        return httpx.get(f"http://127.0.0.1:{self.admin}/metrics", trust_env=False).text

    def headers(self, tenant: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.keys[tenant]}"}

    def ask(self, tenant: str, path: str = "/v1/completions", **body: object) -> httpx.Response:
        default: dict[str, object] = {}
        if "completions" in path:
            default = {"messages": [{"role": "user", "content": "x"}]} if "chat" in path else {"prompt": "x"}
        return httpx.post(
            self.url + path, headers=self.headers(tenant), json={**default, **body}, timeout=PATIENCE_S, trust_env=False
        )

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        code = self.process.wait(PATIENCE_S)
        self.process = None
        return code

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        for fake in self.fakes:
            fake.kill()


def prepare(
    folder: Path,
    *,
    replicas: int = 2,
    token_ms: float = 0.0,
    tenants: str | None = None,
    more: str = "",
    server: str = "",
) -> Running:
    """A gateway's folder with tenants acme and bolt, who have adapters, and corn, who has none; fakes are started, the gateway is not."""
    port, admin = free_port(), free_port()
    fakes = [Fake(free_port(), token_ms) for _ in range(replicas)]
    registry = folder / "registry"
    for name in ("acme", "bolt"):
        publish(registry, name, "1")
    given = (
        tenants
        if tenants is not None
        else '[tenant.acme]\nadapter = "acme"\n[tenant.bolt]\nadapter = "bolt"\n[tenant.corn]\n'
    )
    lines = [
        f'[server]\nlisten = "127.0.0.1:{port}"\nadmin = "127.0.0.1:{admin}"\n{server}',
        f"{more}",
        '[health]\ninterval_s = 0.2\n[registry]\npath = "registry"\npoll_s = 0.2\nretire_s = 1.0\n',
        *(f'[[replica]]\nname = "r{n}"\nurl = "{fake.url}"\n' for n, fake in enumerate(fakes)),
        given,
    ]
    running = Running(folder, "\n".join(lines), port, admin, fakes)
    with editing(folder / "keys.json") as edit:
        for name in ("acme", "bolt", "corn"):
            edit.keys, running.keys[name], _ = edit.keys.with_new(name)
    for fake in fakes:
        fake.start()
    return running

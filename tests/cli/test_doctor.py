"""`flowquill doctor`: every thing that may be wrong around Flowquill is found, and said with what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from flowquill.cli import surroundings
from flowquill.cli.finding import Finding, told
from tests.cli.command import Run
from tests.faults import powerless, read_only

FLOW = 'on manual()\ntodo "x"'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person who has nothing configured, in an empty folder."""
    for name in ("FLOWQUILL_TENANTS", "FLOWQUILL_VLLM", "FLOWQUILL_CONFIG", "FLOWQUILL_API_KEY", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "home"


def configured(home: Path, text: str) -> None:
    file = home / ".config" / "flowquill" / "config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("[engine]\n" + text)


def wrong(look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    found = [f for f in look() if f.state == "wrong"]
    assert all(f.mend and "\n" not in f.detail + f.mend for f in found)
    return found


@pytest.fixture
def models() -> Iterator[str]:
    """A model server that has the model `given`, for whoever has the key `right`."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            body = json.dumps({"data": [{"id": "given"}]}).encode()
            self.send_response(200 if self.headers.get("Authorization") == "Bearer right" else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()


def test_nothing_configured_is_in_order(home: Path) -> None:
    for look in (surroundings.folders, surroundings.workspace, surroundings.engines, surroundings.registries):
        found = list(look())
        assert found and all(f.state == "ok" for f in found)
    assert not (home / ".config").exists()


def test_the_workspace_file(home: Path) -> None:
    file = Path.cwd() / "flowquill.toml"
    file.write_text('catalogs = ["own.json"]\n')
    assert "which is not there" in wrong(surroundings.workspace)[0].detail
    (Path.cwd() / "own.json").write_text("{}")
    assert not wrong(surroundings.workspace)
    file.write_text("catalogs = [")
    [found] = wrong(surroundings.workspace)
    assert "cannot be read" in found.detail and "mend it" in found.mend
    file.write_text('catalog = 1\nbuiltin-catalog = 2\n')
    assert [f.mend for f in wrong(surroundings.workspace)] == ["did you mean catalogs?", "true is used"]


def test_folders_that_take_no_writing(home: Path, tmp_path: Path) -> None:
    code = "import json; from flowquill.cli.surroundings import folders; print(json.dumps([[f.name, f.state, f.mend] for f in folders()]))"
    env = {**os.environ, "FLOWQUILL_TENANTS": str(home / "tenants")}
    limits = powerless()
    with read_only(home):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env, **limits)
    states = {name: (state, mend) for name, state, mend in json.loads(done.stdout)}
    assert states["own folder"][0] == "missing" and "FLOWQUILL_TENANTS" in states["own folder"][1]
    assert states["registry folder"][0] == "wrong" and states["temporary files"][0] == "ok"


def test_a_folder_that_is_a_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "tenants").write_text("")
    monkeypatch.setenv("FLOWQUILL_TENANTS", str(home / "tenants"))
    [found] = wrong(surroundings.folders)
    assert "is no folder" in found.detail


@pytest.mark.parametrize(
    ("text", "says", "mend"),
    [
        ("engin = 'vllm'\n", "There is no setting engin", "did you mean engine?"),
        ("engine = 'gpt'\n", "There is no engine gpt", ""),
        ("engine = 'openai'\n", "needs an address", "give --url"),
        ("engine = 'openai'\nurl = 'http://models.example.org/v1'\n", "would not be encrypted", "use https"),
        ("engine = [\n", "cannot be read", "mend or remove it"),
        ("engine = 'vllm'\nvllm = '/nowhere/vllm'\nmodel = '/nowhere/model'\nadapters = ['a=/nowhere']\n", "There is no program /nowhere/vllm", "FLOWQUILL_VLLM"),
    ],
)
def test_a_configuration_that_cannot_work(home: Path, text: str, says: str, mend: str) -> None:
    configured(home, text)
    found = [f for f in surroundings.engines() if f.state == "wrong"]
    assert says in found[0].detail and mend in found[0].mend
    if "nowhere" in text:
        assert [next(w for w in ("program", "model", "adapter") if w in f.detail) for f in found] == ["program", "model", "adapter"]


def test_a_model_server(home: Path, models: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("httpx")
    configured(home, f"engine = 'openai'\nurl = '{models}'\nmodel = 'given'\n")
    assert "wants a key" in wrong(surroundings.engines)[0].detail
    monkeypatch.setenv("FLOWQUILL_API_KEY", "right")
    assert not wrong(surroundings.engines)
    assert "answers in" in list(surroundings.engines())[-1].detail
    configured(home, f"engine = 'openai'\nurl = '{models}'\nmodel = 'other'\n")
    assert "has no model other; it has given" in wrong(surroundings.engines)[0].detail
    configured(home, "engine = 'embedded'\nfallback = ['openai']\nurl = 'http://127.0.0.1:9/v1'\n")
    [found] = wrong(surroundings.engines)
    assert "no model server at 127.0.0.1:9" in found.detail and "start it" in found.mend


def test_a_vllm_that_is_there(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "vllm"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (tmp_path / "model").mkdir()
    configured(home, f"engine = 'vllm'\nvllm = '{program}'\nmodel = '{tmp_path / 'model'}'\n")
    assert not wrong(surroundings.engines)
    configured(home, "")
    monkeypatch.setenv("FLOWQUILL_VLLM", "/nowhere/vllm")
    assert "no program /nowhere/vllm" in wrong(surroundings.engines)[0].detail


def test_registries_of_other_formats(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = home / "tenants"
    version = root / "acme" / "versions" / "0001"
    version.mkdir(parents=True)
    monkeypatch.setenv("FLOWQUILL_TENANTS", str(root))

    def holding(card: Any, aliases: Any) -> list[Finding]:
        (version / "card.json").write_text(card if isinstance(card, str) else json.dumps(card))
        (root / "acme" / "aliases.json").write_text(json.dumps(aliases))
        return wrong(surroundings.registries)

    assert not holding({"format": 1}, {"format": 1})
    assert "tenants: 1, versions: 1, format 1" in next(surroundings.registries()).detail
    [found] = holding({"format": 2}, {"format": 1})
    assert "card.json is of format 2 and this version reads 1" in found.detail and "update flowquill" in found.mend
    [found] = holding({"format": 1}, {"format": 3})
    assert "aliases.json is of format 3" in found.detail
    [found] = holding("{", {"format": 1})
    assert "damaged" in found.detail and "rollback --name acme" in found.mend
    [found] = holding({"format": 0}, {"format": 1})
    assert "train the tenant acme again" in found.mend


def test_indexes_of_other_formats(tmp_path: Path) -> None:
    assert "there is no" in wrong(lambda: surroundings.index(tmp_path))[0].detail
    (tmp_path / "examples.jsonl").write_text(json.dumps({"text": "a", "flow": FLOW}) + "\n")
    assert not wrong(lambda: surroundings.index(tmp_path))
    for written, fine in (({"format": 1}, True), ({"format": 9}, False), ([], True)):
        (tmp_path / "examples.json").write_text(json.dumps(written))
        assert (not wrong(lambda: surroundings.index(tmp_path))) == fine


def test_sentences_become_findings() -> None:
    assert told("model", "It is damaged; install it again.") == Finding("model", "wrong", "It is damaged", "install it again")
    assert told("model", "It is damaged.") == Finding("model", "wrong", "It is damaged")


@pytest.mark.model
def test_the_command_says_it_all(run: Run, tmp_path: Path) -> None:
    (tmp_path / "flowquill.toml").write_text("catalog = 1\n")
    found = {f["name"]: f for f in json.loads(run("doctor", "--json").stdout)}
    assert {"python", "model", "generation", "own folder", "temporary files", "workspace", "configuration", "registry"} <= set(found)
    assert found["workspace"]["state"] == "wrong" and found["generation"]["state"] == "ok"

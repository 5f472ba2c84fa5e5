"""A server of our own is started, watched, started again, and leaves nothing behind, however we end."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

pytest.importorskip("httpx")

from flowquill.generation.engines.language_model import LanguageModelEngine
from flowquill.generation.engines.local import LocalServer, arguments, find_vllm
from flowquill.generation.engines.settings import EngineSettings
from flowquill.generation.request import Cancelled, GenerationError
from flowquill.grammar.catalog import load_catalog

pytestmark = pytest.mark.skipif(os.name != "posix", reason="process groups are tested on POSIX systems")
WAIT = 90.0


@pytest.fixture
def program(tmp_path: Path) -> str:
    """A program `vllm` that is our fake."""
    script = tmp_path / "vllm"
    script.write_text(f"#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name('fake_vllm.py')} \"$@\"\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return str(script)


def settings(program: str, tmp_path: Path, *options: str) -> EngineSettings:
    return EngineSettings(engine="vllm", model="/models/tiny", vllm=program, options=("--record", str(tmp_path / "pids"), *options))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def pids(tmp_path: Path) -> list[int]:
    file = tmp_path / "pids"
    return [int(p) for line in file.read_text().splitlines() for p in line.split()] if file.exists() else []


def until(condition: object) -> None:
    """Waits for `condition()`; a machine under load is slow, a fault never ends."""
    end = time.monotonic() + WAIT
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def test_the_command_names_grammar_backend_prefix_cache_tokenizer_and_one_rank() -> None:
    command = arguments(EngineSettings(model="/m/tiny", adapters=("a=/x", "b=/y"), options=("--max-model-len", "99")), "/nowhere/bin/vllm", 1234)
    line = " ".join(command)
    for wanted in ("serve /m/tiny", "--structured-outputs-config.backend guidance", "--enable-prefix-caching", "--tokenizer-mode hf", "--max-lora-rank 16", "--max-loras 2", "--lora-modules a=/x b=/y"):
        assert wanted in line
    assert command[-2:] == ["--max-model-len", "99"]
    assert "127.0.0.1" in command


def test_it_starts_tells_its_progress_answers_and_stops(program: str, tmp_path: Path) -> None:
    told: list[str] = []
    server = LocalServer(settings(program, tmp_path), told.append, tmp_path / "log")
    wire = server.wire(lambda: False, WAIT)
    assert wire.complete("completions", {"model": "tiny"}, cancelled=lambda: False, within=WAIT)[0].text.startswith("on manual()")
    assert told[0] == "Starting vLLM ..."
    assert "ready" in told[-1]
    started = pids(tmp_path)
    assert len(started) == 2
    server.close()
    until(lambda: not any(alive(p) for p in started))


def test_it_is_started_again_when_it_dies(program: str, tmp_path: Path) -> None:
    server = LocalServer(settings(program, tmp_path), lambda _: None, tmp_path / "log")
    server.wire(lambda: False, WAIT)
    os.kill(pids(tmp_path)[0], signal.SIGKILL)
    until(lambda: len(pids(tmp_path)) == 4)
    wire = server.wire(lambda: False, WAIT)
    assert wire.models() == ["tiny"]
    assert server.restarts == 1
    until(lambda: not alive(pids(tmp_path)[1]))
    server.close()
    until(lambda: not any(alive(p) for p in pids(tmp_path)))


def test_nothing_is_left_when_its_owner_is_killed(program: str, tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from flowquill.generation.engines.local import LocalServer\n"
        "from flowquill.generation.engines.settings import EngineSettings\n"
        f"server = LocalServer(EngineSettings(engine='vllm', model='/m', vllm={program!r}, options=('--record', {str(tmp_path / 'pids')!r})), print, Path({str(tmp_path / 'log')!r}))\n"
        "server.wire(lambda: False, 90); time.sleep(600)\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL)
    until(lambda: len(pids(tmp_path)) == 2)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    until(lambda: not any(alive(p) for p in pids(tmp_path)))


def test_a_server_that_cannot_start_is_given_up_with_its_own_words(program: str, tmp_path: Path) -> None:
    server = LocalServer(settings(program, tmp_path, "--fails"), lambda _: None, tmp_path / "log")
    with pytest.raises(GenerationError, match=r"vLLM does not start \(ValueError: the model cannot be read: it is empty\); its log is"):
        server.wire(lambda: False, WAIT)
    server.close()


def test_waiting_for_the_start_can_be_cancelled(program: str, tmp_path: Path) -> None:
    server = LocalServer(settings(program, tmp_path), lambda _: None, tmp_path / "log")
    with pytest.raises(Cancelled):
        server.wire(lambda: True, WAIT)
    server.close()


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLOWQUILL_VLLM", raising=False)
    with pytest.raises(GenerationError, match="There is no program /nowhere/vllm"):
        find_vllm(EngineSettings(vllm="/nowhere/vllm"))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(GenerationError, match="vLLM is not installed"):
        find_vllm(EngineSettings())
    with pytest.raises(GenerationError, match="needs a model"):
        LocalServer(EngineSettings(engine="vllm"))


def test_the_environment_of_a_server_has_what_ours_leaves_open(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VLLM_CPU_KVCACHE_SPACE", raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    server = LocalServer(settings(program, tmp_path), lambda _: None, tmp_path / "log")
    server.wire(lambda: False, WAIT)
    said = Path(f"/proc/{pids(tmp_path)[0]}/environ").read_bytes().split(b"\0")
    server.close()
    assert {b"VLLM_CPU_KVCACHE_SPACE=2", b"HF_HUB_OFFLINE=0", b"VLLM_NO_USAGE_STATS=1"} <= set(said)


def test_a_command_waits_for_the_server_it_started(program: str, tmp_path: Path) -> None:
    """`flowquill generate --engine vllm` stops its server at its end: to be told to try again would not help."""
    given = settings(program, tmp_path, "--slow", "1.5")
    server = LocalServer(given, lambda _: None, tmp_path / "log")
    engine = LanguageModelEngine("vllm", load_catalog(), replace(given, budget=0.2), server, cast(Any, None))
    with pytest.raises(GenerationError, match="still starting"):
        engine._reach(lambda: False, engine.settings.budget)
    engine.wait(WAIT)
    assert engine.model == "tiny"
    engine.close()

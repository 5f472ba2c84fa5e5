"""A vLLM server of our own: started from its environment, watched, started again when it dies, gone when we go."""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from threading import Condition, Event, Thread
from time import monotonic
from typing import Final

from flowquill.generation.engines import guard
from flowquill.generation.engines.settings import EngineSettings
from flowquill.generation.engines.wire import Address, Wire
from flowquill.generation.request import Cancelled, GenerationError

RANK: Final = 16
"""The rank of every adapter we train; vLLM reserves memory for one."""
STARTING: Final = 300.0
"""Seconds a start may take."""
LONGEST_PAUSE: Final = 60.0
STEADY: Final = 120.0
"""A server that ran so many seconds was well; its next restart does not wait long."""
GIVE_UP: Final = 5
"""Starts in a row that fail before we stop trying."""
DEFAULTS: Final = {"VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1", "VLLM_CPU_KVCACHE_SPACE": "2"}
"""What the server's environment says where ours does not. The last, in GiB, is for builds for the CPU: without it they ask for nearly all memory or do not start."""
log = logging.getLogger(__name__)


def find_vllm(settings: EngineSettings) -> str:
    """The program `vllm`. Raises GenerationError where there is none."""
    given = settings.vllm or os.environ.get("FLOWQUILL_VLLM", "")
    found = shutil.which(given or "vllm")
    if found is None:
        place = f"There is no program {given}" if given else "vLLM is not installed"
        raise GenerationError(f"{place}; make it a virtual environment of its own (pip install vllm) and set FLOWQUILL_VLLM to its bin/vllm.")
    return found


def arguments(settings: EngineSettings, program: str, port: int) -> list[str]:
    """The command that serves the model of `settings` on this machine."""
    # The script `vllm` asks for the package of that name, which builds for other devices do not have; its module does not.
    python = Path(program).with_name("python")
    start = [str(python), "-m", "vllm.entrypoints.openai.api_server", "--model"] if python.exists() else [program, "serve"]
    command = [
        *start, settings.model,
        "--host", "127.0.0.1", "--port", str(port),
        "--served-model-name", served_name(settings),
        "--structured-outputs-config.backend", "guidance",
        "--enable-prefix-caching",
        "--tokenizer-mode", "hf",
    ]  # fmt: skip
    if settings.adapters:
        command += ["--enable-lora", "--max-lora-rank", str(RANK), "--max-loras", str(len(settings.adapters)), "--lora-modules", *settings.adapters]
    return [*command, *settings.options]


def served_name(settings: EngineSettings) -> str:
    """What our server calls its model."""
    return Path(settings.model.rstrip("/")).name or "model"


class LocalServer:
    """Starts `vllm serve` when first asked for. `progress` is told what it does, a sentence at a time."""

    def __init__(self, settings: EngineSettings, progress: Callable[[str], None] = log.info, log_file: Path | None = None) -> None:
        if not settings.model:
            raise GenerationError("The engine vllm needs a model to serve; give --model-name FOLDER, or url for a server that runs already.")
        self.settings = settings
        self.progress = progress
        self.program = find_vllm(settings)
        self.log_file = log_file or Path(tempfile.gettempdir()) / f"flowquill-vllm-{os.getpid()}.log"
        self.key = secrets.token_urlsafe(24)
        self.restarts = 0
        self._changed = Condition()
        self._stopping = Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._wire: Wire | None = None
        self._ready = False
        self._failed = ""
        self._thread: Thread | None = None

    @property
    def pid(self) -> int | None:
        """The process that guards the server, while there is one."""
        return self._process.pid if self._process is not None else None

    @property
    def ready(self) -> bool:
        """Whether the server answers."""
        return self._ready

    def start(self) -> None:
        """Begins to start the server, once."""
        with self._changed:
            if self._thread is None:
                self._thread = Thread(target=self._watch, name="flowquill-vllm", daemon=True)
                self._thread.start()

    def wire(self, cancelled: Callable[[], bool], within: float) -> Wire:
        """The way to the server once it answers."""
        self.start()
        until = monotonic() + within
        with self._changed:
            while not self._ready:
                if self._failed:
                    raise GenerationError(self._failed)
                if cancelled():
                    raise Cancelled
                if monotonic() > until:
                    raise GenerationError("vLLM is still starting; try again in a moment.")
                self._changed.wait(0.05)
            assert self._wire is not None
            return self._wire

    def close(self) -> None:
        """Stops the server and waits until it is gone."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(guard.PATIENCE + 5)
        if self._wire is not None:
            self._wire.close()

    def _watch(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = monotonic()
            try:
                healthy = self._run()
            except OSError as error:
                self._say(failed=f"vLLM cannot be started ({error}); check the path {self.program}.")
                return
            if self._stopping.is_set():
                return
            failures = 0 if healthy and monotonic() - began > STEADY else failures + 1
            if failures >= GIVE_UP or (not healthy and failures >= 2):
                self._say(failed=f"vLLM does not start ({self._last_line()}); its log is {self.log_file}.")
                return
            pause = min(LONGEST_PAUSE, 2.0 ** (failures - 1)) if failures else 0.5
            self.restarts += 1
            self.progress(f"vLLM ended and is started again in {pause:.0f} s.")
            self._stopping.wait(pause)

    def _run(self) -> bool:
        """One life of the server; whether it ever answered."""
        port = _free_port()
        environment = {**DEFAULTS, **os.environ, "VLLM_API_KEY": self.key}
        # vLLM looks up compilers and its own tools by the PATH of its environment.
        environment["PATH"] = os.pathsep.join([str(Path(self.program).parent), environment.get("PATH", "")])
        environment.pop("PYTHONPATH", None)
        command = [sys.executable, "-I", str(Path(guard.__file__)), *arguments(self.settings, self.program, port)]
        with self.log_file.open("wb") as output:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT, env=environment)
        self._process = process
        url = f"http://127.0.0.1:{port}"
        healthy = False
        try:
            self.progress("Starting vLLM ...")
            began = shown = monotonic()
            while not self._stopping.wait(0.2 if not healthy else 0.5):
                if process.poll() is not None:
                    break
                if healthy:
                    continue
                if _answers(url):
                    healthy = True
                    self._say(ready=Wire(Address(f"{url}/v1", self.key, stall=self.settings.stall)))
                    self.progress(f"vLLM is ready after {monotonic() - began:.0f} s.")
                elif monotonic() - began > STARTING:
                    break
                elif monotonic() - shown > 5:
                    shown = monotonic()
                    self.progress(f"Starting vLLM ({shown - began:.0f} s): {self._last_line()}")
        finally:
            self._say(ready=None)
            self._end(process)
        return healthy

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(guard.PATIENCE + 4)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._process = None

    def _say(self, *, ready: Wire | None = None, failed: str = "") -> None:
        with self._changed:
            if self._wire is not None and ready is None and not failed:
                self._wire.close()
            self._wire, self._ready, self._failed = ready, ready is not None, failed
            self._changed.notify_all()

    def _last_line(self) -> str:
        """The last thing the server said, for a person who waits or looks for a cause."""
        try:
            lines = self.log_file.read_bytes()[-6000:].decode("utf-8", "replace").splitlines()
        except OSError:
            return "no log"
        # A warning may speak of errors that could come.
        lines = [line for line in lines if "WARNING" not in line]
        # What an error is often stands on the line below it, indented.
        at = max((n for n, line in enumerate(lines) if "Error" in line or "error:" in line), default=max(0, len(lines) - 1))
        said = [_bare(line) for line in lines[at : at + 2]] or ["no output"]
        return " ".join(" ".join(said[:1] + [s for s in said[1:] if s.startswith("  ")]).split())[:300]


def _bare(line: str) -> str:
    """A line of the log without what vLLM puts before it: the process, the time, the place."""
    return re.sub(r"^\([^)]*\) ", "", line).split("] ")[-1]


class RemoteServer:
    """A server that runs somewhere already."""

    def __init__(self, settings: EngineSettings) -> None:
        self._wire = Wire(Address(settings.url, settings.key, settings.key_variable, settings.certificates, settings.stall))

    def wire(self, cancelled: Callable[[], bool], within: float) -> Wire:
        """The way there; whether anybody answers shows with the first request."""
        return self._wire

    def close(self) -> None:
        """Ends the connections."""
        self._wire.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        # Our own server on this machine: no proxy stands between.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{url}/health", timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False

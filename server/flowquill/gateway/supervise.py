"""Replicas that the gateway starts itself: started again when they end, with growing pauses, and never left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from flowquill.gateway.logs import Log
from flowquill.gateway.metrics import Metrics
from flowquill.gateway.settings import Replica

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
STEADY_S = 120.0
"""A process that lived so long starts again without a growing pause."""
STOP_S = 15.0


class Supervisor:
    """Keeps one command running. Its output goes to the gateway's own. `ended` is told when it ends, before it is started again."""

    def __init__(self, replica: Replica, log: Log, metrics: Metrics, ended: Callable[[], None], clock: Callable[[], float] = monotonic) -> None:
        self._ended = ended
        self.replica = replica
        self.log = log
        self.metrics = metrics
        self.process: asyncio.subprocess.Process | None = None
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins."""
        self._task = asyncio.create_task(self._keep(), name=f"keep {self.replica.name}")

    async def stop(self) -> None:
        """Ends the process and all that it started."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        process = self.process
        if process is None:
            return
        if process.returncode is None:
            _signal(process.pid, signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), STOP_S)
            except TimeoutError:
                self.log.warn("replica killed", replica=self.replica.name)
        _end_group(process.pid)
        if process.returncode is None:
            await process.wait()

    async def _keep(self) -> None:
        pause = FIRST_PAUSE_S
        while True:
            began = self._clock()
            code = await self._run()
            self._ended()
            pause = FIRST_PAUSE_S if self._clock() - began >= STEADY_S else pause
            self.log.warn("replica ended", replica=self.replica.name, code=code, again_in_s=pause)
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE_S, pause * 2)
            self.metrics.restarts.labels(self.replica.name).inc()

    async def _run(self) -> int | None:
        try:
            self.process = await asyncio.create_subprocess_exec(
                *_tied(self.replica.command),
                stdin=asyncio.subprocess.DEVNULL,
                # Our standard output may be read by a program.
                stdout=sys.stderr.fileno(),
                env={**os.environ, "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1", **self.replica.environment},
                start_new_session=True,
            )
        except OSError as error:
            self.log.warn(
                "replica not started", replica=self.replica.name, reason=error.strerror or type(error).__name__
            )
            return None
        self.log.info("replica started", replica=self.replica.name, pid=self.process.pid)
        code = await self.process.wait()
        # vLLM's engine is a child of its server; where the server was killed it may live on and hold memory and port.
        _end_group(self.process.pid)
        return code


def _tied(command: tuple[str, ...]) -> list[str]:
    """The command, which on Linux gets a SIGTERM when we are killed."""
    if not sys.platform.startswith("linux"):
        return list(command)
    return [sys.executable, "-I", str(Path(__file__).with_name("tied.py")), str(os.getpid()), *command]


def _signal(group: int, number: int) -> None:
    try:
        if hasattr(os, "killpg"):
            os.killpg(group, number)
        else:
            os.kill(group, number)
    except (ProcessLookupError, PermissionError):
        pass


def _end_group(group: int) -> None:
    if hasattr(signal, "SIGKILL"):
        _signal(group, signal.SIGKILL)

"""A small client of the language server protocol for the bench: starts a server, asks, waits, and notes what came by itself."""

from __future__ import annotations

import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, Queue
from time import perf_counter
from typing import IO, Any

from flowquill.server.streams import framed, read_message

TIMEOUT = 300.0
"""Seconds after which a server that does not answer is given up."""


class Wire:
    """One server process and the messages to and from it. Not for several threads."""

    def __init__(self, command: Sequence[str], cwd: Path | None = None) -> None:
        """Raises OSError where the program cannot be started."""
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=cwd)
        assert self.process.stdin is not None and self.process.stdout is not None
        self._to: IO[bytes] = self.process.stdin
        self._came: Queue[dict[str, Any] | None] = Queue()
        self._heard: deque[dict[str, Any]] = deque()
        self._number = 0
        self.settings: dict[str, Any] = {}
        threading.Thread(target=self._listen, args=(self.process.stdout,), daemon=True).start()

    def initialize(self, capabilities: dict[str, Any] | None = None, options: object = None) -> dict[str, Any]:
        """Says hello; gives the server's capabilities."""
        given = {"processId": None, "rootUri": None, "capabilities": capabilities or {}, "initializationOptions": options}
        answer: dict[str, Any] = self.request("initialize", given)["capabilities"]
        self.notify("initialized", {})
        return answer

    def request(self, method: str, params: object) -> Any:
        """Asks and waits for the answer. Raises RuntimeError with the server's own words, or where none comes."""
        self._number += 1
        number = self._number
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._next(method)
            if "method" in message:
                self._heard.append(message)
            elif message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error'].get('message')}")
                return message.get("result")

    def timed(self, method: str, params: object) -> tuple[float, float, Any]:
        """Milliseconds from asking to the answer, milliseconds of the processor that the server took meanwhile, and the answer."""
        worked, start = self.worked(), perf_counter()
        result = self.request(method, params)
        spent = (perf_counter() - start) * 1000
        return spent, self.worked() - worked, result

    def worked(self) -> float:
        """Milliseconds of the processor that the server has taken so far, all its threads together; 0 where the system does not tell.

        On a machine that others use too this says more than the clock.
        """
        total = 0
        for task in Path(f"/proc/{self.process.pid}/task").glob("*/schedstat"):
            try:
                total += int(task.read_text().split()[0])
            except (OSError, ValueError, IndexError):
                continue
        return total / 1e6

    def notify(self, method: str, params: object) -> None:
        """Tells the server something."""
        self._send({"method": method, "params": params})

    def wait(self, method: str, version: int | None = None) -> Any:
        """Waits for a notification, of a version of a file where one is given; gives its parameters."""
        while True:
            message = self._heard.popleft() if self._heard else self._next(method)
            params = message.get("params") or {}
            if message.get("method") == method and (version is None or params.get("version") in (version, None)):
                return params

    def memory(self) -> float:
        """What the process holds of the machine's memory, in MB. Raises OSError where the system does not tell."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise OSError("the system does not say how much memory a process has")

    def close(self) -> None:
        """Ends the server."""
        self.process.kill()
        self.process.wait()

    def _send(self, message: dict[str, Any]) -> None:
        self._to.write(framed({"jsonrpc": "2.0", **message}))
        self._to.flush()

    def _next(self, wanted: str) -> dict[str, Any]:
        while True:
            try:
                came = self._came.get(timeout=TIMEOUT)
            except Empty:
                raise RuntimeError(f"the server said nothing for {TIMEOUT:.0f} s while {wanted} was awaited") from None
            if came is None:
                raise RuntimeError(f"the server ended while {wanted} was awaited")
            if "id" in came and "method" in came:
                self._answer(came)
                continue
            return came

    def _answer(self, message: dict[str, Any]) -> None:
        """Requests of the server: its settings, edits that count as taken, else nothing."""
        result: Any = {"applied": True} if message["method"] == "workspace/applyEdit" else None
        if message["method"] == "workspace/configuration":
            result = [self.settings.get(item.get("section", "")) for item in message["params"]["items"]]
        self._send({"id": message["id"], "result": result})

    def _listen(self, stream: IO[bytes]) -> None:
        while isinstance(message := read_message(stream)[1], dict):
            self._came.put(message)
        self._came.put(None)

"""A client that says anything to a real language server and keeps count of what has to come back."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty, Queue
from typing import IO, Any

from flowquill.server.streams import read_message

PATIENCE = 120.0
"""Seconds by the clock after which a server is dead; a busy machine is no fault of its own."""
LIMIT = 2000.0
"""Milliseconds of the processor that one batch of messages may take."""

Json = dict[str, Any]


class Failure(AssertionError):
    """The server crashed, hung, or did what nobody asked it to. The message says what was sent."""


class Process:
    """One server. `unasked`: requests of the server that would change a user's text."""

    def __init__(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "flowquill.cli.main", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdin is not None and self.process.stdout is not None
        self._to: IO[bytes] = self.process.stdin
        self._came: Queue[Json | None] = Queue()
        self._number = 0
        self.waiting: dict[int, str] = {}
        self.unasked: list[Json] = []
        self.answers: dict[int, Json] = {}
        self.published: dict[str, Json] = {}
        threading.Thread(target=self._listen, args=(self.process.stdout,), daemon=True).start()

    def start(self) -> None:
        """Says hello and waits for the answer."""
        self.request("initialize", {"processId": None, "rootUri": None, "capabilities": {"workspace": {"applyEdit": True}}})
        self.notify("initialized", {})
        self.settle("initialize")

    def raw(self, body: bytes) -> None:
        """Sends one body, whatever it is."""
        try:
            self._to.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            self._to.flush()
        except OSError as error:
            raise Failure(f"the server ended ({error})") from error

    def notify(self, method: str, params: object) -> None:
        """Tells the server something."""
        self.raw(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode())

    def request(self, method: str, params: object) -> int:
        """Asks; the number by which the answer is found in `answers` after `settle`."""
        self._number += 1
        self.waiting[self._number] = method
        self.raw(json.dumps({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}).encode())
        return self._number

    def settle(self, said: str) -> None:
        """Waits until each request has its one answer. Raises Failure with `said` where the server does not get there."""
        before = self.worked()
        while self.waiting:
            try:
                came = self._came.get(timeout=PATIENCE)
            except Empty:
                raise Failure(f"no answer to {sorted(self.waiting.values())} after {said}") from None
            if came is None:
                raise Failure(f"the server ended after {said}")
            self._take(came, said)
        spent = self.worked() - before
        if spent > LIMIT:
            raise Failure(f"{spent:.0f} ms of the processor for {said}")
        if self.unasked:
            raise Failure(f"the server changes a text unasked after {said}: {self.unasked}")

    def _take(self, came: Json, said: str) -> None:
        if "method" in came:
            if came["method"] in ("workspace/applyEdit", "workspace/willSaveWaitUntil"):
                self.unasked.append(came)
            if came["method"] == "textDocument/publishDiagnostics":
                self.published[came["params"]["uri"]] = came["params"]
            if "id" in came:
                self.raw(json.dumps({"jsonrpc": "2.0", "id": came["id"], "result": None}).encode())
            return
        number = came.get("id")
        if number in self.answers:
            raise Failure(f"a second answer to request {number} after {said}")
        if self.waiting.pop(number, None) is not None:  # type: ignore[arg-type]
            self.answers[number] = came  # type: ignore[index]

    def worked(self) -> float:
        """Milliseconds of the processor that the server has taken, all threads together; 0 where the system does not tell."""
        total = 0
        for task in Path(f"/proc/{self.process.pid}/task").glob("*/schedstat"):
            try:
                total += int(task.read_text().split()[0])
            except (OSError, ValueError, IndexError):
                continue
        return total / 1e6

    def close(self) -> None:
        """Ends the server."""
        self.process.kill()
        self.process.wait()

    def _listen(self, stream: IO[bytes]) -> None:
        while isinstance(message := read_message(stream)[1], dict):
            self._came.put(message)
        self._came.put(None)

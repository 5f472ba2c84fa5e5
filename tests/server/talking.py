"""A plain client of a real language server: asks, waits, takes edits, and keeps what it is shown."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, Queue
from time import monotonic
from typing import IO, Any

from flowquill.server.streams import framed, read_message

PATIENCE = 120.0
"""Seconds; a busy machine is no fault of the server."""
Json = dict[str, Any]
LSP = ("-m", "flowquill.cli.main", "lsp")


class Talking:
    """One server over its standard streams. `program`: what Python runs; `given`: further arguments of subprocess.Popen."""

    def __init__(self, folder: Path | None = None, program: Sequence[str] = LSP, options: object = None, **given: Any) -> None:
        self.process = subprocess.Popen([sys.executable, *program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **{"stderr": subprocess.DEVNULL, **given})
        assert self.process.stdin is not None and self.process.stdout is not None
        self._to: IO[bytes] = self.process.stdin
        self._came: Queue[Json | None] = Queue()
        self._number = 0
        self._answers: dict[int, Json] = {}
        self.shown: list[str] = []
        self.edits: list[Json] = []
        self.taken: object = {"applied": True}
        self.diagnostics: dict[str, list[Json]] = {}
        threading.Thread(target=self._listen, args=(self.process.stdout,), daemon=True).start()
        root = folder.as_uri() if folder is not None else None
        watches = {"didChangeWatchedFiles": {"dynamicRegistration": True}, "applyEdit": True}
        self.ask("initialize", {"processId": None, "rootUri": root, "capabilities": {"workspace": watches}, "initializationOptions": options})
        self.tell("initialized", {})

    def tell(self, method: str, params: object) -> None:
        """A notification."""
        self._write({"jsonrpc": "2.0", "method": method, "params": params})

    def begin(self, method: str, params: object) -> int:
        """A request, whose number `answer` and `cancel` take."""
        self._number += 1
        self._write({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        return self._number

    def cancel(self, number: int) -> None:
        """Takes a request back."""
        self.tell("$/cancelRequest", {"id": number})

    def answer(self, number: int) -> Json:
        """The whole answer to a request: it has "result" or "error"."""
        self.until(lambda: number in self._answers)
        return self._answers.pop(number)

    def ask(self, method: str, params: object) -> Any:
        """The result of a request; fails where it is an error."""
        came = self.answer(self.begin(method, params))
        assert "result" in came, came
        return came["result"]

    def command(self, name: str, *arguments: object) -> Json:
        """The result of one of the server's commands."""
        return dict(self.ask("workspace/executeCommand", {"command": name, "arguments": list(arguments)}))

    def status(self) -> Json:
        """What the server says of itself."""
        return dict(self.ask("flowquill/status", {}))

    def open(self, uri: str, text: str) -> None:
        """Opens a text in its first version."""
        self.diagnostics.pop(uri, None)
        self.tell("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "flow", "version": 1, "text": text}})

    def codes(self, uri: str) -> list[str]:
        """The codes of the next diagnostics that come for a file, or of those that came since it was opened or `codes` was called."""
        self.until(lambda: uri in self.diagnostics)
        return [str(d["code"]) for d in self.diagnostics.pop(uri)]

    def changed(self, *files: Path) -> None:
        """Tells of files that changed on the disk."""
        self.tell("workspace/didChangeWatchedFiles", {"changes": [{"uri": f.as_uri(), "type": 2} for f in files]})

    def until(self, there: Callable[[], bool]) -> None:
        """Takes messages until something is there. Fails where the server ends or is silent for too long."""
        end = monotonic() + PATIENCE
        while not there():
            try:
                came = self._came.get(timeout=max(0.01, end - monotonic()))
            except Empty:
                raise AssertionError("the server is silent") from None
            assert came is not None, f"the server ended with {self.process.wait(5)}"
            self._take(came)

    def close(self) -> int:
        """Says goodbye; the server's exit code."""
        self.ask("shutdown", None)
        self.tell("exit", None)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """Ends the server at once."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Talking:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _take(self, came: Json) -> None:
        method, params = came.get("method"), came.get("params") or {}
        if method is None:
            self._answers[came["id"]] = came
            return
        result: object = None
        if method == "window/showMessage":
            self.shown.append(params["message"])
        elif method == "textDocument/publishDiagnostics":
            self.diagnostics[params["uri"]] = params["diagnostics"]
        elif method == "workspace/applyEdit":
            self.edits.append(params["edit"])
            result = self.taken
        if "id" in came:
            self._write({"jsonrpc": "2.0", "id": came["id"], "result": result})

    def _write(self, message: Json) -> None:
        self._to.write(framed(message))
        self._to.flush()

    def _listen(self, stream: IO[bytes]) -> None:
        while isinstance(message := read_message(stream)[1], dict):
            self._came.put(message)
        self._came.put(None)

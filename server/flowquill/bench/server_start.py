"""The section about the language server: how long a cold start takes to answer `initialize` and to check a first file, in real processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import IO, Any

from flowquill.bench.figures import Figure, Settings, Stopwatch
from flowquill.server.streams import framed, read_message


def cold_start(settings: Settings) -> Iterator[Figure]:
    """From starting the process to the answer and to the first diagnostics, 20 times."""
    answered, checked = Stopwatch(), Stopwatch()
    for _ in range(max(20, settings.repeat)):
        with checked:
            with answered:
                process = subprocess.Popen(
                    [sys.executable, "-m", "flowquill.cli.main", "lsp"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
                assert process.stdin is not None and process.stdout is not None
                _send(process.stdin, {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": _PARAMETERS})
                _wait(process.stdout, lambda message: message.get("id") == 1)
            _send(process.stdin, {"jsonrpc": "2.0", "method": "initialized", "params": {}})
            _send(process.stdin, {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": _DOCUMENT}})
            _wait(process.stdout, lambda message: message.get("method") == "textDocument/publishDiagnostics")
        process.kill()
        process.wait()
    yield Figure("language server", "initialize answered, p50", answered.p(0.5), "ms")
    yield Figure("language server", "initialize answered, p95", answered.p(0.95), "ms", bar=500)
    yield Figure("language server", "first diagnostics, p50", checked.p(0.5), "ms")
    yield Figure("language server", "first diagnostics, p95", checked.p(0.95), "ms")


_PARAMETERS: dict[str, object] = {"processId": None, "rootUri": None, "capabilities": {}}
_DOCUMENT: dict[str, object] = {"uri": "file:///a.flow", "languageId": "flow", "version": 1, "text": "flow a {\n  on manual()\n}\n"}


def _send(stream: IO[bytes], message: object) -> None:
    stream.write(framed(message))
    stream.flush()


def _wait(stream: IO[bytes], wanted: Callable[[dict[str, Any]], bool]) -> None:
    """Reads messages up to the one that is wanted. Raises RuntimeError where the stream ends first."""
    while isinstance(message := read_message(stream)[1], dict):
        if wanted(message):
            return
    raise RuntimeError("the language server ended without an answer; run `flowquill lsp` to see why")

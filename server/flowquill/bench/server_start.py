"""The section about the language server: how long a cold start takes to answer `initialize`, in real processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import IO

from flowquill.bench.figures import Figure, Settings, Stopwatch


def cold_start(settings: Settings) -> Iterator[Figure]:
    """From starting the process to the answer, 20 times."""
    watch = Stopwatch()
    for _ in range(max(20, settings.repeat)):
        with watch:
            process = subprocess.Popen(
                [sys.executable, "-m", "flowquill.cli.main", "lsp"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            assert process.stdin is not None and process.stdout is not None
            _send(process.stdin, {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": _PARAMETERS})
            answered = _answer(process.stdout)
        process.kill()
        process.wait()
        if not answered:
            raise RuntimeError("the language server ended without answering initialize; run `flowquill lsp` to see why")
    yield Figure("language server", "initialize answered, p50", watch.p(0.5), "ms")
    yield Figure("language server", "initialize answered, p95", watch.p(0.95), "ms", bar=500)


_PARAMETERS: dict[str, object] = {"processId": None, "rootUri": None, "capabilities": {}}


def _send(stream: IO[bytes], message: object) -> None:
    body = json.dumps(message).encode()
    stream.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    stream.flush()


def _answer(stream: IO[bytes]) -> bool:
    """Reads messages up to the answer to request 1; False where the stream ends first."""
    while True:
        length = 0
        while line := stream.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if not length:
            return False
        if json.loads(stream.read(length)).get("id") == 1:
            return True

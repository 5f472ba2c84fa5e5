"""A client that misbehaves: the server answers with errors and lives on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import IO

import pytest

TIME = 30


@pytest.fixture
def server() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-m", "flowquill.cli.main", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    yield process
    process.kill()
    process.wait(TIME)


def send(stream: IO[bytes], message: object) -> None:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    stream.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    stream.flush()


def answer(stream: IO[bytes], number: int) -> dict[str, object]:
    while True:
        length = 0
        while line := stream.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        assert length, "the server ended"
        message = json.loads(stream.read(length))
        if message.get("id") == number and "method" not in message:
            return dict(message)


def initialize(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin is not None and process.stdout is not None
    send(process.stdin, {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"processId": None, "rootUri": None, "capabilities": {}}})
    assert "result" in answer(process.stdout, 1)
    send(process.stdin, {"jsonrpc": "2.0", "method": "initialized", "params": {}})
    return process.stdin, process.stdout


@pytest.mark.parametrize(
    "garbage",
    [b"{not json", b"\xff\xfe\x00", b"[]", b"null", b'{"jsonrpc": "2.0"}', b'{"jsonrpc": "2.0", "id": 7, "method": "no/such", "params": {}}', b'{"jsonrpc": "2.0", "id": 7, "method": "textDocument/hover", "params": {"textDocument": 5}}'],
)
def test_garbage_does_not_end_the_server(server: subprocess.Popen[bytes], garbage: bytes) -> None:
    to, back = initialize(server)
    send(to, garbage)
    send(to, {"jsonrpc": "2.0", "id": 9, "method": "shutdown"})
    assert "result" in answer(back, 9)


def test_a_cancelled_request_is_answered_and_the_next_one_served(server: subprocess.Popen[bytes]) -> None:
    to, back = initialize(server)
    text = "# when an email arrives, post its subject to Slack\n\n"
    opened = {"textDocument": {"uri": "file:///a.flow", "languageId": "flowquill", "version": 1, "text": text}}
    send(to, {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": opened})
    send(to, {"jsonrpc": "2.0", "id": 5, "method": "workspace/executeCommand", "params": {"command": "flowquill.generate", "arguments": ["file:///a.flow", 0]}})
    send(to, {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 5}})
    cancelled = answer(back, 5)
    assert "error" in cancelled or "result" in cancelled
    send(to, {"jsonrpc": "2.0", "id": 6, "method": "textDocument/formatting", "params": {"textDocument": {"uri": "file:///a.flow"}, "options": {"tabSize": 2, "insertSpaces": True}}})
    assert "result" in answer(back, 6)

"""A local HTTP server that misbehaves on purpose, each way by its name: an edge fake, for what no real model server does on demand."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANSWER = 'on manual()\ntodo "call them"'


@dataclass
class Misbehaving:
    """`how`: what the next requests get; `bodies` and `heads` of all that came; `gone` is set when a client closes a stream that goes on."""

    how: str = "well"
    text: str = ANSWER
    bodies: list[dict[str, Any]] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    connections: set[tuple[str, int]] = field(default_factory=set)
    gone: threading.Event = field(default_factory=threading.Event)
    streaming: threading.Event = field(default_factory=threading.Event)
    gone_at: float = 0.0
    url: str = ""


def _chunk(text: str, reason: str | None = None, *, chat: bool = False) -> bytes:
    said: dict[str, Any] = {"delta": {"content": text}} if chat else {"text": text, "logprobs": {"token_logprobs": [-0.1]}}
    return b"data: " + json.dumps({"choices": [{"index": 0, "finish_reason": reason, **said}]}).encode() + b"\n\n"


@contextmanager
def misbehaving() -> Iterator[Misbehaving]:
    """The server on a free port, until the block ends."""
    state = Misbehaving()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Quiet."""

        def send(self, status: int, kind: str, body: bytes, **headers: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def stream(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True

        def do_GET(self) -> None:
            if state.how == "html":
                self.send(200, "text/html", b"<html>Welcome</html>")
            else:
                self.send(200, "application/json", json.dumps({"data": [{"id": "given"}]}).encode())

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            state.bodies.append(json.loads(raw))
            state.heads.append(dict(self.headers))
            state.times.append(time.monotonic())
            state.connections.add(self.client_address[:2])
            chat = self.path.endswith("chat/completions")
            how = state.how
            if how.startswith("once "):
                state.how = "well"
                how = how[5:]
            match how:
                case "well":
                    body = b"".join(_chunk(c, chat=chat) for c in (state.text[:5], state.text[5:])) + _chunk("", "stop", chat=chat) + b"data: [DONE]\n\n"
                    self.send(200, "text/event-stream", body)
                case "whole":
                    self.send(200, "application/json", json.dumps({"choices": [{"index": 0, "text": state.text, "finish_reason": "stop"}]}, indent=1).encode())
                case "wrong key":
                    self.send(401, "application/json", b'{"error": {"message": "Unauthorized"}}')
                case "no model":
                    self.send(404, "application/json", b'{"error": {"message": "The model `x` does not exist."}}')
                case "html":
                    self.send(200, "text/html; charset=utf-8", b"<html><body>Sign in</body></html>")
                case "html error":
                    self.send(502, "text/html", b"<html>Bad gateway</html>")
                case "redirect":
                    self.send(302, "text/plain", b"", Location="https://elsewhere.example/v1")
                case "garbage":
                    self.send(200, "application/json", b"\x00\xff not json")
                case "other json":
                    self.send(200, "application/json", b'["a", 1]')
                case "bad choices":
                    self.send(200, "application/json", b'{"choices": [7]}')
                case "empty":
                    self.send(200, "text/event-stream", b"")
                case "half":
                    self.stream()
                    self.wfile.write(_chunk(state.text[:7], chat=chat))
                case "no flow":
                    self.send(200, "text/event-stream", _chunk("I am sorry, Dave.", "stop", chat=chat) + b"data: [DONE]\n\n")
                case "error in stream":
                    self.send(200, "text/event-stream", b'data: {"error": {"message": "EngineDeadError"}}\n\n')
                case "busy":
                    self.send(429, "application/json", b"{}", Retry_After="0")
                case "busy for long":
                    self.send(429, "application/json", b"{}", Retry_After="90")
                case "down":
                    self.send(500, "application/json", b'{"error": {"message": "out of memory"}}')
                case "too long":
                    self.send(400, "application/json", b'{"error": {"message": "maximum context length is 2048 tokens"}}')
                case "hang up":
                    self.close_connection = True
                    self.connection.close()
                case "stall":
                    self.stream()
                    self.wfile.write(_chunk("on", chat=chat))
                    self.wfile.flush()
                    state.gone.wait(20)
                case "endless":
                    self.stream()
                    self.go_on(chat)
                case _:
                    raise AssertionError(how)

        def go_on(self, chat: bool) -> None:
            """Writes until the client is gone, as a model that decodes."""
            try:
                for _ in range(4000):
                    self.wfile.write(_chunk(" ", chat=chat))
                    self.wfile.flush()
                    state.streaming.set()
                    time.sleep(0.005)
            except OSError:
                state.gone_at = time.monotonic()
                state.gone.set()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.gone.set()
        server.shutdown()
        server.server_close()

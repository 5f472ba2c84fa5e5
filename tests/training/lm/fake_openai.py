"""A local stand-in for the HTTP edge of the fine-tuning service: files, jobs, and errors where a test wants them. The client is the real one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Service:
    """`states`: what a job says, one after the other; `refuse`: paths (their ends) that answer with a status."""

    states: list[str] = field(default_factory=lambda: ["validating_files", "running", "succeeded"])
    refuse: dict[str, int] = field(default_factory=dict)
    seen: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""

    def job(self, status: str) -> dict[str, Any]:
        failed = {"code": "invalid", "message": "the file is too short", "param": None} if status == "failed" else None
        return {
            "id": "ftjob-1", "object": "fine_tuning.job", "created_at": 1, "status": status, "model": "gpt-4o-mini-2024-07-18", "training_file": "file-1", "hyperparameters": {},
            "organization_id": "o", "result_files": [], "seed": 1, "fine_tuned_model": "ft:gpt-4o-mini:flowquill:1" if status == "succeeded" else None, "error": failed,
        }  # fmt: skip


@contextmanager
def serving(service: Service) -> Iterator[Service]:
    """The service on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            service.bodies.append(self.rfile.read(int(self.headers["content-length"])))
            if self._refused():
                return
            path = self.path.split("?")[0]
            if path.endswith("/files"):
                self._answer(200, {"id": "file-1", "object": "file", "bytes": 1, "created_at": 1, "filename": "train.jsonl", "purpose": "fine-tune", "status": "processed"})
            else:
                self._answer(200, service.job("validating_files"))

        def do_GET(self) -> None:
            if not self._refused():
                self._answer(200, service.job(service.states.pop(0) if len(service.states) > 1 else service.states[0]))

        def _refused(self) -> bool:
            service.seen.append((self.command, self.path))
            service.keys.append(self.headers.get("authorization") or self.headers.get("api-key") or "")
            status = next((s for end, s in service.refuse.items() if self.path.split("?")[0].endswith(end)), 0)
            if status:
                self._answer(status, {"error": {"message": "not this time", "type": "invalid_request_error", "code": None, "param": None}})
            return bool(status)

        def _answer(self, status: int, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()

"""A program that stands for `vllm serve` where only starting, watching and stopping matter: answers /health and completions, starts a child as vLLM does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Quiet."""

    def answer(self, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        self.answer({"data": [{"id": "tiny"}]})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Authorization") != f"Bearer {os.environ['VLLM_API_KEY']}":
            raise AssertionError("the key is missing")
        self.answer({"choices": [{"index": 0, "text": 'on manual()\ntodo "call them"', "finish_reason": "stop"}]})


def main() -> None:
    arguments = sys.argv[1:]
    if "--fails" in arguments:
        print("(APIServer pid=1) ValueError: the model cannot be read:\n  it is empty\nFor more see elsewhere")
        sys.exit(1)
    if "--slow" in arguments:
        time.sleep(float(arguments[arguments.index("--slow") + 1]))
    # An engine process that outlives its parent unless someone ends it.
    engine = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    record = arguments[arguments.index("--record") + 1]
    with Path(record).open("a", encoding="utf-8") as file:
        file.write(f"{os.getpid()} {engine.pid}\n")
    port = int(arguments[arguments.index("--port") + 1])
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main()

"""Runs a plan in the users' process and gathers what they write."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable

from flowquill.loadtest.plan import LoadError, Plan, Sample

GRACE_S = 150.0
"""How long after its duration the last answers may take."""


def run(plan: Plan, progress: Callable[[Sample], None] = lambda _: None) -> list[Sample]:
    """All requests of a plan. `progress` is called for each. KeyboardInterrupt ends the users. Raises LoadError."""
    command = [sys.executable, "-m", "flowquill.loadtest.users"]
    # One thread for the embedded engine, and no questions of gevent about its fork.
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment,
    )
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    complaints: list[str] = []
    listener = threading.Thread(target=lambda stream: complaints.extend(stream), args=(process.stderr,), daemon=True)
    listener.start()
    late = threading.Timer(plan.duration_s + plan.timeout_s + GRACE_S, process.kill)
    late.start()
    samples: list[Sample] = []
    try:
        process.stdin.write(json.dumps(plan.as_table()))
        process.stdin.close()
        for line in process.stdout:
            if line.startswith("["):
                samples.append(Sample(*json.loads(line)))
                progress(samples[-1])
        code = process.wait()
    finally:
        late.cancel()
        process.kill()
        process.wait()
        listener.join(5)
    if code != 0 or not samples:
        raise LoadError(_why(code, complaints))
    return samples


def _why(code: int, complaints: list[str]) -> str:
    last = complaints[-1].strip() if complaints else ""
    if "locust" in last and "ModuleNotFoundError" in last:
        return "Load tests need packages that are not installed (locust); run: pip install 'flowquill[loadtest]'"
    if code == 0:
        return "No request came to its end; give a longer --duration, or look whether the server answers at all."
    return f"The users' process ended with {code}{f' ({last[:200]})' if last else ''}; set FLOWQUILL_DEBUG=1 and report it."

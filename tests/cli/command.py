"""What a command that failed as it should looks like."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

Run = Callable[..., subprocess.CompletedProcess[str]]


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The error text of a failed command: exit code 1, one line, no trace."""
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("flowquill: ")
    assert len(lines[0]) < 400
    return lines[0]

"""Runs the real command in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`run("check", "a.flow", ...)` in a temporary folder. `fake=True`: with the scripted engine in place of the model."""

    def start(*arguments: str, fake: bool = False, stdin: str | bytes = "", debug: bool = False) -> subprocess.CompletedProcess[str]:
        program = [str(Path(__file__).with_name("fake_main.py"))] if fake else ["-m", "flowquill.cli.main"]
        done = subprocess.run(
            [sys.executable, *program, *arguments],
            cwd=tmp_path,
            input=stdin if isinstance(stdin, bytes) else stdin.encode(),
            capture_output=True,
            timeout=60,
            check=False,
            env={**os.environ, "FLOWQUILL_DEBUG": "1" if debug else "", "COLUMNS": "200"},
        )
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    return start

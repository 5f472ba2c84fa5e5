"""The real command in a process of its own; a load test takes longer than other commands may."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`run("loadtest", ...)` in a temporary folder."""

    def start(*arguments: str, **_: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "flowquill.cli.main", *arguments]
        return subprocess.run(
            command,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            env={**os.environ, "COLUMNS": "200"},
        )

    return start

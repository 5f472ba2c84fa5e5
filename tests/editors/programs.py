"""The editors that the tests drive: found, installed where that is asked for, or the sentence why a test is left out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EDITORS = ROOT / "editors"


def program(name: str, variable: str, *packages: str) -> str:
    """The path of an editor: what the environment variable names, or `name` on the PATH, or skips the test.

    With FLOWQUILL_INSTALL_EDITORS=1 Debian's `packages` are installed first where it is missing.
    """
    given = os.environ.get(variable)
    if given:
        return given
    found = shutil.which(name)
    if found is None and os.environ.get("FLOWQUILL_INSTALL_EDITORS") == "1" and shutil.which("apt-get"):
        for command in (["apt-get", "-qq", "update"], ["apt-get", "-qq", "install", "-y", "--no-install-recommends", *packages]):
            subprocess.run(command, check=False, timeout=600, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, capture_output=True)
        found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: apt-get install {' '.join(packages)}, or set FLOWQUILL_INSTALL_EDITORS=1.")
    return found


def environment(home: Path) -> dict[str, str]:
    """Variables for an editor: this Python's `flowquill` first on the PATH, and every folder of settings inside `home`."""
    folders = {f"XDG_{n}_HOME": str(home / n.lower()) for n in ("CONFIG", "DATA", "STATE", "CACHE")}
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(home), "LC_ALL": "C.UTF-8", **folders}

"""What the test of the VS Code extension needs: the package, a VS Code in a browser, one drive through both."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXTENSION = Path(__file__).parents[2] / "editors" / "vscode"
_INSTALLER = EXTENSION / "test" / "install-code-server.sh"
_ENTRY = Path("node_modules/code-server/out/node/entry.js")


@pytest.fixture(scope="session")
def npm() -> str:
    """The program npm, with the extension's packages installed."""
    found = shutil.which("npm")
    if found is None or shutil.which("node") is None:
        pytest.skip("Node.js is not installed: the extension's tests need Node 20 or newer with npm.")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < 20:
        pytest.skip(f"Node.js is {version}; the extension's tests need 20 or newer.")
    if not (EXTENSION / "node_modules" / "playwright-core").is_dir():
        _must([found, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], 300, "The extension's packages cannot be had from the npm registry")
    return found


@pytest.fixture(scope="session")
def package(npm: str) -> Path:
    """The extension as flowquill.vsix, made from the sources."""
    made = EXTENSION / "flowquill.vsix"
    made.unlink(missing_ok=True)
    done = subprocess.run([npm, "run", "--silent", "package"], cwd=EXTENSION, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert made.is_file()
    return made


@pytest.fixture(scope="session")
def code_server() -> Path:
    """The entry.js of code-server: FLOWQUILL_CODE_SERVER names it, or `code-server` is on the PATH, or it is installed into the user's cache."""
    if not os.environ.get("FLOWQUILL_E2E"):
        pytest.skip("The drive through a real VS Code takes two minutes of a quiet machine, ten of a busy one: FLOWQUILL_E2E=1 runs it (FLOWQUILL_CODE_SERVER names a code-server that is there).")
    given = os.environ.get("FLOWQUILL_CODE_SERVER")
    if given:
        return Path(given)
    on_path = shutil.which("code-server")
    if on_path and Path(on_path).resolve().name == "entry.js":
        return Path(on_path).resolve()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flowquill" / "code-server"
    if not (cache / "complete").is_file():
        needed = [name for name in ("bash", "make", "g++") if shutil.which(name) is None]
        if needed:
            pytest.skip(f"code-server is not installed, and without {', '.join(needed)} it cannot be: {_INSTALLER.name} says what it needs.")
        _must(["bash", str(_INSTALLER), str(cache)], 420, f"code-server cannot be installed ({_INSTALLER.name} says what it needs)")
    return cache / _ENTRY


@pytest.fixture(scope="session")
def chromium() -> str:
    """A Chromium."""
    found = os.environ.get("FLOWQUILL_CHROMIUM") or next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
    if found is None:
        pytest.skip("Chromium is not installed: apt-get install chromium, or name one in FLOWQUILL_CHROMIUM.")
    return found


@pytest.fixture(scope="session")
def drive(package: Path, code_server: Path, chromium: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of one drive through a real VS Code; pictures of every station lie beside it.

    FLOWQUILL_PICTURES names another folder for them; FLOWQUILL_E2E_SECONDS says after how many seconds no further station is begun.
    """
    out = Path(os.environ.get("FLOWQUILL_PICTURES") or tmp_path_factory.mktemp("vscode")).resolve()
    program = Path(sys.executable).with_name("flowquill")
    variables = {"CODE_SERVER": str(code_server), "CHROMIUM": chromium, "FLOWQUILL": str(program), "VSIX": str(package), "OUT": str(out), "SECONDS": os.environ.get("FLOWQUILL_E2E_SECONDS", "330")}
    done = subprocess.run(["node", "test/e2e/main.mjs"], cwd=EXTENSION, env={**os.environ, **variables}, capture_output=True, text=True, timeout=1500)
    print(done.stdout, done.stderr)
    report = out / "report.json"
    assert report.is_file(), done.stdout + done.stderr
    found: dict[str, Any] = json.loads(report.read_text())
    return {**found, "pictures": out / "pictures"}


def _must(command: list[str], seconds: int, otherwise: str) -> None:
    """Runs a command in the extension's folder, or skips the test with a sentence."""
    try:
        done = subprocess.run(command, cwd=EXTENSION, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{otherwise}: it took more than {seconds} s.")
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        pytest.skip(f"{otherwise}: {lines[-1].strip() if lines else f'exit code {done.returncode}'}.")

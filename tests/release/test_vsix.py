"""The VS Code extension is reproducible: packaged twice, at different times and in different folders, it has the same bytes and nothing that is not shipped."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.editors.programs import ROOT

EDITOR = ROOT / "editors" / "vscode"
TOOLS = EDITOR / "node_modules" / ".bin"


def copied(root: Path, folder: Path) -> Path:
    """A copy of the extension's sources; the tools of a checkout are linked to."""
    shutil.copytree(root, folder, ignore=shutil.ignore_patterns("node_modules", "dist", "*.vsix"))
    (folder / "node_modules").symlink_to(EDITOR / "node_modules")
    return folder


def packaged(root: Path, folder: Path, when: int) -> Path:
    """A package of a copy whose files bear the time `when` in seconds."""
    copied(root, folder)
    for path in folder.rglob("*"):
        if not path.is_symlink() and "node_modules" not in path.relative_to(folder).parts:
            os.utime(path, (when, when))
    # What `npm run package` does after its checks.
    for command in (["node", "esbuild.mjs"], ["node", "package.mjs"]):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    return folder / "flowquill.vsix"


@pytest.mark.slow
@pytest.mark.skipif(not (TOOLS / "vsce").exists(), reason="run npm ci in editors/vscode first")
def test_two_packages_are_equal_and_hold_what_they_should(tmp_path: Path) -> None:
    root = copied(EDITOR, tmp_path / "root")
    one, two = packaged(root, tmp_path / "one", 1_700_000_000), packaged(root, tmp_path / "two", 1_760_000_000)
    with zipfile.ZipFile(one) as package, zipfile.ZipFile(two) as other:
        names = package.namelist()
        assert names == other.namelist() and [n for n in names if package.read(n) != other.read(n)] == []
        bundle = package.read("extension/dist/extension.js").decode()
    assert hashlib.sha256(one.read_bytes()).hexdigest() == hashlib.sha256(two.read_bytes()).hexdigest()
    assert {"extension/dist/extension.js", "extension/dist/graph.js", "extension/package.json"} <= set(names)
    assert any(re.search(r"extension/LICENSE", n) for n in names) and "extension/NOTICES.txt" in names
    assert not [n for n in names if re.search(r"node_modules|/test/|/src/|\.map$|\.env|tsconfig", n)]
    # No path of the machine it was built on.
    assert str(tmp_path) not in bundle and str(ROOT) not in bundle


@pytest.mark.skipif(not (TOOLS / "vsce").exists(), reason="run npm ci in editors/vscode first")
def test_licences_of_what_is_bundled() -> None:
    done = subprocess.run([sys.executable, str(ROOT / ".ci/notices.py")], capture_output=True, text=True, check=True)
    for name in ("vscode-languageclient", "vscode-jsonrpc", "@dagrejs/dagre", "minimatch", "semver"):
        assert f"\n{name} " in done.stdout
    assert done.stdout.count("Copyright") >= 8 and str(ROOT) not in done.stdout
    shipped = (EDITOR / "NOTICES.txt").read_text(encoding="utf-8")
    assert shipped == done.stdout, "write it anew: python .ci/notices.py > editors/vscode/NOTICES.txt"

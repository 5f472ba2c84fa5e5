"""The wheel is reproducible: built twice, at different times and in different folders, it has the same bytes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("grammar", "server", "training", "pyproject.toml", "README.md", "LICENSE", "NOTICE", "CHANGELOG.md", "CONTRIBUTING.md")


def copied(root: Path, source: Path) -> Path:
    """A copy of what a wheel is made of."""
    for part in PARTS:
        place = root / part
        if place.is_dir():
            shutil.copytree(place, source / part, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info"))
        elif place.exists():
            shutil.copy(place, source / part)
    return source


def built(folder: Path, root: Path, when: int) -> Path:
    """A wheel of a copy of the sources at `root`, whose files bear the time `when` in seconds. Skips where hatchling cannot be had."""
    source = copied(root, folder / "source")
    for path in source.rglob("*"):
        os.utime(path, (when, when))
    environment = {k: v for k, v in os.environ.items() if k != "SOURCE_DATE_EPOCH"}
    done = subprocess.run([sys.executable, "-m", "build", "--wheel", "--outdir", str(folder / "out"), str(source)], capture_output=True, text=True, env=environment, timeout=900)
    if done.returncode:
        said = done.stdout + done.stderr
        if "No matching distribution" in said or "Could not find a version" in said:
            pytest.skip("hatchling cannot be installed here; check the package index.")
        raise AssertionError(said[-2000:])
    return next((folder / "out").glob("*.whl"))


@pytest.mark.slow
def test_two_builds_are_equal_and_hold_what_they_should(tmp_path: Path) -> None:
    # Somebody may be at work in the checkout: both are of one state of it.
    root = copied(ROOT, tmp_path / "root")
    one, two = built(tmp_path / "one", root, 1_700_000_000), built(tmp_path / "two", root, 1_760_000_000)
    assert hashlib.sha256(one.read_bytes()).hexdigest() == hashlib.sha256(two.read_bytes()).hexdigest()
    with zipfile.ZipFile(one) as wheel:
        names = wheel.namelist()
    for wanted in ("flowquill/grammar/flow.lark", "flowquill/generation/model/manifest.json", "flowquill/generation/model/MODEL_CARD.md"):
        assert wanted in names
    assert any(n.endswith("licenses/LICENSE") for n in names) and any(n.endswith("licenses/NOTICE") for n in names)
    assert not [n for n in names if "__pycache__" in n or n.startswith(("tests/", "editors/"))]

"""The commands that write a file, where the disk takes nothing: one sentence, and the file is as it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.cli.command import one_sentence
from tests.faults import powerless, read_only, small_disk

UGLY = 'flow a{on manual()\n   compose( value:1 )}'


def run(folder: Path, *arguments: str, **given: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "flowquill.cli.main", *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False, **given)


def test_a_full_disk_leaves_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.flow").write_text(UGLY)
    assert "a.flow cannot be written" in one_sentence(run(tmp_path, "format", "a.flow", **small_disk(5)))
    assert "a.json cannot be written" in one_sentence(run(tmp_path, "compile", "a.flow", "-o", "a.json", **small_disk(5)))
    assert (tmp_path / "a.flow").read_text() == UGLY and [f.name for f in tmp_path.iterdir()] == ["a.flow"]


def test_a_read_only_workspace_is_read_and_left(tmp_path: Path) -> None:
    (tmp_path / "a.flow").write_text(UGLY)
    limits = powerless()
    with read_only(tmp_path):
        assert "a.flow cannot be written (Permission denied); the file is as it was." in one_sentence(run(tmp_path, "format", "a.flow", **limits))
        assert run(tmp_path, "check", "a.flow", **limits).returncode == 0
    assert (tmp_path / "a.flow").read_text() == UGLY

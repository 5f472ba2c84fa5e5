"""Attempts by texts that keep a pattern busy: each ends, though none is answered."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.editors.programs import ROOT
from tests.security.pumped import READERS

PATIENCE_S = 240.0
"""For dozens of texts together, on a machine that others use: a pattern that doubles with each character takes years."""


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_texts_that_keep_patterns_busy(reader: str) -> None:
    command = [sys.executable, "-m", "tests.security.pumped", reader]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired as late:
        last = (late.stdout or b"").splitlines()[-1:]
        raise AssertionError(f"{reader} did not end; it was at {last}") from None
    assert done.stdout.endswith("all came to an end\n"), done.stderr[-2000:]

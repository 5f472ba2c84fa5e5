"""Ways to take something away from a process before it starts: rights over files, room on the disk."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_CAPBSET_DROP, _DAC_OVERRIDE, _DAC_READ_SEARCH = 24, 1, 2


def powerless() -> dict[str, Any]:
    """Arguments for subprocess under which even the superuser is bound by the rights of files. Skips where the system has no such thing."""
    if not hasattr(os, "geteuid"):
        pytest.skip("needs the rights of files as Unix has them")
    if os.geteuid() != 0:
        return {}
    if not sys.platform.startswith("linux"):
        pytest.skip("run as an ordinary user")
    libc = ctypes.CDLL(None, use_errno=True)

    def drop() -> None:
        for right in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
            if libc.prctl(_CAPBSET_DROP, right, 0, 0, 0):
                os._exit(77)

    return {"preexec_fn": drop}


def small_disk(most: int) -> dict[str, Any]:
    """Arguments for subprocess under which no file may grow beyond `most` bytes; pipes are free."""
    resource = pytest.importorskip("resource")
    return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))}


@contextmanager
def read_only(*folders: Path) -> Iterator[None]:
    """Folders that take no new files, until the end of the block."""
    before = [(f, f.stat().st_mode) for f in folders]
    for folder in folders:
        folder.chmod(0o555)
    try:
        yield
    finally:
        for folder, mode in before:
            folder.chmod(mode)

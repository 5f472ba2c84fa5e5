"""Runs a program so that it never outlives whoever started it. Standard library only: it is run as a script of its own.

`python guard.py COMMAND...` starts the command in a process group of its own and waits. When its standard input closes (the starter
ended, however it ended) or it is asked to stop, the whole group is asked to stop, and killed where it does not within seconds. Where
the guard itself is killed, Linux sends the command the signal to stop (the parent-death signal).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from types import FrameType

PATIENCE = 8.0
"""Seconds between the request to stop and the kill."""
_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    try:
        if os.name == "posix":
            os.killpg(child.pid, number)
        else:
            child.terminate()
    except (ProcessLookupError, PermissionError):
        pass


def _stop(child: subprocess.Popen[bytes]) -> None:
    _signal(child, signal.SIGTERM)
    until = time.monotonic() + PATIENCE
    while child.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    if os.name == "posix":
        # Whatever the command started and left behind goes as well.
        _signal(child, signal.SIGKILL)


def main(command: list[str]) -> int:
    """Runs `command` to its end; its exit code."""
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=os.name == "posix",
        preexec_fn=_die_with_parent if os.name == "posix" else None,
    )
    stopping = threading.Event()

    def asked(number: int, frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, asked)
    signal.signal(signal.SIGINT, asked)

    def watch() -> None:
        # Ends at the end of the file, which comes when the starter is gone. Unbuffered: a buffer's lock would still be held at exit.
        while os.read(0, 1):
            pass
        stopping.set()

    threading.Thread(target=watch, daemon=True).start()
    while child.poll() is None and not stopping.wait(0.1):
        pass
    _stop(child)
    return child.wait()


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.exit(code if code >= 0 else 128 - code)

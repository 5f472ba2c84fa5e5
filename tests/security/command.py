"""The command line in this process, and the signs of harm that the attempts look for."""

from __future__ import annotations

import contextlib
import io
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

ESCAPE = "\x1b]0;owned\x07\x1b[31m"
"""Sets a terminal's title and colour where it reaches one."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a command ended with."""

    code: int
    out: str
    err: str


def flowquill(*arguments: str) -> Done:
    """Runs a command. Its failures must be sentences: a trace is a failure of the test."""
    from flowquill.cli.main import _run

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = _run(list(arguments))
        except SystemExit as end:
            code = int(end.code or 0)
    done = Done(code, out.getvalue(), err.getvalue())
    assert "Traceback" not in done.err and "should not have happened" not in done.err, done.err
    return done


@contextlib.contextmanager
def no_network() -> Iterator[None]:
    """Any socket that is opened inside fails the test."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "create_connection", refuse)
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        yield

"""A little of the fuzzing with every run of the tests; `python -m tests.fuzz.language_server` and `python -m tests.fuzz.inputs` do more."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.inputs import TARGETS, try_one
from tests.fuzz.language_server import Session
from tests.fuzz.process import Process
from tests.fuzz.texts import Mirror


@pytest.fixture
def process() -> Iterator[Process]:
    started = Process()
    started.start()
    yield started
    started.close()


def shown(process: Process, mirror: Mirror) -> list[tuple[str, int, int]]:
    """What the server says of the document `a`, after it was told."""
    number = process.request("textDocument/diagnostic", {"textDocument": {"uri": "file:///a.flow"}})
    process.settle("diagnostic")
    items = process.answers[number]["result"]["items"]
    return [(d["code"], d["range"]["start"]["line"], d["range"]["start"]["character"]) for d in items]


def opened(process: Process, text: str) -> Mirror:
    process.notify("textDocument/didOpen", {"textDocument": {"uri": "file:///a.flow", "languageId": "flow", "version": 1, "text": text}})
    return Mirror(text, 1)


def changed(process: Process, mirror: Mirror, start: tuple[int, int], end: tuple[int, int], new: str) -> None:
    first, last = ({"line": p[0], "character": p[1]} for p in (start, end))
    mirror.version += 1
    mirror.change(first, last, new)
    change = {"range": {"start": first, "end": last}, "text": new}
    process.notify("textDocument/didChange", {"textDocument": {"uri": "file:///a.flow", "version": mirror.version}, "contentChanges": [change]})


@pytest.mark.parametrize("trap", ["\u2028", "\x0c", "\x85", "\x1e"])
def test_an_edit_behind_what_only_python_takes_for_a_line_break(process: Process, trap: str) -> None:
    mirror = opened(process, f'# a{trap}b\nflow a {{\n  on manual()\n  compose(value: "b")\n}}\n')
    changed(process, mirror, (3, 17), (3, 20), "nope")
    assert "compose(value: nope)" in mirror.text
    assert shown(process, mirror) == [("FQ010", 3, 17)]


def test_an_edit_beyond_the_end_of_a_line_stays_on_it(process: Process) -> None:
    mirror = opened(process, "flow a {\r\n  on manual()\r\n}\r\n")
    changed(process, mirror, (1, 99), (1, 99), "\r\n  compose(value: nope)")
    assert shown(process, mirror) == [("FQ010", 2, 17)]


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_a_session_with_the_real_server(seed: int) -> None:
    session = Session(random.Random(seed), documents=8)
    try:
        while session.edits < 40:
            session.step()
    finally:
        session.process.close()


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_inputs(name: str, seed: int) -> None:
    try_one(name, seed)

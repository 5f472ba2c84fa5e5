"""Ghost text without a model: where it comes, what typing leaves of it, how long is waited."""

from __future__ import annotations

import pytest
from lsprotocol import types

from flowquill.server.documents import Documents, Snapshot
from flowquill.server.features.comments import Asked
from flowquill.server.features.ghosts import Ghosts, Pace
from flowquill.server.features.inline import wanted
from flowquill.server.standing import Nothing

URI = "file:///a.flow"


def opened(marked: str) -> tuple[Snapshot, types.Position]:
    """The file and the place of `|` in it."""
    files = Documents()
    at = marked.index("|")
    files.open(URI, 1, marked.replace("|", "", 1))
    snapshot = files.snapshot(URI)
    return snapshot, snapshot.lines.position(at)


@pytest.mark.parametrize(
    ("marked", "by_hand", "expected"),
    [
        ("# mail me\n|\n", False, "mail me"),
        ("# mail me\n# every day\n|", False, "mail me every day"),
        ("flow a {\n  on manual()\n  # mail me\n  |\n}\n", False, "mail me"),
        ("flow a {\n  on manual()\n  # mail me\n|\n}\n", False, "indentation"),
        ("flow a {\n  on manual()\n  # mail me\n|\n}\n", True, "mail me"),
        ("# mail me\n|\nflow a {\n}\n", False, "already-written"),
        ("# mail me\n|\nflow a {\n}\n", True, "already-written"),
        ("# mail me\n|\n\nflow a {\n}\n", False, "mail me"),
        ("flow a {\n  # mail me\n  |\n  compose(value: 1)\n}\n", False, "already-written"),
        ("flow a {\n  # mail me\n  |\n  compose(value: 1)\n}\n", True, "mail me"),
        ("# mail me\n\n|\n", False, "no-comment"),
        ("|", True, "no-comment"),
        ("# mail me\nflow |", True, "not-blank"),
        ("# mail me|\n", True, "mail me"),
        ("# mail me|\n", False, "no-comment"),
        ("# mail me|\nflow a {\n}\n", True, "already-written"),
        ("#\n|", True, "no-comment"),
    ],
)
def test_where_ghost_text_comes(marked: str, by_hand: bool, expected: str) -> None:
    found = wanted(*opened(marked), by_hand)
    assert (found.text if isinstance(found, Asked) else found.code) == expected
    if isinstance(found, Nothing):
        assert found.message.endswith(".")


def test_a_line_that_was_just_begun_may_have_steps_below() -> None:
    files = Documents()
    files.open(URI, 1, "flow a {\n  # mail me\n  compose(value: 1)\n}\n")
    end = types.Position(1, 11)
    files.change(URI, 2, [types.TextDocumentContentChangePartial(types.Range(end, end), "\n  ")])
    snapshot = files.snapshot(URI)
    assert snapshot.entered == 2 and isinstance(wanted(snapshot, types.Position(2, 2), False), Asked)
    files.change(URI, 3, [types.TextDocumentContentChangePartial(types.Range(types.Position(4, 1), types.Position(4, 1)), " ")])
    assert isinstance(wanted(files.snapshot(URI), types.Position(2, 2), False), Nothing)


def test_typing_what_the_ghost_says_keeps_the_rest_of_it() -> None:
    ghosts = Ghosts()
    before, place = opened("# mail me\n|\n# more\n")
    ghosts.keep(before, before.lines.offset(place), ("flow a {\n  on manual()\n}", "flow b {\n}"))

    def left(marked: str) -> tuple[str, ...] | None:
        snapshot, position = opened(marked)
        found = ghosts.at(snapshot, snapshot.lines.offset(position))
        if found is None:
            return None
        line = snapshot.lines.span(position.line)
        assert line[0] <= found.span[0] <= found.span[1] <= line[1]
        return found.texts

    assert left("# mail me\n|\n# more\n") == ("flow a {\n  on manual()\n}", "flow b {\n}")
    assert left("# mail me\nfl|\n# more\n") == ("flow a {\n  on manual()\n}", "flow b {\n}")
    assert left("# mail me\nflow a|\n# more\n") == ("flow a {\n  on manual()\n}",)
    assert left("# mail me\nflow a {|}\n# more\n") == ("flow a {\n  on manual()\n}",)
    assert left("# mail me\nflow a {\n  on|\n# more\n") == ("  on manual()\n}",)
    assert left("# mail me\nflux|\n# more\n") is None
    assert left("# mail you\n|\n# more\n") is None
    assert left("# mail me\nflow| a\n# more\n") is None


def test_places_are_told_apart_by_what_stands_around_them() -> None:
    ghosts = Ghosts()
    for number in range(40):
        snapshot, place = opened(f"# {number}\n|")
        ghosts.keep(snapshot, snapshot.lines.offset(place), (f"flow f{number} {{\n}}",))
    snapshot, place = opened("# 39\n|")
    found = ghosts.at(snapshot, snapshot.lines.offset(place))
    assert found is not None and found.texts == ("flow f39 {\n}",)
    snapshot, place = opened("# 1\n|")
    assert ghosts.at(snapshot, snapshot.lines.offset(place)) is None


def test_the_wait_grows_with_generations_that_were_for_nothing() -> None:
    pace = Pace()
    first = pace.delay
    for _ in range(5):
        pace.overtaken()
    grown = pace.delay
    assert first < grown <= Pace.LONGEST
    for _ in range(20):
        pace.took(0.05)
    assert pace.delay == Pace.SHORTEST
    for _ in range(20):
        pace.took(5.0)
    assert pace.delay == Pace.LONGEST

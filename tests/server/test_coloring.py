"""Semantic tokens as numbers: the fast way gives what counting each token's place gives."""

from __future__ import annotations

import pytest

from flowquill.bench.samples import long_flow
from flowquill.grammar import tree
from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.parse import parse
from flowquill.server.documents import Documents, Snapshot
from flowquill.server.features.coloring import difference, encoded, within
from flowquill.server.reading.coloring import lexical
from flowquill.server.reading.names import Reading
from flowquill.server.reading.walking import walk

CATALOG = load_catalog()
WIDE = """# é😀
flow a {
  on manual(who: text) as started
  @retry(count: 2)
  x: answer = http(method: "GET", uri: "😀")
  compose(value: {a: $"{answer.body.x} \\" {1}", b: [1, first(["#"])]})
}

flow b {
}
"""


def read(text: str, encoding: str) -> tuple[Snapshot, Reading]:
    files = Documents(encoding)
    files.open("a", 1, text)
    snapshot = files.snapshot("a")
    return snapshot, files.reading(snapshot, CATALOG)


def counted(snapshot: Snapshot, reading: Reading) -> list[int]:
    """The numbers, each token's place counted for itself."""
    data: list[int] = []
    line = column = 0
    for piece, begin in zip(reading.pieces, reading.starts, strict=True):
        for start, length, kind, bits in piece.colors:
            place, end = snapshot.lines.position(start + begin), snapshot.lines.position(start + begin + length)
            data += [place.line - line, place.character - (column if place.line == line else 0), end.character - place.character, kind, bits]
            line, column = place.line, place.character
    return data


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8", "utf-32"])
@pytest.mark.parametrize("text", [WIDE, WIDE.replace("\n", "\r\n"), long_flow(100), "", "# only\n"])
def test_the_numbers_are_those_of_the_places(text: str, encoding: str) -> None:
    snapshot, reading = read(text, encoding)
    assert encoded(snapshot, reading, None) == (counted(snapshot, reading), True)
    assert within(snapshot, reading, (0, len(text))) == counted(snapshot, reading)


def test_what_is_not_read_yet_is_told_by_words_alone() -> None:
    snapshot, reading = read(long_flow(200), "utf-16")
    rough, whole = encoded(snapshot, reading, 0)
    assert not whole and rough and not any(p.is_colored for p in reading.pieces)
    first, whole = encoded(snapshot, reading, len(reading.pieces[0].text))
    assert not whole and [p.is_colored for p in reading.pieces] == [True] + [False] * (len(reading.pieces) - 1)
    full, whole = encoded(snapshot, reading, None)
    assert whole and len(full) > len(first) > len(rough)


def test_words_alone_are_never_colored_otherwise_once_read() -> None:
    piece = read(WIDE, "utf-16")[1].pieces[1]
    known = {(start, length): kind for start, length, kind, _ in piece.colors}
    same = [known.get((start, length)) == kind for start, length, kind, _ in lexical(piece.text) if (start, length) in known]
    assert same and all(same)


@pytest.mark.parametrize(("before", "after"), [([1, 2, 3], [1, 9, 3]), ([], [1]), ([1], []), ([1, 1], [1, 1, 1]), ([1, 2], [1, 2]), ([5, 6, 7], [8])])
def test_a_difference_makes_the_one_of_the_other(before: list[int], after: list[int]) -> None:
    start, deleted, new = difference(before, after)
    assert before[:start] + new + before[start + deleted :] == after


def test_walking_is_in_order() -> None:
    file = parse(long_flow(100) + WIDE).file
    assert [id(n) for n in walk(file)] == [id(n) for n in tree.walk(file)]

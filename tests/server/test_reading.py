"""Names, colors, folds and graphs of a flow's text, without a protocol."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from flowquill.bench.samples import long_flow
from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.parse import parse
from flowquill.server.features import coloring as feature
from flowquill.server.features.links import addresses
from flowquill.server.features.signatures import described, open_bracket
from flowquill.server.reading import coloring
from flowquill.server.reading.names import Reading, RenameError, check_new_name, occurrence, occurrences
from flowquill.server.reading.shape import folds, widening
from flowquill.server.reading.walking import walk

CATALOG = load_catalog()
TEXT = """# say hello
flow a {
  on manual(who: text) as started
  var total: integer = 0
  answer = http(method: "GET", uri: $"https://example.org/{started.who}")
  for entry in [1, 2] {
    increment total
    compose(value: entry)
  }
  for entry in [3] {
    compose(value: $"{entry} of {total}")
  }
  after answer failed: compose(value: outputs("answer"))
}

flow b {
  on manual()
  var total: integer = 1
  compose(value: total)
}
"""


def texts(reading: Reading, offset: int) -> list[tuple[int, str]]:
    return [(reading.text.count("\n", 0, o.span[0]) + 1, reading.text[slice(*o.span)]) for o in occurrences(reading, offset)]


def test_occurrences_stay_in_their_scope_and_flow() -> None:
    reading = Reading(TEXT, CATALOG)
    assert texts(reading, TEXT.index("total")) == [(4, "total"), (7, "total"), (11, "total")]
    assert texts(reading, TEXT.index("entry in [3]")) == [(10, "entry"), (11, "entry")]
    assert texts(reading, TEXT.index("total: integer = 1")) == [(18, "total"), (19, "total")]
    assert texts(reading, TEXT.index("answer")) == [(5, "answer"), (13, "answer"), (13, "answer")]
    assert occurrence(reading, TEXT.index("say")) is None


def test_a_changed_text_keeps_what_stayed() -> None:
    reading = Reading(TEXT, CATALOG)
    after = reading.changed(TEXT.replace("= 0", "= 5"))
    assert after.pieces[-1] is reading.pieces[-1] and after.pieces[1] is not reading.pieces[1]


def test_readings_of_edited_texts_are_those_of_the_texts() -> None:
    picked = Random(3)
    text = long_flow(40) + TEXT
    reading = Reading(text, CATALOG)
    for number in range(120):
        place = picked.randrange(len(text))
        new = picked.choice(["x", "", "}", "\n  compose(value: 1)\n", '"', "#", "flow c {\n"])
        text = text[:place] + new + text[place + picked.randrange(3) :]
        reading = reading.changed(text)
        if number % 3:
            # Some versions are never asked about.
            continue
        for piece in reading.pieces:
            parsed = parse(piece.text)
            assert [(type(n), n.span) for n in walk(piece.parsed.file)] == [(type(n), n.span) for n in walk(parsed.file)]
            assert (piece.parsed.file, piece.parsed.errors, piece.parsed.comments) == (parsed.file, parsed.errors, parsed.comments)


@pytest.mark.parametrize("name", ["1x", "if", "slack", "http", "entry", ""])
def test_names_that_cannot_be_taken(name: str) -> None:
    with pytest.raises(RenameError):
        check_new_name(Reading(TEXT, CATALOG), TEXT.index("total"), name)


def test_colors_do_not_overlap_and_say_what_words_are() -> None:
    reading = Reading(TEXT, CATALOG)
    said: dict[str, set[str]] = {}
    for piece in reading.pieces:
        end = 0
        for start, length, kind, _ in piece.colors:
            assert start >= end and length > 0
            end = start + length
            said.setdefault(piece.text[start:end], set()).add(coloring.TYPES[kind])
    assert said["http"] == {"method"} and said["method"] == {"parameter"} and said["total"] == {"variable"}
    assert said["for"] == {"keyword"} and said["# say hello"] == {"comment"} and said["who"] == {"property"} and said["outputs"] == {"function"}


def test_the_legends_are_one() -> None:
    assert (feature.TYPES, feature.MODIFIERS) == (coloring.TYPES, coloring.MODIFIERS)


def test_selections_grow() -> None:
    spans = widening(Reading(TEXT, CATALOG), TEXT.index("entry)"))
    assert all(a[0] >= b[0] and a[1] <= b[1] and a != b for a, b in pairwise(spans))
    assert TEXT[slice(*spans[0])] == "entry" and len(spans) > 3


def test_folds_are_blocks() -> None:
    assert [TEXT[a:b].split("\n")[0] for a, b in folds(Reading(TEXT, CATALOG)) if "\n" in TEXT[a:b]] == ["flow a {", "for entry in [1, 2] {", "for entry in [3] {", "flow b {"]


def test_signature_help_finds_the_open_call() -> None:
    assert open_bracket('flow a {\n  slack.post_message(channel: "a(", message: concat(x, ') == ("concat", 1, "")
    assert open_bracket('  slack.post_message(channel: "a", message: ') == ("slack.post_message", 1, "message")
    assert open_bracket("  x = 1\n") is None
    found = described("slack.post_message", 0, "message", CATALOG)
    assert found is not None and found.active_parameter == 1


def test_links_end_before_expressions_and_points() -> None:
    assert [a for _, a in addresses('see https://example.org/x. $"https://a.b/{c}" http://[')] == ["https://example.org/x"]


def test_importing_the_server_stays_light() -> None:
    import subprocess
    import sys

    code = "import sys; from flowquill.server.app import create; create(); print([m for m in ('flowquill.grammar.check', 'lark', 'numpy', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parent)
    assert done.stdout.strip() == "[]"

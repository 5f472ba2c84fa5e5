"""Whatever is typed, a file read statement by statement has the tree and the diagnostics of the same file read whole."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flowquill.bench.samples import long_flow
from flowquill.grammar import tree
from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.check import check
from flowquill.grammar.incremental import Document, flow_texts
from flowquill.grammar.parse import parse
from flowquill.grammar.recheck import recheck
from flowquill.grammar.reparse import Placed, Reading, plain, reparse

CATALOG = load_catalog()

RICH = """flow rich "All that the checker keeps in mind from one statement to the next" {
  on http_request(method: "POST") as request
  var total: integer = 0
  var names: list = []
  first: compose(value: total)
  answer = http(method: "GET", uri: $"https://a.example/{total}")
  if answer.status_code == 200 and not empty(names) {
    increment total by 2
    inner = compose(value: names)
  } else if total > 3 {
    append "x" to names
  } else {
    todo "none"
  }
  for one in names parallel 5 {
    compose(value: $"{one} of {total}")
    for two in inner { compose(value: two) }
  }
  for answer in names { set total = 1 }
  # a comment
  after first failed: compose(value: answer.body)
  @retry(count: 2) @title kept: compose(value: body("first"))
  parallel {
    branch { left = compose(value: 1) }
    branch { right = compose(value: left) on = compose(value: 2) }
  }
  try { terminate(status: "Failed") todo "never" } catch failed { compose(value: right) } finally { todo "last" }
  switch total { case 1 { var late: text = "a" } default { set late = names } }
  do { increment total } until total > 9 limit (count: 3)
  scope part { compose(value: select(item)) chosen = select(from: names, map: {a: item.b}) }
  set missing = chosen
  compose(value: late, nope: wrong)
  todo "the end"
}
"""
PIECES = (*'abc01 ._"{}()[],:=@#?$\n', "on ", "total", "first: ", "if true {", "}\n", "else ", "x = compose(value: names)\n", "  var total: list = []\n", 'flow b {\n  on manual()\n', "left", "\r\n", "é😀", "\u2028", "\f")


def spans(node: tree.Node) -> list[tree.Span]:
    return [n.span for n in tree.walk(node)]


def same(reading: Reading) -> None:
    """The reading is what a whole parse and check of its text gives."""
    whole = parse(reading.text)
    file = plain(reading.file)
    assert file == whole.file
    assert spans(file) == spans(whole.file)
    assert reading.errors == whole.errors
    found = tuple(sorted((d.moved(by) for d, by in recheck(reading, CATALOG)), key=lambda d: d.span))
    assert found == check(whole, CATALOG)


def edited(text: str, place: int, gone: int, new: str) -> str:
    place = min(place, len(text))
    return text[:place] + new + text[place + gone :]


edits = st.lists(
    st.tuples(st.integers(0, len(RICH) + 40), st.one_of(st.integers(0, 3), st.integers(0, 120)), st.sampled_from(("", *PIECES)), st.booleans()), min_size=1, max_size=6
)


@settings(max_examples=150, deadline=None)
@given(edits)
def test_edits_of_a_rich_flow(steps: list[tuple[int, int, str, bool]]) -> None:
    text, reading = RICH, reparse(RICH)
    same(reading)
    for place, gone, new, back in steps:
        text = edited(text, place, gone, new)
        reading = reparse(text, reading)
        same(reading)
        if back:
            text = RICH
            reading = reparse(text, reading)
            same(reading)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 8))
@example(22173, 2)  # a name that only text left out by a mistake reads is no unused one
@example(2340, 3)
def test_words_moved_within_a_flow(seed: int, count: int) -> None:
    picked = random.Random(seed)
    text, reading = RICH, reparse(RICH)
    for _ in range(count):
        a, b, c = sorted(picked.randrange(len(text) + 1) for _ in range(3))
        text = text[:a] + text[b : b + 40] + text[a:b][: picked.choice((0, 5, 10_000))] + text[b:] if picked.random() < 0.7 else text[:a] + text[c:] + text[a:c]
        reading = reparse(text, reading)
        same(reading)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 2), st.sampled_from(("", *PIECES))), min_size=1, max_size=5))
def test_a_document_is_the_same_as_one_from_nothing(steps: list[tuple[float, int, str]]) -> None:
    text = RICH + "\n" + RICH.replace("rich", "other") + "\n" + long_flow(40)
    document = Document(text, CATALOG)
    for place, gone, new in steps:
        text = edited(text, int(place * len(text)), gone, new)
        document = document.changed(text)
        assert document.diagnostics == Document(text, CATALOG).diagnostics


@pytest.mark.parametrize("depth", [98, 99, 100, 101])
def test_nesting_stays_bounded(depth: int) -> None:
    inside = "scope a { compose(value: [[1]]) }\n"
    text = "flow a {\n on manual()\n" + inside + "}\n"
    reading = reparse(text)
    opened = "".join(f"scope s{n} {{\n" for n in range(depth - 4))
    reading = reparse(text.replace(inside, opened + inside), reading)
    same(reading)


def test_statements_away_from_the_change_are_kept() -> None:
    text = flow_texts(long_flow(80))[0]
    before = reparse(text)
    after = reparse(text.replace("items/{total}/5", "items/{total}/55"), before)

    def kept(reading: Reading) -> list[int]:
        return [id(s.kept) for s in reading.file.flows[0].body if isinstance(s, Placed)]

    old, new = kept(before), kept(after)
    assert len(old) == len(new) and sum(a != b for a, b in zip(old, new, strict=True)) <= 2


def test_what_a_mistake_hid_is_found_again_when_it_is_taken_back() -> None:
    text = flow_texts(long_flow(80))[0]
    before = reparse(text)
    place = text.index("for entry_2")
    broken = reparse(text[:place] + "}\n" + text[place:], before)
    assert broken.errors
    after = reparse(text, broken)
    ids = {id(s.kept) for s in before.file.flows[0].body if isinstance(s, Placed)}
    assert all(isinstance(s, Placed) and id(s.kept) in ids for s in after.file.flows[0].body)


def test_a_setting_without_its_parameter_is_mended_at_its_own_place() -> None:
    text = "flow a {\n  on manual()\n  @title todo \"x\"\n  compose(value: 1)\n}\n"
    [found] = check(parse(text), CATALOG)
    [edit] = found.fixes[0].edits
    mended = text[: edit.span[0]] + edit.text + text[edit.span[1] :]
    assert "@title(text: ?) todo" in mended and not parse(mended).errors

"""The store of open files: lines kept up to date edit by edit, long files checked in parts."""

from __future__ import annotations

import random

from lsprotocol import types

from flowquill.bench.samples import long_flow
from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.check import check
from flowquill.grammar.parse import parse
from flowquill.server.documents import PART, Documents
from flowquill.server.lines import Lines

CATALOG = load_catalog()


def test_lines_after_an_edit_are_those_of_the_new_text() -> None:
    picked = random.Random(1)
    for _ in range(5_000):
        text = "".join(picked.choice("ab\r\n😀") for _ in range(picked.randrange(12)))
        start = picked.randrange(len(text) + 1)
        end = picked.randrange(start, len(text) + 1)
        new = "".join(picked.choice("ab\r\n") for _ in range(picked.randrange(4)))
        assert Lines.of(text).replaced(start, end, new) == Lines.of(text[:start] + new + text[end:]), (text, start, end, new)


def test_a_long_file_is_checked_in_parts_and_ends_the_same() -> None:
    text = long_flow(2_500).replace("total by 3", "totl by 3")
    files = Documents()
    files.open("a", 1, text)
    snapshot = files.snapshot("a")
    parts = files.parts(snapshot, CATALOG)
    assert len(parts) > 1 and parts == sorted(parts) and max(b - a for a, b in zip([0, *parts], parts, strict=False)) < PART + 5_000
    for end in parts:
        files.check_part(snapshot, CATALOG, end)
    assert files.diagnose(snapshot, CATALOG) == check(parse(text), CATALOG)
    assert files.parts(snapshot, CATALOG) == []
    files.open("b", 1, long_flow(100))
    assert files.parts(files.snapshot("b"), CATALOG) == []


def test_edits_out_of_order_are_refused_and_line_breaks_are_noticed() -> None:
    files = Documents()
    files.open("a", 5, "# say hello")
    end = types.Position(0, 11)
    files.change("a", 6, [types.TextDocumentContentChangePartial(types.Range(end, end), "\r\n  ")])
    assert files.snapshot("a").entered == 1 and files.snapshot("a").text == "# say hello\r\n  "
    files.change("a", 4, [types.TextDocumentContentChangeWholeDocument("old")])
    assert files.snapshot("a").version == 6
    files.change("a", 7, [types.TextDocumentContentChangeWholeDocument("new")])
    assert files.snapshot("a").entered is None and files.snapshot("a").text == "new"

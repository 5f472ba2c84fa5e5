"""Changes of a text by rule: fix all, required parameters, a scope around steps, layout of parts."""

from __future__ import annotations

import pytest

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.check import check
from flowquill.grammar.diagnostics import Edit
from flowquill.grammar.format import format_text
from flowquill.grammar.incremental import Document
from flowquill.grammar.parse import parse
from flowquill.server.reading.changing import all_fixed, applied, difference, extracted, required
from flowquill.server.reading.layout import formatted_part, indentation
from flowquill.server.reading.names import Reading
from flowquill.server.reading.places import todo_at

CATALOG = load_catalog()
FLOW = """flow a {
  on manual()
  first = compose(value: 1)
  second = compose(value: first)
  if second == 1 {
    compose(value: 2)
    todo "Call the customer"
  }
}
"""


def test_everything_that_has_one_fix_is_fixed_at_once() -> None:
    text = 'flow a {\n  on manual()\n  slack.post_mesage(chanel: "a")\n  x = http(metod: "GET")\n}\n'
    edit = all_fixed(Document(text, CATALOG))
    assert edit is not None
    after = applied(text, (edit,))
    assert "slack.post_message(channel: \"a\", message: ?)" in after and 'http(method: "GET", uri: ?)' in after
    assert [d.code for d in check(parse(after), CATALOG) if d.severity == "error"] == []


def test_fixing_all_takes_no_step_away() -> None:
    text = 'flow a {\n  on manual()\n  terminate(status: "Succeeded")\n  compose(value: 1)\n}\n'
    assert [d.code for d in check(parse(text), CATALOG)] == ["FQ014"] and all_fixed(Document(text, CATALOG)) is None


def test_required_parameters_are_filled_in_together() -> None:
    text = "flow a {\n  on manual()\n  slack.post_message()\n  http(method: \"GET\")\n}\n"
    reading = Reading(text, CATALOG)
    piece, start = reading.at(text.index("slack"))
    change = required(piece, text.index("post_") - start, CATALOG)
    assert change is not None and "slack.post_message(channel: ?, message: ?)" in applied(piece.text, change.edits)
    assert required(piece, text.index("http") - start, CATALOG) is None


def test_steps_are_put_into_a_scope() -> None:
    begin, end = FLOW.index("second"), FLOW.index('2)') + 1
    change = extracted(Reading(FLOW, CATALOG), Document(FLOW, CATALOG), (begin, end))
    assert change is not None and change.title == "Put 2 steps into a scope"
    after = applied(FLOW, change.edits)
    assert after == format_text(after) and "  scope steps {\n    second = compose(value: first)\n    if second" in after
    assert parse(after).file.flows[0].body[1].span != (0, 0) and not parse(after).errors


def test_a_scope_inside_a_block_and_none_where_it_would_break_something() -> None:
    inner = extracted(Reading(FLOW, CATALOG), Document(FLOW, CATALOG), (FLOW.index("compose(value: 2)") + 2, FLOW.index("todo") + 3))
    assert inner is not None and "    scope steps {\n      compose(value: 2)\n      todo" in applied(FLOW, inner.edits)
    waiting = "flow a {\n  on manual()\n  x = compose(value: 1)\n  after x failed: compose(value: 2)\n}\n"
    assert extracted(Reading(waiting, CATALOG), Document(waiting, CATALOG), (waiting.index("after"), waiting.index("2)"))) is None
    assert extracted(Reading(FLOW, CATALOG), Document(FLOW, CATALOG), (0, 3)) is None


def test_the_todo_of_a_line() -> None:
    text = FLOW.replace("    todo", '    later: todo "todo it"\n    todo')
    line = text.index("later")
    found = todo_at(Reading(text, CATALOG), (line, line + 5))
    assert found is not None and found[0].text == "todo it" and text[slice(*found[1])] == 'todo "todo it"'
    assert todo_at(Reading(text, CATALOG), (0, 5)) is None


def test_a_difference_is_one_edit() -> None:
    assert difference("abcabc", "abXabc") == Edit((2, 3), "X")
    assert difference("aaa", "aaaa") is not None and difference("a", "a") is None
    for before, after in [("aaa", "aa"), ("ab", "abab"), ("", "x"), ("x", "")]:
        edit = difference(before, after)
        assert edit is not None and applied(before, (edit,)) == after


def test_only_the_lines_of_a_selection_are_formatted() -> None:
    text = "flow a {\n     on manual()\n   compose( value:1 )\n      compose(value: 2)\n}\n\n\n\nflow b {\n on manual()\n}\n"
    reading = Reading(text, CATALOG)
    start = text.index("   compose(")
    assert applied(text, formatted_part(reading, (start, start + 5))) == text.replace("   compose( value:1 )", "  compose(value: 1)")
    whole = applied(text, formatted_part(reading, (0, len(text))))
    assert "  on manual()" in whole and whole.count("\n\n\n\n") == 1
    crlf = text.replace("\n", "\r\n")
    edits = formatted_part(Reading(crlf, CATALOG), (0, len(crlf)))
    assert applied(crlf, [Edit(e.span, e.text.replace("\n", "\r\n")) for e in edits]) == whole.replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("before", "line", "blanks"),
    [
        ("flow a {\n", "", 2),
        ("flow a {\n  if x {\n", "", 4),
        ("flow a {\n  if x {\n", "    }", 2),
        ("flow a {\n  if x {\n  }\n", "}", 0),
        ('flow a {\n  todo "{"\n  # {\n', "", 2),
        ("flow a {\n  slack.post_message(\n", "channel", 4),
        ("flow a {\n  compose(value: {\n", "a: 1", 4),
        ("flow b {\n  if {\nflow a {\n", "", 2),
        ("", "flow", 0),
    ],
)
def test_indentation_while_typing(before: str, line: str, blanks: int) -> None:
    assert indentation(before, line) == " " * blanks

"""One text for every diagnostic, and the same text mended without it."""

from __future__ import annotations

import pytest

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.check import check
from flowquill.grammar.diagnostics import Diagnostic
from flowquill.grammar.incremental import Document
from flowquill.grammar.parse import parse

CATALOG = load_catalog()


def flow(body: str, trigger: str = "on manual()") -> str:
    return f"flow a {{\n  {trigger}\n{body}\n}}\n"


CASES = {
    "FQ001": (flow("  compose(value 1)"), flow("  compose(value: 1)")),
    "FQ002": (flow('  slak.post_message(channel: "a", message: "b")'), flow('  slack.post_message(channel: "a", message: "b")')),
    "FQ003": (flow('  slack.post_mesage(channel: "a", message: "b")'), flow('  slack.post_message(channel: "a", message: "b")')),
    "FQ004": (flow('  slack.post_message(chanel: "a", message: "b")'), flow('  slack.post_message(channel: "a", message: "b")')),
    "FQ005": (flow('  slack.post_message(channel: "a")'), flow('  slack.post_message(channel: "a", message: "b")')),
    "FQ006": (flow('  gmail.send_email(recipient: "a@b.c", importance: "Hihg")'), flow('  gmail.send_email(recipient: "a@b.c", importance: "High")')),
    "FQ007": (flow('  if "x" {\n  }'), flow("  if 1 > 0 {\n  }")),
    "FQ008": (flow("  compose(value: lenght([1]))"), flow("  compose(value: length([1]))")),
    "FQ009": (flow("  compose(value: length())"), flow("  compose(value: length([1]))")),
    "FQ010": (flow("  compose(value: nothing)"), flow("  compose(value: 1)")),
    "FQ011": (flow("  compose(value: file.nane)", "on slack.file_shared(channel: \"a\") as file"), flow("  compose(value: file.name)", "on slack.file_shared(channel: \"a\") as file")),
    "FQ012": (flow("  x = compose(value: 1)\n  x = compose(value: x)\n  compose(value: x)"), flow("  x = compose(value: 1)\n  y = compose(value: x)\n  compose(value: y)")),
    "FQ013": (flow("  x = compose(value: 1)"), flow("  compose(value: 1)")),
    "FQ014": (flow('  terminate(status: "Succeeded")\n  compose(value: 1)'), flow('  compose(value: 1)\n  terminate(status: "Succeeded")')),
    "FQ015": ("flow a {\n  compose(value: 1)\n}\n", flow("  compose(value: 1)")),
    "FQ016": (flow("  on manual()"), flow("")),
    "FQ017": (flow("  compose(value: 1, value: 2)"), flow("  compose(value: 1)")),
    "FQ018": (flow('  var words: text = ""\n  increment words\n  compose(value: words)'), flow("  var n: integer = 0\n  increment n\n  compose(value: n)")),
    "FQ019": (flow("  after missing failed: compose(value: 1)"), flow("  one: compose(value: 2)\n  after one failed: compose(value: 1)")),
    "FQ020": (flow('  compose(value: "AccountKey=abcdefghijklmnopqrstuvwxyz0123456789")'), flow('  compose(value: "a key")')),
    "FQ021": (flow("  compose(value: ?)"), flow("  compose(value: 1)")),
    "FQ022": (flow('  slack.file_shared(channel: "a")'), flow("  compose(value: 1)")),
    "FQ023": (flow("  @retyr(count: 2)\n  compose(value: 1)"), flow("  compose(value: 1)")),
    "FQ024": (flow('  if m.importance == "High" {\n  }', "on outlook.email_arrives() as m"), flow('  if m.importance == "high" {\n  }', "on outlook.email_arrives() as m")),
}


def codes(text: str) -> set[str]:
    return {d.code for d in check(parse(text), CATALOG)}


def found(text: str, code: str) -> Diagnostic:
    return next(d for d in check(parse(text), CATALOG) if d.code == code)


@pytest.mark.parametrize("code", CASES)
def test_each_diagnostic_is_found_and_goes_away(code: str) -> None:
    wrong, right = CASES[code]
    assert code in codes(wrong)
    assert code not in codes(right)


@pytest.mark.parametrize("code", ["FQ002", "FQ003", "FQ004", "FQ006", "FQ008", "FQ011"])
def test_fixes_of_misspellings_mend_the_text(code: str) -> None:
    text, right = CASES[code]
    diagnostic = found(text, code)
    assert diagnostic.fixes
    edits = sorted(diagnostic.fixes[0].edits, key=lambda e: -e.span[0])
    for edit in edits:
        text = text[: edit.span[0]] + edit.text + text[edit.span[1] :]
    assert text == right


def test_one_mistake_does_not_hide_the_next() -> None:
    text = flow("  compose(value 1)\n  slack.post_mesage()\n  compose(valu: 2)")
    assert {"FQ001", "FQ003", "FQ004"} <= codes(text)


@pytest.mark.parametrize("code", CASES)
def test_a_document_typed_flow_by_flow_has_the_diagnostics_of_the_whole_file(code: str) -> None:
    wrong, right = (part.replace("flow a", "flow b") for part in CASES[code])
    text = flow("  compose(value: 2)") + right
    document = Document(text, CATALOG).changed(flow("  compose(value: 2)") + wrong)
    assert document.diagnostics == check(parse(document.text), CATALOG)

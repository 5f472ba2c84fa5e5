"""Repair: holes for what is missing, no unused names, and `todo` for what cannot be mended."""

from __future__ import annotations

import pytest

from flowquill.generation import repair
from flowquill.grammar.catalog import Catalog, load_catalog
from flowquill.grammar.check import check
from flowquill.grammar.parse import parse

PACKAGED = load_catalog()


def test_missing_required_parameters_become_holes(catalog: Catalog) -> None:
    flow = parse('flow f { on schedule() http(method: "GET") }').file.flows[0]
    expected = parse('flow f { on schedule(frequency: ?, interval: ?) http(method: "GET", uri: ?) }').file.flows[0]
    filled = repair.fill(flow, catalog)
    required = {p.name for p in catalog.builtins["schedule"].parameters if p.required}
    assert {a.parameter.text for a in filled.triggers[0].arguments} == required
    assert filled.body == expected.body
    assert repair.fill(flow, catalog, untouched=frozenset([*flow.body, *flow.triggers])) is flow


def test_unused_names_go_and_used_ones_stay() -> None:
    source = """flow f {
      on http_request() as request
      a = http(method: "GET", uri: "u")
      b = http(method: "GET", uri: $"{a.body}")
      c = http(method: "GET", uri: "u")
      after c failed: compose(value: outputs("d"))
      d = http(method: "GET", uri: "u")
    }"""
    flow = repair.drop_unused(parse(source).file.flows[0])
    assert [getattr(s, "name", None) and s.name.text for s in flow.body] == ["a", None, "c", None, "d"]  # type: ignore[attr-defined]
    assert flow.triggers[0].name is None
    kept = repair.drop_unused(parse(source).file.flows[0], keep=frozenset({"b", "request"}))
    assert kept.triggers[0].name is not None


@pytest.mark.parametrize(
    "body",
    [
        'nowhere.nothing(a: 1) compose(value: 1)',
        'x = nowhere.nothing(a: 1) compose(value: x.b)',
        'http(method: "GET", uri: "u", nonsense: 3)',
        'http(nonsense: 3, method: "GET", uri: "u")',
        'http(method: "FETCH", uri: "u")',
        'delay(count: "many", unit: "Day")',
        "compose(value: undefined_name)",
        "if undefined_name.x == 3 { compose(value: 1) }",
        "for x in 3 { compose(value: x) }",
        "set missing = 3",
        "compose(value: noSuchFunction(1))",
        "compose(value: length())",
        "compose(value: 1, value: 2)",
        "do { nowhere.nothing() } until undefined_name",
        "after nobody failed: compose(value: 1)",
    ],
)
def test_no_error_is_left_and_the_rest_survives(body: str) -> None:
    text = f"flow f {{\n  on manual()\n  compose(value: 7)\n  {body}\n}}\n"
    mended = repair.mend(text, PACKAGED)
    assert [d.message for d in mended.diagnostics if d.severity == "error"] == []
    parsed = parse(mended.text)
    assert not parsed.errors
    assert check(parsed, PACKAGED) == mended.diagnostics
    assert "compose(value: 7)" in mended.text


def test_an_unknown_trigger_becomes_manual() -> None:
    mended = repair.mend("flow f {\n  on nowhere.happens() as x\n  compose(value: x)\n}\n", PACKAGED)
    assert "on manual() as x" in mended.text
    assert mended.softened >= 1


def test_only_the_region_is_touched() -> None:
    old = "flow f {\n  on manual()\n  old.call()\n"
    text = old + "  new.call()\n}\n"
    region = (len(old), len(old) + len("  new.call()\n"))
    mended = repair.mend(text, PACKAGED, region)
    assert mended.text.startswith(old)
    assert "new.call" not in mended.text
    assert "todo" in mended.text[mended.region[0] : mended.region[1]]


def test_known_errors_are_left() -> None:
    text = "flow f {\n  on manual()\n  old.call()\n}\n"
    known = frozenset((d.code, d.message) for d in check(parse(text), PACKAGED))
    assert repair.mend(text, PACKAGED, known=known).text == text


def test_what_people_say_becomes_what_the_service_answers() -> None:
    text = 'flow f {\n  on manual()\n  a = approvals.start_approval(title: "t", assigned_to: "x@y.example", type: "Basic")\n  if a.outcome == "approved" {\n    compose(value: 1)\n  } else if a.outcome == "later" {\n    compose(value: 2)\n  }\n}\n'
    mended = repair.mend(text, PACKAGED)
    assert 'a.outcome == "Approve"' in mended.text
    # Nothing near it: left as it is said, with a warning.
    assert 'a.outcome == "later"' in mended.text and [d.code for d in mended.diagnostics if d.severity == "warning"] == ["FQ024"]
    assert mended.softened == 0

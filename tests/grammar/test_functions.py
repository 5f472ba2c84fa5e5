"""Every function against the examples of the table, the table against the decoder's classes, and faults that must be told."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.check import check
from flowquill.grammar.choices import FUNCTION_CHOICES, KINDS
from flowquill.grammar.functions import FUNCTIONS, function_named
from flowquill.grammar.parse import parse
from flowquill.grammar.simulate import simulate
from flowquill.grammar.types import SIMPLE

ROOT = Path(__file__).resolve().parents[2]
CATALOG = load_catalog()
EXAMPLES = [(e.call, e.value) for s in FUNCTIONS.values() for e in s.examples if e.value is not None]


def value(expression: str) -> object:
    parsed = parse(f"flow a {{\n  on manual()\n  compose(value: {expression})\n}}\n")
    assert not parsed.errors, f"{expression}: {parsed.errors[0].message}"
    run = simulate(parsed.file.flows[0], CATALOG)
    assert run.status == "Succeeded", f"{expression}: {run.sentence}"
    return run.steps[0].outputs


def fault(expression: str) -> str:
    run = simulate(parse(f"flow a {{\n  on manual()\n  compose(value: {expression})\n}}\n").file.flows[0], CATALOG)
    assert run.status == "Failed", (expression, run.steps[0].outputs)
    return run.sentence


@pytest.mark.parametrize(("call", "wanted"), EXAMPLES, ids=[c for c, _ in EXAMPLES])
def test_a_function_gives_what_its_documentation_says(call: str, wanted: str) -> None:
    got, expected = value(call), value(wanted)
    assert got == expected and type(got) is type(expected)


def test_the_decoder_keeps_its_classes() -> None:
    model = json.loads((ROOT / "server/flowquill/generation/model/model.json").read_text(encoding="utf-8"))
    assert list(KINDS) == model["kinds"]
    assert [f"function:{n}" for n in FUNCTION_CHOICES] == sorted(k for k in model["kinds"] if k.startswith("function:"))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_table_is_complete(name: str) -> None:
    signature = FUNCTIONS[name]
    assert signature.summary.endswith(".") and signature.group
    assert signature.result in SIMPLE and all(t in SIMPLE for a in signature.arguments for t in a.types)
    assert signature.examples or name in ("and", "or", "not", "if")
    assert function_named(name.upper()) is signature


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        ('formatDateTime("2024-03-05T07:08:09.1234567Z", "yyyy-M-d h:m:s tt fff")', "2024-3-5 7:8:9 AM 123"),
        ('formatDateTime("2024-03-05T17:08:09Z", "dd.MM.yy HH:mm")', "05.03.24 17:08"),
        ('formatDateTime("2024-03-05T17:08:09Z", "r")', "Tue, 05 Mar 2024 17:08:09 GMT"),
        ('formatDateTime("2024-03-05T17:08:09Z", "g")', "3/5/2024 5:08 PM"),
        ('formatDateTime("2024-03-05T17:08:09Z", "s")', "2024-03-05T17:08:09"),
        ('formatDateTime("2024-03-05T17:08:09Z", "\'week of\' MMM d")', "week of Mar 5"),
        ('formatDateTime("2024-03-05T17:08:09Z", "D", "de-DE")', "Dienstag, 5. März 2024"),
        ('formatDateTime("2024-03-05T17:08:09+02:00")', "2024-03-05T15:08:09.0000000Z"),
        ('convertFromUtc("2024-07-01T12:00:00Z", "W. Europe Standard Time", "HH:mm")', "14:00"),
        ('convertFromUtc("2024-01-01T12:00:00Z", "W. Europe Standard Time", "HH:mm")', "13:00"),
        ('convertTimeZone("2024-01-01T12:00:00", "Eastern Standard Time", "Tokyo Standard Time", "yyyy-MM-dd HH:mm")', "2024-01-02 02:00"),
        ('addDays("2024-02-28T00:00:00Z", 1, "yyyy-MM-dd")', "2024-02-29"),
        ('dateDifference("2024-01-02T00:00:00Z", "2024-01-01T12:30:00Z")', "-11:30:00"),
        ('formatNumber(0.256, "P1")', "25.6%"),
        ('formatNumber(1234.5, "N2", "de-DE")', "1.234,50"),
        ('formatNumber(5, "D3")', "005"),
        ('formatNumber(255, "X")', "FF"),
        ('formatNumber(0.5, "#.##")', ".5"),
        ('formatNumber(-3, "0.0")', "-3.0"),
        ('split("a", "")', ["a"]),
        ('union([1, 2], [2, 3], [{a: 1}], [{a: 1}])', [1, 2, 3, {"a": 1}]),
        ('intersection({a: 1, b: 2}, {a: 1, b: 3})', {"a": 1}),
        ('json(xml("<r><a x=\\"1\\">t</a><b/><b>2</b></r>"))', {"r": {"a": {"@x": "1", "#text": "t"}, "b": [None, "2"]}}),
        ('xpath(xml("<r><a id=\\"7\\">t</a></r>"), "/r/a/@id")', ["7"]),
        ('xpath(xml("<n:r xmlns:n=\\"u\\"><n:a>t</n:a></n:r>"), "string(/*[local-name()=\'r\']/*[local-name()=\'a\'])")', "t"),
        ("div(-7, 2)", -3),
        ("mod(-7, 2)", -1),
        ("7 / 2", 3),
        ("7.0 / 2", 3.5),
        ('{Name: 1}.name', 1),
        ("{a: null}.a.b", None),
        ("[1][5]", None),
        ("null ?? 3", 3),
        ("empty(null)", True),
        ('$"{true} {1.5} {null} {[1]}"', "True 1.5  [1]"),
        ('contains(["A"], "a")', False),
        ('dayOfWeek("2024-03-10T00:00:00Z")', 0),
        ('encodeUriComponent("a b/ü")', "a%20b%2F%C3%BC"),
        ('uriQuery("https://a.b/c")', ""),
    ],
)
def test_the_finer_points(call: str, wanted: object) -> None:
    assert value(call) == wanted


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("div(1, 0)", "division by zero"),
        ('substring("abc", 2, 5)', "3 characters"),
        ('int("1.5")', "whole numbers"),
        ('addDays("yesterday", 1)', "no date and time"),
        ('addDays("9999-12-31T00:00:00Z", 1)', "outside the years"),
        ('json("{")', "no JSON"),
        ('xml("<a>")', "no XML"),
        ('length(null)', "this is null"),
        ('add("1", 2)', "this is text"),
        ('addProperty({a: 1}, "A", 2)', "there already"),
        ('convertFromUtc("2024-01-01", "Atlantis Standard Time")', "no time zone"),
        ("range(1, 1000000)", "range makes"),
        ('base64ToString("!")', "no base64"),
        ("mul(9000000000000000000, 9)", "too large"),
        ('{a: 1}!.b', "no property b"),
        ("[1]![4]", "no element 4"),
        ('variables("x")', "no variable x"),
        ('body("x")', "did not run"),
        ('"a".b', "read of a text"),
        ("1 + \"a\"", "two numbers"),
        ('"b" < 1', "compares"),
        ('uriHost("nowhere")', "no complete URL"),
    ],
)
def test_faults_are_told_in_a_sentence(call: str, words: str) -> None:
    assert words in fault(call)


def test_hidden_functions_are_known_to_the_checker() -> None:
    text = 'flow a {\n  on manual()\n  x = compose(value: 1)\n  compose(value: actionOutputs("x"))\n}\n'
    assert not [d for d in check(parse(text), CATALOG) if d.severity == "error"]
    assert all(not FUNCTIONS[n].offered and n not in FUNCTION_CHOICES for n in ("actionBody", "actionOutputs", "appsetting"))


def test_the_result_type_may_follow_an_argument() -> None:
    assert FUNCTIONS["take"].result_of(["text", "integer"]) == "text"
    assert FUNCTIONS["union"].result_of(["object", "object"]) == "object"
    assert FUNCTIONS["if"].result_of(["boolean", "text", "integer"]) == "any"
    assert FUNCTIONS["first"].result_of(["list"]) == "any"


def test_the_guide_lists_every_function_as_the_table_has_it() -> None:
    guide = (ROOT / "grammar/README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(\w+\(.*?\) -> \w+)` \|", guide, re.M))
    assert listed == {s.text for s in FUNCTIONS.values() if s.offered}

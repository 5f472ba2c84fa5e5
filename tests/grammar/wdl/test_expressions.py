"""Expressions of the Workflow Definition Language: read, written, brought to one form."""

from __future__ import annotations

import random

import pytest

from flowquill.grammar.wdl.expressions import (
    Access,
    Constant,
    ExpressionError,
    Invocation,
    Wdl,
    canonical,
    parse_expression,
    read_string,
    write_expression,
    write_pieces,
    write_text,
)
from flowquill.grammar.wdl.normalise import condition, values

BODY = Invocation("body", (Constant("Get it"),))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@body('Get it')", BODY),
        ("@body('Get it')?['a']", Access(BODY, Constant("a"), True)),
        ("@body('Get it')['a']", Access(BODY, Constant("a"), False)),
        ("@body('Get it')?.a", Access(BODY, Constant("a"), True)),
        ("@body('Get it').a[0]", Access(Access(BODY, Constant("a"), False), Constant(0), False)),
        ("@concat('it''s', 1.5, -2, true, null)", Invocation("concat", tuple(map(Constant, ("it's", 1.5, -2, True, None))))),
        ("@{body('Get it')}", (BODY,)),
        ("a@{body('Get it')}b", ("a", BODY, "b")),
        ("@@plain", "@plain"),
        ("say @@{this}", "say @{this}"),
        ("@@a @{body('Get it')}", ("@a ", BODY)),
        ("@{concat('}', '@{')}", (Invocation("concat", (Constant("}"), Constant("@{"))),)),
        ("nobody@example.org", "nobody@example.org"),
        ("@{EMAIL", None),
        ("@unquoted", None),
        ("@f('a'", None),
        ("@", None),
    ],
)
def test_strings_are_read(text: str, said: object) -> None:
    if said is None:
        with pytest.raises(ExpressionError):
            read_string(text)
    else:
        assert read_string(text) == said


def test_any_text_is_written_so_that_it_is_read_again() -> None:
    rng = random.Random(7)
    for _ in range(3000):
        text = "".join(rng.choice("@@{}ab'\" ") for _ in range(rng.randrange(8)))
        written = write_text(text)
        assert read_string(written) == text, (text, written)


def test_any_template_is_written_so_that_it_is_read_again() -> None:
    rng = random.Random(8)
    for _ in range(3000):
        before, after = ("".join(rng.choice("@{}a'") for _ in range(rng.randrange(1, 5))) for _ in range(2))
        pieces = (before, BODY, after)
        if before.endswith("@"):
            continue  # "@@{" is the escape; the compiler has no way to write this text, and neither has the language.
        assert read_string(write_pieces(pieces)) == pieces, pieces


def _random(rng: random.Random, depth: int) -> Wdl:
    kind = rng.randrange(4 if depth else 1)
    if kind == 0:
        return Constant(rng.choice(["x", "it's", "", 0, -3, 2.5, True, False, None]))
    if kind == 1:
        return Access(Invocation("body", (Constant("a"),)), _random(rng, depth - 1), rng.random() < 0.5)
    return Invocation(rng.choice(["concat", "add", "and"]), tuple(_random(rng, depth - 1) for _ in range(rng.randrange(4))))


def test_expressions_are_written_so_that_they_are_read_again() -> None:
    rng = random.Random(9)
    for _ in range(1000):
        node = _random(rng, 4)
        assert parse_expression(write_expression(node)) == node


def test_deep_expressions_are_refused_in_one_sentence() -> None:
    with pytest.raises(ExpressionError, match="nested too deeply"):
        parse_expression("not(" * 5000 + "true" + ")" * 5000)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("@outputs('x')?['body/a/b']", "@body('x')?['a']?['b']"),
        ("@outputs('x')['body']", "@body('x')"),
        ("@triggerOutputs()?['body/a']", "@triggerBody()?['a']"),
        ("@AND(a(), and(b(), c()))", "@and(a(),b(),c())"),
        ("@coalesce(coalesce(a(), b()), c())", "@coalesce(a(), b(), c())"),
        ("@or(a())", "@a()"),
        ("@utcnow()", "@utcNow()"),
        ("@variables('x').a", "@variables('x')['a']"),
        ("@true", True),
        ("@ 5 ", 5),
    ],
)
def test_one_form(one: object, other: object) -> None:
    assert values(one) == values(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("@body('x')?['a']", "@body('x')['a']"),
        ("@{body('x')}", "@body('x')"),
        ("@outputs('x')?['headers/a']", "@outputs('x')?['headers']?['a']"),
        ("@coalesce(a(), coalesce(b(), c()))", "@coalesce(a(), b())"),
        ("@body('X')", "@body('x')"),
        ("1", 1),
        ("@@true", True),
    ],
)
def test_differences_stay(one: object, other: object) -> None:
    assert values(one) != values(other)


def test_conditions_as_json_and_as_text_are_the_same() -> None:
    said = {"and": [{"equals": ["@body('x')?['a']", "b"]}, {"not": {"less": ["@item()", 3]}}, {"contains": ["@{item()}", "c"]}]}
    assert condition(said) == condition("@and(equals(body('x')?['a'],'b'),not(less(item(),3)),contains(string(item()),'c'))")
    assert condition({"equals": ["@x()", 1]}) != condition({"equals": ["@x()", "1"]})


def test_canonical_is_stable() -> None:
    rng = random.Random(10)
    for _ in range(500):
        node = canonical(_random(rng, 4))
        assert canonical(node) == node

"""Masking hides every literal and loses none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowquill.generation.mask import mask, mask_flow, unmask, unmask_text
from flowquill.grammar import tree
from flowquill.grammar.parse import parse


def test_each_kind_of_value_gets_a_typed_placeholder() -> None:
    masked = mask(
        'Mail "Weekly report" to ann.lee@contoso.com and bob@x.org with https://example.com/a?b=1, '
        "ticket 3f2504e0-4f89-11d3-9a0c-0305e82c3301 on 2026-03-01, at most 25 times, again to ann.lee@contoso.com"
    )
    assert masked.text == (
        'Mail "TEXT_1" to EMAIL_1 and EMAIL_2 with URL_1, ticket ID_1 on DATE_1, at most NUMBER_1 times, again to EMAIL_1'
    )
    assert masked.values["TEXT_1"] == "Weekly report"
    assert masked.values["NUMBER_1"] == "25"


@given(st.text(max_size=200))
def test_text_survives_the_round_trip(text: str) -> None:
    masked = mask(text)
    restored = unmask_text(masked.text, masked.values)
    quotes = str.maketrans("“”«»'`", '"' * 6)
    assert restored.translate(quotes) == text.translate(quotes)


def test_a_placeholder_in_the_users_own_text_is_left_alone() -> None:
    masked = mask("call it EMAIL_1 and mail a@b.co")
    assert masked.values == {"EMAIL_2": "a@b.co"}
    assert unmask_text(masked.text, masked.values) == "call it EMAIL_1 and mail a@b.co"


def test_unmask_restores_strings_templates_numbers_and_todos() -> None:
    values = {"EMAIL_1": "a@b.co", "NUMBER_1": "1,250", "NUMBER_2": "2.5", "TEXT_1": 'say "hi"'}
    source = 'flow f { x = http(uri: "EMAIL_1", body: $"for {n} EMAIL_1") delay(count: NUMBER_1, unit: NUMBER_2) todo "call EMAIL_1" compose(value: "TEXT_1") }'
    expected = 'flow f { x = http(uri: "a@b.co", body: $"for {n} a@b.co") delay(count: 1250, unit: 2.5) todo "call a@b.co" compose(value: "say \\"hi\\"") }'
    flow = parse(source).file.flows[0]
    assert unmask(flow, values) == parse(expected).file.flows[0]


def test_the_flow_so_far_is_masked_with_the_same_placeholders() -> None:
    said = mask('replace "Ops" by "Finance"')
    shown = mask_flow('flow f { todo "Ops" compose(value: $"Dear {x}") todo "" }', said.values)
    assert shown.text == 'flow f { todo "TEXT_1" compose(value: $"Dear {x}") todo "" }'


@pytest.mark.parametrize("value", ["don't stop", "it's 'fine' now"])
def test_apostrophes_are_no_quotation(value: str) -> None:
    assert unmask_text(mask(value).text, mask(value).values).replace('"', "'") == value


def test_nothing_changes_without_values() -> None:
    flow = parse("flow f { on manual() set n = 1 }").file.flows[0]
    assert unmask(flow, {}) == flow
    assert isinstance(flow, tree.Flow)

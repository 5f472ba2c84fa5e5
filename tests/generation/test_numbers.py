"""Numbers as people write them."""

from __future__ import annotations

import pytest

from flowquill.generation.numbers import find_numbers


@pytest.mark.parametrize(
    ("text", "values", "hours"),
    [
        ("every day at 5 pm", [5], [17]),
        ("at nine in the evening", [9], [21]),
        ("at 9 in the morning", [9], [9]),
        ("at twelve at night", [12], [0]),
        ("at 12 in the afternoon", [12], [12]),
        ("at 7 o'clock in the evening", [7], [19]),
        ("at half past four in the afternoon", [30, 4], [None, 16]),
        ("at 16:05", [16, 5], [16, None]),
        ("the first twenty-one of 1,500", [1, 21, 1500], [1, 21, None]),
        ("$2.5k or 30%", [2500, 30], [None, None]),
        ("the first five rows", [1, 5], [1, 5]),
        ("two hundred and three dozen of 1.5", [200, 36, 1.5], [None, None, None]),
        ("every other day, every other Friday, the other file", [2, 2], [None, None]),
        ("fortnightly, quarterly, every quarter", [2, 3, 3], [2, 3, None]),
        ("every quarter of an hour", [15], [None]),
        ("half an hour later, a half-hourly look, on the half hour", [30, 30, 30], [None, None, None]),
        ("at quarter to five in the afternoon", [45, 5], [None, 16]),
        ("at a quarter past 7", [15, 7], [None, 7]),
        ("at 11.30", [11, 30], [11, None]),
        ("version 11.30", [11.3], [None]),
        ("at three pm or eleven a.m.", [3, 11], [15, 11]),
        ("a couple of days", [2], [2]),
    ],
)
def test_numbers_and_hours(text: str, values: list[int], hours: list[int | None]) -> None:
    found = find_numbers(text)
    assert [n.value for n in found] == values
    assert [n.hour for n in found] == hours

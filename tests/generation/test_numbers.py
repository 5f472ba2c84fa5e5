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
        ("at 11.30", [11, 30, 11.3], [11, None, 11]),
        ("at 9.00", [9, 0], [9, None]),
        ("11.30", [11.3, 11, 30], [11, 11, None]),
        ("every day 11.30 in the evening, 5 files", [11.3, 5, 11, 30], [23, 5, 23, None]),
        ("no later than 11.30", [11.3, 11, 30], [11, 11, None]),
        ("Fridays 10.00", [10, 0], [10, None]),
        ("version 11.30", [11.3], [None]),
        ("more than 12.50, worth 12.50 euros, $12.50, 12.50%", [12.5, 12.5, 12.5, 12.5], [None] * 4),
        ("until 24.11.2027", [24.11], [None]),
        ("17h30, at 8H05", [17, 30, 8, 5], [17, None, 8, None]),
        ("half-past nine", [30, 9], [None, 9]),
        ("quarter-to five in the afternoon, quarter-past six", [45, 5, 15, 6], [None, 16, None, 6]),
        ("every quarter-past", [15], [None]),
        ("at twenty to eleven", [40, 11, 20], [10, 10, 20]),
        ("by twenty-five minutes to nine in the evening", [35, 9, 25], [20, 20, None]),
        ("at ten to one", [50, 1, 10], [0, 0, 10]),
        ("twenty to eleven", [20, 11, 40, 11], [20, 11, 10, 10]),
        ("ten minutes to nine", [10, 9, 50, 9], [10, 9, 8, 8]),
        ("ten to eleven rows, from twenty to eleven", [10, 11, 20, 11], [10, 11, 20, 11]),
        ("the second thousand", [2, 1000], [2, None]),
        ("the first hundred", [1, 100], [1, None]),
        ("a hundred thousand, a couple hundred", [100000, 200], [None, None]),
        ("One million rows", [1000000, 1], [None, 1]),
        ("Look. One hundred files, then one hundred rows", [100, 100, 1], [None, None, 1]),
        ("two hundred", [200], [None]),
        ("two hundred and fifty, three hundred twenty-five, a hundred and one", [250, 325, 101], [None] * 3),
        ("two hundred and more, hundred and 5", [200, 100, 5], [None, None, 5]),
        ("every evening at 9, Friday afternoon at four, tonight by 8:30", [9, 4, 8, 30], [21, 16, 20, None]),
        ("every night at 2:15, at night at 11, every afternoon at 13", [2, 15, 11, 13], [2, None, 23, 13]),
        ("at 9:30 in the evening", [9, 30], [21, None]),
        ("at three pm or eleven a.m.", [3, 11], [15, 11]),
        ("a couple of days", [2], [2]),
    ],
)
def test_numbers_and_hours(text: str, values: list[int], hours: list[int | None]) -> None:
    found = find_numbers(text)
    assert [n.value for n in found] == values
    assert [n.hour for n in found] == hours


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("at 11.30", ["11", "30", "11.30"]),
        ("every day 11.30", ["11.30", "11", "30"]),
        ("daily at 17h30", ["17", "30"]),
        ("at half-past nine", ["half", "nine"]),
        ("at twenty to eleven", ["twenty", "eleven", "twenty"]),
        ("the first hundred", ["first", "hundred"]),
        ("One million rows in two hundred files", ["One million", "two hundred", "One"]),
    ],
)
def test_where_they_stand(text: str, said: list[str]) -> None:
    """What is most likely meant first, in order; then what else the same words may mean."""
    assert [text[n.start : n.end] for n in find_numbers(text)] == said

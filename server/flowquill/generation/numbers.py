"""The numbers a request mentions: digits, number words, ordinals and times of day."""

from __future__ import annotations

import re

from flowquill.grammar.choices import Number

_UNITS = {
    word: value
    for value, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
    )
}
_TENS = {word: 10 * value for value, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)}
_ORDINALS = {
    word: value
    for value, word in enumerate(
        ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"], 1
    )
}
_SPECIAL = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 1000000, "noon": 12, "midnight": 0, "midday": 12, "twice": 2, "once": 1}
_WORDS = {**_UNITS, **_TENS, **_ORDINALS, **_SPECIAL}
_CLOCK = re.compile(r"(?<![\w:.])(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2}))?\s*(?P<half>[ap]\.?m\b\.?)", re.IGNORECASE)
_TIME = re.compile(r"(?<![\w:.])(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?![\w:])")
_DIGITS = re.compile(r"(?<![\w.])(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?P<tail>k|st|nd|rd|th|%|[a-z]{0,3})?(?![\w])", re.IGNORECASE)
_WORD = re.compile(r"(?<![\w-])(?:" + "|".join(sorted(_WORDS, key=len, reverse=True)) + r")(?:[- ](?:" + "|".join(_UNITS) + r"))?(?![\w-])", re.IGNORECASE)
_PART_OF_DAY = re.compile(r"(?:\s*o[’']?clock)?\s+(?:in the (?P<part>morning|afternoon|evening)|at night)\b", re.IGNORECASE)
_PAST = re.compile(r"\b(?P<share>half|quarter) past\b", re.IGNORECASE)
_MONEY = re.compile(r"[$€£]\s?(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?P<tail>k|m)?\b", re.IGNORECASE)


def find_numbers(text: str) -> tuple[Number, ...]:
    """All numbers of a request, in order, none inside another. "5 pm" and "five in the afternoon" are 5 with hour 17; "9:30" is 9 (hour 9) and 30."""
    found: list[Number] = []
    taken: list[tuple[int, int]] = []

    def free(start: int, end: int) -> bool:
        return all(end <= s or start >= e for s, e in taken)

    for pattern in (_CLOCK, _TIME):
        for match in pattern.finditer(text):
            if not free(*match.span()):
                continue
            hour = int(match["hour"])
            half = (match.groupdict().get("half") or "").lower()
            meant = hour % 12 + 12 if half.startswith("p") else hour % 12 if half.startswith("a") else hour
            if meant > 23:
                continue
            found.append(Number(*match.span("hour"), hour, meant))
            if match["minute"]:
                found.append(Number(*match.span("minute"), int(match["minute"])))
            taken.append(match.span())
    for pattern in (_MONEY, _DIGITS):
        for match in pattern.finditer(text):
            if free(*match.span()):
                value = _plain(match["number"], (match["tail"] or "").lower())
                of_day = value if isinstance(value, int) and 0 <= value <= 23 else None
                found.append(Number(*match.span("number"), value, _hour(text, match.end(), of_day)))
                taken.append(match.span())
    for match in _WORD.finditer(text):
        if not free(*match.span()):
            continue
        words = re.split(r"[- ]", match.group().lower())
        if len(words) == 2 and words[0] not in _TENS:
            words = words[:1]
        value = sum(_WORDS[w] for w in words)
        end = match.start() + len(match.group()) if len(words) == 2 or (" " not in match.group() and "-" not in match.group()) else match.start() + len(words[0])
        found.append(Number(match.start(), end, value, _hour(text, end, value if value <= 23 else None)))
        taken.append((match.start(), end))
    for match in _PAST.finditer(text):
        found.append(Number(*match.span("share"), 30 if match["share"].lower() == "half" else 15))
    return tuple(sorted(found, key=lambda n: n.start))


def _hour(text: str, end: int, hour: int | None) -> int | None:
    """The hour of a day that a number means, by the words behind it: "nine in the evening" is 21."""
    said = _PART_OF_DAY.match(text, end)
    if hour is None or said is None or hour > 12:
        return hour
    if said["part"] == "morning":
        return hour % 12
    # Twelve at night is midnight, twelve in the afternoon noon.
    return hour % 12 + 12 if said["part"] or hour < 12 else 0


def _plain(digits: str, tail: str) -> int | float:
    value = float(digits.replace(",", ""))
    value *= {"k": 1000, "m": 1_000_000}.get(tail, 1)
    return int(value) if value.is_integer() else value

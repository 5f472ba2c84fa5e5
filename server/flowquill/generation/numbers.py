"""The numbers a request mentions: digits, number words, ordinals, times of day, and words that stand for a number ("every other day")."""

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
_TIMES = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 1000000}
_SPECIAL = {"noon": 12, "midnight": 0, "midday": 12, "twice": 2, "once": 1, "thrice": 3, "couple": 2, "fortnight": 2, "fortnightly": 2, "quarterly": 3}
_WORDS = {**_UNITS, **_TENS, **_ORDINALS, **_TIMES, **_SPECIAL}
_CLOCK = re.compile(r"(?<![\w:.])(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2}))?\s*(?P<half>[ap]\.?m\b\.?)", re.IGNORECASE)
_TIME = re.compile(r"(?<![\w:.])(?:(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)|(?<=\bat )(?P<hour_2>[01]?\d|2[0-3])\.(?P<minute_2>[0-5]\d))(?![\w:])", re.IGNORECASE)
_DIGITS = re.compile(r"(?<![\w.])(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?P<tail>k|st|nd|rd|th|%|[a-z]{0,3})?(?![\w])", re.IGNORECASE)
_WORD = re.compile(
    rf"(?<![\w-])(?:(?P<tens>{'|'.join(_TENS)})[- ](?P<unit>{'|'.join(_UNITS)})|(?P<word>{'|'.join(sorted(_WORDS, key=len, reverse=True))}))"
    rf"(?: (?P<times>{'|'.join(_TIMES)}))?(?![\w-])",
    re.IGNORECASE,
)
_PART_OF_DAY = re.compile(r"(?:\s*o[’']?clock)?\s+(?:in the (?P<part>morning|afternoon|evening)|at night|(?P<half>[ap])\.?m\b)", re.IGNORECASE)
_SHARE = re.compile(
    r"\b(?:(?P<other>other) (?:hour|day|week|month|year|" + "|".join(f"{d}day" for d in ("mon", "tues", "wednes", "thurs", "fri", "satur", "sun")) + r")"
    r"|every (?P<quarters>quarter)\b(?! (?:of|hour|past|to))|(?P<to>quarter) to\b|(?P<quarter>quarter) past|(?P<an_hour>quarter)(?: of an)?[ -]hour"
    r"|(?P<half>half) past|(?P<half_hour>half)(?: an| the)?[ -]hour(?:ly)?)\b",
    re.IGNORECASE,
)
"""Numbers said by words that are none: every other day (2), every quarter (3 months), quarter to (45 minutes), half an hour (30)."""
_MEANT = {"other": 2, "quarters": 3, "to": 45, "quarter": 15, "an_hour": 15, "half": 30, "half_hour": 30}
_TO = re.compile(r"\bquarter to $", re.IGNORECASE)
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
            at = "hour" if match["hour"] else "hour_2"
            to = "minute" if at == "hour" else "minute_2"
            hour = int(match[at])
            half = (match.groupdict().get("half") or "").lower()
            meant = hour % 12 + 12 if half.startswith("p") else hour % 12 if half.startswith("a") else hour
            if meant > 23:
                continue
            found.append(Number(*match.span(at), hour, meant))
            if match[to]:
                found.append(Number(*match.span(to), int(match[to])))
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
        value = _TENS[match["tens"].lower()] + _UNITS[match["unit"].lower()] if match["tens"] else _WORDS[match["word"].lower()]
        if match["times"]:
            value *= _TIMES[match["times"].lower()]
        of_day = _hour(text, match.end(), value if value <= 23 else None)
        if of_day is not None and _TO.search(text, 0, match.start()):
            of_day = (of_day - 1) % 24
        found.append(Number(*match.span(), value, of_day))
        taken.append(match.span())
    for match in _SHARE.finditer(text):
        said = match.lastgroup or ""
        if free(*match.span(said)):
            found.append(Number(*match.span(said), _MEANT[said]))
    return tuple(sorted(found, key=lambda n: n.start))


def _hour(text: str, end: int, hour: int | None) -> int | None:
    """The hour of a day that a number means, by the words behind it: "nine in the evening" is 21."""
    said = _PART_OF_DAY.match(text, end)
    if hour is None or said is None or hour > 12:
        return hour
    if said["part"] == "morning" or (said["half"] or "").lower() == "a":
        return hour % 12
    # Twelve at night is midnight, twelve in the afternoon noon.
    return hour % 12 + 12 if said["part"] or said["half"] or hour < 12 else 0


def _plain(digits: str, tail: str) -> int | float:
    value = float(digits.replace(",", ""))
    value *= {"k": 1000, "m": 1_000_000}.get(tail, 1)
    return int(value) if value.is_integer() else value

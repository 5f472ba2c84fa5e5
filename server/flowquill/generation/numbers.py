"""The numbers a request mentions: digits, number words, ordinals, times of day, and words that stand for a number ("every other day")."""

from __future__ import annotations

import re
from dataclasses import replace

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
_TIME = re.compile(r"(?<![\w:.])(?:(?P<hour>[01]?\d|2[0-3])[:h](?P<minute>[0-5]\d)|(?<=\bat )(?P<hour_2>[01]?\d|2[0-3])\.(?P<minute_2>[0-5]\d))(?![\w:])", re.IGNORECASE)
_DIGITS = re.compile(r"(?<![\w.])(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?P<tail>k|st|nd|rd|th|%|[a-z]{0,3})?(?![\w])", re.IGNORECASE)
_WORD = re.compile(
    rf"(?<![\w-])(?:(?P<tens>{'|'.join(_TENS)})[- ](?P<unit>{'|'.join(_UNITS)})|(?P<word>{'|'.join(sorted(_WORDS, key=len, reverse=True))}))"
    rf"(?:(?<!{')(?<!'.join(_ORDINALS)}) (?P<times>{'|'.join(_TIMES)}))?"
    rf"(?:(?<=hundred)(?: and)? (?:(?P<more_tens>{'|'.join(_TENS)})(?:[- ](?P<more_unit>{'|'.join(list(_UNITS)[1:10])}))?|(?P<more>{'|'.join(list(_UNITS)[1:])}))(?! (?:{'|'.join(_TIMES)})\b))?(?![\w-])",
    re.IGNORECASE,
)
"""A number in words, with what multiplies it and, of hundreds, what is added; an ordinal is not multiplied ("the first hundred" is 1 and 100)."""
_PART_OF_DAY = re.compile(r"(?:\s*o[’']?clock)?\s+(?:in the (?P<part>morning|afternoon|evening)|at night|(?P<half>[ap])\.?m\b)", re.IGNORECASE)
_PART_BEFORE = re.compile(r"\b(?P<part>afternoon|evening|tonight|night)s?,? (?:at|by|around|about) $", re.IGNORECASE)
_SHARE = re.compile(
    r"\b(?:(?P<other>other) (?:hour|day|week|month|year|" + "|".join(f"{d}day" for d in ("mon", "tues", "wednes", "thurs", "fri", "satur", "sun")) + r")"
    r"|every (?P<quarters>quarter)\b(?! (?:of|hour|past|to)|-(?:past|to))|(?P<to>quarter)[- ]to\b|(?P<quarter>quarter)[- ]past|(?P<an_hour>quarter)(?: of an)?[ -]hour"
    r"|(?P<half>half)[- ]past|(?P<half_hour>half)(?: an| the)?[ -]hour(?:ly)?)\b",
    re.IGNORECASE,
)
"""Numbers said by words that are none: every other day (2), every quarter (3 months), quarter to (45 minutes), half an hour (30)."""
_MEANT = {"other": 2, "quarters": 3, "to": 45, "quarter": 15, "an_hour": 15, "half": 30, "half_hour": 30}
_TO = re.compile(r"\bquarter[- ]to $", re.IGNORECASE)
_MINUTES_TO = re.compile(
    rf"(?:(?P<at>(?<!\w)at )|(?<!\bfrom )(?<!\bthan ))(?<![\w-])(?P<minutes>five|ten|twenty(?:[- ]five)?)(?P<said> minutes)? to (?P<hour>{'|'.join(list(_UNITS)[1:13])})(?![\w-])",
    re.IGNORECASE,
)
"""Twenty to eleven: 40, and the hour before. "Ten to eleven" is a range unless "at" or "minutes" says that it is a time."""
_TIME_BEFORE = re.compile(r"\b(?:by|before|after|until|till|since|around|about) $", re.IGNORECASE)
_SENTENCE = re.compile(r"""(?:^|[.!?:]\s|\n)\s?["'“‘(]?$""")
"""What stands before the first word of a sentence."""
_DOTTED = re.compile(r"([01]?\d|2[0-3])\.([0-5]\d)")
_AMOUNT_BEFORE = re.compile(r"(?:\b(?:v|version|release|over|under|above|below|exceeds?|(?<!later )(?<!earlier )(?<!sooner )than|most|least|price|costs?|amount|total|rate)|[<>=$€£])\s?$", re.IGNORECASE)
_AMOUNT_BEHIND = re.compile(r"\.\d|\s?[%€$£]|\s(?:percent|per cent|euros?|dollars?|pounds?|francs?|usd|eur|gbp|chf)\b", re.IGNORECASE)
_MONEY = re.compile(r"[$€£]\s?(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?P<tail>k|m)?\b", re.IGNORECASE)


def find_numbers(text: str) -> tuple[Number, ...]:
    """All numbers of a request. "5 pm" and "five in the afternoon" are 5 with hour 17; "9:30" is 9 (hour 9) and 30.

    First, in order and none inside another, each as it is most likely meant; behind them, in order, what else the same words may mean: after the 11.3 of
    "11.30" 11 and 30. The parts of "two hundred" are none of these: at the same word as the whole they take half its chance.
    """
    found: list[Number] = []
    others: list[Number] = []
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
            meant = hour % 12 + 12 if half.startswith("p") else hour % 12 if half.startswith("a") else _hour(text, match.span(), hour)
            if meant is None or meant > 23:
                continue
            found.append(Number(*match.span(at), hour, meant))
            if match[to]:
                found.append(Number(*match.span(to), int(match[to])))
            if at == "hour_2" and (value := _plain(match[0], "")) != hour:
                others.append(Number(*match.span(), value, meant))
            taken.append(match.span())
    for pattern in (_MONEY, _DIGITS):
        for match in pattern.finditer(text):
            if free(*match.span()):
                value = _plain(match["number"], (match["tail"] or "").lower())
                of_day = value if isinstance(value, int) and 0 <= value <= 23 else None
                time = _dotted(text, match) if pattern is _DIGITS else ()
                found.append(Number(*match.span("number"), value, time[0].hour if time else _hour(text, match.span(), of_day)))
                others += (n for n in time if n.value != value)
                taken.append(match.span())
    for match in _WORD.finditer(text):
        if not free(*match.span()):
            continue
        part = _TENS[match["tens"].lower()] + _UNITS[match["unit"].lower()] if match["tens"] else _WORDS[match["word"].lower()]
        value = part * _TIMES[match["times"].lower()] if match["times"] else part
        value += sum(_WORDS[match[name].lower()] for name in ("more_tens", "more_unit", "more") if match[name])
        of_day = _hour(text, match.span(), value if value <= 23 else None)
        if of_day is not None and _stands_before(_TO, text, match.start()):
            of_day = (of_day - 1) % 24
        found.append(Number(*match.span(), value, of_day))
        if match["times"] and part == 1 and _stands_before(_SENTENCE, text, match.start()):
            others.append(Number(match.start(), match.start("times") - 1, 1, 1))
        taken.append(match.span())
    for match in _SHARE.finditer(text):
        said = match.lastgroup or ""
        if free(*match.span(said)):
            found.append(Number(*match.span(said), _MEANT[said]))
    _minutes_to(text, found, others)
    return (*sorted(found, key=lambda n: n.start), *sorted(others, key=lambda n: n.start))


def _stands_before(pattern: re.Pattern[str], text: str, end: int) -> bool:
    """Whether what stands directly before `end` is a `pattern`; no farther back than the longest of them, lest a long text is read for each number."""
    return pattern.search(text, max(0, end - 16), end) is not None


def _dotted(text: str, match: re.Match[str]) -> tuple[Number, ...]:
    """Hour and minutes of a "11.30" that may be a time; none of a version or an amount."""
    time = _DOTTED.fullmatch(match["number"])
    if time is None or (match["tail"] or "").lower() not in ("", "h") or _stands_before(_AMOUNT_BEFORE, text, match.start()) or _AMOUNT_BEHIND.match(text, match.end()):
        return ()
    hour, start = int(time[1]), match.start("number")
    return Number(start, start + time.end(1), hour, _hour(text, match.span(), hour)), Number(start + time.start(2), start + time.end(2), int(time[2]))


def _minutes_to(text: str, found: list[Number], others: list[Number]) -> None:
    """Twenty to eleven, 40 past the hour before: first where the words say that it is a time, else behind what else they may mean."""
    places = {n.start: at for at, n in enumerate(found)}
    for match in _MINUTES_TO.finditer(text):
        if match.start("minutes") not in places or match.start("hour") not in places:
            continue
        at_minutes, at_hour = places[match.start("minutes")], places[match.start("hour")]
        minutes, hour = found[at_minutes], found[at_hour]
        if hour.hour is None or not (match["at"] or match["said"] or minutes.value >= 20):
            continue
        before = (hour.hour - 1) % 24
        past = replace(minutes, value=60 - minutes.value, hour=before), replace(hour, hour=before)
        if match["at"] or _stands_before(_TIME_BEFORE, text, match.start("minutes")):
            found[at_minutes], found[at_hour] = past
            others.append(minutes)
        else:
            others += past


def _hour(text: str, span: tuple[int, int], hour: int | None) -> int | None:
    """The hour of a day that a number means, by the words around it: "nine in the evening" and "every evening at nine" are 21."""
    said = _PART_OF_DAY.match(text, span[1])
    if hour is None or hour > 12:
        return hour
    if said is None:
        before = _PART_BEFORE.search(text, max(0, span[0] - 24), span[0])
        # At night it may be two, too.
        later = before is not None and 0 < hour < 12 and (before["part"].lower() != "night" or hour > 5)
        return hour + 12 if later else hour
    if said["part"] == "morning" or (said["half"] or "").lower() == "a":
        return hour % 12
    # Twelve at night is midnight, twelve in the afternoon noon.
    return hour % 12 + 12 if said["part"] or said["half"] or hour < 12 else 0


def _plain(digits: str, tail: str) -> int | float:
    value = float(digits.replace(",", ""))
    value *= {"k": 1000, "m": 1_000_000}.get(tail, 1)
    return int(value) if value.is_integer() else value

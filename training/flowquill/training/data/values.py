"""Literal values of every kind, composed from the word lists of `language/values.json`."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from flowquill.training.data.pairs import Value

_PART = re.compile(r"\{([a-z_]+)([.\-^/]?)\}|(#+)")
_NUMBER_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"]
_TENS = {30: "thirty", 40: "forty", 45: "forty-five", 50: "fifty", 60: "sixty", 90: "ninety", 100: "a hundred"}
NUMERIC = frozenset(["count", "amount", "percent"])
# Values that people nearly always put in quotes, and those that they hardly ever do.
QUOTED = frozenset(["sentence", "message", "description"])
BARE = frozenset(["email", "url", "phone", "id", "date", "time", "datetime", "count", "amount", "percent", "city", "country", "enum"])


def number_word(number: int) -> str | None:
    """ "five" for 5; None where nobody would spell it out."""
    return _NUMBER_WORDS[number] if 0 < number <= 20 else _TENS.get(number)


class Values:
    """Samples a value of a kind: `value(random, "email")`."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._patterns: Mapping[str, Sequence[str]] = data["patterns"]
        self._lists: dict[str, Sequence[str]] = {k: v for k, v in data.items() if k != "patterns"}

    def knows(self, kind: str) -> bool:
        """Whether there are values of this kind."""
        return kind in self._patterns or kind in NUMERIC or kind in ("phone", "date", "time", "datetime")

    def words(self, name: str) -> Sequence[str]:
        """One of the plain word lists."""
        return self._lists[name]

    def value(self, rng: random.Random, kind: str) -> Value:
        """A value; text, or a number for count, amount and percent."""
        match kind:
            case "count":
                return rng.choice((1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 50, 100, 200, 250, 500, 1000, rng.randint(2, 5000)))
            case "amount":
                return rng.choice((10, 20, 50, 100, 250, 500, 1000, 2000, 5000, 10000, rng.randint(5, 20000), rng.randint(100, 99999) / 100))
            case "percent":
                return rng.choice((5, 10, 15, 20, 25, 30, 50, 75, 80, 90, 95, rng.randint(1, 99)))
            case "phone":
                return self._phone(rng)
            case "date":
                return self._date(rng)
            case "time":
                return rng.choice((f"{rng.randint(0, 23):02}:{rng.choice((0, 15, 30, 45)):02}", f"{rng.randint(1, 12)} {rng.choice(('am', 'pm'))}"))
            case "datetime":
                return f"20{rng.randint(24, 28)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:{rng.choice((0, 15, 30))or 0:02}:00Z"
            case _:
                patterns = self._patterns.get(kind)
                return self._compose(rng, rng.choice(patterns)) if patterns else rng.choice(self._lists[kind])

    def _compose(self, rng: random.Random, pattern: str) -> str:
        def part(found: re.Match[str]) -> str:
            if found[3]:
                return "".join(rng.choice("0123456789") if i else rng.choice("123456789") for i in range(len(found[3])))
            words = self._lists.get(found[1]) or self._patterns[found[1]]
            word = rng.choice(words)
            if "#" in word and found[1] == "id_pattern":
                word = self._compose(rng, word)
            match found[2]:
                case ".":
                    return re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-")
                case "-":
                    return word[0].lower() + word[1:] if word[1:2].islower() else word
                case "^":
                    return re.sub(r"[^A-Za-z0-9]+", "", word)
                case "/":
                    return word.strip("/")
                case _:
                    return word

        return _PART.sub(part, pattern)

    def _phone(self, rng: random.Random) -> str:
        digits = "".join(rng.choice("0123456789") for _ in range(10))
        return rng.choice((f"+1{digits}", f"+1 {digits[:3]} {digits[3:6]} {digits[6:]}", f"+49 {digits[:3]} {digits[3:]}", f"555-{digits[:4]}", f"+44{digits}"))

    def _date(self, rng: random.Random) -> str:
        day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(2024, 2028)
        name = self._lists["month"][month - 1]
        return rng.choice((f"{year}-{month:02}-{day:02}", f"{name} {day}", f"{day} {name} {year}", f"{name} {day}, {year}", f"{day:02}.{month:02}.{year}"))

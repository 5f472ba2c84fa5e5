"""Replaces personal data and secrets by made-up values of the same kind, the same value always by the same one, in a request and its flow alike.

Each value first gets a typed placeholder (EMAIL_1), and the placeholder a made-up value: what is kept teaches copying as well as the original did.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import resources

from flowquill.training.data.values import Values
from flowquill.training.privacy.recognise import Recogniser, find, iban_sum, luhn


def values() -> Values:
    """The package's word lists."""
    return Values(json.loads(resources.files("flowquill.training").joinpath("language/values.json").read_text(encoding="utf-8")))


@dataclass
class Replacer:
    """Replaces over many texts. `placeholders`: by kind and original value; `found`: how often each kind was met. Keeps originals: never saved."""

    seed: int = 1
    extra: tuple[Recogniser, ...] = ()
    placeholders: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)
    found: Counter[str] = field(default_factory=Counter)
    _made: dict[str, str] = field(default_factory=dict, repr=False)
    _values: Values = field(default_factory=values, repr=False)

    def together(self, texts: Iterable[str]) -> list[str]:
        """Texts that belong together (a request, its flow): what is found in one is replaced in all."""
        given = list(texts)
        known: dict[str, str] = {}
        for text in given:
            for finding in find(text, self.extra):
                value = text[finding.start : finding.end]
                self.found[finding.kind] += 1
                known[value] = self.made(finding.kind, value)
        if not known:
            return given
        # Longest first: "Ben Evans" before "Ben".
        either = re.compile("|".join(re.escape(v) for v in sorted(known, key=len, reverse=True)))
        return [either.sub(lambda m: known[m.group()], text) for text in given]

    def placeholder(self, kind: str, value: str) -> str:
        """The typed placeholder of a value, as EMAIL_1."""
        key = (kind, value.lower() if kind == "email" else value)
        if key not in self.placeholders:
            self.placeholders[key] = f"{kind.upper()}_{1 + sum(k == kind for k, _ in self.placeholders)}"
        return self.placeholders[key]

    def made(self, kind: str, value: str) -> str:
        """The made-up value that stands for `value`."""
        name = self.placeholder(kind, value)
        if name not in self._made:
            rng = random.Random(f"{self.seed}/{name}")
            fresh = made_up(kind, rng, self._values)
            while fresh in self._made.values() or fresh == value:
                fresh = made_up(kind, rng, self._values)
            self._made[name] = fresh
        return self._made[name]


def made_up(kind: str, rng: random.Random, lists: Values) -> str:
    """A value of a kind that belongs to nobody: reserved ranges and domains where there are some."""
    match kind:
        case "email" | "phone" | "person":
            return str(lists.value(rng, kind))
        case "ip":
            return f"192.0.2.{rng.randint(1, 254)}"
        case "ssn":
            return f"9{rng.randint(10, 99)}-{rng.randint(10, 99)}-{rng.randint(1000, 9999)}"
        case "card":
            stem = "400000" + "".join(rng.choice("0123456789") for _ in range(9))
            return next(f"{stem}{d}" for d in range(10) if luhn(f"{stem}{d}"))
        case "iban":
            account = "".join(rng.choice("0123456789") for _ in range(18))
            return f"DE{98 - iban_sum(f'DE00{account}'):02}{account}"
        case "secret":
            return f"SECRET-{rng.randint(100_000, 999_999)}"
        case _:
            return str(lists.value(rng, kind)) if lists.knows(kind) else str(lists.value(rng, "title"))

"""Finds personal data and secrets by pattern, on this machine and without a model to download.

Patterns with check digits (IBAN, payment cards) are checked. Names of people are found by a title or a given name before a word with a capital; a
name that is neither is not found. Where presidio-analyzer is installed its pattern recognisers are asked too (`with_presidio`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

Recogniser = Callable[[str], "Iterable[Finding]"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`text[start:end]` is of `kind`: email, phone, iban, card, ssn, ip, person or secret."""

    start: int
    end: int
    kind: str


_SECRET = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bsk-[A-Za-z0-9_-]{16,}|\bAIza[A-Za-z0-9_-]{30,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]+?-----END [A-Z ]*PRIVATE KEY-----"
    r"|(?<=[?&]sig=)[A-Za-z0-9%/+=]{20,}|(?<=AccountKey=)[A-Za-z0-9+/=]{20,}"
    r"|(?i:(?<=password=)|(?<=password: )|(?<=password is )|(?<=pwd=)|(?<=client_secret=)|(?<=api_key=)|(?<=api key )|(?<=token=))[^\s;,'\"<>{}]{6,}"
)
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("secret", _SECRET),
    ("email", re.compile(r"(?<![\w.+-])[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")),
    ("iban", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")),
    ("card", re.compile(r"(?<![\w-])(?:\d[ -]?){12,18}\d(?![\w-])")),
    ("ssn", re.compile(r"(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")),
    ("ip", re.compile(r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.]|\.\d)")),
    ("phone", re.compile(r"(?<![\w-])(?:\+\d{1,3}[ -]?(?:\(\d{1,4}\)[ -]?)?(?:\d[ -]?){6,12}\d|\(\d{3}\) ?\d{3}-\d{4}|\d{3}[-.]\d{3}[-.]\d{4}|\b555-\d{4})(?![\w-])")),
)
_TITLED = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|Frau|Herr)\.? (?P<name>[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)?)")
_CAPITALS = re.compile(r"\b[A-Z][a-zà-öø-ÿ'’]+(?: [A-Z]\.)?(?: (?:van|von|de|da|del|der|bin|al) )?(?:[ -][A-Z][a-zà-öø-ÿ'’-]+){1,2}")


def find(text: str, extra: Iterable[Recogniser] = ()) -> list[Finding]:
    """All findings, in the order of the text, none inside another; where two meet, the one whose pattern is more certain stays."""
    found: list[Finding] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if _certain(kind, match.group()):
                _add(found, Finding(*match.span(), kind))
    for match in _TITLED.finditer(text):
        _add(found, Finding(*match.span("name"), "person"))
    for match in _CAPITALS.finditer(text):
        if match.group().split(" ")[0].lower() in given_names():
            _add(found, Finding(*match.span(), "person"))
    for recogniser in extra:
        for finding in recogniser(text):
            _add(found, finding)
    return sorted(found, key=lambda f: f.start)


def _add(found: list[Finding], new: Finding) -> None:
    if all(new.end <= f.start or new.start >= f.end for f in found):
        found.append(new)


def _certain(kind: str, value: str) -> bool:
    if kind == "card":
        return luhn(re.sub(r"\D", "", value))
    if kind == "iban":
        return iban_sum(re.sub(r"\s", "", value)) == 1
    return True


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def iban_sum(value: str) -> int:
    """The remainder by 97 of an IBAN as a number; 1 for a valid one (ISO 13616)."""
    return int("".join(str(int(c, 36)) for c in value[4:] + value[:4])) % 97


@cache
def given_names() -> frozenset[str]:
    """The given names of the word lists, in small letters."""
    import json
    from importlib import resources

    lists = json.loads(resources.files("flowquill.training").joinpath("language/values.json").read_text(encoding="utf-8"))
    return frozenset(name.lower() for name in lists["first"])


def with_presidio() -> tuple[Recogniser, ...]:
    """presidio's recognisers that are patterns, where presidio-analyzer is installed; none where it is not.

    They are called one by one, so that no spaCy model is needed or fetched; the one for e-mail is left out, since it fetches a list of domains.
    """
    try:
        from presidio_analyzer.predefined_recognizers import (
            CreditCardRecognizer,
            CryptoRecognizer,
            IbanRecognizer,
            IpRecognizer,
            PhoneRecognizer,
            UsSsnRecognizer,
        )
    except ImportError:
        return ()
    made = (
        ("iban", IbanRecognizer(), "IBAN_CODE"), ("card", CreditCardRecognizer(), "CREDIT_CARD"), ("ip", IpRecognizer(), "IP_ADDRESS"),
        ("ssn", UsSsnRecognizer(), "US_SSN"), ("secret", CryptoRecognizer(), "CRYPTO"), ("phone", PhoneRecognizer(), "PHONE_NUMBER"),
    )  # fmt: skip

    def ask(kind: str, recogniser: object, entity: str) -> Recogniser:
        def findings(text: str) -> Iterable[Finding]:
            for result in recogniser.analyze(text, [entity], None) or ():  # type: ignore[attr-defined]
                if result.score >= 0.4:
                    yield Finding(result.start, result.end, kind)

        return findings

    return tuple(ask(*one) for one in made)

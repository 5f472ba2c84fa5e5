"""What counts as personal data or a secret, and what only looks like it."""

from __future__ import annotations

import itertools

import pytest

from flowquill.training.privacy.recognise import find, iban_sum, luhn, with_presidio


def kinds(text: str) -> list[tuple[str, str]]:
    return [(f.kind, text[f.start : f.end]) for f in find(text)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("mail it to anna.kern+ops@werft.example.org, please", "email", "anna.kern+ops@werft.example.org"),
        ("call +49 170 1234567 at noon", "phone", "+49 170 1234567"),
        ("text (212) 555-0144 when done", "phone", "(212) 555-0144"),
        ("pay to DE89 3704 0044 0532 0130 00 today", "iban", "DE89 3704 0044 0532 0130 00"),
        ("charge 4111 1111 1111 1111 for it", "card", "4111 1111 1111 1111"),
        ("the number is 536-22-1234", "ssn", "536-22-1234"),
        ("ping 10.20.30.40 every hour", "ip", "10.20.30.40"),
        ("ask Priya Raman to approve", "person", "Priya Raman"),
        ("tell Dr. Okonkwo about it", "person", "Okonkwo"),
        ("use the key AKIAIOSFODNN7EXAMPLE for it", "secret", "AKIAIOSFODNN7EXAMPLE"),
        ("log in with password=hunter22x and go on", "secret", "hunter22x"),
        ("the header is eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMeKKF2QT4", "secret", "eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMeKKF2QT4"),
    ],
)
def test_personal_data_is_found(text: str, kind: str, value: str) -> None:
    assert (kind, value) in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "create 5 tickets and wait 15 minutes",
        "order 4111 1111 1111 1112 is no card",
        "GB00 1234 5678 9012 34 is no account",
        "version 1.2.3 of the Quarterly Report",
        "Send Report to the Finance Team every Monday",
        "reset the password of the user",
        "move invoice INV-2024-0042 to 2024-03-01",
    ],
)
def test_what_only_looks_like_it_is_left(text: str) -> None:
    assert kinds(text) == []


def test_check_digits() -> None:
    assert luhn("79927398713") and not luhn("79927398710")
    assert iban_sum("GB82WEST12345698765432") == 1


def test_findings_do_not_overlap_and_others_may_be_asked() -> None:
    text = "Ben Evans (ben.evans@acme.io, +1 555 010 9999) and Ben Evans"
    found = find(text, with_presidio())
    assert [f.kind for f in found] == ["person", "email", "phone", "person"]
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))

"""Words hidden from the rules are found, and ordinary text is left alone. Rules stay fast on hostile text."""

from __future__ import annotations

from time import perf_counter

import pytest

from flowquill.generation import guard
from flowquill.generation.folding import folded


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("phish\u200bing", "phishing"),
        ("key\u00adlogger", "keylogger"),
        ("\uff53\uff50\uff41\uff4d", "spam"),
        ("st\u0435al", "steal"),
        ("V\u0399RUS", "VIRUS"),
        ("s\u0336t\u0336e\u0336a\u0336l\u0336", "steal"),
        ("p-h-i-s-h-i-n-g mail", "phishing mail"),
        ("k3yl0gger", "keylogger"),
        ("c3RlYWwgcGFzc3dvcmRz", "steal passwords"),
    ],
)
def test_hidden_words_are_found(text: str, expected: str) -> None:
    assert expected in folded(text)


@pytest.mark.parametrize("text", ["send 50 rows to a1 at 5 pm", "A B test results", "close ticket INC0010023 at once", "when a file is added, mail me"])
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert folded(text).replace("INCoo", "INC00").startswith(text[:12])


@pytest.mark.parametrize("unit", ["send all the customers list ", "delete every record ", "a ", "a.b.c.d ", "women are as ", "A" * 16 + " ", "track him "])
def test_hostile_text_takes_no_long_time(unit: str) -> None:
    text = (unit * 4000)[: guard.LIMIT]
    start = perf_counter()
    guard.refusal(text)
    assert perf_counter() - start < 1.0

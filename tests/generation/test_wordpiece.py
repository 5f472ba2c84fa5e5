"""The tokenizer against the package tokenizers, which training has."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowquill.generation.model_files import default_folder
from flowquill.generation.wordpiece import WordPiece

FILE = default_folder() / "tokenizer.json"
TEXTS = (
    "When a file is added to the Contracts library, start an approval and post the outcome in the Legal channel.",
    "Zoë's café – naïve 价格 42 €, O’Brien@example.com  #42\t«Grüße»\r\nİstanbul ﬁ Ω≈ç√∫ e\u0301 x\u200by \ufeff done",
    "unbelievablyverylongwordthatnooneuses" * 4,
    "",
)


@pytest.mark.parametrize("text", TEXTS)
def test_tokens_and_places_are_those_of_the_usual_package(text: str) -> None:
    _compare(text)


@settings(max_examples=400, deadline=None)
@given(st.text(st.characters(max_codepoint=0x05FF, exclude_categories=("Cn", "Cs"), exclude_characters="["), max_size=60))
def test_any_text_has_the_usual_tokens(text: str) -> None:
    """Of the scripts whose character tables have not changed of late: Python's and the package's are of different Unicode versions. No "[": the package reads [SEP] as a special token."""
    _compare(text)


def _compare(text: str) -> None:
    tokenizers = pytest.importorskip("tokenizers", reason="the package tokenizers comes with flowquill[dev]")
    package = tokenizers.Tokenizer.from_file(str(FILE))
    package.no_padding()
    package.no_truncation()
    theirs = package.encode(text, add_special_tokens=False)
    ours = WordPiece.load(FILE).encode(text)
    assert list(ours.ids) == theirs.ids
    assert list(ours.offsets) == theirs.offsets


def test_words_of_special_tokens_are_plain_text() -> None:
    tokenizer = WordPiece.load(FILE)
    assert tokenizer.token_to_id("[CLS]") not in tokenizer.encode("[CLS] hello").ids

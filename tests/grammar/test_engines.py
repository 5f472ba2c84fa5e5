"""flow.lark means the same to our parser, to lark and to llguidance."""

from __future__ import annotations

import pytest
from lark import Lark
from lark.exceptions import LarkError

from flowquill.grammar.lalr import grammar_text
from flowquill.grammar.parse import parse
from tests.grammar.corpus import BAD, GOOD

llguidance = pytest.importorskip("llguidance")


@pytest.fixture(scope="module")
def lark() -> Lark:
    return Lark(grammar_text(), parser="lalr", lexer="contextual")


def guided(text: str) -> bool:
    """Whether llguidance lets every byte of `text` through and may stop at its end."""
    import llguidance.numpy  # noqa: F401
    from llguidance import LLMatcher, LLTokenizer

    matcher = LLMatcher(LLTokenizer("byte"), LLMatcher.grammar_from_lark(grammar_text()))
    taken = matcher.try_consume_tokens(list(text.encode()))
    return bool(taken == len(text.encode()) and matcher.is_accepting())


@pytest.mark.parametrize("name", GOOD)
def test_good_flows_are_accepted(name: str, lark: Lark) -> None:
    assert not parse(GOOD[name]).errors
    lark.parse(GOOD[name])
    assert guided(GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_bad_texts_are_rejected(name: str, lark: Lark) -> None:
    assert parse(BAD[name]).errors
    with pytest.raises(LarkError):
        lark.parse(BAD[name])
    assert not guided(BAD[name])

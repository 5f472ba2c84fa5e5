"""Every flow of the corpus can be reached token by token through the forward parser."""

from __future__ import annotations

import pytest

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.forward import Forward
from flowquill.grammar.pieces import lex
from tests.grammar.corpus import GOOD

FORWARD = Forward(load_catalog())


@pytest.mark.parametrize("name", GOOD)
def test_the_corpus_is_reachable(name: str) -> None:
    state = FORWARD.start
    for terminal, text, start, _ in lex(GOOD[name]):
        following = state.shift(terminal, text)
        assert following is not None, f"{terminal} {text!r} at {start} is not offered: {sorted(state.terminals())}"
        state = following
    assert "$END" in state.terminals()


@pytest.mark.parametrize(
    ("written", "refused"),
    [
        ("flow a { on manual ( ) slack .", "no_such_operation"),
        ("flow a { on manual ( ) compose ( value : triggerBody (", "1"),
        ("flow a { on manual ( ) compose ( value : 1", ","),
        ("flow a {", "compose"),
    ],
)
def test_what_the_checker_would_find_is_not_offered(written: str, refused: str) -> None:
    state = FORWARD.start
    for token in written.split():
        terminal = next(t for t in sorted(state.terminals()) if _reads(t, token))
        following = state.shift(terminal, token)
        assert following is not None
        state = following
    for terminal in sorted(state.ready()):
        if _reads(terminal, refused):
            assert state.shift(terminal, refused) is None


def _reads(terminal: str, token: str) -> bool:
    literal = FORWARD.table.literals.get(terminal)
    if literal is not None:
        return literal == token
    if terminal == "NUMBER":
        return token.isdigit()
    return (terminal in ("NAME", "OPERATION", "PARAMETER", "PROPERTY") and token.isidentifier() and token not in ("on", "manual", "flow", "compose")) or (
        terminal == "NAME" and token == "compose"
    )


def test_elements_of_any_list_have_a_name_that_can_be_written() -> None:
    from flowquill.grammar.naming import loop_name

    assert loop_name("Customer Emails", frozenset()) == "customer_email"
    assert loop_name("health, GET https://b.example/health, and so on for ever", frozenset()) == "entry"
    assert loop_name("§", frozenset()) == "entry"

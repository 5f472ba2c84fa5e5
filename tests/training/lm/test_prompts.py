"""Pairs as prompts and answers."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from flowquill.generation.mask import unmask
from flowquill.generation.prompt import CURSOR, tag
from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.oracle import Unreachable
from flowquill.grammar.parse import parse
from flowquill.grammar.spelling import read, spell
from flowquill.training.data.pairs import Pair
from flowquill.training.evaluation.metrics import calls
from flowquill.training.lm.config import ConfigError, PairSettings
from flowquill.training.lm.data import exchanges as exchanges_of
from flowquill.training.lm.data import pairs_of, sampled
from flowquill.training.lm.prompts import Exchange, Prompter, TargetError

FLOW = 'flow a {\n  on slack.file_shared(channel: "Ops room") as file\n  slack.post_message(channel: "Board 42", message: file.name)\n  todo "call the owner"\n}\n'


def pair_of(text: str, flow: str = FLOW) -> Pair:
    return Pair("hand-1", "create", text, parse(flow).file.flows[0], None, (), (), ())


def test_the_operations_of_the_flow_are_always_offered_and_others_beside_them(exchanges: list[Exchange], prompter: Prompter) -> None:
    for exchange in exchanges:
        right = prompter.called(exchange.pair)
        assert all(tag(o) in exchange.prompt.text for o in right)
        offered = exchange.prompt.user.split("\n\n")[0].count("\n")
        assert offered > len(right) or len(right) >= 4


def test_the_place_of_an_operation_does_not_tell_that_it_is_right(prompter: Prompter) -> None:
    places: Counter[int] = Counter()
    for pair in sampled(300, seed=9):
        right = prompter.called(pair)
        if len(right) <= 2 and right:
            offered = prompter.operations(pair, random.Random(pair.id))
            places[offered.index(right[0])] += 1
    assert set(places) == {0, 1, 2, 3} and max(places.values()) < 0.5 * places.total()


def test_withheld_connectors_are_not_offered(prompter: Prompter) -> None:
    pair = replace(pair_of('post "x" to Slack', 'flow a {\n  on manual()\n  todo "post it"\n}'), withheld=tuple(prompter.catalog.connectors))
    offered = prompter.operations(pair, random.Random(1))
    assert all(o.connector is None for o in offered)


def test_literals_are_masked_on_both_sides_and_come_back(prompter: Prompter) -> None:
    pair = pair_of('When a file is shared in "Ops room", post its name to "Board 42" and mail a@b.example; call the owner')
    exchange = prompter.exchange(pair)
    assert "Ops room" not in exchange.prompt.text.rpartition("Request:")[2] and "a@b.example" not in exchange.prompt.text
    assert 'channel: "TEXT_1"' in exchange.answer and 'todo "call the owner"' in exchange.answer
    back = unmask(read(exchange.answer).file.flows[0], exchange.values)
    assert calls(back) == calls(pair.flow)
    assert {n.value for n in tree.walk(back) if isinstance(n, tree.Literal)} == {"Ops room", "Board 42"}


def test_without_masking_the_literals_stand_as_they_are(catalog: Catalog, prompter: Prompter) -> None:
    plain = Prompter(catalog, lambda pair, right: [], masked=False)
    exchange = plain.exchange(pair_of('share in "Ops room" posts to "Board 42"'))
    assert '"Board 42"' in exchange.answer and not exchange.values


def test_all_kinds_of_pairs_become_answers_that_are_the_one_spelling(prompter: Prompter, catalog: Catalog) -> None:
    kinds: Counter[str] = Counter()
    for pair in sampled(250, seed=12):
        try:
            exchange = prompter.exchange(pair)
        except Unreachable:
            continue
        kinds[pair.kind] += 1
        parsed = read(exchange.answer)
        assert not parsed.errors
        if pair.kind == "create":
            assert calls(parsed.file.flows[0]) == calls(pair.flow)
            assert spell(parsed.file.flows[0], catalog, names=False) == exchange.answer
        assert (CURSOR in exchange.prompt.text) == (pair.kind == "complete")
    assert set(kinds) == {"create", "edit", "complete", "refuse"}


def test_an_edit_keeps_the_names_of_the_flow_it_starts_from(prompter: Prompter) -> None:
    kept = 0
    for pair in (p for p in sampled(200, seed=3) if p.kind == "edit"):
        exchange = prompter.exchange(pair)
        assert pair.context is not None
        names = {t.name.text for t in pair.context.triggers if t.name} & {t.name.text for t in pair.flow.triggers if t.name}
        kept += len(names)
        assert all(f"as {name}" in exchange.answer for name in names)
    assert kept


def test_an_operation_that_the_catalog_lacks_is_an_error(prompter: Prompter) -> None:
    with pytest.raises(TargetError, match=r"acme\.ship is no operation of the catalog"):
        prompter.exchange(pair_of("ship it", "flow a {\n  on manual()\n  acme.ship()\n}"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"text": "post", "flow": "flow a {\n  on manual(\n}"}, r"bad\.jsonl:2: the flow does not parse"),
        ({"text": "post"}, r'bad\.jsonl:2: "text" and "flow" are needed'),
        ({"text": "post", "flow": "flow a {\n  on manual()\n  slack.pots_message()\n}"}, r"bad\.jsonl:2: FQ\d+"),
    ],
)
def test_a_wrong_line_of_a_file_is_told_with_its_number(tmp_path: Path, catalog: Catalog, line: dict[str, str], said: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(json.dumps({"text": "x", "flow": FLOW}) + "\n" + json.dumps(line) + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        list(pairs_of(PairSettings(pairs=0, files=[str(file)], handwritten=False), catalog))


def test_pairs_of_files_come_in_turns_with_other_operations_beside(tmp_path: Path, catalog: Catalog, prompter: Prompter) -> None:
    file = tmp_path / "good.jsonl"
    file.write_text(json.dumps({"text": "share", "flow": FLOW}) + "\n", encoding="utf-8")
    settings = PairSettings(pairs=0, files=[str(file)], handwritten=False, repeat_handwritten=6)
    found = list(exchanges_of(pairs_of(settings, catalog), prompter, Counter()))
    assert len(found) == 6 and len({e.prompt.text for e in found}) > 1 and len({e.answer for e in found}) == 1

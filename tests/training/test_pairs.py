"""Pairs of all kinds: they can be written with the decoder's choices, and the splits share no phrase."""

from __future__ import annotations

import pytest

from flowquill.generation.numbers import find_numbers
from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.check import check
from flowquill.grammar.choices import Request, Writer
from flowquill.grammar.format import render
from flowquill.grammar.forward import Forward
from flowquill.grammar.oracle import Oracle, Unreachable
from flowquill.grammar.parse import parse
from flowquill.grammar.pieces import pieces
from flowquill.training.data.banks import load_banks
from flowquill.training.data.pairs import Kind, Pair
from flowquill.training.data.sampler import Sampler

CATALOG = load_catalog()
BANKS = load_banks()
KINDS: tuple[Kind, ...] = ("create", "edit", "complete", "refuse")


def pairs(kind: Kind, count: int, seed: int = 3) -> list[Pair]:
    sampler = Sampler(CATALOG, BANKS, seed, "train", ((kind, 1.0),))
    return [sampler.sample() for _ in range(count)]


@pytest.mark.parametrize("kind", KINDS)
def test_flows_of_pairs_are_sound(kind: Kind) -> None:
    for pair in pairs(kind, 150):
        wrong = [d for d in check(parse(render(pair.flow)), CATALOG) if d.severity == "error" and d.code not in ("FQ005",)]
        assert not wrong, f"{pair.text}\n{render(pair.flow)}\n{wrong[0].message}"


@pytest.mark.parametrize("kind", KINDS)
def test_mentions_stand_in_the_text(kind: Kind) -> None:
    for pair in pairs(kind, 150):
        for mention in pair.mentions:
            assert 0 <= mention.start < mention.end <= len(pair.text)


@pytest.mark.parametrize("kind", ["create", "edit", "refuse"])
def test_nearly_all_can_be_written_by_choices(kind: Kind) -> None:
    forward = Forward(CATALOG)
    written = 0
    for pair in (found := pairs(kind, 100)):
        kept = pieces(render(pair.context)) if pair.context is not None else ()
        oracle = Oracle(Writer.create(forward, Request(pair.text, find_numbers(pair.text), kept)))
        try:
            oracle.run(oracle.flow(pair.flow, pair.context))
        except Unreachable:
            continue
        written += oracle.writer.done
    assert written >= 0.95 * len(found)


def test_an_edit_changes_the_flow_and_keeps_the_rest() -> None:
    kept = 0
    for pair in (found := pairs("edit", 100)):
        assert pair.context is not None
        assert pair.flow != pair.context
        kept += bool({render_statement(s) for s in pair.context.body} & {render_statement(s) for s in pair.flow.body})
    assert kept > 0.5 * len(found)


def render_statement(statement: object) -> str:
    return repr(statement)


def test_splits_share_no_phrase_of_an_operation_with_several() -> None:
    train, test = BANKS.of("train"), BANKS.of("test")
    for name, bank in train.operations.items():
        if len(BANKS.operations[name].says) > 1:
            assert not set(bank.says) & set(test.operations[name].says), name


def test_the_same_seed_gives_the_same_pairs() -> None:
    assert [p.text for p in pairs("create", 20)] == [p.text for p in pairs("create", 20)]

"""Pairs over lists of bare operations: they check, can be written, name their product, and edits keep what people bound."""

from __future__ import annotations

from collections import Counter

import pytest

from flowquill.generation.numbers import find_numbers
from flowquill.grammar import tree
from flowquill.grammar.check import check
from flowquill.grammar.choices import Request, Step, Writer
from flowquill.grammar.format import render
from flowquill.grammar.forward import Forward
from flowquill.grammar.oracle import Oracle, Unreachable
from flowquill.grammar.parse import parse
from flowquill.grammar.pieces import pieces
from flowquill.training.data.pairs import Kind, Pair
from flowquill.training.data.plain import load_plain
from flowquill.training.data.sampler import Sampler

CATALOG, BANKS = load_plain()


def pairs(kind: Kind, count: int, seed: int = 5) -> list[Pair]:
    sampler = Sampler(CATALOG, BANKS, seed, "train", ((kind, 1.0),), plain=True)
    return [sampler.sample() for _ in range(count)]


def test_no_operation_asks_for_anything() -> None:
    assert len(CATALOG.connectors) > 100
    assert all(not o.parameters for o in CATALOG.operations() if o.connector is not None)


@pytest.mark.parametrize("kind", ["create", "edit", "complete"])
def test_pairs_check_and_can_be_written(kind: Kind) -> None:
    forward = Forward(CATALOG)
    written = 0
    for pair in (found := pairs(kind, 80)):
        wrong = [d for d in check(parse(render(pair.flow)), CATALOG) if d.severity == "error"]
        assert not wrong, f"{pair.text}\n{render(pair.flow)}\n{wrong[0].message}"
        if kind == "complete":
            continue
        kept = pieces(render(pair.context)) if pair.context is not None else ()
        oracle = Oracle(Writer.create(forward, Request(pair.text, find_numbers(pair.text), kept)))
        try:
            oracle.run(oracle.flow(pair.flow, pair.context))
        except Unreachable:
            continue
        written += oracle.writer.done
    assert kind == "complete" or written >= 0.95 * len(found)


def test_a_product_is_named_before_it_is_taken_for_granted() -> None:
    unnamed = 0
    for pair in (found := pairs("create", 100)):
        first = next((n for n in tree.walk(pair.flow) if isinstance(n, tree.Call) and n.callee.connector is not None), None)
        if first is None:
            continue
        bank = BANKS.operations[first.callee.text]
        unnamed += bool(bank.mentions) and not any(m.lower() in pair.text.lower() for m in bank.mentions)
    assert unnamed <= 0.1 * len(found)


def test_the_idioms_come_up() -> None:
    tags = Counter(tag for pair in pairs("create", 300) for tag in pair.tags)
    assert min(tags[t] for t in ("bulk", "copy", "implied list", "shared verb")) > 5


def test_edited_flows_bind_results_that_nothing_reads_and_keep_them() -> None:
    bound = 0
    for pair in pairs("edit", 100):
        assert pair.context is not None
        for statement in pair.context.body:
            if isinstance(statement, tree.Call) and statement.name is not None and statement in pair.flow.body:
                bound += 1
    assert bound > 50


def test_a_call_without_arguments_is_remembered_within_its_block() -> None:
    operation = next(o for o in CATALOG.operations() if o.connector is not None)
    writer = Writer.create(Forward(CATALOG), Request("create a card")).settled()[0].choose(Step("trigger", None)).settled()[0].choose(Step("end")).settled()[0]
    assert writer.called_bare() == frozenset()
    writer = writer.choose(Step("call", operation)).settled()[0]
    assert writer.called_bare() == {operation.text}
    inside = writer.choose(Step("parallel")).settled()[0]
    assert inside.called_bare() == frozenset()

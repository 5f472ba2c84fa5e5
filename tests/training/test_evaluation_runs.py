"""Intervals, measures, saved runs and their comparison, and the page, on flows whose figures are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.format import render
from flowquill.grammar.parse import parse
from flowquill.training.data.pairs import Pair
from flowquill.training.evaluation.intervals import bootstrap, paired, wilson
from flowquill.training.evaluation.measures import Item, measure, parameter_f1, tree_similarity
from flowquill.training.evaluation.metrics import score
from flowquill.training.evaluation.own import Result
from flowquill.training.evaluation.page import page
from flowquill.training.evaluation.runs import Run, RunError, by_slice, compare, figures, load, save
from flowquill.training.evaluation.structure import of_flow

CATALOG = load_catalog()
FLOW = 'flow a {\n  on slack.file_shared(channel: "general") as file\n  if file.name == "x" {\n    slack.post_message(channel: "general", message: file.name)\n  }\n}\n'
FLAT = 'flow a {\n  on slack.file_shared(channel: "general") as file\n  slack.post_message(channel: "other", message: file.name)\n}\n'


def flow_of(text: str):  # type: ignore[no-untyped-def]
    return parse(text).file.flows[0]


def item(written: str, number: int = 1) -> Item:
    pair = Pair(f"t-{number}", "create", "general x", flow_of(FLOW), None, (), (), ("office",))
    return measure(Result(pair, written, score(written, pair.flow, pair.text, CATALOG), 0.5, 10.0 * number), CATALOG, frozenset({"slack"}))


def test_intervals_hold_the_mean_and_narrow_with_more_tests() -> None:
    few, many = bootstrap([0.0, 1.0] * 5), bootstrap([0.0, 1.0] * 500)
    assert few[0] < 0.5 < few[1] and many[0] < 0.5 < many[1]
    assert many[1] - many[0] < (few[1] - few[0]) / 5
    assert bootstrap([1.0] * 9) == (1.0, 1.0)


def test_wilson_by_a_published_value() -> None:
    # Newcombe 1998, table I: 81 of 263.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=2e-4)
    assert wilson(0, 20)[0] == 0.0 and wilson(0, 20)[1] == pytest.approx(0.1611, abs=2e-4)
    assert wilson(0, 0) == (0.0, 1.0)


def test_paired_differences_see_what_single_intervals_do_not() -> None:
    one = [n / 100 for n in range(100)]
    difference, (low, high) = paired(one, [v + 0.05 for v in one])
    assert difference == pytest.approx(0.05) and low > 0.04 and high < 0.06
    with pytest.raises(ValueError):
        paired([1.0], [])


def test_tree_similarity_counts_edits_over_nodes() -> None:
    nested, flat = of_flow(flow_of(FLOW).body), of_flow(flow_of(FLAT).body)
    assert tree_similarity(nested, nested) == 1.0
    # if, its block and the call against the call: two of four nodes are edits.
    assert tree_similarity(nested, flat) == pytest.approx(0.5)
    assert tree_similarity((), ()) == 1.0
    assert tree_similarity(flat, ()) == 0.0
    assert tree_similarity((("call", "a"), ("call", "b")), (("call", "b"), ("call", "a"))) < 1.0


def test_arguments_count_by_operation_parameter_and_value() -> None:
    assert parameter_f1(flow_of(FLOW), flow_of(FLOW)) == 1.0
    assert parameter_f1(flow_of(FLOW), flow_of(FLAT)) == pytest.approx(2 / 3)
    bare = flow_of("flow a {\n  on manual()\n}\n")
    assert parameter_f1(bare, bare) is None


def test_a_flow_against_itself_and_against_another() -> None:
    same, other = item(render(flow_of(FLOW))), item(FLAT)
    assert {same.figures[k] for k in ("similarity", "tree_similarity", "exact_structure", "exact_text", "parameter_f1", "same_behaviour")} == {1.0}
    assert same.figures["over_refused"] == 0.0
    assert (other.figures["exact_structure"], other.figures["same_behaviour"]) == (0.0, 0.0)
    assert same.slices == {"kind": ["create"], "length": ["1 to 2"], "construct": ["if"], "operations": ["seen"], "connector": ["slack"], "voice": ["office"]}
    assert item('flow refused {\n  on manual()\n  refuse "no"\n}\n').figures["over_refused"] == 1.0
    assert item("flow {").figures["unparsed"] == 1


def test_saved_runs_come_back_and_compare(tmp_path: Path) -> None:
    good = Run("good <b>", tuple(item(FLOW, n) for n in range(1, 7)))
    bad = replace(good, items=tuple(item(FLAT, n) for n in range(1, 7)))
    save(good, tmp_path / "good.json")
    assert load(tmp_path / "good.json") == good
    found = compare(bad, good)["exact_structure"]
    assert (found["one"], found["other"], found["difference"], found["low"]) == (0.0, 1.0, 1.0, 1.0)
    assert figures(good.items)["p50_ms"] == 30.0
    assert by_slice(good.items)["connector"]["slack"]["tests"] == 6
    with pytest.raises(RunError, match="no test in common"):
        compare(good, Run("none", ()))
    (tmp_path / "no.json").write_text("{}")
    with pytest.raises(RunError, match="no saved run"):
        load(tmp_path / "no.json")


def test_the_page_needs_nothing_else_and_escapes() -> None:
    made = page(Run("good <b>", tuple(item(FLAT, n) for n in range(1, 7))))
    assert "good &lt;b&gt;" in made and "<svg" in made
    assert "http" not in made and "<script" not in made

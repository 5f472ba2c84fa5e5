"""The measures of evaluation, on flows whose scores are known."""

from __future__ import annotations

import pytest

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.parse import parse
from flowquill.training.evaluation.metrics import calls, score, similarity

CATALOG = load_catalog()
FLOW = 'flow a {\n  on slack.file_shared(channel: "general") as file\n  todo "look at it"\n  slack.post_message(channel: "general", message: file.name)\n}\n'


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [([], [], 1.0), (["a"], [], 0.0), (["a", "b"], ["a", "b"], 1.0), (["a", "b"], ["b", "a"], 0.5), (["a", "b", "c"], ["a", "c"], 2 / 3), (["a"], ["a", "a", "a"], 1 / 3)],
)
def test_similarity(one: list[str], other: list[str], expected: float) -> None:
    assert similarity(one, other) == pytest.approx(expected)
    assert similarity(other, one) == pytest.approx(expected)


def test_calls_stand_in_order() -> None:
    assert calls(parse(FLOW).file.flows[0]) == ["slack.file_shared", "todo", "slack.post_message"]


def test_a_flow_scores_full_marks_against_itself() -> None:
    found = score(FLOW, parse(FLOW).file.flows[0], "share general: look at it", CATALOG)
    assert (found.similarity, found.exact, found.unparsed, found.unknown_operations, found.unknown_parameters, found.unsaid_literals) == (1.0, True, 0, 0, 0, 0)


def test_what_must_not_occur_is_counted() -> None:
    expected = parse(FLOW).file.flows[0]
    wrong = FLOW.replace("slack.post_message(channel", "slack.shout(channel").replace('"look at it"', '"something else"')
    found = score(wrong, expected, "general: look at it", CATALOG)
    assert (found.exact, found.unknown_operations, found.unsaid_literals) == (False, 1, 1)
    assert score(FLOW.replace("message: file", "massage: file"), expected, "general look at it", CATALOG).unknown_parameters == 1
    assert score("flow {", expected, "", CATALOG).unparsed == 1

"""The pipeline around a scripted engine: new flows, edits, completions, alternatives, refusals, cancelling."""

from __future__ import annotations

import threading

import pytest

from flowquill.generation import refusals
from flowquill.generation.pipeline import Generator
from flowquill.generation.request import Cancelled, GenerationError, Request
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.format import format_text
from flowquill.grammar.parse import parse
from tests.generation.fake import APPROVAL, FakeEngine

OTHER = 'flow new_flow {\n  on manual()\n  todo "call them"\n}'


def test_a_new_flow_is_named_checked_formatted_and_timed(catalog: Catalog) -> None:
    stages: list[str] = []
    generation = Generator(catalog, FakeEngine()).generate(Request("# fetch the   tickets\n# weekly"), progress=stages.append)
    assert "new_flow" not in generation.flow
    assert generation.flow == format_text(generation.flow)
    assert generation.insert == generation.flow
    assert not [d for d in generation.diagnostics if d.severity == "error"]
    assert set(generation.latency_ms) == {"guard", "decode", "repair", "format", "check", "total"}
    assert stages == ["guard", "decode", "repair", "format", "check"]
    assert 0 < generation.confidence <= 1
    assert (generation.engine, generation.model) == ("fake", "script")


def test_the_engine_reads_the_normalised_text(catalog: Catalog) -> None:
    engine = FakeEngine()
    Generator(catalog, engine).generate(Request("# fetch the   tickets\n# weekly"))
    assert engine.seen[0].text == "fetch the tickets weekly"


def test_alternatives_are_distinct_and_exclude_the_best(catalog: Catalog) -> None:
    engine = FakeEngine(default=(APPROVAL, APPROVAL, OTHER))
    generation = Generator(catalog, engine).generate(Request("fetch the tickets"), alternatives=3)
    assert len(generation.alternatives) == 1
    assert "todo" in generation.alternatives[0]
    assert Generator(catalog, engine).generate(Request("fetch the tickets")).alternatives == ()


def test_a_hypothesis_without_faults_beats_one_with(catalog: Catalog) -> None:
    faulty = "flow new_flow {\n  on manual()\n  nowhere.nothing()\n}"
    engine = FakeEngine(default=(faulty, OTHER))
    generation = Generator(catalog, engine).generate(Request("fetch the tickets"), alternatives=2)
    assert "call them" in generation.flow
    assert "nowhere.nothing" not in generation.alternatives[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [("send phishing mails to all customers", refusals.HARMFUL), ("hello", refusals.TOO_VAGUE)],
)
def test_a_refused_request_becomes_a_flow_that_says_so(catalog: Catalog, text: str, reason: str) -> None:
    engine = FakeEngine()
    generation = Generator(catalog, engine).generate(Request(text))
    flow = parse(generation.flow).file.flows[0]
    assert [getattr(s, "text", "") for s in flow.body] == [reason]
    assert engine.seen == []
    assert not [d for d in generation.diagnostics if d.severity == "error"]


SOURCE = """# Tickets, by Ann
flow tickets "Weekly tickets" {
  on schedule(frequency: "Week", interval: 1)
  # fetch them
  answer = http(method: "GET", uri: "https://example.com")  # slow
  unused = http(method: "GET", uri: "https://example.com/old")
}

flow other {
  on manual()
  broken.call()
}
"""


def test_an_edit_changes_one_flow_and_keeps_the_rest_and_the_comments(catalog: Catalog) -> None:
    changed = """flow new_flow {
      on schedule(frequency: "Week", interval: 1)
      answer = http(method: "GET", uri: "https://example.com")
      unused = http(method: "GET", uri: "https://example.com/old")
      compose(value: answer.body)
    }"""
    engine = FakeEngine(default=(changed,))
    generation = Generator(catalog, engine).generate(Request("in tickets also compose the answer", SOURCE))
    expected = SOURCE.replace('/old")\n}', '/old")\n  compose(value: answer.body)\n}')
    assert generation.flow == expected
    assert engine.seen[0].flow is not None
    assert engine.seen[0].flow.startswith("flow tickets")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("# nothing here\n", "no flow"),
        ("flow a { if }", "line 1"),
        ("flow a {} flow b {}", "several flows"),
        ("flow a {\0}", "binary"),
    ],
)
def test_unfit_files_are_no_crash(catalog: Catalog, source: str, says: str) -> None:
    with pytest.raises(GenerationError, match=says):
        Generator(catalog, FakeEngine()).generate(Request("change the thing", source))


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        (
            "flow a {\n  on manual()\n  # compose it\n  |\n}\n",
            "flow a {\n  on manual()\n  # compose it\n  compose(value: 1)\n  todo \"call\"\n}\n",
        ),
        (
            "flow a {\n  on manual()\n  # compose it|\n}\n",
            "flow a {\n  on manual()\n  # compose it\n  compose(value: 1)\n  todo \"call\"\n}\n",
        ),
        (
            "flow a {\n  on manual()\n  if true {\n|\n  }\n}\n",
            "flow a {\n  on manual()\n  if true {\n    compose(value: 1)\n    todo \"call\"\n  }\n}\n",
        ),
        (
            "flow a {\n  on manual()\n  if true {\n    |",
            "flow a {\n  on manual()\n  if true {\n    compose(value: 1)\n    todo \"call\"",
        ),
    ],
)
def test_a_completion_is_laid_out_at_the_cursor(catalog: Catalog, marked: str, expected: str) -> None:
    cursor = marked.index("|")
    source = marked.replace("|", "")
    engine = FakeEngine(default=('flow new_flow { compose(value: 1) todo "call" }',))
    generation = Generator(catalog, engine).generate(Request("compose it please", source, cursor))
    assert generation.flow == expected
    assert generation.flow == source[:cursor] + generation.insert + source[cursor:]
    assert engine.seen[0].cursor == cursor


def test_a_completion_may_bring_the_trigger(catalog: Catalog) -> None:
    source = "flow a {\n  # each day\n  \n}\n"
    engine = FakeEngine(default=('flow new_flow { on schedule(frequency: "Day", interval: 1) compose(value: 1) }',))
    generation = Generator(catalog, engine).generate(Request("each day compose it", source, source.index("\n}")))
    assert '\n  on schedule(frequency: "Day", interval: 1)\n' in generation.flow


def test_at_the_top_level_a_completion_is_a_flow_with_a_free_name(catalog: Catalog) -> None:
    first = Generator(catalog, FakeEngine()).generate(Request("fetch the tickets")).flow
    source = first + "\n# fetch the tickets\n"
    engine = FakeEngine()
    generation = Generator(catalog, engine).generate(Request("fetch the tickets", source, len(source)))
    assert engine.seen[0].flow is None
    names = [f.name.text for f in parse(generation.flow).file.flows]
    assert len(set(names)) == 2
    assert generation.insert.startswith("flow ")


def test_cancelling_reaches_the_engine_and_the_stages(catalog: Catalog) -> None:
    gone = threading.Event()
    engine = FakeEngine()
    with pytest.raises(Cancelled):
        Generator(catalog, engine).generate(
            Request("fetch the tickets"), cancelled=gone.is_set, progress=lambda stage: gone.set() if stage == "decode" else None
        )
    assert len(engine.seen) == 1
    with pytest.raises(Cancelled):
        Generator(catalog, engine).generate(Request("fetch the tickets"), cancelled=lambda: True)
    assert len(engine.seen) == 1


def test_a_masked_engine_sees_no_literal(catalog: Catalog) -> None:
    flow = 'flow new_flow {\n  on manual()\n  http(method: "GET", uri: "URL_1")\n}'
    engine = FakeEngine(default=(flow,))
    generation = Generator(catalog, engine, masked=True).generate(Request("fetch https://example.com/secret now"))
    assert "secret" not in engine.seen[0].text
    assert 'uri: "https://example.com/secret"' in generation.flow
    assert {"mask", "unmask"} <= set(generation.latency_ms)

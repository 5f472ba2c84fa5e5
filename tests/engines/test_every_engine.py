"""One suite for every engine, against real engines: the embedded model, and a real vLLM as `vllm` and as an OpenAI-compatible endpoint."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest

pytest.importorskip("faiss")

from flowquill.generation.embedded import EmbeddedEngine
from flowquill.generation.engine import Engine, Task
from flowquill.generation.engines.language_model import LanguageModelEngine
from flowquill.generation.engines.local import LocalServer, served_name
from flowquill.generation.engines.settings import EngineSettings
from flowquill.generation.engines.tags import Tags
from flowquill.generation.pipeline import Generator
from flowquill.generation.request import Cancelled, GenerationError, Request
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.check import check
from flowquill.grammar.parse import parse

REQUESTS = ("When a file is added to the Contracts library, start an approval and mail ann@contoso.com", "post 'all done' to Teams every Monday at 9", "list the Jira issues and for each one create a Trello card")
SOURCE = "flow weekly {\n  on manual()\n  # post it\n  \n}\n"


@pytest.fixture(scope="module", params=["embedded", "vllm", "vllm with an adapter", "openai"])
def engine(request: pytest.FixtureRequest, catalog: Catalog, embedded: EmbeddedEngine, tags: Tags) -> Iterator[Engine]:
    if request.param == "embedded":
        yield embedded
        return
    server: LocalServer = request.getfixturevalue("vllm")
    given: EngineSettings = request.getfixturevalue("vllm_settings")
    adapter = "tenant" if request.param.endswith("adapter") else served_name(given)
    kind = "openai" if request.param == "openai" else "vllm"
    yield LanguageModelEngine(kind, catalog, replace(given, adapter=adapter), server, tags)


def test_it_has_a_name_and_a_model(engine: Engine) -> None:
    assert engine.name in ("embedded", "vllm", "openai")
    assert engine.model


@pytest.mark.parametrize("text", REQUESTS)
def test_a_flow_or_one_sentence_and_never_anything_made_up(engine: Engine, catalog: Catalog, text: str) -> None:
    try:
        generation = Generator(catalog, engine).generate(Request(text))
    except GenerationError as error:
        # A model with random weights may reach its limit of tokens within the first step, or, free of a grammar, write no flow at all.
        assert engine.name != "embedded"
        assert "holds no flow" in str(error)
        return
    assert generation.engine == engine.name
    parsed = parse(generation.flow)
    assert not parsed.errors
    assert not [d for d in check(parsed, catalog) if d.severity == "error"]
    assert 0 <= generation.confidence <= 1


def test_the_same_request_gives_the_same_flow(engine: Engine, catalog: Catalog) -> None:
    def written() -> str:
        try:
            return Generator(catalog, engine).generate(Request(REQUESTS[1])).flow
        except GenerationError as error:
            return str(error)

    assert written() == written()


def test_a_completion_stays_inside_its_flow(engine: Engine, catalog: Catalog) -> None:
    try:
        generation = Generator(catalog, engine).generate(Request("post it to Teams", SOURCE, SOURCE.index("\n}")))
    except GenerationError as error:
        assert engine.name != "embedded"
        assert "holds no flow" in str(error)
        return
    parsed = parse(generation.flow)
    assert not parsed.errors
    assert [f.name.text for f in parsed.file.flows] == ["weekly"]


def test_an_edit_gives_one_flow_of_the_same_name(engine: Engine, catalog: Catalog) -> None:
    source = 'flow weekly {\n  on manual()\n  todo "post it"\n}\n'
    try:
        generation = Generator(catalog, engine).generate(Request("also list the Jira issues", source))
    except GenerationError as error:
        assert engine.name != "embedded"
        assert "holds no flow" in str(error)
        return
    assert [f.name.text for f in parse(generation.flow).file.flows] == ["weekly"]


def test_cancelling_ends_it(engine: Engine, catalog: Catalog) -> None:
    looks = itertools.count()
    with pytest.raises(Cancelled):
        engine.decode(Task(REQUESTS[0], catalog), width=1, cancelled=lambda: next(looks) >= 2)


def test_it_works_after_a_cancelled_request(engine: Engine, catalog: Catalog) -> None:
    with pytest.raises(Cancelled):
        engine.decode(Task(REQUESTS[0], catalog), width=1, cancelled=lambda: True)
    test_a_flow_or_one_sentence_and_never_anything_made_up(engine, catalog, REQUESTS[2])

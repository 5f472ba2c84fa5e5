"""Language models as engines over a server that records what it gets: the wire is watched for literals, answers of all kinds are read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("httpx")
pytest.importorskip("faiss")

from flowquill.generation.engine import Task
from flowquill.generation.engines.language_model import LanguageModelEngine
from flowquill.generation.engines.local import RemoteServer
from flowquill.generation.engines.settings import EngineSettings
from flowquill.generation.engines.tags import Tags
from flowquill.generation.examples import ExampleIndex
from flowquill.generation.pipeline import Generator
from flowquill.generation.request import GenerationError, Request
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.check import check
from flowquill.grammar.parse import parse
from tests.engines.misbehaving import Misbehaving

SECRETS = ("ann.lee@contoso.com", "Project Nightfall", "https://intra.contoso.com/x", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "2026-03-01", "4711", "+1 425 555 0100")
REQUEST = (
    'When a mail from ann.lee@contoso.com arrives, post "Project Nightfall" with https://intra.contoso.com/x to Teams, '
    "ticket 3f2504e0-4f89-11d3-9a0c-0305e82c3301 of 2026-03-01, 4711 times, and text +1 425 555 0100"
)


@pytest.fixture(params=["vllm", "openai"])
def engine(request: pytest.FixtureRequest, server: Misbehaving, catalog: Catalog, tags: Tags) -> Iterator[LanguageModelEngine]:
    settings = EngineSettings(engine=request.param, url=server.url, model="m", stall=60, budget=300)
    made = LanguageModelEngine(request.param, catalog, settings, RemoteServer(settings), tags)
    yield made
    made.close()


def test_no_literal_leaves_and_all_come_back(server: Misbehaving, engine: LanguageModelEngine, catalog: Catalog) -> None:
    server.text = 'on gmail.email_arrives(from: "EMAIL_1") as email\nteams.post_message(message: $"TEXT_1: URL_1 {email.subject}")\ndelay(count: NUMBER_1, unit: "Day")\ntodo "text ID_2 about ID_1 of DATE_1"'
    generation = Generator(catalog, engine).generate(Request(REQUEST))
    sent = json.dumps(server.bodies, ensure_ascii=False)
    for secret in SECRETS:
        assert secret not in sent
        assert secret in generation.flow
    assert "count: 4711" in generation.flow
    assert not [d for d in generation.diagnostics if d.severity == "error"]


def test_an_edit_leaves_without_the_texts_of_the_flow_and_keeps_its_settings(server: Misbehaving, engine: LanguageModelEngine, catalog: Catalog) -> None:
    source = 'flow tell {\n  on gmail.email_arrives() as letter\n  @title(text: "Hidden title")\n  outlook.send_email(to: "ann.lee@contoso.com", subject: letter.subject, body: ?)\n}\n'
    server.text = 'on gmail.email_arrives() as letter\noutlook.send_email(to: "TEXT_1", subject: letter.subject)\ntodo "call the boss"'
    generation = Generator(catalog, engine).generate(Request("also call the boss", source))
    sent = json.dumps(server.bodies)
    assert "ann.lee@contoso.com" not in sent
    assert "Hidden title" not in sent
    assert generation.flow == source.replace("\n}\n", '\n  todo "call the boss"\n}\n')


def test_a_completion_leaves_masked_too(server: Misbehaving, engine: LanguageModelEngine, catalog: Catalog) -> None:
    source = 'flow tell {\n  on gmail.email_arrives() as letter\n  outlook.send_email(to: "ann.lee@contoso.com")\n  # tell the boss\n  \n}\n'
    server.text = 'outlook.send_email(to: "TEXT_1", subject: letter.subject)'
    generation = Generator(catalog, engine).generate(Request("tell the boss", source, source.index("\n}")))
    assert "ann.lee@contoso.com" not in json.dumps(server.bodies)
    assert generation.flow.count("ann.lee@contoso.com") == 2
    assert "letter.subject" in generation.flow


def test_masking_can_be_turned_off(server: Misbehaving, catalog: Catalog, tags: Tags) -> None:
    settings = EngineSettings(engine="openai", url=server.url, model="m", mask=False, stall=60, budget=300)
    engine = LanguageModelEngine("openai", catalog, settings, RemoteServer(settings), tags)
    engine.decode(Task(REQUEST, catalog), width=1, cancelled=lambda: False)
    assert "Project Nightfall" in json.dumps(server.bodies)
    engine.close()


def test_vllm_gets_a_grammar_and_a_trained_models_prompt_a_chat_model_instructions(server: Misbehaving, engine: LanguageModelEngine, catalog: Catalog) -> None:
    engine.decode(Task("call the boss every Monday", catalog), width=1, cancelled=lambda: False)
    body = server.bodies[0]
    assert (body["model"], body["temperature"], body["stream"]) == ("m", 0.0, True)
    if engine.name == "vllm":
        assert body["structured_outputs"]["grammar"].startswith("start:")
        assert body["prompt"].endswith("Request: call the boss every Monday\nFlow:\n")
        assert "You write workflows" not in body["prompt"]
    else:
        assert "structured_outputs" not in body
        assert [m["role"] for m in body["messages"]] == ["system", "user"]
        assert "You write workflows" in body["messages"][0]["content"]
        assert "on schedule(" in body["messages"][1]["content"]


@pytest.mark.parametrize(
    "text",
    [
        'Here is your flow:\n```flowquill\non manual()\ntodo "call them"\n```\nEnjoy!',
        'flow calls {\n  on manual()\n  todo "call them"\n}',
        'on manual()\nthis is no step\ntodo "call them"',
        'on manual()\ntodo "call them"\n\nRequest: another\nFlow:\non manual()',
    ],
)
def test_answers_of_chat_models_are_read(server: Misbehaving, engine: LanguageModelEngine, catalog: Catalog, text: str) -> None:
    server.text = text
    generation = Generator(catalog, engine).generate(Request("call them when I say so"))
    assert 'todo "call them"' in generation.flow
    assert not parse(generation.flow).errors
    assert "no step" not in generation.flow


def test_made_up_operations_and_names_are_mended(server: Misbehaving, engine: LanguageModelEngine, catalog: Catalog) -> None:
    server.text = (
        "on gmail.email_arrives() as email\ncarrier_pigeon.send_bird(to: email.subject)\noutlook.send_email(to: nowhere.address, colour: 3)\n"
        "email = outlook.get_email()\nemail = outlook.get_email()\nif email.subject == \"x\" {\n  todo \"again\"\n}"
    )
    generation = Generator(catalog, engine).generate(Request("send a pigeon when mail comes"))
    assert not [d for d in check(parse(generation.flow), catalog) if d.severity == "error"]
    assert "email_2 = outlook.get_email" in generation.flow or "email_3 = outlook.get_email" in generation.flow


def test_an_answer_without_a_flow_is_one_sentence(server: Misbehaving, engine: LanguageModelEngine, catalog: Catalog) -> None:
    server.how = "no flow"
    with pytest.raises(GenerationError, match="holds no flow"):
        Generator(catalog, engine).generate(Request("call them when I say so"))


def test_alternatives_are_sampled_after_the_greedy_answer(server: Misbehaving, engine: LanguageModelEngine, catalog: Catalog) -> None:
    found = engine.decode(Task("call them when I say so", catalog), width=2, cancelled=lambda: False)
    assert len(found) == 2
    assert [b["temperature"] for b in server.bodies] == [0.0, 0.7]


def test_the_model_is_the_servers_first_where_none_is_named(server: Misbehaving, catalog: Catalog, tags: Tags) -> None:
    settings = EngineSettings(engine="openai", url=server.url, stall=60, budget=300)
    engine = LanguageModelEngine("openai", catalog, settings, RemoteServer(settings), tags)
    engine.decode(Task("call the boss", catalog), width=1, cancelled=lambda: False)
    assert engine.model == "given"
    engine.close()


def test_examples_are_shown_masked_and_without_the_secrets_of_others(server: Misbehaving, catalog: Catalog, tags: Tags, tmp_path: Path) -> None:
    (tmp_path / "examples.jsonl").write_text(json.dumps({"text": 'post "Secret launch" to bob@x.org', "flow": 'on manual()\noutlook.send_email(to: "bob@x.org", subject: "Secret launch")'}) + "\n")
    settings = EngineSettings(engine="openai", url=server.url, model="m", stall=60, budget=300)
    engine = LanguageModelEngine("openai", catalog, settings, RemoteServer(settings), tags, ExampleIndex(tmp_path, catalog, tags.embed, "test"))
    engine.decode(Task("mail the boss", catalog), width=1, cancelled=lambda: False)
    shown = server.bodies[0]["messages"][1]["content"]
    assert 'outlook.send_email(to: "EMAIL_1", subject: "TEXT_1")' in shown
    assert "bob@x.org" not in shown
    assert "Secret launch" not in shown
    engine.close()

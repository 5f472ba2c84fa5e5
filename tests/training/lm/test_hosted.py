"""Hosted fine-tuning: the file keeps the format's rules, jobs are made and watched through the real client, and without a key nothing is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flowquill.training.lm.config import ConfigError
from flowquill.training.lm.fine_tuning_file import LEAST, chat, check, check_text, write
from flowquill.training.lm.prompts import Exchange
from tests.training.lm.fake_openai import Service, serving

openai = pytest.importorskip("openai")

from flowquill.training.lm import hosted  # noqa: E402


def line(answer: str = "refuse", **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}, {"role": "assistant", "content": answer}], **more}


def text_of(*entries: Any) -> str:
    filled = [line(f"a{n}") for n in range(LEAST)]
    return "".join(json.dumps(e) + "\n" for e in (*filled, *entries))


def test_the_file_of_pairs_keeps_the_rules(exchanges: list[Exchange], tmp_path: Path) -> None:
    file = tmp_path / "out" / "train.jsonl"
    counted = write([*exchanges, exchanges[0]], file)
    lines = [json.loads(entry) for entry in file.read_text(encoding="utf-8").splitlines()]
    assert counted == check(file)
    assert counted.examples == len(lines) == len({json.dumps(entry) for entry in lines}) <= len(exchanges)
    assert counted.bytes == file.stat().st_size and counted.longest <= counted.tokens
    assert [m["role"] for m in lines[0]["messages"]] == ["system", "user", "assistant"]
    assert lines[0] == chat(exchanges[0]) and lines[0]["messages"][2]["content"] == exchanges[0].answer


def test_what_was_masked_is_not_in_the_file(exchanges: list[Exchange], tmp_path: Path) -> None:
    file = tmp_path / "train.jsonl"
    write(exchanges, file)
    text = file.read_text(encoding="utf-8")
    addresses = [v for e in exchanges for n, v in e.values.items() if n.startswith(("EMAIL", "URL"))]
    assert addresses and not [a for a in addresses if a in text]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"prompt": "u", "completion": "a"}, "an object with a list"),
        ({"messages": []}, "an object with a list"),
        (line(extra=1), "extra is no part of a chat"),
        ({"messages": [{"role": "user", "content": "u"}]}, "the last message is not the assistant's"),
        ({"messages": [{"role": "assistant", "content": "a"}]}, "there is no user's message"),
        ({"messages": [{"role": "bot", "content": "u"}, {"role": "assistant", "content": "a"}]}, "the role 'bot' is none of"),
        ({"messages": [{"role": "user", "content": " "}, {"role": "assistant", "content": "a"}]}, "a message without content"),
        ({"messages": [{"role": "user", "content": "u"}, {"role": "system", "content": "s"}, {"role": "assistant", "content": "a"}]}, "the system's message stands first"),
        ({"messages": [{"role": "user", "content": "u", "weight": 1}, {"role": "assistant", "content": "a"}]}, "weight is 0 or 1"),
        ({"messages": [{"role": "user", "content": "u"}, {"role": "assistant", "content": "a", "weight": 3}]}, "weight is 0 or 1"),
        (line("a3"), "the same example stands in line 4"),
        (line("long " * 60_000), "tokens, more than the 65536 that are read"),
    ],
)
def test_a_broken_rule_is_told_with_its_line(entry: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=f"f.jsonl:{LEAST + 1}: .*{said}"):
        check_text(text_of(entry), "f.jsonl")


def test_too_few_examples_and_no_json_are_told() -> None:
    assert check_text(text_of(), "f").examples == LEAST
    with pytest.raises(ConfigError, match="has 9 examples; fine-tuning needs at least 10"):
        check_text("".join(text_of().splitlines(keepends=True)[1:]), "f")
    with pytest.raises(ConfigError, match="f:11: this is no JSON"):
        check_text(text_of() + "{\n", "f")


def client_of(service: Service, **more: str) -> Any:
    return hosted.client({"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": service.url, **more}).with_options(max_retries=0)


def test_a_job_is_made_and_watched_to_its_end(tmp_path: Path) -> None:
    file, record = tmp_path / "train.jsonl", tmp_path / "job.json"
    file.write_text(text_of(), encoding="utf-8")
    told: list[str] = []
    with serving(Service()) as service:
        reached = client_of(service)
        job = hosted.start(reached, file, record, suffix="mine")
        end = hosted.watch(reached, job.identity, lambda j: told.append(j.status), pause=0, sleep=lambda s: None)
    assert end.model == "ft:gpt-4o-mini:flowquill:1"
    assert told == ["validating_files", "running", "succeeded"]
    assert json.loads(record.read_text())["job"] == "ftjob-1"
    assert [path.split("/v1")[1] for _, path in service.seen[:2]] == ["/files", "/fine_tuning/jobs"]
    assert file.read_bytes() in service.bodies[0] and b"fine-tune" in service.bodies[0]
    asked = json.loads(service.bodies[1])
    assert asked["training_file"] == "file-1" and asked["model"] == hosted.MODEL and asked["suffix"] == "mine"


@pytest.mark.parametrize(
    ("refuse", "states", "said"),
    [
        ({"/files": 401}, [], "The file was not taken: the key is not accepted"),
        ({"/files": 413}, [], "The file was not taken: the service says 413"),
        ({"/jobs": 429}, [], "The job was not created: the service has no room or no budget"),
        ({}, ["running", "failed"], r"ended as failed \(the file is too short\)"),
        ({}, ["cancelled"], "ended as cancelled"),
        ({"/ftjob-1": 500}, [], "The job's state cannot be read: the service says 500"),
    ],
)
def test_what_the_service_refuses_is_told_in_one_sentence(tmp_path: Path, refuse: dict[str, int], states: list[str], said: str) -> None:
    file = tmp_path / "train.jsonl"
    file.write_text(text_of(), encoding="utf-8")
    with serving(Service(refuse=refuse, states=states or ["running"])) as service, pytest.raises(hosted.HostedError, match=said):
        reached = client_of(service)
        job = hosted.start(reached, file, tmp_path / "job.json")
        hosted.watch(reached, job.identity, lambda j: None, pause=0, sleep=lambda s: None)


def test_a_service_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    reached = hosted.client({"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}).with_options(max_retries=0)
    with pytest.raises(hosted.HostedError, match="cannot be reached"):
        hosted.start(reached, tmp_path / "f", tmp_path / "job.json")


@pytest.mark.parametrize(("environment", "azure"), [({}, False), ({"OPENAI_API_KEY": "k"}, True), ({"AZURE_OPENAI_API_KEY": "k"}, True)])
def test_without_a_key_nothing_is_sent(environment: dict[str, str], azure: bool) -> None:
    with pytest.raises(ConfigError, match="There is no key, so nothing is sent"):
        hosted.client(environment, azure=azure)


def test_azure_is_reached_at_its_own_address_with_its_own_key(tmp_path: Path) -> None:
    file = tmp_path / "train.jsonl"
    file.write_text(text_of(), encoding="utf-8")
    with serving(Service()) as service:
        reached = hosted.client({"AZURE_OPENAI_API_KEY": "az", "AZURE_OPENAI_ENDPOINT": service.url.removesuffix("/v1")}, azure=True)
        hosted.start(reached, file, tmp_path / "job.json")
    assert all("/openai/" in path and "api-version=" in path for _, path in service.seen) and set(service.keys) == {"az"}


@pytest.mark.usefixtures("quick")
def test_the_command_without_a_key_writes_the_file_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from flowquill.training.lm.commands import hosted as command

    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    config = tmp_path / "hosted.toml"
    config.write_text("pairs = 15\nhandwritten = false\ndev_pairs = 0\ntags = 3\n", encoding="utf-8")
    done = CliRunner().invoke(command, ["--config", str(config), "--out", str(tmp_path / "out")])
    assert done.exit_code == 1 and "There is no key, so nothing is sent" in str(done.exception)
    assert check(tmp_path / "out" / "train.jsonl").examples >= LEAST
    assert CliRunner().invoke(command, ["--config", str(config), "--out", str(tmp_path / "out"), "--file-only"]).exit_code == 0

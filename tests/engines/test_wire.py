"""Whatever a server does, the caller gets the answer or one sentence, in time."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

pytest.importorskip("httpx")

from flowquill.generation.engines.breaker import FAILURES, Breaker
from flowquill.generation.engines.wire import Address, ServerError, Wire
from flowquill.generation.request import Cancelled
from tests.engines.misbehaving import ANSWER, Misbehaving

BODY = {"model": "x", "prompt": "hello", "stream": True}


@pytest.fixture
def wire(server: Misbehaving) -> Iterator[Wire]:
    made = Wire(Address(server.url, "secret", "FLOWQUILL_API_KEY", stall=30))
    yield made
    made.close()


def ask(wire: Wire, within: float = 60.0) -> str:
    return wire.complete("completions", BODY, cancelled=lambda: False, within=within)[0].text


@pytest.mark.parametrize("how", ["well", "whole"])
def test_answers_come_streamed_or_whole(server: Misbehaving, wire: Wire, how: str) -> None:
    server.how = how
    assert ask(wire) == ANSWER
    assert server.heads[0]["Authorization"] == "Bearer secret"


def test_one_connection_serves_many_requests(server: Misbehaving, wire: Wire) -> None:
    for _ in range(5):
        ask(wire)
    assert len(server.connections) == 1


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("wrong key", "refuses the key; set the environment variable FLOWQUILL_API_KEY"),
        ("no model", "has no model x"),
        ("html", "answers with a web page"),
        ("html error", "answers with a web page"),
        ("redirect", "leads elsewhere .https://elsewhere.example/v1."),
        ("garbage", "no completion"),
        ("other json", "no completion"),
        ("bad choices", "no completion"),
        ("empty", "empty answer"),
        ("half", "broke off in the middle"),
        ("error in stream", "failed while it wrote the answer .EngineDeadError."),
        ("busy", "is busy"),
        ("busy for long", "try again in 90 s"),
        ("down", "failed .500: out of memory."),
        ("too long", "does not take the request .400: maximum context length"),
        ("hang up", "was lost"),
    ],
)
def test_every_failure_is_one_sentence(server: Misbehaving, wire: Wire, how: str, says: str) -> None:
    server.how = how
    with pytest.raises(ServerError, match=says) as caught:
        ask(wire)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert "Traceback" not in message


@pytest.mark.parametrize(("how", "requests"), [("busy", 3), ("hang up", 3), ("busy for long", 1), ("half", 1), ("wrong key", 1), ("down", 1)])
def test_only_what_is_safe_and_may_help_is_sent_again(server: Misbehaving, wire: Wire, how: str, requests: int) -> None:
    server.how = how
    with pytest.raises(ServerError):
        ask(wire)
    assert len(server.bodies) == requests


def test_a_second_try_that_works_is_an_answer(server: Misbehaving, wire: Wire) -> None:
    server.how = "once busy"
    assert ask(wire) == ANSWER


def test_a_stalled_server_is_not_waited_for_and_not_asked_again(server: Misbehaving) -> None:
    server.how = "stall"
    impatient = Wire(Address(server.url, stall=1.0))
    with pytest.raises(ServerError, match=r"has sent nothing for 1 s"):
        ask(impatient, within=60)
    assert len(server.bodies) <= 1
    impatient.close()


def test_nobody_there(wire: Wire) -> None:
    lonely = Wire(Address("http://127.0.0.1:9/v1"))
    with pytest.raises(ServerError, match=r"There is no model server at 127\.0\.0\.1:9; start it"):
        ask(lonely)
    lonely.close()


def test_a_server_without_tls_behind_https(server: Misbehaving) -> None:
    secure = Wire(Address(server.url.replace("http:", "https:")))
    with pytest.raises(ServerError, match=r"certificate|no model server"):
        ask(secure)
    secure.close()


def test_cancelling_closes_the_request_so_that_the_server_stops(server: Misbehaving, wire: Wire) -> None:
    server.how = "endless"
    stop = threading.Event()
    outcome: list[BaseException] = []

    def run() -> None:
        try:
            wire.complete("completions", BODY, cancelled=stop.is_set, within=300)
        except BaseException as error:
            outcome.append(error)

    caller = threading.Thread(target=run)
    caller.start()
    assert server.streaming.wait(60)
    stop.set()
    assert server.gone.wait(60)
    caller.join(60)
    assert isinstance(outcome[0], Cancelled)


def test_a_request_never_takes_longer_than_its_time(server: Misbehaving) -> None:
    server.how = "endless"
    patient = Wire(Address(server.url, stall=30))
    with pytest.raises(ServerError, match="took longer than"):
        ask(patient, within=0.3)
    patient.close()


def test_the_breaker_opens_after_failures_in_a_row_and_lets_one_through_after_the_wait() -> None:
    now = [100.0]
    breaker = Breaker(lambda: now[0])
    for _ in range(FAILURES):
        assert breaker.wait() == 0
        breaker.failed()
    first = breaker.wait()
    assert first > 0
    now[0] += first
    assert breaker.wait() == 0
    assert breaker.wait() > 0
    breaker.failed()
    assert breaker.wait() > first
    now[0] += breaker.wait()
    assert breaker.wait() == 0
    breaker.succeeded()
    assert breaker.wait() == 0


def test_a_server_that_is_down_is_left_alone(server: Misbehaving, wire: Wire) -> None:
    server.how = "down"
    for _ in range(FAILURES):
        with pytest.raises(ServerError, match="500"):
            ask(wire)
    sent = len(server.bodies)
    with pytest.raises(ServerError, match="tried again in"):
        ask(wire)
    assert len(server.bodies) == sent


def test_a_wrong_key_does_not_open_the_circuit(server: Misbehaving, wire: Wire) -> None:
    server.how = "wrong key"
    for _ in range(FAILURES + 2):
        with pytest.raises(ServerError, match="refuses the key"):
            ask(wire)
    server.how = "well"
    assert ask(wire) == ANSWER


def test_models_are_asked_for(server: Misbehaving, wire: Wire) -> None:
    assert wire.models() == ["given"]
    server.how = "html"
    with pytest.raises(ServerError, match="web page"):
        wire.models()

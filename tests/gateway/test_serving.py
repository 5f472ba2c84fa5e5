"""Requests through the gateway: streamed or whole, limited, cancelled, and what clients are told when something is wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.gateway.running import Running, until

Start = Callable[..., Running]


@pytest.mark.parametrize("path", ["/v1/completions", "/v1/chat/completions"])
def test_an_answer_comes_whole_or_streamed(shared: Running, path: str) -> None:
    whole = shared.ask("acme", path, max_tokens=3).json()["choices"][0]["text"]
    streamed = shared.ask("acme", path, max_tokens=3, stream=True)
    assert streamed.headers["content-type"].startswith("text/event-stream")
    events = [line.removeprefix("data: ") for line in streamed.text.splitlines() if line]
    assert events[-1] == "[DONE]"
    assert "".join(json.loads(e)["choices"][0]["text"] for e in events[:-1]) == whole


def test_an_answer_that_was_given_is_no_cancelled_one(gateway: Start) -> None:
    """The server reports each client as gone after its answer; the connection to the replica must outlive that."""
    running = gateway(replicas=1)
    for place in range(20):
        assert running.ask("acme", max_tokens=1, stream=place % 2 == 0).status_code == 200
    assert "cancelled" not in running.log
    # Probes may take a connection in between, so one more can be needed.
    assert running.fakes[0].seen()["connections"] <= 3


def test_a_stream_arrives_piece_by_piece(gateway: Start) -> None:
    running = gateway(replicas=1, token_ms=50)
    times = []
    with httpx.stream(
        "POST",
        f"{running.url}/v1/completions",
        headers=running.headers("acme"),
        json={"prompt": "x", "max_tokens": 10, "stream": True},
        trust_env=False,
    ) as answer:
        for line in answer.iter_lines():
            if line:
                times.append(time.monotonic())
    # Not a bar for speed: were the answer held back until its end, all pieces would come at once.
    assert times[-1] - times[0] > 0.2


def test_a_tenants_grammar_is_put_in_where_the_client_sends_none(gateway: Start, tmp_path: object) -> None:
    running = gateway(
        replicas=1,
        run=False,
        tenants='[tenant.acme]\nadapter = "acme"\ngrammar = "acme.lark"\n[tenant.bolt]\nadapter = "bolt"\n',
    )
    (running.folder / "acme.lark").write_text('start: "acme"')
    running.start()
    for tenant in ("acme", "bolt"):
        assert running.ask(tenant, max_tokens=1).status_code == 200
    running.ask("acme", max_tokens=1, structured_outputs={"grammar": 'start: "own"'})
    seen = [r.get("structured_outputs") for r in running.fakes[0].seen()["seen"]]
    assert seen == [{"grammar": 'start: "acme"'}, None, {"grammar": 'start: "own"'}]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "no JSON"),
        (b"[1]", "no JSON object"),
        (b"[" * 100_000, "no JSON"),
        (b"{}", "prompt is missing"),
        (b'{"prompt": "x", "max_tokens": 100000}', "from 1 to 1024"),
        (b'{"prompt": "x", "max_tokens": true}', "from 1 to 1024"),
        (b'{"prompt": "x", "n": 100}', "from 1 to 4"),
        (b'{"prompt": "x", "temperature": "hot"}', "must be a number"),
        (b'{"prompt": "x", "stream": 1}', "true or false"),
        (b'{"prompt": "x", "logprobs": 1000}', "from 0 to 20"),
        (b'{"prompt": "x", "stop": [1]}', "at most 16 texts"),
        (b'{"prompt": "x", "structured_outputs": {"backend": "x"}}', "one of grammar"),
        (b'{"prompt": "x", "stream_options": {"x": 1}}', "include_usage"),
    ],
)
def test_a_malformed_request_is_told_in_one_sentence(shared: Running, body: bytes, says: str) -> None:
    answer = httpx.post(f"{shared.url}/v1/completions", headers=shared.headers("corn"), content=body, trust_env=False)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert says in error["message"] and error["message"].endswith(".") and error["type"] == "invalid_request_error"


def test_surrogates_and_controls_pass(shared: Running) -> None:
    answer = httpx.post(
        f"{shared.url}/v1/completions",
        headers=shared.headers("corn"),
        content=b'{"prompt": "a\\ud800b\\u0000", "max_tokens": 1}',
        trust_env=False,
    )
    assert answer.status_code in (200, 400)


def test_a_body_that_is_too_long_is_refused_with_and_without_a_length(gateway: Start) -> None:
    running = gateway(replicas=1, server="max_body_kib = 4\n")
    assert running.ask("corn", prompt="x" * 5000).status_code == 413
    pieces = (b"x" * 1000 for _ in range(10))
    answer = httpx.post(
        f"{running.url}/v1/completions", headers=running.headers("corn"), content=pieces, trust_env=False
    )
    assert answer.status_code == 413
    assert running.fakes[0].seen()["seen"] == []


def test_too_many_requests_a_minute(gateway: Start) -> None:
    limits = "[tenant.acme.limits]\nrequests_per_minute = 1\nburst = 3\n"
    running = gateway(replicas=1, tenants=f'[tenant.acme]\nadapter = "acme"\n{limits}[tenant.bolt]\nadapter = "bolt"\n')
    answers = [running.ask("acme", max_tokens=1) for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) > 10
    assert "1 requests a minute" in answers[-1].json()["error"]["message"]
    assert running.ask("bolt", max_tokens=1).status_code == 200


def test_places_are_bounded_and_one_tenant_does_not_take_anothers(gateway: Start) -> None:
    limits = "[tenant.acme.limits]\nconcurrent = 2\nwaiting = 3\n"
    running = gateway(
        replicas=1, token_ms=20, tenants=f'[tenant.acme]\nadapter = "acme"\n{limits}[tenant.bolt]\nadapter = "bolt"\n'
    )
    with ThreadPoolExecutor(12) as threads:
        work = [threads.submit(running.ask, "acme", max_tokens=50) for _ in range(10)]
        until(lambda: running.status()["tenants"]["acme"]["waiting"] == 3, "the queue")
        assert running.ask("bolt", max_tokens=1).status_code == 200
        codes = sorted(w.result().status_code for w in work)
    assert codes == [200] * 5 + [429] * 5
    assert running.fakes[0].seen()["most"] <= 3
    assert running.status()["tenants"]["acme"] == {
        "model": running.status()["tenants"]["acme"]["model"],
        "running": 0,
        "waiting": 0,
        "problem": None,
    }


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_goes_away_frees_the_engine(gateway: Start, stream: bool) -> None:
    running = gateway(replicas=1, token_ms=20)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{running.url}/v1/completions",
            headers=running.headers("acme"),
            json={"prompt": "x", "max_tokens": 1000, "stream": stream},
            timeout=httpx.Timeout(5, read=0.5 if not stream else 0.01),
            trust_env=False,
        )
    until(lambda: running.fakes[0].seen()["running"] == 0, "the engine to be free")
    until(lambda: '"status": 499' in running.log or '"outcome": "cancelled"' in running.log, "the log")
    assert running.status()["replicas"][0]["running"] == 0
    assert running.status()["tenants"]["acme"]["running"] == 0


@pytest.mark.parametrize("mode", ["html", "garbage", "500"])
def test_a_replica_that_misbehaves_is_passed_by(gateway: Start, mode: str) -> None:
    running = gateway()
    running.fakes[0].mode(mode=mode)
    answers = [running.ask("acme", max_tokens=1) for _ in range(8)]
    assert [a.status_code for a in answers] == [200] * 8
    running.fakes[1].mode(mode=mode)
    answer = running.ask("acme", max_tokens=1)
    assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0
    assert "did not answer" in answer.json()["error"]["message"]


def test_a_replica_that_stalls_ends_in_a_clear_error(gateway: Start) -> None:
    running = gateway(replicas=1, server="stall_timeout_s = 0.5\nrequest_timeout_s = 5\n")
    running.fakes[0].mode(mode="stall")
    answer = running.ask("acme", max_tokens=1)
    assert answer.status_code == 503


def test_a_request_has_an_end(gateway: Start) -> None:
    running = gateway(replicas=1, token_ms=50, server="request_timeout_s = 0.5\n")
    answer = running.ask("acme", max_tokens=1000)
    assert answer.status_code == 504
    assert "within 0.5 s" in answer.json()["error"]["message"]
    streamed = running.ask("acme", max_tokens=1000, stream=True)
    last = [line for line in streamed.text.splitlines() if line][-1]
    assert json.loads(last.removeprefix("data: "))["error"]["type"] == "timeout_error"
    until(lambda: running.fakes[0].seen()["running"] == 0, "the engine to be free")


def test_half_an_answer_is_told_in_the_stream(gateway: Start) -> None:
    running = gateway(replicas=1)
    running.fakes[0].mode(mode="half")
    streamed = running.ask("acme", max_tokens=10, stream=True)
    last = [line for line in streamed.text.splitlines() if line][-1]
    assert "[DONE]" not in streamed.text
    assert "middle of the answer" in json.loads(last.removeprefix("data: "))["error"]["message"]


def test_sixty_four_users_at_once(gateway: Start) -> None:
    limits = "[tenant.{}.limits]\nconcurrent = 32\nwaiting = 64\nrequests_per_minute = 100000\nburst = 1000\n"
    tenants = "".join(f'[tenant.{t}]\nadapter = "{t}"\n{limits.format(t)}' for t in ("acme", "bolt"))
    running = gateway(token_ms=1, tenants=tenants)
    with httpx.Client(limits=httpx.Limits(max_connections=64), trust_env=False, timeout=60) as client:

        def ask(place: int) -> tuple[int, bool]:
            tenant = ("acme", "bolt")[place % 2]
            answer = client.post(
                f"{running.url}/v1/completions", headers=running.headers(tenant), json={"prompt": "x", "max_tokens": 5}
            )
            return answer.status_code, answer.json()["model"].startswith(tenant)

        with ThreadPoolExecutor(64) as threads:
            assert set(threads.map(ask, range(640))) == {(200, True)}
    seen = [len(f.seen()["seen"]) for f in running.fakes]
    assert sum(seen) == 640 and min(seen) > 200


def test_metrics_and_health(shared: Running) -> None:
    shared.ask("acme", max_tokens=1)
    text = shared.metrics()
    assert 'flowquill_requests_total{route="completions",status="200",tenant="acme"}' in text
    assert 'flowquill_replica_up{replica="r0"} 1.0' in text
    assert "flowquill_overhead_seconds_bucket" in text
    assert httpx.get(f"{shared.url}/health", trust_env=False).status_code == 200


def test_stopping_lets_requests_end(gateway: Start) -> None:
    running = gateway(replicas=1, token_ms=20)
    with ThreadPoolExecutor(4) as threads:
        work = [threads.submit(running.ask, "acme", max_tokens=50) for _ in range(4)]
        until(lambda: running.fakes[0].seen()["running"] == 4, "the requests")
        code = running.stop()
        assert [w.result().status_code for w in work] == [200] * 4
    assert code == 0
    assert '"event": "gateway ended"' in running.log

"""Load tests against an edge fake of vLLM and through the gateway; figures from samples that are known."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowquill.grammar.catalog import load_catalog
from flowquill.loadtest import requests
from flowquill.loadtest.chart import chart
from flowquill.loadtest.plan import TEXT, Ask, LoadError, Plan, Sample, Tenant, checked_url, plan_of, tenant
from flowquill.loadtest.report import level, percentile
from flowquill.loadtest.run import run as drive
from tests.cli.command import Run, one_sentence
from tests.gateway.running import Fake, Running, free_port, prepare

ASKS = (Ask("one", "prompt one"), Ask("two", "prompt two", 'start: "x"'))


@pytest.fixture
def fake() -> Iterator[Fake]:
    started = Fake(free_port(), 1.0)
    started.start()
    yield started
    started.kill()


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Running]:
    running = prepare(tmp_path, replicas=1, token_ms=1.0)
    try:
        running.start()
        yield running
    finally:
        running.close()


def plan(url: str, **given: object) -> Plan:
    values: dict[str, object] = {
        "url": url,
        "path": TEXT,
        "users": 4,
        "duration_s": 2.0,
        "tenants": (Tenant("a"),),
        "asks": ASKS,
        "max_tokens": 4,
    }
    return Plan(**{**values, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize("stream", [True, False])
def test_users_ask_for_the_given_time_and_every_answer_is_counted(fake: Fake, stream: bool) -> None:
    samples = drive(plan(fake.url, stream=stream))
    sent = fake.seen()["seen"]
    assert len(samples) == len(sent) >= 4
    assert all(s.error == "" and 0 <= s.first_s <= s.seconds for s in samples)
    assert max(s.begun_s for s in samples) <= 2.0
    assert fake.seen()["most"] <= 4
    assert {r["prompt"] for r in sent} <= {"prompt one", "prompt two"}
    assert all(
        r.get("structured_outputs") == ({"grammar": 'start: "x"'} if r["prompt"] == "prompt two" else None)
        for r in sent
    )
    if not stream:
        assert {s.tokens for s in samples} == {4}


def test_the_mix_of_tenants_follows_the_weights(fake: Fake) -> None:
    samples = drive(plan(fake.url, users=8, tenants=(Tenant("a", weight=3), Tenant("b"))))
    assert {s.tenant for s in samples} == {"a", "b"}
    # Six users of a and two of b; how many answers each got is the machine's affair.
    assert sum(s.tenant == "a" for s in samples) > sum(s.tenant == "b" for s in samples)


def test_errors_are_counted_with_what_the_server_said(fake: Fake) -> None:
    samples = drive(plan(fake.url, tenants=(Tenant("a", model="absent"),), duration_s=1.0))
    assert {s.error for s in samples} == {"HTTP 404: The model `absent` does not exist."}
    assert level(4, samples).p50 == 0 and level(4, samples).throughput == 0


def test_a_server_that_is_not_there(fake: Fake) -> None:
    fake.kill()
    samples = drive(plan(fake.url, duration_s=1.0))
    assert {s.error for s in samples} == {"ConnectionRefusedError"}


def test_a_half_answer_is_an_error(fake: Fake) -> None:
    fake.mode(mode="half")
    assert all(s.error for s in drive(plan(fake.url, duration_s=1.0)))


def test_through_the_gateway_and_beside_it(gateway: Running) -> None:
    models = {n: t["model"] for n, t in gateway.status()["tenants"].items()}
    tenants = tuple(Tenant(n, gateway.keys[n], direct=models[n]) for n in ("acme", "bolt"))
    samples = drive(plan(gateway.url, tenants=tenants, beside=gateway.fakes[0].url))
    assert {s.error for s in samples} <= {"", "HTTP 429: This tenant may send 240 requests a minute; try again in 1 s."}
    found = level(4, [s for s in samples if not s.error])
    assert found.beside_p50 is not None and found.overhead is not None
    assert {s.beside for s in samples} == {True, False}
    assert set(found.tenants) <= {"acme", "bolt"}


def test_the_command_prints_draws_and_fails_where_a_request_failed(run: Run, fake: Fake, tmp_path: Path) -> None:
    done = run(
        "loadtest",
        "--url",
        fake.url,
        "--users",
        "1,3",
        "--duration",
        "1s",
        "--tenant",
        "a",
        "--tenant",
        "b,weight=2",
        "--max-tokens",
        "3",
        "--json",
        "--plot",
        str(tmp_path / "x.svg"),
    )
    assert done.returncode == 0, done.stderr
    table = json.loads(done.stdout)
    assert [row["users"] for row in table] == [1, 3]
    assert all(row["requests"] > 0 and row["errors"] == {} and row["p50"] <= row["p95"] <= row["p99"] for row in table)
    assert set(table[1]["tenants"]) <= {"a", "b"}
    assert ElementTree.parse(tmp_path / "x.svg").getroot().tag.endswith("svg")
    fake.mode(mode="500")
    assert run("loadtest", "--url", fake.url, "--users", "1", "--duration", "1s").returncode == 1


@pytest.mark.model
def test_the_embedded_engine(run: Run) -> None:
    done = run("loadtest", "--users", "2", "--duration", "2s", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["requests"] >= 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--url", "localhost:8000"], "is no address of a server"),
        (["--url", "http://127.0.0.1:1/v2"], "Leave the path out"),
        (["--url", "http://u:p@127.0.0.1:1"], "is no address of a server"),
        (["--users", "many"], "is no list of numbers of users"),
        (["--users", "0"], "is no list of numbers of users"),
        (["--duration", "soon"], "is no duration"),
        (["--duration", "0s"], "is no duration"),
        (["--tenant", "a,key_env=FLOWQUILL_ABSENT_KEY"], "is not set"),
        (["--tenant", "a,colour=red"], "is not understood"),
        (["--tenant", "a,weight=0"], "must be a whole number from 1"),
        (["--requests", "/nowhere"], "cannot be read"),
        (["--beside", "http://127.0.0.1:1"], "--beside goes with --url"),
    ],
)
def test_wrong_options_are_one_sentence(run: Run, arguments: list[str], says: str) -> None:
    assert says in one_sentence(run("loadtest", *arguments))


def test_requests_of_a_file(tmp_path: Path) -> None:
    catalog = load_catalog([])
    file = tmp_path / "r"
    file.write_text('mail me\n\n{"text": "call me", "prompt": "P", "grammar": "G"}\n')
    first, second = requests.read(file, catalog)
    assert first.text == "mail me" and "mail me" in first.prompt and first.grammar is None
    assert second == Ask("call me", "P", "G")
    for wrong in ('{"text": "x", "colour": 1}', '{"prompt": "x"}', "{", ""):
        file.write_text(wrong)
        with pytest.raises(LoadError):
            requests.read(file, catalog)


def test_a_plan_survives_its_way_to_the_users() -> None:
    made = plan("http://127.0.0.1:1", catalogs=("c",))
    assert plan_of(json.loads(json.dumps(made.as_table()))) == made


def test_tenants_and_addresses() -> None:
    assert tenant("a,model=m,weight=3,direct=d") == Tenant("a", "", "m", 3, "d")
    assert checked_url("http://127.0.0.1:8000/v1/") == "http://127.0.0.1:8000"


def test_figures_of_known_samples() -> None:
    samples = [Sample("a", False, n * 0.1, 0.1 * (n + 1), 0.05, 10) for n in range(10)] + [
        Sample("b", False, 0.0, 1.0, 1.0, 0, "HTTP 503: x")
    ]
    found = level(3, samples)
    assert (found.requests, found.errors) == (11, {"HTTP 503: x": 1})
    assert found.p50 == pytest.approx(550) and found.p99 == pytest.approx(991)
    # Ten good answers and a hundred tokens in the 1.9 s from the first sending to the last byte.
    assert found.throughput == pytest.approx(10 / 1.9) and found.tokens == pytest.approx(100 / 1.9)
    assert found.first_p50 == pytest.approx(50)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
def test_a_percentile_lies_among_its_values(values: list[float], share: float) -> None:
    values.sort()
    assert values[0] <= percentile(values, share) * (1 + 1e-9) + 1e-9 and percentile(values, share) <= values[-1] * (
        1 + 1e-9
    )


@pytest.mark.parametrize("counts", [[1], [1, 8, 32, 64], [4, 4]])
def test_a_chart_of_any_numbers_of_users(counts: list[int]) -> None:
    levels = [level(n, [Sample("a", False, 0, n * 0.01, 0, 5), Sample("a", False, 0, 0.5, 0, 5)]) for n in counts]
    root = ElementTree.fromstring(chart(levels, "a < b"))
    numbers = [float(v) for e in root.iter() for k, v in e.attrib.items() if k in ("x", "y", "cx", "cy")]
    assert all(-1 <= n <= 2000 for n in numbers)

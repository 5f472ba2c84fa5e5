"""The gateway's parts by themselves: settings, keys, registry, limits, choice of a replica."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import stat
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowquill.gateway.errors import GatewayError
from flowquill.gateway.flows import Place
from flowquill.gateway.keys import Keys, KeysError, editing, read_keys
from flowquill.gateway.limits import Bucket, Places
from flowquill.gateway.logs import Log
from flowquill.gateway.metrics import Metrics
from flowquill.gateway.registry import Registry, RegistryError
from flowquill.gateway.relay import Call, Relay
from flowquill.gateway.replicas import Pool, Replica, choose
from flowquill.gateway.service import Service
from flowquill.gateway.settings import Replica as Given
from flowquill.gateway.settings import Server, Settings, SettingsError, read_settings
from tests.gateway.running import point, publish

GOOD = '[[replica]]\nname = "a"\nurl = "http://127.0.0.1:8000"\n[tenant.acme]\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "tenant is missing"),
        ("x", "is no TOML"),
        (GOOD + "nonsense = 1", "the key tenant.acme.nonsense does not exist"),
        ("nonsense = 1\n" + GOOD, "the key nonsense does not exist"),
        ("[server]\nlisten = 'x'\n" + GOOD, "server.listen: must be HOST:PORT"),
        ("[server]\nmax_body_kib = 0\n" + GOOD, "server.max_body_kib"),
        ("[server]\ntls_key = 'k'\n" + GOOD, "belong together"),
        (GOOD + "adapter = 'x'", "there is no [registry]"),
        (GOOD + "adapter = '../x'", "tenant.acme.adapter"),
        (GOOD.replace("http://", "ftp://"), "replica.0.url"),
        (GOOD.replace("127.0.0.1", "user:password@host"), "replica.0.url"),
        (GOOD.replace("acme", "Acme"), "lower-case"),
        (GOOD + GOOD.replace("acme", "bolt"), "two replicas have the same name"),
        ("[tenant.acme]", "nothing could answer"),
        (GOOD + "[tenant.acme.limits]\nconcurrent = 0", "tenant.acme.limits.concurrent"),
    ],
)
def test_a_wrong_configuration_is_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "g.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_settings(tmp_path / "g.toml")
    assert says in str(caught.value) and str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "g.toml").write_text(GOOD + "grammar = 'a.lark'\n[registry]\npath = 'r'\n")
    read = read_settings(tmp_path / "g.toml")
    assert read.tenant["acme"].grammar == tmp_path / "a.lark"
    assert read.server.keys == tmp_path / "keys.json"
    assert read.registry is not None and read.registry.path == tmp_path / "r"


def test_keys_are_kept_as_hashes_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    with editing(file) as edit:
        edit.keys, key, entry = edit.keys.with_new("acme")
    assert key not in file.read_text() and key.split("-", 2)[2] not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    keys = read_keys(file)
    assert keys.tenant_of(key) == "acme"
    assert keys.tenant_of(key[:-1]) is None and keys.tenant_of(key + "x") is None
    with editing(file) as edit:
        edit.keys = edit.keys.without(entry.id)
    assert read_keys(file).tenant_of(key) is None


def test_a_key_expires() -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    keys, key, _ = Keys("00").with_new("acme", days=1, now=now)
    assert keys.tenant_of(key, now + timedelta(hours=23)) == "acme"
    assert keys.tenant_of(key, now + timedelta(hours=25)) is None


@given(st.text(max_size=80))
def test_no_text_is_a_key(text: str) -> None:
    keys, _, _ = Keys("00").with_new("acme")
    assert keys.tenant_of(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"format": 1}',
        '{"format": 1, "salt": "zz", "keys": []}',
        '{"format": 1, "salt": "", "keys": [{"x": 1}]}',
        '{"format": 9, "salt": "", "keys": []}',
    ],
)
def test_damaged_keys_are_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "k").write_text(text)
    with pytest.raises(KeysError):
        read_keys(tmp_path / "k")


def test_a_failed_edit_leaves_the_keys(tmp_path: Path) -> None:
    with editing(tmp_path / "k.json") as edit:
        edit.keys, key, _ = edit.keys.with_new("acme")
    with pytest.raises(KeysError), editing(tmp_path / "k.json") as edit:
        edit.keys = edit.keys.without("nobody")
    assert read_keys(tmp_path / "k.json").tenant_of(key) == "acme"


def test_salts_differ_by_tenant_and_by_installation() -> None:
    one, two = Keys("00"), Keys("01")
    assert len({one.cache_salt("a"), one.cache_salt("b"), two.cache_salt("a")}) == 3


def test_a_registrys_version_is_found_by_alias_and_by_name(tmp_path: Path) -> None:
    publish(tmp_path, "acme", "1")
    publish(tmp_path, "acme", "2", alias="candidate")
    registry = Registry(tmp_path, max_rank=8)
    names = [registry.resolve("acme", w).version for w in ("champion", "candidate", "1", "2")]
    assert names == ["1", "2", "1", "2"]
    point(tmp_path, "acme", "2")
    assert registry.resolve("acme", "champion").model.startswith("acme.2.")


@pytest.mark.parametrize("name", ["..", "../acme", "a/b", "", "a b", "-x", "x" * 100, "acme\n"])
def test_a_registrys_names_lead_nowhere_else(tmp_path: Path, name: str) -> None:
    publish(tmp_path / "in", "acme", "1")
    with pytest.raises(RegistryError):
        Registry(tmp_path / "in", max_rank=8).resolve(name, "champion")
    with pytest.raises(RegistryError):
        Registry(tmp_path / "in", max_rank=8).resolve("acme", name)


def test_what_a_registry_turns_away(tmp_path: Path) -> None:
    def refused(version: str) -> str:
        with pytest.raises(RegistryError) as caught:
            Registry(tmp_path, max_rank=8).resolve("acme", version)
        return str(caught.value)

    publish(tmp_path, "acme", "rank", rank=16)
    assert "has rank 16" in refused("rank")
    extra = publish(tmp_path, "acme", "extra")
    (extra / "code.py").write_text("x")
    assert "which its card does not name" in refused("extra")
    gone = publish(tmp_path, "acme", "gone")
    (gone / "adapter_model.safetensors").unlink()
    assert "is missing" in refused("gone")
    away = publish(tmp_path, "acme", "away")
    card = json.loads((away / "card.json").read_text())
    card["files"]["../../../secret"] = "0" * 64
    (away / "card.json").write_text(json.dumps(card))
    assert "outside its folder" in refused("away")
    (tmp_path / "secret").write_text("x")
    link = publish(tmp_path / "other", "acme", "link")
    weights = link / "adapter_model.safetensors"
    weights.unlink()
    weights.symlink_to(tmp_path / "secret")
    with pytest.raises(RegistryError):
        Registry(tmp_path / "other", max_rank=8).resolve("acme", "link")
    assert "no version nothing" in refused("nothing")


def trained(root: Path, number: int, *, language: bool) -> Path:
    """A version as `train tenant` lays it out: numbered, with a model for the embedded engine, and an adapter for vLLM where asked."""
    folder = root / "acme" / "versions" / f"{number:04d}"
    (folder / "model").mkdir(parents=True)
    (folder / "catalog").mkdir()
    (folder / "catalog" / "erp.json").write_text("{}")
    (folder / "model" / "decoder.onnx").write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    (folder / "model" / "manifest.json").write_text(json.dumps({"name": "m", "files": {"decoder.onnx": digest}}))
    (folder / "card.json").write_text(json.dumps({"format": 1, "tenant": "acme", "version": number, "base": {}}))
    if language:
        adapter = folder / "adapter"
        adapter.mkdir()
        (adapter / "adapter_config.json").write_text('{"r": 8}')
        (adapter / "adapter_model.safetensors").write_bytes(b"x")
        files = {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in adapter.iterdir()}
        (adapter / "manifest.json").write_text(json.dumps({"format": 1, "files": files}))
    (root / "acme" / "aliases.json").write_text(
        json.dumps({"format": 1, "champion": number, "candidate": number, "former": [1]})
    )
    return folder


@pytest.mark.parametrize("language", [True, False])
def test_versions_as_the_training_room_publishes_them(tmp_path: Path, language: bool) -> None:
    folder = trained(tmp_path, 2, language=language)
    found = Registry(tmp_path, max_rank=8).resolve("acme", "champion")
    assert (found.folder, found.embedded) == (folder, folder / "model")
    assert found.language == (folder / "adapter" if language else None)
    assert found.catalogs == (folder / "catalog" / "erp.json",)
    assert found.model.startswith("acme.2.")
    for alias in ("format", "former"):
        with pytest.raises(RegistryError):
            Registry(tmp_path, max_rank=8).resolve("acme", alias)


def test_a_damaged_model_of_a_version_is_refused(tmp_path: Path) -> None:
    (trained(tmp_path, 1, language=False) / "model" / "decoder.onnx").write_bytes(b"other")
    with pytest.raises(RegistryError, match="is damaged"):
        Registry(tmp_path, max_rank=8).resolve("acme", "champion")


def test_a_damaged_adapter_of_a_version_is_refused(tmp_path: Path) -> None:
    (trained(tmp_path, 1, language=True) / "adapter" / "adapter_model.safetensors").write_bytes(b"other")
    with pytest.raises(RegistryError, match="differs from its card's hash"):
        Registry(tmp_path, max_rank=8).resolve("acme", "champion")


async def test_each_tenant_is_answered_with_its_own_models_connectors_and_examples(tmp_path: Path) -> None:
    """The embedded side of a roll-out and of the way back, without opening an engine."""
    folder = trained(tmp_path / "registry", 1, language=False)
    (folder / "examples.jsonl").write_text("")
    config = '[embedded]\nenabled = true\n[registry]\npath = "registry"\n[tenant.acme]\nadapter = "acme"\n[tenant.bolt]\nexamples = "bolt"\n'
    (tmp_path / "g.toml").write_text(config)
    with editing(tmp_path / "keys.json") as edit:
        edit.keys, _, _ = edit.keys.with_new("acme")
    service = Service(tmp_path / "g.toml")
    clients = service.tenants.clients
    assert service.rollout is not None
    await service.rollout.step()
    theirs = Place((folder / "catalog" / "erp.json",), True, folder / "model", folder)
    assert service.place(clients["acme"]) == theirs
    assert service.place(clients["bolt"]) == Place((), True, None, tmp_path / "bolt")
    with pytest.raises(GatewayError) as caught:
        service.serving(clients["acme"])
    assert caught.value.status == 404
    newer = trained(tmp_path / "registry", 2, language=False)
    await service.rollout.step()
    assert service.place(clients["acme"]).model == newer / "model"
    (tmp_path / "registry" / "acme" / "aliases.json").write_text('{"format": 1, "champion": 1}')
    await service.rollout.step()
    assert service.place(clients["acme"]) == theirs


def test_a_published_version_never_changes(tmp_path: Path) -> None:
    folder = publish(tmp_path, "acme", "1")
    registry = Registry(tmp_path, max_rank=8)
    registry.resolve("acme", "1")
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "base": "another"}))
    with pytest.raises(RegistryError, match="was changed after it was published"):
        registry.resolve("acme", "1")


def test_a_bucket_fills_with_time() -> None:
    now = [0.0]
    bucket = Bucket(2.0, 3, lambda: now[0])
    assert [bucket.take() for _ in range(3)] == [0, 0, 0]
    assert bucket.take() == pytest.approx(0.5)
    now[0] = 0.5
    assert bucket.take() == 0 and bucket.take() > 0
    now[0] = 1000.0
    assert [bucket.take() > 0 for _ in range(4)] == [False, False, False, True]


async def test_places_pass_on_in_order_and_survive_who_gives_up() -> None:
    places = Places(1, 3, 60)
    order: list[int] = []

    async def user(number: int) -> None:
        async with places.place():
            order.append(number)
            await asyncio.sleep(0)

    async with places.place():
        waiting = [asyncio.create_task(user(n)) for n in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(GatewayError) as caught:
            async with places.place():
                pass
        assert caught.value.status == 429
        waiting[1].cancel()
        await asyncio.sleep(0)
    await asyncio.gather(*waiting, return_exceptions=True)
    assert order == [0, 2] and places.taken == 0 and places.queued == 0


async def test_waiting_for_a_place_has_an_end() -> None:
    places = Places(1, 3, 0.01)
    async with places.place():
        with pytest.raises(GatewayError):
            async with places.place():
                pass
        assert places.queued == 0
    assert places.taken == 0


def replicas(*loads: int, loaded: str = "m", slots: int = 2) -> list[Replica]:
    made = [
        Replica(Given(name=f"r{n}", url="http://127.0.0.1:1", adapter_slots=slots), Server()) for n in range(len(loads))
    ]
    for replica, load in zip(made, loads, strict=True):
        replica.up = True
        replica.loaded = {loaded}
        if load:
            replica.running["m"] = load
    return made


def test_the_least_loaded_replica_is_chosen() -> None:
    some = replicas(3, 1, 2)
    assert choose(some, "m", base=False) is some[1]
    assert choose(some, "m", base=False, avoid=[some[1]]) is some[2]


def test_a_replica_that_is_down_or_lacks_the_adapter_is_not_chosen() -> None:
    some = replicas(3, 1, 2)
    some[1].up = False
    some[2].loaded.clear()
    assert choose(some, "m", base=False) is some[0]
    assert choose(some, "base", base=True) is some[2]
    assert choose(some, "other", base=False) is None


def test_an_adapter_goes_where_it_need_not_wait_for_a_slot() -> None:
    some = replicas(0, 4)
    some[0].running.update({"x": 1, "y": 2})
    assert choose(some, "m", base=False) is some[1]
    assert choose(some, "m", base=True) is some[0]


def test_of_equal_replicas_the_one_that_served_the_adapter_last() -> None:
    some = replicas(0, 0, 0)
    some[2].recent = "m"
    assert choose(some, "m", base=False) is some[2]


async def relayed(
    *answers: httpx.Response | Exception, stream: bool = False
) -> tuple[list[dict[str, Any]], Pool, Call]:
    """What a client gets from one replica that gives these answers in turn; the error's status and text where none began."""
    text = '[[replica]]\nname = "r"\nurl = "http://127.0.0.1:1"\n[tenant.acme]\n'
    given = Settings.model_validate(tomllib.loads(text))
    pool = Pool(given, Log(io.StringIO()), Metrics())
    replica = pool.replicas[0]
    replica.up = True
    turn = iter(answers)

    def answer(_: httpx.Request) -> httpx.Response:
        now = next(turn)
        if isinstance(now, Exception):
            raise now
        return now

    replica.client = httpx.AsyncClient(base_url=replica.url, transport=httpx.MockTransport(answer))
    call = Call("/v1/completions", b"{}", "flowquill", True, stream, 5.0, "id", 0.0)
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    try:
        await Relay(pool).run(call, receive, send)
    except GatewayError as error:
        sent.append({"status": error.status, "text": error.message})
    await replica.client.aclose()
    return sent, pool, call


async def test_a_connection_that_was_closed_in_the_moment_of_sending_is_no_dead_replica() -> None:
    good = httpx.Response(200, json={"choices": []})
    sent, pool, call = await relayed(httpx.RemoteProtocolError("Server disconnected"), good)
    assert sent[0]["status"] == 200 and call.tries == 2
    assert pool.replicas[0].up


async def test_a_replica_that_breaks_off_twice_is_taken_out() -> None:
    sent, pool, _ = await relayed(httpx.ReadError("reset"), httpx.ReadError("reset"))
    assert sent == [
        {
            "status": 503,
            "text": "The model's servers did not answer; try again shortly, or use the embedded engine meanwhile.",
        }
    ]
    assert not pool.replicas[0].up


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>", headers={"content-type": "text/html"}),
        httpx.Response(200, content=b"{", headers={"content-type": "application/json"}),
        httpx.Response(200, content=b"", headers={"content-type": "text/event-stream"}),
        httpx.Response(500, json={}),
        httpx.Response(401, json={}),
        httpx.Response(429, json={}),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
    ],
)
async def test_an_answer_that_is_none_becomes_one_sentence(answer: httpx.Response | Exception) -> None:
    stream = isinstance(answer, httpx.Response) and answer.headers["content-type"] == "text/event-stream"
    sent, _, _ = await relayed(answer, stream=stream)
    assert [m.get("status") for m in sent] == [503]


async def test_what_vllm_says_of_a_request_is_passed_on() -> None:
    sent, pool, _ = await relayed(httpx.Response(400, json={"error": {"message": "too long"}}))
    assert sent[0]["status"] == 400 and b"too long" in sent[1]["body"]
    assert pool.replicas[0].up

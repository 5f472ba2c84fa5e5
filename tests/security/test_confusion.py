"""Attempts by requests that one reader takes for another tenant's, or for two: headers, lengths, fields and keys of JSON."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from tests.gateway.running import Running, prepare

PATH = "/v1/completions"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    much = "requests_per_minute = 1000000\nburst = 100000\n"
    tenants = "".join(f'[tenant.{n}]\n{a}[tenant.{n}.limits]\n{much}' for n, a in (("acme", 'adapter = "acme"\n'), ("bolt", 'adapter = "bolt"\n'), ("corn", "")))
    made = prepare(tmp_path_factory.mktemp("confusion"), replicas=1, tenants=tenants)
    try:
        made.start()
        yield made
    finally:
        made.close()


def raw(running: Running, data: bytes, *, patience_s: float = 5.0) -> bytes:
    """All that the gateway answers to these bytes on one connection."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=patience_s) as line:
        line.sendall(data)
        answer = b""
        try:
            while piece := line.recv(65_536):
                answer += piece
        except (TimeoutError, ConnectionResetError):
            pass
    return answer


def said(lines: Sequence[bytes], body: bytes, *, start: bytes = b"POST /v1/completions HTTP/1.1") -> bytes:
    return b"\r\n".join([start, b"Host: gateway", b"Content-Type: application/json", *lines, b"", body])


def body(marker: str, **fields: object) -> bytes:
    return json.dumps({"prompt": marker, "max_tokens": 1, **fields}).encode()


def arrived(running: Running, marker: str) -> list[dict[str, Any]]:
    """What the replica got with this prompt."""
    return [r for r in running.fakes[0].seen()["seen"] if r.get("prompt") == marker]


def of_acme(running: Running, marker: str) -> bool:
    """Whether the request came through once, with acme's adapter and salt."""
    found = arrived(running, marker)
    own = f"own {marker}"
    assert running.ask("acme", prompt=own, max_tokens=1).status_code == 200
    mine = arrived(running, own)[0]
    return [(r["model"], r["cache_salt"]) for r in found] == [(mine["model"], mine["cache_salt"])]


def bearer(running: Running, tenant: str) -> bytes:
    return f"Bearer {running.keys[tenant]}".encode()


def test_two_keys_in_two_headers(running: Running) -> None:
    """Neither order, nor the same key twice, nor another spelling of the header's name lets one of them count."""
    acme, bolt = bearer(running, "acme"), bearer(running, "bolt")
    for first, second in ((acme, bolt), (bolt, acme), (acme, acme), (acme, b""), (b"Basic eDp5", acme)):
        for name in (b"Authorization: ", b"AUTHORIZATION: ", b"authorization:"):
            data = body("two headers")
            lines = [b"Authorization: " + first, name + second, b"Content-Length: %d" % len(data), b"Connection: close"]
            assert raw(running, said(lines, data)).startswith(b"HTTP/1.1 401")
    assert not arrived(running, "two headers")


def test_two_keys_in_one_header(running: Running) -> None:
    acme, bolt = bearer(running, "acme"), bearer(running, "bolt")
    for joined in (acme + b", " + bolt, acme + b"," + bolt, acme + b" " + bolt, acme + b";" + bolt, b"Bearer " + acme, b"Basic x, " + acme, acme + b", realm=bolt"):
        answer = httpx.post(running.url + PATH, content=body("one header"), headers={"authorization": joined}, trust_env=False)
        assert answer.status_code == 401
    assert not arrived(running, "one header")


@pytest.mark.parametrize("tail", [b"\x00", b"\x00\x00bolt", b"\x0b", b"\x0c", b"\x1c", b"\x85", b"\xa0", b"\xc2\xa0", b"\xe2\x80\x8b", b"%00", b"\\0", b"\r", b"\n", b"\r\n\tx", b"\r\n x"])
def test_a_key_with_more_behind_it(running: Running, tail: bytes) -> None:
    data = body("tail")
    lines = [b"Authorization: " + bearer(running, "acme") + tail, b"Content-Length: %d" % len(data), b"Connection: close"]
    answer = raw(running, said(lines, data))
    assert answer.startswith((b"HTTP/1.1 401", b"HTTP/1.1 400"))
    assert not arrived(running, "tail")


def test_blanks_around_a_key_are_of_http_and_no_part_of_it(running: Running) -> None:
    data = body("blanks")
    lines = [b"Authorization: \t " + bearer(running, "acme") + b" \t", b"Content-Length: %d" % len(data), b"Connection: close"]
    assert raw(running, said(lines, data)).startswith(b"HTTP/1.1 200")
    assert of_acme(running, "blanks")


@pytest.mark.parametrize("name", [b"Authorization : ", b" Authorization: ", b"Authorization\x00: ", b"X-Authorization: ", b"Proxy-Authorization: ", b"Cookie: authorization=", b"Authorization_: ", b"X-Api-Key: "])
def test_a_key_under_another_name(running: Running, name: bytes) -> None:
    data = body("other name")
    lines = [name + bearer(running, "acme"), b"Content-Length: %d" % len(data), b"Connection: close"]
    assert raw(running, said(lines, data)).startswith((b"HTTP/1.1 401", b"HTTP/1.1 400"))
    assert not arrived(running, "other name")


@pytest.mark.parametrize(
    "lengths",
    [
        ["Content-Length: {n}", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: {n}"],
        ["Transfer-Encoding: chunked", "Content-Length: 4"],
        ["Content-Length: {n}", "Transfer-Encoding : chunked"],
        ["Content-Length: {n}", "Transfer-Encoding: xchunked"],
        ["Content-Length: {n}", "Transfer-Encoding: chunked, identity"],
        ["Content-Length: {n}", "Transfer-Encoding:\x0bchunked"],
        ["Content-Length: {n}", "Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
        ["Content-Length: {n}", "Content-Length: 5"],
        ["Content-Length: 5", "Content-Length: {n}"],
        ["Content-Length: {n}, 5"],
        ["Content-Length: +{n}"],
        ["Content-Length: 0x10"],
        ["Content-Length: -1"],
        ["Content-Length: 99999999999999999999999"],
    ],
)
def test_a_request_hidden_in_another(running: Running, lengths: list[str]) -> None:
    """Two lengths, of which a proxy before the gateway would have taken the other: nothing behind the first request is answered."""
    hidden_body = body("hidden")
    hidden = said([b"Authorization: " + bearer(running, "bolt"), b"Content-Length: %d" % len(hidden_body)], hidden_body)
    first = b"0\r\n\r\n" + hidden
    lines = [b"Authorization: " + bearer(running, "acme"), *(line.format(n=len(first)).encode("latin-1") for line in lengths)]
    answer = raw(running, said(lines, first), patience_s=2.0)
    assert answer.count(b"HTTP/1.1 ") <= 1 and b" 200 " not in answer.split(b"\r\n")[0]
    assert not arrived(running, "hidden")


@pytest.mark.parametrize("chunk", [b"5;\n{}\r\nhello\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n", b"5\r\nhello0\r\n\r\n", b"5 \r\nhello\n0\n\n"])
def test_chunks_that_readers_split_differently(running: Running, chunk: bytes) -> None:
    hidden_body = body("in chunks")
    hidden = said([b"Authorization: " + bearer(running, "bolt"), b"Content-Length: %d" % len(hidden_body)], hidden_body)
    answer = raw(running, said([b"Authorization: " + bearer(running, "acme"), b"Transfer-Encoding: chunked"], chunk + hidden), patience_s=2.0)
    assert answer.count(b"HTTP/1.1 ") <= 1 and not arrived(running, "in chunks")


def test_headers_that_would_pick_a_tenant_or_a_path(running: Running) -> None:
    theirs = running.status()["tenants"]["bolt"]["model"]
    given = {
        "x-tenant": "bolt", "x-tenant-id": "bolt", "tenant": "bolt", "x-user": "bolt", "x-forwarded-user": "bolt", "x-remote-user": "bolt", "remote-user": "bolt",
        "x-forwarded-for": "127.0.0.1", "x-forwarded-host": "bolt", "x-forwarded-proto": "https", "x-forwarded-prefix": "/status", "forwarded": "for=127.0.0.1;host=bolt",
        "x-real-ip": "127.0.0.1", "x-original-url": "/status", "x-rewrite-url": "/metrics", "x-http-method-override": "GET", "x-model": theirs, "model": theirs,
        "openai-organization": "bolt", "openai-project": "bolt", "host": "bolt", "cookie": "tenant=bolt", "x-request-id": "chosen", "connection": "authorization",
        "x-data-parallel-rank": "0", "x-cache-salt": "shared", "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "expect": "100-continue",
    }  # fmt: skip
    answer = httpx.post(running.url + PATH, content=body("many headers"), headers={**running.headers("acme"), **given}, trust_env=False)
    assert answer.status_code == 200 and "adapters" not in answer.text and answer.headers["x-request-id"] != "chosen"
    assert of_acme(running, "many headers")
    without = httpx.post(running.url + PATH, content=body("no key"), headers=given, trust_env=False)
    assert without.status_code == 401


@pytest.mark.parametrize("target", ["http://127.0.0.1:1/v1/completions", "http://bolt@gateway/v1/completions", "/v1/completions?tenant=bolt&model=bolt&key=x", "/v1/completions#/status"])
def test_targets_that_name_another_host_or_tenant(running: Running, target: str) -> None:
    data = body(target)
    lines = [b"Authorization: " + bearer(running, "acme"), b"Content-Length: %d" % len(data), b"Connection: close"]
    answer = raw(running, said(lines, data, start=f"POST {target} HTTP/1.1".encode()))
    assert answer.split(b" ", 2)[1] in (b"200", b"400", b"404")
    assert not arrived(running, target) or of_acme(running, target)


@pytest.mark.parametrize("path", ["/v1/../status", "/v1/%2e%2e/status", "//status", "/v1//completions", "/V1/completions", "/v1/completions/", "/v1/completions;/../../status", "/v1/completions%00", "/v1/completions%2f..%2f..%2fmetrics", "/v1\\completions", "/./v1/completions"])
def test_paths_that_lead_elsewhere(running: Running, path: str) -> None:
    data = body("path")
    lines = [b"Authorization: " + bearer(running, "acme"), b"Content-Length: %d" % len(data), b"Connection: close"]
    assert raw(running, said(lines, data, start=f"POST {path} HTTP/1.1".encode())).split(b" ", 2)[1] in (b"400", b"404", b"405")
    assert not arrived(running, "path")


@pytest.mark.parametrize("order", [("bolt", "acme"), ("acme", "bolt")])
def test_a_model_named_twice(running: Running, order: tuple[str, str]) -> None:
    """Whichever counts, the replica gets one, and it is the key's own."""
    marker = f"twice {order}"
    data = f'{{"model": "{order[0]}", "prompt": "{marker}", "max_tokens": 1, "model": "{order[1]}", "\\u006dodel": "{order[1]}"}}'.encode()
    answer = httpx.post(running.url + PATH, content=data, headers=running.headers("acme"), trust_env=False)
    assert answer.status_code in (200, 400, 404)
    assert not arrived(running, marker) or of_acme(running, marker)


def test_a_field_allowed_first_and_forbidden_second(running: Running) -> None:
    for data in (b'{"prompt": "f", "cache_salt": null, "cache_salt": "x"}', b'{"prompt": "f", "cach\\u0065_salt": "x"}', b'{"prompt": "f", "cache_salt": "x", "model": "bolt", "model": "acme"}', b'{"prompt": "f", "CACHE_SALT": "x"}', b'{"prompt": "f", "cache_salt ": "x"}'):
        assert httpx.post(running.url + PATH, content=data, headers=running.headers("acme"), trust_env=False).status_code == 400
    assert not arrived(running, "f")


@pytest.mark.parametrize("disguise", ["{}", "{} ", " {}", "{}\n", "{}\x00", "BOLT", "ｂｏｌｔ", "b\u043elt", "b\u200bolt", "./{}", "acme,{}", "acme:{}", "flowquill/{}"])
def test_another_tenants_model_in_disguise(running: Running, disguise: str) -> None:
    for name in ("bolt", running.status()["tenants"]["bolt"]["model"]):
        answer = running.ask("acme", model=disguise.format(name), prompt="disguise", max_tokens=1)
        assert answer.status_code == 404 and answer.json()["error"]["message"].endswith("name one of acme, flowquill.")
    assert not arrived(running, "disguise")


FIELDS: dict[str, object] = {
    "cache_salt": "x", "lora_request": {"lora_name": "bolt", "lora_int_id": 2, "lora_path": "/"}, "lora_name": "bolt", "guided_json": {"type": "object"}, "guided_regex": "(a+)+$",
    "guided_grammar": 'start: "x"', "guided_choice": ["a"], "guided_decoding_backend": "outlines", "guided_whitespace_pattern": "(a+)+", "prompt_token_ids": [1, 2, 3], "prompt_embeds": "gASVAA==",
    "kv_transfer_params": {"do_remote_prefill": True, "remote_host": "169.254.169.254", "remote_block_ids": [0]}, "ec_transfer_params": {}, "vllm_xargs": {"a": "b"}, "extra_body": {"cache_salt": "x"},
    "extra_args": {}, "extra_headers": {"x": "y"}, "extra_query": {"a": "b"}, "logits_processors": ["os.system"], "logit_bias": {"1": 100}, "allowed_token_ids": [1], "bad_words": ["x"], "min_tokens": 9,
    "prompt_logprobs": 5, "return_token_ids": True, "return_tokens_as_token_ids": True, "truncate_prompt_tokens": -1, "add_special_tokens": False, "ignore_eos": True, "use_beam_search": True,
    "priority": -1, "request_id": "x", "data_parallel_rank": 1, "chat_template": "{{ 1 }}", "chat_template_kwargs": {}, "documents": [{}], "mm_processor_kwargs": {}, "media_io_kwargs": {},
    "suffix": "x", "service_tier": "priority", "parallel_tool_calls": True, "tool_choice": "auto", "functions": [], "response_format": {"type": "json_object"}, "reasoning_effort": "high",
    "repetition_detection": {}, "thinking_token_budget": 1, "__proto__": {"model": "bolt"}, "": 1, "model.": "bolt", "Model": "bolt",
}  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("path", [PATH, "/v1/chat/completions"])
def test_fields_of_vllm_beside_openais(running: Running, path: str, field: str) -> None:
    answer = running.ask("corn", path, **{field: FIELDS[field]})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == f"The field {field} is not passed on; leave it out."


@pytest.mark.parametrize("rules", [{"structural_tag": "{}"}, {"grammar": "x", "disable_any_whitespace": True}, {"_backend": "outlines"}, {"json_object": True, "whitespace_pattern": "(a+)+$"}, {"Grammar": "x"}, ["grammar"], "grammar"])
def test_what_stands_beside_a_grammar(rules: object) -> None:
    from flowquill.gateway import checks
    from flowquill.gateway.errors import GatewayError
    from flowquill.gateway.settings import Limits

    table = {"prompt": "x", "structured_outputs": rules}
    with pytest.raises(GatewayError, match="structured_outputs"):
        checks.prepare(checks.TEXT, table, Limits(), names=frozenset(["flowquill"]), model="m", salt="s", grammar=None)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" + "0" * 400, "9" * 5000])
@pytest.mark.parametrize("field", ["temperature", "top_k", "max_tokens", "logprobs"])
def test_numbers_that_are_none(running: Running, field: str, number: str) -> None:
    """Python reads them, and writes them on as no JSON; what a replica makes of them would be everybody's trouble."""
    from flowquill.gateway import checks
    from flowquill.gateway.errors import GatewayError
    from flowquill.gateway.settings import Limits

    for data in (f'{{"prompt": "n", "{field}": {number}}}', f'{{"prompt": "n", "structured_outputs": {{"json": {{"maximum": {number}}}}}}}'):
        if "maximum" in data and number.startswith("1") and "e" not in number:
            continue
        with pytest.raises(GatewayError) as caught:
            checks.prepare(checks.TEXT, checks.parse(data.encode()), Limits(), names=frozenset(["flowquill"]), model="m", salt="s", grammar=None)
        assert caught.value.status == 400

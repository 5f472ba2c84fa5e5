"""The real vLLM: the same bytes as transformers with llguidance, nothing made up, cancelled requests freed. FLOWQUILL_EQUAL and FLOWQUILL_MADE_UP: how many."""

from __future__ import annotations

import os
import random
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("faiss")

from flowquill.generation.engines.local import LocalServer, served_name
from flowquill.generation.engines.settings import EngineSettings
from flowquill.generation.prompt import build
from flowquill.generation.request import Cancelled
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.check import check
from flowquill.grammar.decoding import Scene, decoding_grammar
from flowquill.grammar.spelling import read
from tests.engines import real
from tests.engines.tiny_model import Greedy

EQUAL = int(os.environ.get("FLOWQUILL_EQUAL", "10"))
MADE_UP = int(os.environ.get("FLOWQUILL_MADE_UP", "20"))
RULED_OUT = {"FQ002", "FQ003", "FQ004", "FQ006", "FQ008", "FQ009", "FQ022", "FQ023"}


def question(seed: int, catalog: Catalog) -> tuple[str, str]:
    """A prompt and its grammar."""
    rng = random.Random(seed)
    operations = tuple(rng.sample(list(catalog.operations()), 8))
    text = f"when {rng.choice(['an order', 'a mail', 'a file'])} arrives, {rng.choice(operations).title.lower()} and tell EMAIL_1 about invoice {rng.randint(2, 99)}"
    return build(text, operations).text, decoding_grammar(Scene(text, operations, (5, 9)), catalog)


def answer(server: LocalServer, model: str, prompt: str, grammar: str, *, temperature: float = 0.0) -> tuple[str, str]:
    body = {"model": model, "prompt": prompt, "max_tokens": real.TOKENS, "temperature": temperature, "stream": True, "logprobs": 1, "structured_outputs": {"grammar": grammar}}
    found = server.wire(lambda: False, 300).complete("completions", body, cancelled=lambda: False, within=300)[0]
    return found.text, found.reason


@pytest.mark.parametrize("adapter", [False, True])
def test_the_same_bytes_as_transformers_and_llguidance(vllm: LocalServer, vllm_settings: EngineSettings, catalog: Catalog, adapter: bool) -> None:
    folder = Path(vllm_settings.adapters[0].partition("=")[2]) if adapter else None
    greedy = Greedy(Path(vllm_settings.model), folder)
    model = "tenant" if adapter else served_name(vllm_settings)
    different = []
    for seed in range(max(1, EQUAL // 4) if adapter else EQUAL):
        prompt, grammar = question(seed, catalog)
        expected, (got, _) = greedy.write(prompt, grammar, real.TOKENS), answer(vllm, model, prompt, grammar)
        if got != expected:
            different.append((seed, expected, got))
    assert not different, f"{len(different)} of {EQUAL} differ: {different[0]}"


@pytest.mark.parametrize("model", ["base", "tenant"])
def test_nothing_unparsed_and_nothing_made_up(vllm: LocalServer, vllm_settings: EngineSettings, catalog: Catalog, model: str) -> None:
    name = served_name(vllm_settings) if model == "base" else model
    ended = 0
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda seed: answer(vllm, name, *question(seed, catalog), temperature=1.0), range(MADE_UP)))
    for text, reason in answers:
        if reason == "length":
            # Cut off by the limit of tokens; what was written up to there is a prefix and no flow.
            text = text.rpartition("\n")[0]
            assert not [d for d in check(read(text), catalog) if d.code in RULED_OUT], text
            continue
        ended += 1
        parsed = read(text)
        assert not parsed.errors, text
        assert not [d for d in check(parsed, catalog) if d.code in RULED_OUT], text
    print(f"{ended} of {MADE_UP} ended within {real.TOKENS} tokens")
    assert ended, "none came to its end, so nothing was tested whole"


def test_a_cancelled_request_is_freed(vllm: LocalServer, vllm_settings: EngineSettings, catalog: Catalog) -> None:
    wire = vllm.wire(lambda: False, 300)
    body = {"model": served_name(vllm_settings), "prompt": "x", "max_tokens": 1500, "ignore_eos": True, "stream": True}
    stop = threading.Event()

    def run() -> None:
        with pytest.raises(Cancelled):
            wire.complete("completions", body, cancelled=stop.is_set, within=300)

    caller = threading.Thread(target=run)
    caller.start()
    wait_for(lambda: running(vllm) == 1)
    stop.set()
    began = time.monotonic()

    def freed() -> bool:
        # vLLM counts anew with each step only; a request of one token makes one.
        wire.complete("completions", {**body, "max_tokens": 1}, cancelled=lambda: False, within=300)
        return running(vllm) == 0

    wait_for(freed)
    print(f"freed after {1000 * (time.monotonic() - began):.0f} ms")
    caller.join(60)


def running(server: LocalServer) -> int:
    """The requests vLLM is decoding, as its metrics say."""
    url = server.wire(lambda: False, 60).address.url.removesuffix("/v1") + "/metrics"
    with urllib.request.urlopen(url, timeout=60) as response:
        for line in response.read().decode().splitlines():
            if line.startswith("vllm:num_requests_running"):
                return int(float(line.rsplit(" ", 1)[1]))
    raise AssertionError("vLLM names no such figure")


def wait_for(condition: object) -> None:
    end = time.monotonic() + 120
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def test_another_server_does_not_take_our_key(vllm: LocalServer) -> None:
    address = replace(vllm.wire(lambda: False, 60).address, key="wrong", key_variable="FLOWQUILL_API_KEY")
    from flowquill.generation.engines.wire import ServerError, Wire

    other = Wire(address)
    with pytest.raises(ServerError, match="refuses the key"):
        other.models()
    other.close()

"""The chain: the next engine answers where one is down or slow, within one budget, and the result says which did."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from flowquill.generation.engine import Hypothesis, Task
from flowquill.generation.engines.fallback import FallbackEngine
from flowquill.generation.pipeline import Generator
from flowquill.generation.request import Cancelled, GenerationError, Request
from flowquill.grammar.catalog import Catalog
from tests.generation.fake import FakeEngine


@dataclass
class Broken:
    """Fails, or thinks for ever."""

    why: str = "It is down."
    slow: bool = False
    name: str = "vllm"
    model: str = "m"
    asked: int = 0

    def decode(self, task: Task, *, width: int, cancelled: Callable[[], bool]) -> list[Hypothesis]:
        self.asked += 1
        while self.slow:
            if cancelled():
                raise Cancelled
            time.sleep(0.001)
        raise GenerationError(self.why)


def test_the_next_engine_answers_and_the_result_says_so(catalog: Catalog) -> None:
    broken = Broken()
    chain = FallbackEngine((broken, FakeEngine(name="embedded")), 60)
    generation = Generator(catalog, chain).generate(Request("fetch the tickets"))
    assert (generation.engine, generation.model) == ("embedded", "script")
    assert chain.skipped == ("It is down.",)
    assert broken.asked == 1


def test_a_slow_engine_leaves_time_to_the_next(catalog: Catalog) -> None:
    chain = FallbackEngine((Broken(slow=True), FakeEngine(name="embedded")), 0.05)
    assert Generator(catalog, chain).generate(Request("fetch the tickets")).engine == "embedded"
    assert chain.skipped == ("The engine vllm took too long.",)


def test_the_first_engine_is_asked_first_again(catalog: Catalog) -> None:
    first = FakeEngine(name="vllm")
    chain = FallbackEngine((first, Broken()), 60)
    assert Generator(catalog, chain).generate(Request("fetch the tickets")).engine == "vllm"
    assert chain.skipped == ()


def test_the_last_engines_reason_is_the_reason(catalog: Catalog) -> None:
    chain = FallbackEngine((Broken("It is down."), Broken("No model here.")), 60)
    with pytest.raises(GenerationError, match=r"No model here\."):
        Generator(catalog, chain).generate(Request("fetch the tickets"))


def test_taking_the_request_back_ends_the_chain(catalog: Catalog) -> None:
    second = FakeEngine()
    chain = FallbackEngine((Broken(slow=True), second), 60)
    began = time.monotonic()
    with pytest.raises(Cancelled):
        chain.decode(Task("fetch the tickets", catalog), width=1, cancelled=lambda: time.monotonic() > began + 0.05)
    assert second.seen == []

"""Engines in order within one request's budget: where the first is down or slow, the next answers, and the result says which did."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from time import monotonic

from flowquill.generation.engine import Engine, Hypothesis, Task
from flowquill.generation.request import Cancelled, GenerationError

RESERVE = 0.3
"""The share of the time left that an engine must leave to those behind it."""
log = logging.getLogger(__name__)


class FallbackEngine:
    """Asks its engines in turn. `name` and `model` are those of the engine that answered last."""

    def __init__(self, engines: Sequence[Engine], budget: float) -> None:
        """`budget`: seconds for one request over all engines."""
        if not engines:
            raise ValueError("a chain needs an engine")
        self.engines = tuple(engines)
        self.budget = budget
        self._last = self.engines[0]
        self.skipped: tuple[str, ...] = ()
        """Why the engines before the one that answered did not, each in a sentence."""

    @property
    def name(self) -> str:
        return self._last.name

    @property
    def model(self) -> str:
        return self._last.model

    def decode(self, task: Task, *, width: int, cancelled: Callable[[], bool]) -> list[Hypothesis]:
        """The hypotheses of the first engine that has any. Raises Cancelled, and the last engine's GenerationError."""
        until = monotonic() + self.budget
        skipped: list[str] = []
        for place, engine in enumerate(self.engines):
            last = place == len(self.engines) - 1
            limit = until if last else monotonic() + (until - monotonic()) * (1 - RESERVE)

            def over(limit: float = limit, last: bool = last) -> bool:
                return cancelled() or (not last and monotonic() > limit)

            try:
                found = engine.decode(task, width=width, cancelled=over)
                if not found:
                    raise GenerationError("The model found no flow for this request; say it in other words.")
            except Cancelled:
                if cancelled() or last:
                    raise
                skipped.append(f"The engine {engine.name} took too long.")
            except GenerationError as error:
                if last:
                    raise
                skipped.append(str(error))
            else:
                self._last, self.skipped = engine, tuple(skipped)
                return found
            log.warning("engine %s gave no answer, the next is asked: %s", engine.name, skipped[-1])
        raise AssertionError("the last engine answers or raises")

    def close(self) -> None:
        """Closes every engine that can be closed."""
        for engine in self.engines:
            close = getattr(engine, "close", None)
            if close is not None:
                close()

"""The language server with an engine that fails when the request says so, or with a clock on the wall that jumps."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from flowquill.cli.main import main
from flowquill.generation import pipeline
from flowquill.generation.engine import Hypothesis, Task
from flowquill.generation.pipeline import Generator
from flowquill.grammar.catalog import Catalog
from tests.generation.fake import FakeEngine

YEAR = 365 * 86400.0


class FaultyEngine(FakeEngine):
    """Fails in the middle where a request names a failure."""

    def decode(self, task: Task, *, width: int, cancelled: Callable[[], bool]) -> list[Hypothesis]:
        if "memory" in task.text:
            raise MemoryError
        if "native" in task.text:
            raise RuntimeError(f"[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION\nNon-zero status code while running {task.text}\n  at node 7")
        if "nested" in task.text:
            return self.decode(task, width=width, cancelled=cancelled) if self.steps else []
        return super().decode(task, width=width, cancelled=cancelled)


def open_faulty(catalog: Catalog, model: Path | None = None) -> Generator:
    return Generator(catalog, FaultyEngine())


pipeline.open_generator = open_faulty  # type: ignore[assignment]
if os.environ.get("FAULT") == "clock":
    jumps = cycle([0.0, YEAR, -10 * YEAR, 3.0, -86400.0])
    begin = time.time()
    time.time = lambda: begin + next(jumps)
main(["lsp"])

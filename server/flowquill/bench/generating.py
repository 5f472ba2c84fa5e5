"""Sections about generation: comment to flow on one thread, and the exported model against the one it came from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from flowquill.bench.figures import Figure, Settings, Stopwatch
from flowquill.bench.samples import REQUESTS
from flowquill.grammar.catalog import load_catalog


def comment_to_flow(settings: Settings) -> Iterator[Figure]:
    """From the request's text to the checked, formatted flow, one request after the other, one thread."""
    from flowquill.generation.pipeline import open_generator
    from flowquill.generation.request import GenerationError, Request

    os.environ.setdefault("OMP_NUM_THREADS", "1")
    opening = Stopwatch()
    with opening:
        generator = open_generator(load_catalog(), Path(settings.model) if settings.model else None)
    requests = settings.requests or REQUESTS
    generator.generate(Request(requests[0]))
    watch = Stopwatch()
    for text in requests:
        with watch, suppress(GenerationError):
            generator.generate(Request(text))
    yield Figure("comment to flow", "requests", len(requests), "")
    yield Figure("comment to flow", "model load", opening.p(0.5), "ms")
    yield Figure("comment to flow", "p50", watch.p(0.5), "ms", bar=150)
    yield Figure("comment to flow", "p95", watch.p(0.95), "ms", bar=400)


def parity(settings: Settings) -> Iterator[Figure]:
    """The exported networks against PyTorch with the same weights, over 200 requests of the own test split."""
    # The training room stands above this one and its packages need not be there: it is asked for by name.
    compare = import_module("flowquill.training.evaluation.parity").parity
    found = compare(Path(settings.checkpoint) if settings.checkpoint else None, Path(settings.model) if settings.model else None, 200)
    yield Figure("parity", "same flow, int8 and PyTorch", 100 * found.same, "%", bar=98, least=True)
    yield Figure("parity", "faster than PyTorch, p50", found.faster, "times")

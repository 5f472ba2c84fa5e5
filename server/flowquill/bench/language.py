"""Sections about the language: parsing and checking, a keystroke, loading the catalog, a step of the forward parser."""

from __future__ import annotations

import random
from collections.abc import Iterator
from time import perf_counter, process_time

from flowquill.bench.figures import Figure, Settings, Stopwatch, percentile
from flowquill.bench.samples import long_flow, one_flow
from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.check import check
from flowquill.grammar.forward import Forward, State
from flowquill.grammar.parse import parse


def parse_and_check(settings: Settings) -> Iterator[Figure]:
    """A 1,000-line file from nothing."""
    catalog, text = load_catalog(), long_flow()
    parsing, checking = Stopwatch(), Stopwatch()
    for _ in range(max(5, settings.repeat)):
        with parsing:
            parsed = parse(text)
        with checking:
            check(parsed, catalog)
    yield Figure("parse and check", "parse 1,000 lines, p50", parsing.p(0.5), "ms")
    yield Figure("parse and check", "check 1,000 lines, p50", checking.p(0.5), "ms")


def keystroke(settings: Settings) -> Iterator[Figure]:
    """Diagnostics after typing or deleting one character: of 1,000 lines in many flows and in one, and of 10,000 lines in one."""
    count = max(100, settings.repeat)
    for name, text, often, bar in (("", long_flow(), count, 20), (", one flow", one_flow(), count, 20), (", one flow of 10,000 lines", one_flow(10_000), count // 5, 300)):
        watch, worked = _typed(text, often)
        yield Figure("keystroke", f"diagnostics{name}, p50", watch.p(0.5), "ms")
        yield Figure("keystroke", f"diagnostics{name}, p95", watch.p(0.95), "ms", bar=bar)
        # On a machine that others use too, this is what the work itself takes.
        yield Figure("keystroke", f"the processor's share{name}, p95", percentile(worked, 0.95), "ms")


def _typed(sound: str, count: int) -> tuple[Stopwatch, list[float]]:
    from flowquill.grammar.incremental import Document

    text, document = sound, Document(sound, load_catalog())
    watch = Stopwatch()
    worked: list[float] = []
    picked = random.Random(7)
    for _ in range(count):
        place = picked.randrange(len(text))
        deleted = picked.random() < 0.3
        text = text[:place] + ("" if deleted else picked.choice('abc ._"{}(')) + text[place + deleted :]
        start = process_time()
        with watch:
            document = document.changed(text)
            _ = document.diagnostics
        worked.append((process_time() - start) * 1000)
        if picked.random() < 0.5:
            text = sound
            document = document.changed(text)
    return watch, worked


def catalog_load(settings: Settings) -> Iterator[Figure]:
    """All packaged connectors from their files, in a fresh process each time so that nothing is cached."""
    import subprocess
    import sys

    code = (
        "from time import perf_counter as t; from flowquill.grammar.catalog import load_catalog; s = t(); c = load_catalog(); "
        "print((t() - s) * 1000, sum(1 for _ in c.operations()))"
    )
    times: list[float] = []
    operations = 0
    for _ in range(max(5, settings.repeat // 2)):
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
        times.append(float(out[0]))
        operations = int(out[1])
    times.sort()
    yield Figure("catalog", "operations", operations, "")
    yield Figure("catalog", "load, p50", times[len(times) // 2], "ms", bar=50)


def forward_steps(settings: Settings) -> Iterator[Figure]:
    """Random walks of the forward parser: what is legal next, its values, one of them taken."""
    forward = Forward(load_catalog())
    picked = random.Random(11)
    steps = 0
    start = perf_counter()
    for _ in range(max(5, settings.repeat)):
        state: State | None = forward.start
        for _ in range(150):
            if state is None:
                break
            state = _step(state, picked)
            steps += 1
    spent = perf_counter() - start
    yield Figure("forward parser", "one step", spent / steps * 1e6, "µs")


def _step(state: State, picked: random.Random) -> State | None:
    terminals = sorted(t for t in state.terminals() if not t.startswith("$"))
    if not terminals:
        return None
    terminal = picked.choice(terminals)
    values = state.values(terminal)
    if values.fixed:
        text = picked.choice(values.fixed)
    elif terminal == "NUMBER":
        text = "1"
    elif values.spans or values.free:
        text = f"name_{picked.randrange(1_000_000)}"
    else:
        text = state.forward.table.literals.get(terminal, "")
    return state.shift(terminal, text)

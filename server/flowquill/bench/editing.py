"""The section about editing: what somebody who types waits for, in long files, over the real process and beside a peer."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from time import perf_counter
from typing import Any

from flowquill.bench import peer
from flowquill.bench.figures import Figure, Settings, percentile
from flowquill.bench.samples import long_flow
from flowquill.bench.wire import Wire

URI = "file:///bench/long.flow"
SECTION = "editor"
BARS = {"completion": 30.0, "hover": 10.0, "diagnostics": 20.0, "semantic tokens": 40.0, "rename": 50.0}
"""Milliseconds, p95, in 1,000 lines."""
ANY_REQUEST = 300.0
"""Milliseconds that no request takes in 10,000 lines."""
EDITS = 10_000
BURST = 50
"""Edits after which their diagnostics are awaited."""
MEMORY = 300.0
"""MB of an idle server with its model loaded."""


Times = dict[str, list[tuple[float, float]]]
"""By kind of request: milliseconds by the clock, and those of the processor that the server took, for each asked."""


def editing(settings: Settings) -> Iterator[Figure]:
    """Requests right after a keystroke in 1,000 and 10,000 lines; the same of a peer; memory."""
    with closing(started()) as wire:
        yield from shown(measured(wire, long_flow(1_000), max(20, settings.repeat)), "1,000 lines", BARS)
    with closing(started()) as wire:
        times = measured(wire, long_flow(10_000), max(5, settings.repeat // 4))
        slowest = max(spent for values in times.values() for spent, _ in values)
        yield from shown(times, "10,000 lines", {})
        yield Figure(SECTION, "slowest request, 10,000 lines", slowest, "ms", bar=ANY_REQUEST)
    try:
        yield from shown(peer.measured(max(20, settings.repeat)), f"1,000 lines of YAML, {peer.PACKAGE}", {})
    except peer.NoPeer as reason:
        print(f"{SECTION}: {reason}", file=sys.stderr)
    yield from memory()


def shown(times: Times, where: str, bars: Mapping[str, float]) -> Iterator[Figure]:
    """p95 of each kind, by the clock and of the processor."""
    for name, values in times.items():
        yield Figure(SECTION, f"{name}, {where}, p95", percentile([spent for spent, _ in values], 0.95), "ms", bar=bars.get(name))
        yield Figure(SECTION, f"{name}, {where}, processor, p95", percentile([worked for _, worked in values], 0.95), "ms")


def started() -> Wire:
    """A language server that has answered `initialize`."""
    wire = Wire([sys.executable, "-m", "flowquill.cli.main", "lsp"])
    wire.initialize({"workspace": {"applyEdit": True, "semanticTokens": {"refreshSupport": True}}})
    return wire


class Typist:
    """An open file and somebody who types single letters in it."""

    def __init__(self, wire: Wire, text: str) -> None:
        self.wire = wire
        self.lines = text.split("\n")
        self.version = self.settled = 1
        document = {"uri": URI, "languageId": "flowquill", "version": 1, "text": text}
        wire.notify("textDocument/didOpen", {"textDocument": document})
        wire.wait("textDocument/publishDiagnostics")

    def type(self, line: int, start: int, end: int, text: str) -> None:
        """Puts `text` in place of some characters of a line."""
        self.version += 1
        old = self.lines[line]
        self.lines[line] = old[:start] + text + old[end:]
        place = {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}
        document = {"uri": URI, "version": self.version}
        self.wire.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"range": place, "text": text}]})

    def settle(self) -> None:
        """Waits for the diagnostics of what was typed last."""
        if self.settled != self.version:
            self.wire.wait("textDocument/publishDiagnostics", self.version)
            self.settled = self.version

    def ask(self, method: str, line: int, character: int, **more: Any) -> tuple[float, float]:
        """A request at a place: its milliseconds by the clock and of the processor."""
        params = {"textDocument": {"uri": URI}, "position": {"line": line, "character": character}, **more}
        return self.wire.timed(f"textDocument/{method}", params)[:2]


def measured(wire: Wire, text: str, repeat: int) -> Times:
    """Each kind of request, each asked right after a letter was typed somewhere else in the file."""
    typist = Typist(wire, text)
    picked = random.Random(5)
    calls = [n for n, line in enumerate(typist.lines) if "= http(" in line]
    texts = [n for n, line in enumerate(typist.lines) if "compose(value" in line]
    times: Times = {name: [] for name in BARS}
    for name in times:
        for _ in range(repeat):
            line, other = picked.choice(calls), picked.choice(texts)
            end = typist.lines[other].index('"', 20)
            if name == "diagnostics":
                worked, start = wire.worked(), perf_counter()
                typist.type(other, end, end, picked.choice("abcdef"))
                typist.settle()
                spent = ((perf_counter() - start) * 1000, wire.worked() - worked)
            elif name == "completion":
                column = typist.lines[other].index("compose")
                typist.type(other, column, column, "s")
                spent = typist.ask("completion", other, column + 1)
                typist.settle()
                typist.type(other, column, column + 1, "")
                typist.settle()
            else:
                typist.type(other, end, end, picked.choice("abcdef"))
                spent = request(typist, name, line)
                typist.settle()
            times[name].append(spent)
    return times


def request(typist: Typist, name: str, line: int) -> tuple[float, float]:
    """One request about a line with a call that has a name; gives its milliseconds by the clock and of the processor."""
    column = len(typist.lines[line]) - len(typist.lines[line].lstrip())
    if name == "hover":
        return typist.ask("hover", line, typist.lines[line].index("http(") + 1)
    if name == "rename":
        return typist.ask("rename", line, column + 1, newName="renamed_by_the_bench")
    return typist.wire.timed("textDocument/semanticTokens/full", {"textDocument": {"uri": URI}})[:2]


def memory() -> Iterator[Figure]:
    """An idle server with the model loaded, and what many edits add."""
    with closing(started()) as wire:
        typist = Typist(wire, "# every Monday at 9 email me the open tickets\n\n")
        wire.request("workspace/executeCommand", {"command": "flowquill.generate", "arguments": [URI, 0]})
        yield Figure(SECTION, "memory, model loaded, one flow written", wire.memory(), "MB", bar=MEMORY)
        typist = Typist(wire, long_flow(1_000))
        line = next(n for n, text in enumerate(typist.lines) if "compose(value" in text)
        column = typist.lines[line].index('"', 20)
        before = 0.0
        for number in range(EDITS + EDITS // 10):
            if number == EDITS // 10:
                # What the first edits fill is filled by now.
                typist.settle()
                before = wire.memory()
            typist.type(line, column, column + (number % 2), "" if number % 2 else "x")
            if number % BURST == BURST - 1:
                typist.settle()
        typist.settle()
        yield Figure(SECTION, f"growth over {EDITS:,} edits of 1,000 lines", wire.memory() - before, "MB")

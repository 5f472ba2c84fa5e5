"""Hours of a scripted author against the real language server with the model that ships:

    python -m tests.soak --minutes 120 --out soak.json --plot soak.svg

Prints a line a sample and a verdict; exit code 1 where memory or latency grows, the server ends or answers with an error.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

from flowquill.bench.figures import percentile
from tests.server.talking import Talking
from tests.soak.author import Author, write_catalog
from tests.soak.chart import chart
from tests.soak.verdict import trend

WRITING = ("ghost text", "edit", "generate")
"""What waits for the model; all else is reading."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One interval. `minute`: its end; `memory`: resident, in MB; `processor`: milliseconds of CPU an answer; the others milliseconds by the clock."""

    minute: float
    memory: float
    processor: float
    answers: int
    reading_p50: float
    reading_p95: float
    writing_p50: float
    writing_p95: float


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Watch memory and latency of the language server over a long time.")
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--every", type=float, default=60.0, help="Seconds between samples.")
    parser.add_argument("--pause", type=float, default=0.1, help="Seconds that the author waits between two things, on average.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = soak(Path(folder).resolve(), given.minutes, given.every, given.pause, given.seed)
    if given.out:
        given.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if given.plot and found["samples"]:
        given.plot.write_text(drawn(found), encoding="utf-8")
    for name, value in found["trends"].items():
        print(f"{name}: {value['verdict']}, {value['slope']:+g} an hour ({value['growth']:+.1%} over the run)")
    print(f"{sum(found['did'].values())} things done, errors: {len(found['errors'])}, ended: {found['ended'] or 'no'}")
    grows = any(t["verdict"] == "grows" for t in found["trends"].values())
    return 1 if grows or found["errors"] or found["ended"] else 0


def soak(folder: Path, minutes: float, every: float, pause: float, seed: int) -> dict[str, Any]:
    """Everything that was seen, as plain data."""
    (folder / "flowquill.toml").write_text('catalogs = ["pets.json"]\n')
    write_catalog(folder, ("food",))
    samples: list[Sample] = []
    ended = ""
    with Talking(folder) as server:
        author = Author(server, folder, Random(seed), pause)
        # The time until the model is loaded is no part of it.
        author.begin()
        began = sampled = monotonic()
        spent = processor(server.process.pid)
        while (now := monotonic()) - began < minutes * 60:
            try:
                author.work()
            except (AssertionError, OSError) as error:
                ended = str(error) or type(error).__name__
                break
            if now - sampled >= every:
                before, spent = spent, processor(server.process.pid)
                samples.append(_sample((now - began) / 60, server.process.pid, spent - before, author.collect()))
                sampled = now
                print(_line(samples[-1]), flush=True)
        did, errors = dict(sorted(author.done.items())), author.failed
    at = [s.minute for s in samples]
    kinds = {"memory": "memory", "reading_p50": "latency", "reading_p95": "latency", "writing_p50": "latency", "writing_p95": "latency", "processor": "latency"}
    trends = {name: asdict(trend(at, [getattr(s, name) for s in samples], kind)) for name, kind in kinds.items()}
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
    return {"minutes": minutes, "seed": seed, "machine": machine, "did": did, "errors": errors[:50], "ended": ended, "trends": trends, "samples": [asdict(s) for s in samples]}


def _sample(minute: float, pid: int, spent: float, took: dict[str, list[float]]) -> Sample:
    writing = [t for name in WRITING for t in took.get(name, ())]
    reading = [t for name, times in took.items() if name not in WRITING for t in times]
    answers = len(writing) + len(reading)
    figures = (percentile(times, share) if times else 0.0 for times in (reading, writing) for share in (0.5, 0.95))
    return Sample(round(minute, 2), round(memory(pid), 1), round(spent / max(1, answers), 2), answers, *(round(f, 1) for f in figures))


def _line(s: Sample) -> str:
    return f"{s.minute:6.1f} min  {s.memory:6.1f} MB  reading {s.reading_p50:.1f} / {s.reading_p95:.1f} ms  writing {s.writing_p50:.0f} / {s.writing_p95:.0f} ms  {s.processor:.1f} ms CPU an answer  {s.answers} answers"


def memory(pid: int) -> float:
    """The resident memory of a process in MB. Raises OSError where the system does not tell as Linux does."""
    line = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def processor(pid: int) -> float:
    """Milliseconds of CPU that a process has taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def drawn(found: dict[str, Any]) -> str:
    """The plot."""
    samples = found["samples"]

    def curve(name: str) -> list[float]:
        return [s[name] for s in samples]

    panels = [
        ("Resident memory (MB)", [("RSS", curve("memory"))]),
        ("Reading: hover, completion ... (ms)", [("p50", curve("reading_p50")), ("p95", curve("reading_p95"))]),
        ("Writing: ghost text, edits (ms)", [("p50", curve("writing_p50")), ("p95", curve("writing_p95"))]),
        ("Processor (ms an answer)", [("CPU", curve("processor"))]),
    ]
    return chart(f"{found['minutes']:g} minutes of a scripted author, {found['machine']}", curve("minute"), panels)


if __name__ == "__main__":
    sys.exit(main())

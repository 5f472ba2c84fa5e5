"""A run of tests as a whole: its figures with intervals, by slice, saved as JSON, and held against another run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flowquill.bench.figures import percentile
from flowquill.training.evaluation.confidence import RIGHT, calibration_error, surest
from flowquill.training.evaluation.intervals import bootstrap, paired
from flowquill.training.evaluation.measures import COUNTS, MEANS, Item


class RunError(Exception):
    """A saved run that cannot be used. The message is one sentence that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Run:
    """`name`: set and model, for people."""

    name: str
    items: tuple[Item, ...]


def figures(items: Sequence[Item]) -> dict[str, Any]:
    """Means with 95 % intervals (`{"mean", "low", "high", "tests"}`), sums of what must not occur, and times in milliseconds."""
    found: dict[str, Any] = {"tests": len(items)}
    for name in MEANS:
        values = [i.figures[name] for i in items if name in i.figures]
        if values:
            low, high = bootstrap(values)
            found[name] = {"mean": sum(values) / len(values), "low": low, "high": high, "tests": len(values)}
    found |= {name: int(sum(i.figures.get(name, 0) for i in items)) for name in COUNTS}
    times = [i.milliseconds for i in items]
    if any(i.confidence for i in items) and any(RIGHT in i.figures for i in items):
        sure = [i.figures.get(RIGHT, 0.0) for i in surest(items)]
        low, high = bootstrap(sure)
        found["right_of_the_surest_80"] = {"mean": sum(sure) / len(sure), "low": low, "high": high, "tests": len(sure)}
        found["calibration_error"] = calibration_error(items)
    return found | ({f"p{round(share * 100)}_ms": percentile(times, share) for share in (0.5, 0.95, 0.99)} if times else {})


def flat(found: dict[str, Any]) -> dict[str, float]:
    """Figures as plain numbers: `similarity`, `similarity_low`, `similarity_high` ..."""
    plain: dict[str, float] = {}
    for name, value in found.items():
        if isinstance(value, dict):
            plain |= {name: value["mean"], f"{name}_low": value["low"], f"{name}_high": value["high"]}
        else:
            plain[name] = value
    return plain


def by_slice(items: Sequence[Item], least: int = 5) -> dict[str, dict[str, dict[str, Any]]]:
    """The figures of each value of each slice that has at least `least` tests."""
    groups: dict[str, dict[str, list[Item]]] = {}
    for item in items:
        for name, values in item.slices.items():
            for value in values:
                groups.setdefault(name, {}).setdefault(value, []).append(item)
    return {name: {v: figures(g) for v, g in sorted(found.items()) if len(g) >= least} for name, found in groups.items()}


def save(run: Run, path: Path) -> None:
    """Writes the run with its figures; gates read `figures`, `load` reads `items`."""
    written = {"name": run.name, "figures": figures(run.items), "slices": by_slice(run.items), "items": [asdict(i) for i in run.items]}
    path.write_text(json.dumps(written, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> Run:
    """Reads a saved run. Raises RunError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Run(str(found["name"]), tuple(Item(**i) for i in found["items"]))
    except (ValueError, KeyError, TypeError):
        raise RunError(f"{path} is no saved run; make one with flowquill eval SET --out.") from None


def compare(one: Run, other: Run) -> dict[str, dict[str, float]]:
    """For each mean: both, and `other` minus `one` with its paired 95 % interval, over the tests that both ran. Raises RunError where there are none."""
    before, after = ({(i.id, i.text): i for i in run.items} for run in (one, other))
    shared = [key for key in before if key in after]
    if not shared:
        raise RunError("The two runs have no test in common; run both on the same set.")
    found = {}
    for name in MEANS:
        both = [(before[k].figures[name], after[k].figures[name]) for k in shared if name in before[k].figures and name in after[k].figures]
        if both:
            a, b = [x for x, _ in both], [y for _, y in both]
            difference, (low, high) = paired(a, b)
            found[name] = {"tests": len(both), "one": sum(a) / len(a), "other": sum(b) / len(b), "difference": difference, "low": low, "high": high}
    return found

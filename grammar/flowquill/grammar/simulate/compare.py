"""Whether two flows do the same: their calls, with arguments, in several made-up worlds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.simulate.fake import World
from flowquill.grammar.simulate.limits import Limits
from flowquill.grammar.simulate.run import Run, simulate
from flowquill.grammar.simulate.shapes import expectations
from flowquill.grammar.simulate.trace import Step
from flowquill.grammar.simulate.values import to_json

_PURE = frozenset({"compose", "parse_json", "select", "filter", "table", "join"})
_BOUNDS = Limits(steps=3_000, seconds=5.0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`same`: no world told the flows apart. Else `difference` says where they first differ, in the world of `seed`."""

    same: bool
    worlds: int
    difference: str = ""
    seed: int = 0


def same_behaviour(a: tree.Flow, b: tree.Flow, catalog: Catalog, worlds: int = 5) -> Comparison:
    """Runs both flows in `worlds` worlds and compares what each does to the outside. Never raises.

    Compared: the trigger with its arguments, every call of a connector or of a built-in step with an effect, with arguments and outcome,
    answers, manual steps, and how the run ends. Names, notes and steps that only compute are not. What runs side by side has no order.
    In the third world every call fails, in some later ones 2 of 5: how failures are met counts too.
    """
    expected = expectations([a, b], catalog)
    for seed in range(worlds):
        world = World(seed, expected, failing=1.0 if seed == 2 else 0.4 if seed > 2 and seed % 2 == 0 else 0.0)
        runs = [simulate(flow, catalog, world=world, limits=_BOUNDS) for flow in (a, b)]
        difference = _difference(*(_events(flow, run) for flow, run in zip((a, b), runs, strict=True)))
        if difference:
            return Comparison(False, seed + 1, difference, seed)
    return Comparison(True, worlds)


Event = tuple[str, ...]


def _events(flow: tree.Flow, run: Run) -> list[Event]:
    """A run as what it did: `(what, with which arguments, how it ended)` each."""
    trigger = run.trigger
    begin: Event = ("on", trigger.operation, to_json(trigger.inputs)) if trigger else ("no trigger",)
    if trigger is not None and trigger.operation == "manual":
        begin = ("on", "manual", to_json(sorted(i.name.text for i in flow.triggers[0].inputs)))
    return [begin, *_of(run.steps), ("end", run.status)]


def _of(steps: list[Step]) -> list[Event]:
    found: list[Event] = []
    for step in steps:
        if step.status == "Skipped" and not step.children:
            continue
        if step.kind == "call" and step.operation not in _PURE:
            found.append((step.operation, to_json(step.inputs), step.status))
        elif step.kind == "todo":
            found.append(("todo",))
        if step.unordered:
            found += [event for _, events in sorted((to_json(e), e) for e in (_of([c]) for c in step.children)) for event in events]
        else:
            found += _of(step.children)
    return found


def _difference(a: list[Event], b: list[Event]) -> str:
    for number, (one, other) in enumerate(zip(a, b, strict=False)):
        if one != other:
            return f"at event {number + 1} one does {_said(one)}, the other {_said(other)}"
    if len(a) != len(b):
        longer = a if len(a) > len(b) else b
        return f"one goes on with {_said(longer[min(len(a), len(b))])}, the other is over"
    return ""


def _said(event: Any) -> str:
    return " ".join(str(e) for e in event)[:200]

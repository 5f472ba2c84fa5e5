"""The order of steps: a graph of `runAfter` as sequences and parallel branches, with explicit conditions where these cannot say it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flowquill.grammar.wdl.model import WdlError

Waits = Mapping[str, tuple[str, ...]]
"""What a step waits for: names with the statuses."""


@dataclass(frozen=True, slots=True)
class Step:
    """One action. `after`: None where it simply follows, else what it waits for; `relative`: all of what stands before it, alike."""

    name: str
    after: Waits | None
    relative: bool = False


@dataclass(frozen=True, slots=True)
class Branches:
    """Steps side by side."""

    branches: tuple[tuple[Node, ...], ...]


Node = Step | Branches
_PLAIN = ("Succeeded",)


def arrange(waits: Mapping[str, Waits]) -> tuple[Node, ...]:
    """The steps of one scope in an order to write them. Raises WdlError on a cycle and on steps that do not exist."""
    for name, before in waits.items():
        for other in before:
            if other not in waits:
                raise WdlError(f"The action {name} runs after {other}, which is not in the same scope; mend its runAfter.")
    return _arrange(_sorted(waits), waits, {})[0]


def _sorted(waits: Mapping[str, Waits]) -> list[str]:
    """Names so that each comes after all it waits for; otherwise in the order given."""
    left = {name: len(before) for name, before in waits.items()}
    following: dict[str, list[str]] = {}
    for name, before in waits.items():
        for other in before:
            following.setdefault(other, []).append(name)
    ready = [n for n, count in left.items() if not count]
    order: list[str] = []
    while ready:
        name = ready.pop(0)
        order.append(name)
        for other in following.get(name, ()):
            left[other] -= 1
            if not left[other]:
                ready.append(other)
    if len(order) < len(waits):
        stuck = sorted(n for n, count in left.items() if count)
        raise WdlError(f"The actions {', '.join(stuck[:3])} wait for each other in a circle; mend their runAfter.")
    return order


def _arrange(order: list[str], waits: Mapping[str, Waits], frontier: dict[str, tuple[str, ...]]) -> tuple[tuple[Node, ...], dict[str, tuple[str, ...]]]:
    """The nodes for these steps after `frontier`, and what the next would follow."""
    nodes: list[Node] = []
    while order:
        parts = _components(order, waits)
        if len(parts) > 1 and all(_startable(p, waits, frontier) for p in parts):
            made = [_arrange(p, waits, frontier) for p in parts]
            nodes.append(Branches(tuple(n for n, _ in made)))
            return tuple(nodes), {k: v for _, ends in made for k, v in ends.items()}
        inside = set(order)
        sources = [n for n in order if not any(b in inside for b in waits[n])]
        if len(sources) == 1:
            nodes.append(_step(sources[0], waits, frontier))
            frontier = {sources[0]: _PLAIN}
            order = [n for n in order if n != sources[0]]
            continue
        cut = _cut(order, waits, frontier)
        if cut is None:
            nodes += _explicit(order, sources, waits, frontier)
            return tuple(nodes), {order[-1]: _PLAIN}
        made = [_arrange(p, waits, frontier) for p in cut[0]]
        nodes.append(Branches(tuple(n for n, _ in made)))
        frontier = {k: v for _, ends in made for k, v in ends.items()}
        order = cut[1]
    return tuple(nodes), frontier


def _startable(part: list[str], waits: Mapping[str, Waits], frontier: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether no step of the part starts at once where there is something before it: that has no way to be written."""
    return not frontier or all(waits[n] for n in part)


def _step(name: str, waits: Mapping[str, Waits], frontier: Mapping[str, tuple[str, ...]]) -> Step:
    before = dict(waits[name])
    if before == dict(frontier):
        return Step(name, None)
    return Step(name, before, before.keys() == frontier.keys() and len(set(before.values())) == 1)


def _explicit(order: list[str], sources: list[str], waits: Mapping[str, Waits], frontier: dict[str, tuple[str, ...]]) -> list[Node]:
    """Steps that no nesting of sequences and branches says: those that start side by side, then each with what it waits for."""
    first = Branches(tuple((_step(n, waits, frontier),) for n in sources))
    return [first, *(Step(n, waits[n]) for n in order if n not in sources)]


def _cut(order: list[str], waits: Mapping[str, Waits], frontier: Mapping[str, tuple[str, ...]]) -> tuple[list[list[str]], list[str]] | None:
    """Branches and what follows all of them: the first step whose ancestors are such branches."""
    inside = set(order)
    for name in order:
        before = [b for b in waits[name] if b in inside]
        if len(before) < 2:
            continue
        above: set[str] = set()
        stack = list(before)
        while stack:
            one = stack.pop()
            if one not in above:
                above.add(one)
                stack.extend(b for b in waits[one] if b in inside)
        upper = [n for n in order if n in above]
        lower = [n for n in order if n not in above]
        if any(not any(b in inside for b in waits[n]) for n in lower):
            continue
        ends = {n for n in upper if not any(n in waits[m] for m in upper)}
        parts = _components(upper, waits)
        if len(parts) > 1 and ends == set(before) and all(_startable(p, waits, frontier) for p in parts):
            return parts, lower
    return None


def _components(order: Iterable[str], waits: Mapping[str, Waits]) -> list[list[str]]:
    """The groups of steps that are joined by waiting, in order."""
    names = list(order)
    inside = set(names)
    group: dict[str, str] = {n: n for n in names}

    def root(name: str) -> str:
        while group[name] != name:
            group[name] = group[group[name]]
            name = group[name]
        return name

    for name in names:
        for other in waits[name]:
            if other in inside:
                group[root(other)] = root(name)
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(root(name), []).append(name)
    return list(found.values())

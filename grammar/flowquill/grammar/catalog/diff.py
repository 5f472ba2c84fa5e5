"""What differs between two catalogs, and which flows the newer one breaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from flowquill.grammar.catalog.model import Catalog, Operation, Output, Parameter
from flowquill.grammar.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `operation`: as a flow writes it; `detail`: of a changed one, a line for each thing, as "parameter to: now required"."""

    kind: Literal["added", "changed", "removed"]
    operation: str
    detail: tuple[str, ...] = ()


def differences(old: Catalog, new: Catalog) -> tuple[Change, ...]:
    """The operations added, changed and removed, each group in the order of its names."""
    before = {o.text: o for o in old.operations()}
    after = {o.text: o for o in new.operations()}
    added = [Change("added", name) for name in sorted(after.keys() - before.keys())]
    removed = [Change("removed", name, _instead(before[name], new)) for name in sorted(before.keys() - after.keys())]
    changed = [Change("changed", name, detail) for name in sorted(before.keys() & after.keys()) if (detail := tuple(_operation(before[name], after[name])))]
    return (*added, *changed, *removed)


def broken(text: str, old: Catalog, new: Catalog) -> tuple[Diagnostic, ...]:
    """The errors and warnings about unknown properties that a flow file has under `new` and had not under `old`."""
    from flowquill.grammar.check import check
    from flowquill.grammar.parse import parse

    parsed = parse(text)
    # By code and place: a message may list other names and still be of the same mistake.
    known = Counter((d.code, d.span) for d in check(parsed, old))
    found: list[Diagnostic] = []
    for diagnostic in check(parsed, new):
        key = (diagnostic.code, diagnostic.span)
        if known[key]:
            known[key] -= 1
        elif diagnostic.severity == "error" or diagnostic.code == "FQ011":
            found.append(diagnostic)
    return tuple(found)


def _instead(gone: Operation, new: Catalog) -> tuple[str, ...]:
    """What the same id is called now."""
    now = [o.text for o in new.by_id(gone.id) if o.kind == gone.kind and (o.connector == gone.connector or len(new.by_id(gone.id)) == 1)]
    return (f"its id {gone.id} is now {now[0]}",) if now else ()


def _operation(one: Operation, other: Operation) -> Iterator[str]:
    for what in ("kind", "id", "method", "path", "split_on"):
        before, after = getattr(one, what), getattr(other, what)
        if before != after:
            yield f"{what.replace('_', ' ')}: {before or 'none'} is now {after or 'none'}"
    yield from _parameters(one.parameters, other.parameters)
    yield from _outputs(one.outputs, other.outputs, "")


def _parameters(old: Sequence[Parameter], new: Sequence[Parameter]) -> Iterator[str]:
    before, after = {p.name: p for p in old}, {p.name: p for p in new}
    for name in sorted(after.keys() - before.keys()):
        yield f"parameter {name}: added{', required' if after[name].required else ''}"
    for name in sorted(before.keys() & after.keys()):
        one, other = before[name], after[name]
        if one.type != other.type:
            yield f"parameter {name}: type {one.type} is now {other.type}"
        if one.required != other.required:
            yield f"parameter {name}: now {'required' if other.required else 'optional'}"
        if one.enum != other.enum:
            yield f"parameter {name}: {_values(one.enum, other.enum)}"
        if one.path != other.path:
            yield f"parameter {name}: place {one.path} is now {other.path}"
        if one.default != other.default:
            yield f"parameter {name}: default {one.default!r} is now {other.default!r}"
    for name in sorted(before.keys() - after.keys()):
        yield f"parameter {name}: removed"


def _values(old: tuple[str, ...], new: tuple[str, ...]) -> str:
    if not new:
        return "any value is allowed now"
    if not old:
        return f"only these values are allowed now: {', '.join(new)}"
    gone, more = [v for v in old if v not in new], [v for v in new if v not in old]
    parts = [f"no longer {', '.join(gone)}" if gone else "", f"now also {', '.join(more)}" if more else ""]
    return "value " + "; ".join(p for p in parts if p) if gone or more else "its values stand in another order"


def _outputs(old: Sequence[Output], new: Sequence[Output], inside: str) -> Iterator[str]:
    before, after = {o.name: o for o in old}, {o.name: o for o in new}
    for name in sorted(after.keys() - before.keys()):
        yield f"output {inside}{name}: added"
    for name in sorted(before.keys() & after.keys()):
        one, other = before[name], after[name]
        if one.type != other.type:
            yield f"output {inside}{name}: type {one.type} is now {other.type}"
        if one.path != other.path:
            yield f"output {inside}{name}: place {one.path} is now {other.path}"
        yield from _outputs(one.properties, other.properties, f"{inside}{name}.")
    for name in sorted(before.keys() - after.keys()):
        yield f"output {inside}{name}: removed"

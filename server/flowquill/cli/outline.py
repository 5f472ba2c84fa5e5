"""Steps as an indented list, for people: `parse` without `--json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def lines(outline: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a flow's outline, as `steps_of` gives it."""
    trigger = outline["trigger"]
    yield f"  on {_what(trigger)}" if trigger else "  (no trigger)"
    yield from _steps(outline["steps"], "  ")


def _what(step: Mapping[str, Any]) -> str:
    called = f"{step['connector']}.{step['name']}" if step.get("connector") else str(step.get("name") or step.get("builtin"))
    arguments = step.get("args") or {}
    return f"{called}({', '.join(f'{name}: {value}' for name, value in arguments.items())})"


def _steps(steps: Iterable[Mapping[str, Any]], indent: str) -> Iterator[str]:
    for step in steps:
        if "op" in step or "builtin" in step:
            yield indent + _what(step)
            continue
        head = next(iter(step))
        inner = {k: v for k, v in step.items() if isinstance(v, list)}
        yield indent + " ".join(f"{k} {v}".strip() for k, v in step.items() if not isinstance(v, list)) if head not in inner else indent + head
        for key, value in inner.items():
            yield from _block(key, value, indent, key == head)


def _block(key: str, value: list[Any], indent: str, first: bool) -> Iterator[str]:
    if key == "cases":
        for case in value:
            yield f"{indent}  case {case['case']}"
            yield from _steps(case["do"], indent + "    ")
    elif key == "parallel":
        for branch in value:
            yield f"{indent}  branch"
            yield from _steps(branch, indent + "    ")
    else:
        if key not in ("then", "do") and not first and value:
            yield f"{indent}{key}"
        yield from _steps(value, indent + "  ")

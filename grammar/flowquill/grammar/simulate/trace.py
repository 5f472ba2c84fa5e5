"""What happened in a dry run, as a tree of steps; as text, as JSON, and as the calls alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from flowquill.grammar.simulate.values import to_json

Status = Literal["Succeeded", "Failed", "Skipped", "TimedOut", "Cancelled", "Running"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a step failed."""

    code: str
    message: str


@dataclass
class Step:
    """One step that ran or was skipped. `after`: the steps of its block that it waited for; `unordered`: its children run side by side."""

    name: str
    kind: str
    status: Status = "Running"
    operation: str = ""
    inputs: Any = None
    outputs: Any = None
    problem: Problem | None = None
    note: str = ""
    children: list[Step] = field(default_factory=list)
    after: list[Step] = field(default_factory=list)
    unordered: bool = False
    started: str = ""
    ended: str = ""

    @property
    def failed(self) -> bool:
        """Whether it failed or timed out."""
        return self.status in ("Failed", "TimedOut")

    def json(self) -> dict[str, Any]:
        """The step as JSON values; what is empty is left out."""
        found: dict[str, Any] = {"name": self.name, "kind": self.kind, "status": self.status}
        said = {"operation": self.operation, "inputs": self.inputs, "outputs": self.outputs, "note": self.note}
        found |= {key: value for key, value in said.items() if value is not None and value != ""}
        if self.problem is not None:
            found["error"] = {"code": self.problem.code, "message": self.problem.message}
        if self.children:
            found["steps"] = [c.json() for c in self.children]
        return found


def block_status(steps: list[Step]) -> Status:
    """How a block ended: by its last steps, and where one was skipped, by those it waited for."""
    awaited = {id(a) for s in steps for a in s.after}
    found = list(_deciding([s for s in steps if id(s) not in awaited], set()))
    if any(s.failed for s in found):
        return "Failed"
    if any(s.status == "Cancelled" for s in found):
        return "Cancelled"
    return "Succeeded" if not found or any(s.status == "Succeeded" for s in found) else "Skipped"


def _deciding(steps: list[Step], seen: set[int]) -> Iterator[Step]:
    open_steps = list(steps)
    while open_steps:
        step = open_steps.pop()
        if id(step) in seen:
            continue
        seen.add(id(step))
        if step.status == "Skipped" and step.after:
            open_steps += step.after
        else:
            yield step


def culprit(steps: list[Step]) -> Step | None:
    """The innermost step whose failure made these steps fail."""
    awaited = {id(a) for s in steps for a in s.after}
    deciding = [s for s in _deciding([s for s in steps if id(s) not in awaited], set()) if s.failed]
    failed = next((s for s in steps if s in deciding), None)
    if failed is None:
        return None
    return culprit(failed.children) or failed


def lines(steps: list[Step], depth: int = 0, width: int = 160) -> Iterator[str]:
    """The steps as plain indented text."""
    for step in steps:
        yield "  " * depth + line(step, width)
        yield from lines(step.children, depth + 1, width)


_MARKS = MappingProxyType(
    {"Succeeded": "ok", "Failed": "FAILED", "Skipped": "skipped", "TimedOut": "TIMED OUT", "Cancelled": "cancelled", "Running": "..."}
)


def line(step: Step, width: int = 160) -> str:
    """One step on one line: how it ended, what it is, what it was given and gave."""
    text = f"{_MARKS[step.status]:8} {title(step)}"
    if step.inputs is not None and step.status != "Skipped":
        text += f" {shortened(step.inputs, width // 2)}"
    if step.outputs is not None:
        text += f" -> {shortened(step.outputs, width // 2)}"
    if step.problem is not None:
        text += f"  [{step.problem.code}] {step.problem.message}"
    return text + (f"  ({step.note})" if step.note else "")


def title(step: Step) -> str:
    """A step's name with what it calls."""
    if step.operation and step.operation != step.name:
        return f"{step.name}: {step.operation}"
    return step.name if step.name.startswith(step.kind) or step.kind == "call" else f"{step.kind} {step.name}"


def shortened(value: Any, width: int) -> str:
    """A value as JSON on one line, cut where it is long."""
    text = to_json(value)
    return text if len(text) <= width else text[: width - 3] + "..."

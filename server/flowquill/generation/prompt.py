"""The prompt for language models: one versioned template for fine-tuned and for hosted models.

The parts in order: what to do, the operations that may be called with their parameters (tags), examples, the flow so far, the
request. Training pairs are written with the same functions, so a fine-tuned model reads what it was trained on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from flowquill.grammar.catalog import Operation, Parameter

VERSION: Final = "1"
CURSOR: Final = "<cursor>"

_INSTRUCTION = (
    "Write a workflow in the Flowquill language for the request. Call only the operations listed; name every argument. "
    "Take texts and numbers from the request; write ? for a required value it does not give, and todo \"...\" for a step that no "
    'operation covers. Answer with the flow alone. If the request is harmful, answer with a flow whose only statement is refuse "...".'
)
_EDIT = "Change the flow as the request says and answer with the whole new flow."
_COMPLETE = f"Answer with the statements that belong at {CURSOR} and nothing else."


@dataclass(frozen=True, slots=True)
class Example:
    """A request and its flow, shown to the model."""

    text: str
    flow: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """`system` and `user` are the two messages of a chat; `text` joins them for a model without a chat template."""

    system: str
    user: str
    version: str = VERSION

    @property
    def text(self) -> str:
        """Both messages as one text that ends where the answer begins."""
        return f"{self.system}\n\n{self.user}\n"


def tag(operation: Operation) -> str:
    """One operation as a line: `outlook.send_email(to: text, subject: text, importance?: "Low"|"High") -> id, ... # summary`."""
    taken = ", ".join(_parameter(p) for p in operation.parameters)
    given = ", ".join(o.name for o in operation.outputs)
    start = "on " if operation.kind == "trigger" else ""
    return f"{start}{operation.text}({taken}){f' -> {given}' if given else ''}  # {operation.summary}"


def _parameter(parameter: Parameter) -> str:
    values = "|".join(f'"{v}"' for v in parameter.enum[:12])
    return f"{parameter.name}{'' if parameter.required else '?'}: {values or parameter.type}"


def build(
    text: str,
    operations: Iterable[Operation],
    *,
    examples: Iterable[Example] = (),
    flow: str | None = None,
    cursor: int | None = None,
) -> Prompt:
    """The prompt for a request. `flow` and `cursor` as in a Task; the most relevant operation and example come first."""
    instruction = _INSTRUCTION
    if flow is not None:
        instruction += " " + (_EDIT if cursor is None else _COMPLETE)
    parts = ["Operations:\n" + "\n".join(tag(o) for o in operations)]
    parts.extend(f"Request: {e.text}\nFlow:\n{e.flow.strip()}" for e in examples)
    if flow is not None:
        shown = flow if cursor is None else f"{flow[:cursor]}{CURSOR}{flow[cursor:]}"
        parts.append(f"The flow so far:\n{shown.strip()}")
    parts.append(f"Request: {text}\nFlow:")
    return Prompt(instruction, "\n\n".join(parts))

"""The prompt for language models: one versioned template for fine-tuned and for hosted models.

The parts in order: the operations that may be called with their parameters (tags), examples, the flow so far, the request. Training
pairs are written with the same functions, so a fine-tuned model reads what it was trained on and needs no instruction (`Prompt.text`);
a hosted chat model gets instruction and syntax as the system message (`Prompt.messages`). The answer is a flow's body in the one
spelling of `flowquill.grammar.spelling`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from flowquill.grammar.catalog import Catalog, Operation, Output, Parameter
from flowquill.grammar.naming import result_name

VERSION: Final = "2"
CURSOR: Final = "<cursor>"
ENUM_SHOWN: Final = 12
"""Values of an enumeration shown in a tag; the grammar allows the others too."""
PROPERTIES_SHOWN: Final = 8
"""Outputs of an operation, and properties of a list's elements, shown in a tag."""

_INSTRUCTION = """\
You write workflows in the Flowquill language. Answer with the workflow's trigger and steps, one a line, and nothing else: no explanation, no fences.
Call only the operations listed. Name every argument and keep the order of the list; leave out arguments that the request does not give. Take texts and \
numbers from the request, placeholders such as EMAIL_1 as they stand. Write todo "..." for a step that no operation covers. If the request is harmful or \
no task for a workflow, answer only: refuse "reason".

Syntax:
on teams.channel_message(team: "Ops") as message
emails = outlook.get_emails(from: message.sender)
for element in emails.emails {
  if contains(element.subject, "invoice") and not element.is_read {
    outlook.move_email(email_id: element.id, folder: "Done")
  } else if element.size > 10 {
    todo "Ask the owner"
  } else {
    slack.post_message(channel: "ops", message: $"New: {element.subject}")
  }
}
var variable: integer = 0
increment variable by 1
set variable = 2
switch message.importance {
  case "high" {
  }
  default {
  }
}
do {
} until variable >= 3
parallel {
  branch {
  }
  branch {
  }
}
try {
} catch {
} finally {
}
after failed: outlook.send_email(to: "a@b.co")
A flow by hand starts with: on manual(subject: text, count: integer) as request"""
_EDIT = "Change the flow below as the request says and answer with all of its trigger and steps."
_COMPLETE = f"Answer only with the steps that belong at {CURSOR} in the flow below."


@dataclass(frozen=True, slots=True)
class Example:
    """A request and its flow in the one spelling, shown to the model."""

    text: str
    flow: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """`system` and `user` are the two messages of a chat. A model that was trained on the template reads `text`."""

    system: str
    user: str
    version: str = VERSION

    @property
    def text(self) -> str:
        """The prompt of a fine-tuned model: the user's message alone, ending where the answer begins."""
        return f"{self.user}\n"

    @property
    def messages(self) -> list[dict[str, str]]:
        """The prompt of a chat model."""
        return [{"role": "system", "content": self.system}, {"role": "user", "content": self.user}]


def tag(operation: Operation) -> str:
    """One operation as a line: `file = sharepoint.get_file(site, path, top?: integer, mode?: "A"|"B") -> name, rows[id, title] # summary`.

    Texts have no type, a result stands under the name that steps give it, a trigger has `as` instead.
    """
    taken = ", ".join(_parameter(p) for p in operation.parameters)
    call = f"{operation.text}({taken})"
    given = ", ".join(_output(o) for o in operation.outputs[:PROPERTIES_SHOWN])
    name = result_name(operation, frozenset())
    if operation.kind == "trigger":
        line = f"on {call} as {name}" if given else f"on {call}"
    else:
        line = f"{name} = {call}" if given else call
    return f"{line}{f' -> {given}' if given else ''} # {operation.summary or operation.title}"


def _parameter(parameter: Parameter) -> str:
    start = f"{parameter.name}{'' if parameter.required else '?'}"
    if parameter.enum:
        values = "|".join(f'"{v}"' for v in parameter.enum[:ENUM_SHOWN])
        return f"{start}: {values}"
    return start if parameter.type == "text" else f"{start}: {parameter.type}"


def _output(output: Output) -> str:
    if output.type == "list" and output.properties:
        return f"{output.name}[{', '.join(p.name for p in output.properties[:PROPERTIES_SHOWN])}]"
    return output.name


def build(
    text: str,
    operations: Iterable[Operation],
    *,
    examples: Iterable[Example] = (),
    flow: str | None = None,
    cursor: int | None = None,
) -> Prompt:
    """The prompt for a request. `flow` and `cursor` as in a Task; the most relevant operation and example come first."""
    parts = []
    if flow is not None:
        instruction = f"{_INSTRUCTION}\n\n{_EDIT if cursor is None else _COMPLETE}"
    else:
        instruction = _INSTRUCTION
    parts.append("Operations:\n" + "\n".join(tag(o) for o in operations))
    parts.extend(f"Request: {e.text}\nFlow:\n{e.flow.strip()}" for e in examples)
    if flow is not None:
        shown = flow if cursor is None else f"{flow[:cursor]}{CURSOR}{flow[cursor:]}"
        parts.append(f"{'Edit' if cursor is None else 'Complete'}:\n{shown.strip()}")
    parts.append(f"Request: {text}\nFlow:")
    return Prompt(instruction, "\n\n".join(parts))


def public_texts(catalog: Catalog) -> frozenset[str]:
    """Texts of the catalog itself, lower-cased, that masking leaves in place: they are nobody's secret and enumerations need them."""
    found: set[str] = set()
    for operation in catalog.operations():
        for parameter in operation.parameters:
            found.update(v.lower() for v in parameter.enum)
    return frozenset(found)

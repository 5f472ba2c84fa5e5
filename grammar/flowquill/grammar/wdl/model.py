"""What compiling and decompiling give back, and the errors they raise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from flowquill.grammar import tree
from flowquill.grammar.diagnostics import Diagnostic

Target = Literal["logicapps", "powerautomate"]


class WdlError(Exception):
    """A definition that cannot be read. The message is one sentence that says what and what to do."""


class CompileError(Exception):
    """A flow that cannot be written as a definition. The message is one sentence that says what and what to do."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection that a definition uses. `api`: the managed API's name, as "office365"; `key`: what the definition calls it."""

    api: str
    key: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """A workflow definition (JSON as Python values), the connections it needs, and what it could not say exactly."""

    definition: dict[str, Any]
    connections: tuple[Connection, ...] = ()
    problems: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """Something that has no syntax of its own and was kept as JSON. `place`: the action's or trigger's name in the definition."""

    place: str
    message: str


@dataclass(frozen=True, slots=True)
class Decompiled:
    """A flow, and what became an escape in it."""

    flow: tree.Flow
    notes: tuple[Note, ...] = ()

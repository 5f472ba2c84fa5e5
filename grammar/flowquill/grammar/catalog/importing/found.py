"""What an importer finds in a source before anything has a name: one form for OpenAPI files, operation lists and workflows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class FoundParameter:
    """A parameter on the wire. `place`: "query/folderPath", "body/Address/City" or "body" alone; `title`: what its author calls it."""

    place: str
    type: str = "any"
    required: bool = False
    title: str = ""
    summary: str = ""
    enum: tuple[str, ...] = ()
    default: object = None
    format: str = ""


@dataclass(frozen=True, slots=True)
class FoundOutput:
    """A part of a result. `wire`: its key; `properties`: of an object, or of one element of a list."""

    wire: str
    type: str = "any"
    properties: tuple[FoundOutput, ...] = ()
    format: str = ""
    enum: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundOperation:
    """An operation by its original id. `outputs` are keys of the body; `whole` says instead what the body itself is.

    `family` and `revision`: operations of one family do the same, the one with the highest revision is the newest.
    `words`: its name, where the source says it apart from its summary.
    """

    id: str
    kind: Literal["action", "trigger"]
    summary: str = ""
    description: str = ""
    method: str = ""
    path: str = ""
    parameters: tuple[FoundParameter, ...] = ()
    outputs: tuple[FoundOutput, ...] = ()
    whole: FoundOutput | None = None
    split_on: str = ""
    deprecated: bool = False
    family: str = ""
    revision: int = 0
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundConnector:
    """A connector's operations with what is said about it. `api`: its name on the platform."""

    title: str
    api: str
    operations: tuple[FoundOperation, ...]
    summary: str = ""
    category: str = ""

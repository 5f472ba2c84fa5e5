"""What generation takes and gives: a request, a generation, and the two ways it can end without one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flowquill.grammar.diagnostics import Diagnostic


class GenerationError(Exception):
    """A request that cannot be served. The message is one sentence for a person that says what to do."""


class Cancelled(Exception):
    """The caller took the request back; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Request:
    """`text`: what a person asks for.

    `flow` and `cursor` (a code point offset into it): statements for that place are wanted. `flow` alone: it is to be
    changed as the text says. Neither: a new flow is wanted.
    """

    text: str
    flow: str | None = None
    cursor: int | None = None


@dataclass(frozen=True, slots=True)
class Generation:
    """A result. `flow` is the whole file's text, formatted where it is new.

    `alternatives`: the other flows, best first. `diagnostics` are those of `flow`. `confidence`: 0 to 1.
    `latency_ms`: milliseconds by stage, and their sum as "total". `insert`: the text to put at the cursor (the whole flow
    where no cursor was given).
    """

    flow: str
    alternatives: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]
    confidence: float
    engine: str
    model: str
    latency_ms: Mapping[str, float] = field(default_factory=dict)
    insert: str = ""

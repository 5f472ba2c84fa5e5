"""What the checker finds: numbered diagnostics with a place, a message that names what was expected, and fixes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from flowquill.grammar.tree import Span

Severity = Literal["error", "warning", "hint"]


@dataclass(frozen=True, slots=True)
class Edit:
    """Text to put in place of a span of code points."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that mends a diagnostic. Its edits do not overlap."""

    title: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `code` is a key of CODES; `span` counts code points."""

    code: str
    severity: Severity
    message: str
    span: Span
    fixes: tuple[Fix, ...] = ()

    def moved(self, by: int) -> Diagnostic:
        """The same finding where its text stands `by` code points further on."""
        if not by:
            return self
        fixes = tuple(Fix(f.title, tuple(Edit(_moved(e.span, by), e.text) for e in f.edits)) for f in self.fixes)
        return replace(self, span=_moved(self.span, by), fixes=fixes)


def _moved(span: Span, by: int) -> Span:
    return span[0] + by, span[1] + by


CODES: Mapping[str, str] = MappingProxyType(
    {
        "FQ001": "The text does not parse",
        "FQ002": "Unknown connector",
        "FQ003": "Unknown operation",
        "FQ004": "Unknown parameter",
        "FQ005": "Required parameter missing",
        "FQ006": "Value not among those allowed",
        "FQ007": "Wrong type",
        "FQ008": "Unknown function",
        "FQ009": "Wrong number of arguments",
        "FQ010": "Undefined name",
        "FQ011": "Unknown property",
        "FQ012": "Name not free",
        "FQ013": "Name never used",
        "FQ014": "Step never reached",
        "FQ015": "No trigger",
        "FQ016": "More than one trigger",
        "FQ017": "Parameter given twice",
        "FQ018": "Not a variable of the right type",
        "FQ019": "Unknown step",
        "FQ020": "Secret in the text",
        "FQ021": "Value to fill in",
        "FQ022": "Trigger and action confused",
        "FQ023": "Unknown setting",
        "FQ024": "Never equal",
    }
)

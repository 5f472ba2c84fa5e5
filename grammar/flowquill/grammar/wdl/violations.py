"""What a definition breaks of the language's rules: the rules by number, and findings with their place in the JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

# Limits of the platform, from its documentation ("Limits and configuration reference for Azure Logic Apps").
MAX_ACTIONS = 500
MAX_NESTING = 8
MAX_CASES = 25
MAX_VARIABLES = 250
MAX_NAME = 80
MAX_EXPRESSION = 8192
MAX_TRIGGERS = 10
MAX_PARAMETERS = 50
MAX_OUTPUTS = 10
MAX_CONCURRENCY = 50
MAX_RUNS = 100
MAX_UNTIL = 5000
MAX_RETRIES = 90

RULES: Mapping[str, str] = MappingProxyType(
    {
        "WD01": "A part has the wrong form, or the language does not know it",
        "WD02": "A required field is missing",
        "WD03": "A value is not among those allowed, or out of range",
        "WD04": "An action or trigger of a type that is not known, or not for this platform",
        "WD05": "A name is empty, too long, holds characters that are not allowed, or is given twice",
        "WD06": "runAfter names something that is no action beside it, or goes round in a circle",
        "WD07": "An expression reads a step that does not exist or has not run when it is needed",
        "WD08": "A variable, parameter or loop that is not declared, declared twice, or not where it may be",
        "WD09": "A limit of the platform is passed",
        "WD10": "An action stands where it may not",
    }
)


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a definition breaks. `code`: a key of RULES; `place`: a path as "actions/Loop/actions/Send"; `message`: one clause.

    An error keeps the platform from taking the definition; a warning may be right all the same.
    """

    code: str
    severity: Literal["error", "warning"]
    place: str
    message: str


@dataclass
class Findings:
    """Collects violations in the order they are met."""

    found: list[Violation] = field(default_factory=list)

    def error(self, code: str, place: str, message: str) -> None:
        """Notes what the platform refuses."""
        self.found.append(Violation(code, "error", place, message))

    def warning(self, code: str, place: str, message: str) -> None:
        """Notes what is probably wrong."""
        self.found.append(Violation(code, "warning", place, message))

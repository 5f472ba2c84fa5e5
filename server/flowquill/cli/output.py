"""How results are written: diagnostics and generations as JSON values, JSON as text."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from flowquill.cli.files import line_column
from flowquill.generation.request import Generation
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.diagnostics import Diagnostic
from flowquill.grammar.parse import parse
from flowquill.grammar.steps import steps_of


def dumps(value: Any, *, indent: int | None = 2) -> str:
    """JSON that people can read: no escapes for letters beyond ASCII."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def diagnostic_json(text: str, diagnostic: Diagnostic) -> dict[str, Any]:
    """One diagnostic: code, severity, message, place (line and column from 1, the end exclusive) and the titles of its fixes."""
    line, column = line_column(text, diagnostic.span[0])
    end_line, end_column = line_column(text, diagnostic.span[1])
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "fixes": [f.title for f in diagnostic.fixes],
    }


def diagnostics_json(text: str, diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """All diagnostics of a text."""
    return [diagnostic_json(text, d) for d in diagnostics]


def generation_json(generation: Generation, catalog: Catalog) -> dict[str, Any]:
    """What `generate --json` prints. `trigger` and `steps` are those of the first flow in the text."""
    flows = parse(generation.flow).file.flows
    outline = steps_of(flows[0], catalog) if flows else {"trigger": None, "steps": []}
    result: dict[str, Any] = {
        "flow": generation.flow,
        "trigger": outline["trigger"],
        "steps": outline["steps"],
        "diagnostics": diagnostics_json(generation.flow, generation.diagnostics),
        "confidence": generation.confidence,
        "engine": generation.engine,
        "model": generation.model,
        "latency_ms": dict(generation.latency_ms),
    }
    if generation.alternatives:
        result["alternatives"] = list(generation.alternatives)
    return result

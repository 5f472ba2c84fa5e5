"""Diagnostics as SARIF 2.1.0, which code hosts show beside the lines of a change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flowquill.cli.files import line_column
from flowquill.grammar.diagnostics import Diagnostic

_LEVELS = {"error": "error", "warning": "warning", "hint": "note"}


def sarif(files: Iterable[tuple[str, str, Sequence[Diagnostic]]]) -> dict[str, Any]:
    """One run over (path, text, diagnostics); columns count code points."""
    results: list[dict[str, Any]] = []
    rules: dict[str, int] = {}
    for file, text, diagnostics in files:
        for diagnostic in diagnostics:
            index = rules.setdefault(diagnostic.code, len(rules))
            results.append(
                {
                    "ruleId": diagnostic.code,
                    "ruleIndex": index,
                    "level": _LEVELS[diagnostic.severity],
                    "message": {"text": diagnostic.message},
                    "locations": [_location(file, text, diagnostic)],
                }
            )
    driver = {"name": "flowquill", "rules": [{"id": code} for code in rules]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}


def _location(file: str, text: str, diagnostic: Diagnostic) -> dict[str, Any]:
    line, column = line_column(text, diagnostic.span[0])
    end_line, end_column = line_column(text, diagnostic.span[1])
    path = Path(file)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    region = {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}

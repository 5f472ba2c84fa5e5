"""The creation tests of Flow-Bench: a request, and the calls its flow shall make, over a catalog of bare operation names.

A test's file has one JSON object a line: `utterance`, `prior_sequence` ("" where a flow is created), `expected` (a list of
flows in a subset of Python). The catalog is a list of `{"id": "Trello_Card__2_0_0__create_Card", "description": ...}`.
"""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowquill.generation.pipeline import Generator
from flowquill.generation.request import GenerationError, Request
from flowquill.grammar.catalog import Catalog, load_catalog
from flowquill.grammar.parse import parse
from flowquill.training.evaluation.metrics import calls, similarity


@dataclass(frozen=True, slots=True)
class Tested:
    """One test and its outcome; `similarity` is the best over the expected flows, 0 to 1."""

    utterance: str
    expected: tuple[str, ...]
    written: tuple[str, ...]
    flow: str
    similarity: float


def catalog_of(path: Path) -> tuple[Catalog, dict[str, str]]:
    """The catalog of a list of operations, and the name of each identifier in it. Raises CatalogError with one sentence."""
    catalog = load_catalog([path], builtin=False)
    return catalog, {o.id: o.text for o in catalog.operations() if o.connector is not None}


def tests(path: Path) -> list[dict[str, Any]]:
    """The creation tests of a file."""
    read = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [t for t in read if not t.get("prior_sequence")]


def run(generator: Generator, found: list[dict[str, Any]], names: dict[str, str]) -> list[Tested]:
    """Writes a flow for each test and compares the calls; the trigger is left out, since the tests have none."""
    results: list[Tested] = []
    for test in found:
        expected = [tuple(names.get(c, c) for c in python_calls(flow)) for flow in test["expected"]]
        try:
            text = generator.generate(Request(test["utterance"])).flow
        except GenerationError:
            text = ""
        flows = parse(text).file.flows
        written = tuple(calls(flows[0])[len(flows[0].triggers) :]) if flows else ()
        best = max(expected, key=lambda e: similarity(e, written))
        results.append(Tested(test["utterance"], best, written, text, similarity(best, written)))
    return results


def python_calls(source: str) -> list[str]:
    """The names that a flow in the Python subset calls, in order; `user_task` is a manual step."""
    found: list[ast.Call] = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    found.sort(key=lambda n: (n.lineno, n.col_offset))
    names = [n.func.id for n in found if isinstance(n.func, ast.Name)]
    return ["todo" if n == "user_task" else n for n in names]

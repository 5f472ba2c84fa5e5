"""Flow-Bench: a request, perhaps a flow to change, and the flow that shall come of it, over a catalog of bare operation names.

A test's file has one JSON object a line: `utterance`, `prior_sequence` (the flow to change, where the test is an edit), `expected` (a list of flows that
are right), flows in a subset of Python. The catalog is a list of `{"id": "Trello_Card__2_0_0__create_Card", "description": ...}`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowquill.generation.pipeline import Generator
from flowquill.generation.request import GenerationError, Request
from flowquill.grammar.catalog import Catalog, load_catalog
from flowquill.grammar.parse import parse
from flowquill.training.evaluation.metrics import similarity
from flowquill.training.evaluation.structure import calls, context_of, of_flow, of_python


@dataclass(frozen=True, slots=True)
class Tested:
    """One test and its outcome: `similarity` of the calls is the best over the expected flows, 0 to 1; `exact`: the same structure as one of them."""

    kind: str
    utterance: str
    expected: tuple[str, ...]
    written: tuple[str, ...]
    flow: str
    similarity: float
    exact: bool


def catalog_of(path: Path) -> tuple[Catalog, dict[str, str]]:
    """The catalog of a list of operations, and the name of each identifier in it. Raises CatalogError with one sentence."""
    catalog = load_catalog([path], builtin=False)
    return catalog, {o.id: o.text for o in catalog.operations() if o.connector is not None}


def tests(path: Path) -> list[dict[str, Any]]:
    """The tests of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def run(generator: Generator, found: list[dict[str, Any]], names: dict[str, str]) -> list[Tested]:
    """Writes a flow for each test and compares calls and structure; the trigger is left out, since the tests have none."""
    results: list[Tested] = []
    for test in found:
        expected = [of_python(flow, names) for flow in test["expected"]]
        prior = test.get("prior_sequence") or ()
        context = context_of(prior if isinstance(prior, str) else prior[0], names) if prior else None
        try:
            text = generator.generate(Request(test["utterance"], context)).flow
        except GenerationError:
            text = ""
        flows = parse(text).file.flows
        shape = of_flow(flows[0].body) if flows else ()
        written = calls(shape)
        best = max((calls(e) for e in expected), key=lambda e: similarity(e, written))
        results.append(Tested("edit" if prior else "create", test["utterance"], best, written, text, similarity(best, written), shape in expected))
    return results

"""The creation tests of Flow-Bench: a request, and the calls its flow shall make, over a catalog of bare operation names.

A test's file has one JSON object a line: `utterance`, `prior_sequence` ("" where a flow is created), `expected` (a list of
flows in a subset of Python). The catalog is a list of `{"id": "Trello_Card__2_0_0__create_Card", "description": ...}`.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowquill.generation.pipeline import Generator
from flowquill.generation.request import GenerationError, Request
from flowquill.grammar.catalog import Catalog, CatalogError, Connector, Operation, Output, load_catalog
from flowquill.grammar.parse import parse
from flowquill.training.evaluation.metrics import calls, similarity

_ID = re.compile(r"(?P<app>.+?)__\d+(?:_\d+)*__(?P<action>.+)")


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
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        listed = [(str(e["id"]), str(e["description"])) for e in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CatalogError(f'{path} is no list of {{"id", "description"}} ({error}); give such a file.') from None
    names: dict[str, str] = {}
    groups: dict[str, dict[str, Operation]] = {}
    titles: dict[str, str] = {}
    for identity, description in listed:
        found = _ID.fullmatch(identity)
        app, action = (found["app"], found["action"]) if found else (identity.split("_", 1)[0], identity)
        # The last word of the part in front names the object, which the action repeats.
        service = app.rsplit("_", 1)[0]
        connector = _snake(service) or "service"
        titles[connector] = service.replace("_", " ")
        operations = groups.setdefault(connector, {})
        words = _snake(action.replace("withwhere", "")).split("_")
        base = "_".join(w for i, w in enumerate(words) if i == 0 or w != words[i - 1])
        name, number = base, 1
        while name in operations:
            number += 1
            name = f"{base}_{number}"
        many = action.startswith("retrieve")
        outputs = (Output("items", "body", "list"),) if many else (Output("item", "body", "any"),)
        operations[name] = Operation(
            connector=connector, name=name, id=identity, kind="action", title=description, summary=description, outputs=outputs
        )  # fmt: skip
        names[identity] = f"{connector}.{name}"
    connectors = [Connector(name=c, title=titles[c], api=c, category="", summary="", operations=tuple(o.values())) for c, o in groups.items()]
    return load_catalog(builtin=False).merged(connectors), names


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


def _snake(text: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")

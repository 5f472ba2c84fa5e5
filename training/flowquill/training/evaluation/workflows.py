"""Real workflow definitions as tests: their authors' words in, and the calls of the written flow held against those of the definition.

A file has one JSON object a line: `id`, `source_repo`, `title`, `description`, `definition`, `pair_quality` ("A" or "B" where the description says
enough to judge a flow by it). Versions of one operation count as the same. Variables, compose, parse JSON, terminate and scopes are no calls.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from flowquill.generation.pipeline import Generator
from flowquill.generation.request import GenerationError, Request
from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog, Connector, Operation, load_catalog
from flowquill.grammar.catalog.importing import connector_of
from flowquill.grammar.catalog.importing.workflows import Seen, merged
from flowquill.grammar.parse import parse
from flowquill.grammar.wdl.matching import telling
from flowquill.training.evaluation.metrics import calls, similarity

_PLUMBING = frozenset({"compose", "parse_json", "terminate"})
_BUTTONS = frozenset({"button", "powerapp", "powerappv2"})
_LIMIT = 4_000


@dataclass(frozen=True, slots=True)
class Judged:
    """One definition and its outcome. `written` is empty where no flow was written, and `error` says why; `refused`: the flow only refuses."""

    id: str
    quality: str
    source: str
    expected: tuple[str, ...]
    written: tuple[str, ...]
    similarity: float
    refused: bool
    error: str = ""


def tests(path: Path) -> list[dict[str, Any]]:
    """The definitions of quality A and B."""
    return [e for e in _entries(path) if e["pair_quality"] in ("A", "B")]


def _entries(path: Path) -> list[dict[str, Any]]:
    text = gzip.decompress(path.read_bytes()).decode("utf-8") if path.suffix == ".gz" else path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def catalog_of(path: Path) -> Catalog:
    """The project's catalog and every operation that a definition of the file calls and the project's lacks. Raises CatalogError."""
    own = load_catalog()
    added: list[Connector] = []
    by_api = _by_api(own)
    # Read here and not by `load_catalog`, which takes lines of id and description for a list of operations: the tests' own words would be candidates.
    for found in merged(e["definition"] for e in _entries(path)):
        seen = connector_of(found)
        known = by_api.get(seen.api.removeprefix("shared_").lower()) or own.connectors.get(seen.name) or _by_routes(seen, own)
        if known is None:
            added.append(seen)
            continue
        there, names = {key for o in known.operations for key in _keys(o)}, {o.name for o in known.operations}
        missing = [o for o in seen.operations if not there & set(_keys(o))]
        new = [replace(o, connector=known.name, name=f"{o.name}_2" if o.name in names else o.name) for o in missing]
        added.append(replace(known, operations=(*known.operations, *new)))
    return own.merged(added)


def _by_api(catalog: Catalog) -> dict[str, Connector]:
    return {c.api.removeprefix("shared_").lower(): c for c in catalog.connectors.values()}


def _by_routes(seen: Connector, catalog: Catalog) -> Connector | None:
    """The connector that a definition calls by the name of a connection of its own: the one that has the same routes."""
    routes = {_route(o.kind, o.method, o.path) for o in seen.operations if telling(o.path)}
    found = [c for c in catalog.connectors.values() if any(o.path and _route(o.kind, o.method, o.path) in routes for o in c.operations)]
    return found[0] if len(found) == 1 else None


def _keys(operation: Operation) -> Iterator[str]:
    """What one operation is the same as another by: its id without version, its method and path without version and names of places."""
    if not operation.id.startswith(("get /", "post /", "put /", "patch /", "delete /")):
        yield f"{operation.kind} {re.sub(r'_?v[0-9]+$', '', operation.id.lower())}"
    if operation.path:
        yield f"{operation.kind} {_route(operation.kind, operation.method, operation.path)}"


def _route(kind: str, method: str, path: str) -> str:
    # Definitions do not write the method of a trigger that waits to be called.
    return f"{'' if kind == 'trigger' else method.lower()} {re.sub(r'/v[0-9.]+(?=/)', '', re.sub(r'{[^}]*}', '{}', path.lower()))}"


class Names:
    """Operations of a catalog by what a definition says of them."""

    def __init__(self, catalog: Catalog, definitions: Iterable[Mapping[str, Any]] = ()) -> None:
        """`definitions`: all that will be asked for, since a connection may have any name, and the routes of one tell whose it is."""
        known = _by_api(catalog)
        self._aliases: dict[str, str] = {}
        for found in merged(definitions):
            seen = connector_of(found)
            api = seen.api.removeprefix("shared_").lower()
            owner = None if api in known else _by_routes(seen, catalog)
            if owner is not None:
                self._aliases[api] = owner.api.removeprefix("shared_").lower()
        self._by_key: dict[tuple[str, str], str] = {}
        self._by_text: dict[str, str] = {}
        self._apis = {c.name: c.api.removeprefix("shared_").lower() for c in catalog.connectors.values()}
        self._builtin = {(o.kind, o.id.lower()): o.text for o in catalog.operations() if o.connector is None}
        for operation in catalog.operations():
            if operation.connector is None:
                continue
            keys = [(self._apis[operation.connector], k) for k in _keys(operation)]
            same = next((self._by_key[k] for k in keys if k in self._by_key), operation.text)
            self._by_text[operation.text] = same
            for key in keys:
                self._by_key.setdefault(key, same)

    def canonical(self, text: str) -> str:
        """The name that stands for all versions of an operation."""
        return self._by_text.get(text, text)

    def of(self, name: str, node: Mapping[str, Any], kind: Literal["action", "trigger"]) -> str | None:
        """What an action or a trigger of a definition calls; None for plumbing."""
        seen = Seen()
        bare = {k: v for k, v in node.items() if k not in ("actions", "else", "cases", "default")}
        seen.add({f"{kind}s": {name: bare}})
        for (api, _), found in seen.calls.items():
            keys = [f"{kind} {re.sub(r'_?v[0-9]+$', '', found.id.lower())}", *([f"{kind} {_route(kind, found.method, found.path)}"] if found.path else [])]
            plain = self._aliases.get(api.lower(), api.lower())
            return next((self._by_key[plain, k] for k in keys if (plain, k) in self._by_key), f"{api}:{found.id}")
        type_ = str(node.get("type", "")).lower()
        if kind == "trigger" and type_ == "request":
            return "manual" if str(node.get("kind", "")).lower() in _BUTTONS else "http_request"
        text = self._builtin.get((kind, type_))
        return None if text in _PLUMBING else text


def gold(definition: Mapping[str, Any], names: Names) -> tuple[str, ...]:
    """The trigger and the calls of a definition, each after what it runs after, the inner ones after their block's own."""
    found = [t for name, node in definition.get("triggers", {}).items() if (t := names.of(name, node, "trigger"))]
    return (*found[:1], *_actions(definition.get("actions") or {}, names))


def _actions(actions: Mapping[str, Any], names: Names) -> Iterator[str]:
    done: set[str] = set()
    left = list(actions)
    while left:
        ready = next((n for n in left if not (set(actions[n].get("runAfter") or {}) & set(left)) - done), left[0])
        left.remove(ready)
        done.add(ready)
        node = actions[ready]
        called = names.of(ready, node, "action")
        if called:
            yield called
        blocks = [node, *(node.get("cases") or {}).values(), node.get("else"), node.get("default")]
        for block in blocks:
            yield from _actions((block or {}).get("actions") or {}, names)


def run(generator: Generator, found: list[dict[str, Any]], progress: Callable[[int], None] = lambda done: None) -> list[Judged]:
    """Writes a flow for each title and description, cut to what the guard reads, and compares the calls."""
    names = Names(generator.catalog, (t["definition"] for t in found))
    results: list[Judged] = []
    for number, test in enumerate(found, 1):
        text = ". ".join(t for t in (test.get("title"), test.get("description")) if t)[:_LIMIT]
        expected = gold(test["definition"], names)
        flows: tuple[tree.Flow, ...] = ()
        error = ""
        try:
            flows = parse(generator.generate(Request(text)).flow).file.flows
        except GenerationError as failure:
            error = str(failure)
        written = tuple(names.canonical(c) for c in (calls(flows[0]) if flows else ()) if c not in _PLUMBING)
        score = similarity(expected, written)
        results.append(Judged(test["id"], test["pair_quality"], test["source_repo"], expected, written, score, "refuse" in written, error))
        progress(number)
    return results


def summary(results: list[Judged]) -> dict[str, Any]:
    """Number of tests and mean similarity with its 95 % bootstrap interval: of all, by quality, by source; and how many were refused or failed."""
    from flowquill.training.evaluation.intervals import bootstrap

    groups: dict[str, list[float]] = {}
    for r in results:
        for name in ("all", f"quality {r.quality}", r.source):
            groups.setdefault(name, []).append(r.similarity)
    found: dict[str, Any] = {}
    for name, values in sorted(groups.items()):
        low, high = bootstrap(values)
        found[name] = {"tests": len(values), "similarity": sum(values) / len(values), "low": low, "high": high}
    return {**found, "refused": sum(r.refused for r in results), "failed": sum(bool(r.error) for r in results)}

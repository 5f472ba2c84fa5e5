"""Pairs written by hand: JSON lines of {"text", "flow"} and, for an edit, the flow before it as "context"."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.check import check
from flowquill.grammar.parse import parse
from flowquill.training.data.pairs import Pair

_MAY_LACK = frozenset({"FQ005", "FQ021"})
_FIELDS = frozenset({"text", "flow", "context", "voice"})


class PairError(Exception):
    """A line that is no pair. The message is one sentence that says which line, what and what to do."""


def folder() -> Path:
    """Where the package keeps its hand-written pairs; those of `test/` are never trained on."""
    return Path(str(resources.files("flowquill.training").joinpath("language"))) / "pairs"


def read_pairs(file: Path, catalog: Catalog) -> Iterator[Pair | PairError]:
    """The pairs of a file in its order; an error in place of each line that is none."""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield pair_of(json.loads(line), catalog, f"{file.stem}-{number}")
        except PairError as error:
            yield PairError(f"{file.name}:{number}: {error}")
        except ValueError as error:
            yield PairError(f"{file.name}:{number}: this is no JSON ({error}); one object a line is expected.")


def pair_of(entry: Any, catalog: Catalog, identity: str) -> Pair:
    """One pair. Arguments that are `?` are left out, since a request that does not give them asks for no decision. Raises PairError."""
    if not isinstance(entry, dict) or not isinstance(entry.get("text"), str) or not isinstance(entry.get("flow"), str):
        raise PairError('"text" and "flow" are needed, both texts.')
    if unknown := sorted(set(entry) - _FIELDS):
        raise PairError(f"{', '.join(unknown)} is no field of a pair; known are {', '.join(sorted(_FIELDS))}.")
    flow = _flow(entry["flow"], catalog)
    context = _flow(entry["context"], catalog) if "context" in entry else None
    refused = any(isinstance(s, tree.Refuse) for s in flow.body)
    kind = "edit" if context is not None else "refuse" if refused else "create"
    return Pair(identity, kind, entry["text"], flow, context, (), (), (str(entry.get("voice") or "hand"),))  # type: ignore[arg-type]


def _flow(text: str, catalog: Catalog) -> tree.Flow:
    parsed = parse(text)
    if parsed.errors:
        raise PairError(f"the flow does not parse: {parsed.errors[0].message}")
    if len(parsed.file.flows) != 1:
        raise PairError("exactly one flow is expected.")
    for found in check(parsed, catalog):
        if found.severity == "error" and found.code not in _MAY_LACK:
            raise PairError(f"{found.code}: {found.message}")
    flow = without_holes(parsed.file.flows[0])
    assert isinstance(flow, tree.Flow)
    return flow


def without_holes(node: Any) -> Any:
    """The node without arguments that are `?`."""
    changes: dict[str, Any] = {}
    for spec in fields(node):
        value = getattr(node, spec.name)
        if isinstance(value, tuple) and value and spec.name != "span":
            kept = tuple(v for v in value if not (isinstance(v, tree.Argument) and isinstance(v.value, tree.Hole)))
            changes[spec.name] = tuple(_deep(v) for v in kept)
        elif isinstance(value, tree.Node):
            changes[spec.name] = without_holes(value)
    changed = {k: v for k, v in changes.items() if v != getattr(node, k)}
    return replace(node, **changed) if changed else node


def _deep(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_deep(v) for v in value)
    return without_holes(value) if is_dataclass(value) else value


__all__ = ["PairError", "folder", "pair_of", "read_pairs", "without_holes"]

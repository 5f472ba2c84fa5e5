"""What people did with proposals, as pairs: accepted and edited ones teach, rejected ones are left out, and none is trusted without a check.

A server that was allowed to record writes a JSON line for each proposal: `text` (the request), `outcome` ("accepted", "edited", "rejected"), `proposed`
(the flow offered), `kept` (the flow as it stood when the file was saved; for edited ones), and perhaps `context` (the flow before an edit), `model` and
`time`. Recording is the server's, off unless asked for; this module only reads files that a person names.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flowquill.grammar.catalog import Catalog
from flowquill.grammar.format import render
from flowquill.training.data.handwritten import PairError, pair_of
from flowquill.training.data.manifest import fingerprint
from flowquill.training.data.pairs import Pair
from flowquill.training.evaluation.metrics import calls, similarity
from flowquill.training.privacy.replace import Replacer
from flowquill.training.tenant.errors import TenantError
from flowquill.training.tenant.examples import scrubbed

OUTCOMES = ("accepted", "edited", "rejected")
MOST_EDITED = 0.34
"""An edit that left less than this of the calls was another flow written over the proposal, and says nothing of the request."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """A pair and how often a training should see it: an edited proposal shows what the model gets wrong, so it counts most."""

    pair: Pair
    weight: int


@dataclass(frozen=True, slots=True)
class Curated:
    """`kept`: pairs with their weights; `left_out`: how many records were not used, by reason."""

    kept: tuple[Weighted, ...]
    left_out: tuple[tuple[str, int], ...]


def curate(files: Iterable[Path], catalog: Catalog, scrub: Replacer) -> Curated:
    """Reads records, newest last; of requests that read alike the last outcome counts, and one rejected last is left out. Raises TenantError."""
    last: dict[str, tuple[Pair, int]] = {}
    left_out: Counter[str] = Counter()
    number = 0
    for file in files:
        for record in _records(file):
            number += 1
            outcome = record.get("outcome")
            text = record.get("text")
            if outcome not in OUTCOMES or not isinstance(text, str):
                left_out["no record of a proposal"] += 1
                continue
            key = fingerprint(text)
            if outcome == "rejected":
                left_out["rejected"] += 1
                last.pop(key, None)
                continue
            made = _pair(record, catalog, f"feedback-{number}")
            if isinstance(made, str):
                left_out[made] += 1
                continue
            left_out["superseded by a later one"] += key in last
            last[key] = (scrubbed(made, catalog, scrub), 3 if outcome == "edited" else 1)
    kept = tuple(Weighted(pair, weight) for pair, weight in last.values())
    return Curated(kept, tuple(sorted((k, n) for k, n in left_out.items() if n)))


def _records(file: Path) -> Iterable[dict[str, Any]]:
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise TenantError(f"{file} cannot be read ({error.strerror or error}); give a file of recorded proposals.") from None
    for place, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        try:
            found = json.loads(raw)
        except ValueError:
            # The last line of a file that is being written, or of a process that was killed.
            if place == len(lines) or not any(rest.strip() for rest in lines[place:]):
                return
            raise TenantError(f"{file}:{place} is no JSON; give a file of recorded proposals.") from None
        yield found if isinstance(found, dict) else {}


def _pair(record: dict[str, Any], catalog: Catalog, identity: str) -> Pair | str:
    """The pair of a record, or why there is none."""
    flow = record.get("kept") if record["outcome"] == "edited" else record.get("proposed")
    entry = {"text": record["text"], "flow": flow} | ({"context": record["context"]} if record.get("context") else {})
    try:
        pair = replace(pair_of(entry, catalog, identity), tags=("feedback", str(record["outcome"])))
    except PairError:
        return "a flow that does not check"
    if any(word == "todo" for word in calls(pair.flow)):
        return "a step left open"
    if record["outcome"] == "edited" and isinstance(record.get("proposed"), str):
        try:
            before = pair_of(entry | {"flow": record["proposed"]}, catalog, identity)
        except PairError:
            return pair
        if similarity(calls(before.flow), calls(pair.flow)) < MOST_EDITED:
            return "another flow in its place"
    return pair


def repeated(found: Sequence[Weighted]) -> list[Pair]:
    """The pairs, each as often as its weight says."""
    return [replace(w.pair, id=f"{w.pair.id}-{turn}") for w in found for turn in range(w.weight)]


def lines(found: Sequence[Weighted]) -> str:
    """As a file of pairs that `train tenant --examples` reads."""
    entries = [{"text": w.pair.text, "flow": render(w.pair.flow)} | ({"context": render(w.pair.context)} if w.pair.context else {}) for w in found]
    return "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in entries)

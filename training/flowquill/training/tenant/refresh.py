"""The loop that keeps an adapter current: what people did since, what the catalog became, a new training, the gate, and a new version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flowquill.grammar.catalog import Catalog
from flowquill.training.data.manifest import Alike
from flowquill.training.data.pairs import Pair
from flowquill.training.privacy.recognise import with_presidio
from flowquill.training.privacy.replace import Replacer
from flowquill.training.tenant.config import AdapterConfig
from flowquill.training.tenant.errors import TenantError
from flowquill.training.tenant.examples import Examples, prepare, read
from flowquill.training.tenant.feedback import Curated, Weighted, curate
from flowquill.training.tenant.make import Outcome, Watch, make
from flowquill.training.tenant.registry import Registry
from flowquill.training.tenant.stale import reasons


@dataclass(frozen=True, slots=True)
class Refreshed:
    """`outcome` is None where nothing had changed. `because`: why a training was due."""

    because: tuple[str, ...]
    outcome: Outcome | None


def refresh(
    tenant: str,
    catalog: Catalog,
    registry: Registry,
    files: Sequence[Path] = (),
    config: AdapterConfig | None = None,
    base: Path | None = None,
    general: int = 300,
    force: bool = False,
    about: Mapping[str, Any] | None = None,
    watch: Watch = lambda what, done, total: None,
    prompts: Sequence[Any] | None = None,
) -> Refreshed:
    """Trains the tenant's champion anew if its catalog, its base or its feedback (`files`) have changed, and publishes if the gate allows.

    The champion's test stays the test. Raises TenantError.
    """
    champion = registry.version(tenant)
    because = reasons(champion, catalog, base)
    scrub = Replacer(1, with_presidio())
    found = curate(files, catalog, scrub) if files else Curated((), ())
    old, lost = read(champion.folder / "examples.jsonl", catalog)
    test, gone = read(champion.folder / "test.jsonl", catalog)
    fresh = new(found.kept, old, test)
    if fresh:
        because.append(f"{len(fresh)} examples of feedback are new.")
    if not because and not force:
        return Refreshed((), None)
    ready = prepare([*old, *(w.pair for w in fresh)], catalog, test, None, [*lost, *gone])
    ready = replace(ready, train=weighed(ready, fresh))
    # A champion of another language or base may not open at all; then the base alone is the measure.
    former = champion.model if not any("language" in b or "base" in b for b in because) else None
    said = {"refreshed_from": champion.number, "because": because, **(about or {})}
    return Refreshed(tuple(because), make(tenant, ready, catalog, registry, config, base, general, prompts, True, former, said, watch))


def new(found: Sequence[Weighted], old: Sequence[Pair], test: Sequence[Pair]) -> list[Weighted]:
    """What feedback adds: not what reads like a test, and not a request that is learnt from already with the same flow."""
    held = Alike([p.text for p in test])
    known = {(p.text, repr(p.flow)) for p in old}
    return [w for w in found if held.of(w.pair.text) is None and (w.pair.text, repr(w.pair.flow)) not in known]


def weighed(ready: Examples, fresh: Sequence[Weighted]) -> tuple[Pair, ...]:
    """The examples, those of feedback as often as they weigh."""
    weights = {w.pair.text: w.weight for w in fresh}
    return tuple(p for p in ready.train for _ in range(weights.get(p.text, 1)))


__all__ = ["Refreshed", "TenantError", "new", "refresh", "weighed"]

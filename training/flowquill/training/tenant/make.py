"""A tenant's adapter from beginning to end: examples, training, merging, the gate, and a version where the gate allows it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flowquill.generation.model_files import default_folder, examine
from flowquill.grammar.catalog import Catalog, load_catalog
from flowquill.grammar.catalog.written import connector_text
from flowquill.training.evaluation import safety
from flowquill.training.tenant import gate, lora
from flowquill.training.tenant.config import AdapterConfig
from flowquill.training.tenant.errors import TenantError
from flowquill.training.tenant.examples import Examples, connectors, lines
from flowquill.training.tenant.package import base_name, catalog_hash, package
from flowquill.training.tenant.recipe import Trained, train_adapter
from flowquill.training.tenant.registry import Registry, Version

STRENGTHS = (1.0, 0.7, 0.5)
"""How strongly the additions count, tried in this order until the gate lets one pass."""
Watch = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`version` is None where the gate said no; `verdict` says why."""

    version: Version | None
    verdict: gate.Verdict
    trained: Trained


def make(
    tenant: str,
    examples: Examples,
    catalog: Catalog,
    registry: Registry,
    config: AdapterConfig | None = None,
    base: Path | None = None,
    general: int = 300,
    prompts: Sequence[safety.Prompt] | None = None,
    promote: bool = True,
    former: Path | None = None,
    about: Mapping[str, Any] | None = None,
    watch: Watch = lambda what, done, total: None,
) -> Outcome:
    """Trains, judges and perhaps publishes. `general`: how many general tests the gate takes; `prompts`: the safety prompts, all where None;
    `former`: the model of the version that this one is to replace.

    Nothing of a run that fails or is stopped stays, apart from a line in the tenant's history. Raises TenantError.
    """
    config, base = config or AdapterConfig(), base or default_folder()
    if problems := examine(base).problems:
        raise TenantError(problems[0])
    prompts = safety.prompts() if prompts is None else prompts
    with registry.locked(tenant) as stage:
        try:
            trained = train_adapter(examples.train, catalog, stage / "adapter", config, base, lambda step, steps, loss: watch(f"training, loss {loss:.2f}", step, steps))
            number = max((v.number for v in registry.versions(tenant)), default=0) + 1
            sets = gate.Sets(examples.test, gate.general_set(catalog, general), prompts)
            started = time.monotonic()
            before = gate.answers(base, catalog, sets, registry.root / ".base", lambda name, done, total: watch(f"the base: {name}", done, total))
            replaced = gate.tenant_only(former, catalog, sets, lambda name, done, total: watch(f"the former: {name}", done, total)) if former else None
            for strength in STRENGTHS:
                watch(f"merging at strength {strength:g}", 0, 1)
                lora.weaken(stage / "adapter", config.alpha, strength)
                shutil.rmtree(stage / "model", ignore_errors=True)
                package(stage / "adapter", base, catalog, stage / "model", f"flowquill-{tenant}", str(number))
                after = gate.answers(stage / "model", catalog, sets, None, lambda name, done, total, s=strength: watch(f"at strength {s:g}: {name}", done, total))  # type: ignore[misc]
                verdict = gate.judge(before, after, prompts, replaced)
                # A weaker one can only be of use where this one does enough for the tenant and too much elsewhere.
                if verdict.passed or verdict.figures["tenant"].interval[0] <= 0:
                    break
            if not verdict.passed:
                registry.note(tenant, "refused", why=" ".join(verdict.reasons))
                return Outcome(None, verdict, trained)
            _keep(stage, examples, catalog)
            card = {
                "base": base_name(base),
                "catalog": catalog_hash(catalog),
                "connectors": connectors(examples.train),
                "data": {"train": len(examples.train), "test": len(examples.test), "sha256": examples.hashes, "replaced": dict(examples.replaced), "left_out": len(examples.left_out) + len(trained.left_out)},
                "config": asdict(config),
                "strength": strength,
                "training": {"seconds": trained.seconds, "cpu_seconds": trained.cpu_seconds, "gate_seconds": round(time.monotonic() - started, 1)},
                "figures": {name: asdict(c) for name, c in verdict.figures.items()},
                "never": verdict.never,
                **(about or {}),
            }
            version = registry.publish(tenant, stage, card, promote)
        except OSError as error:
            raise TenantError(f"The disk did not take the adapter ({error.strerror or error}); make room in {registry.root} and start again, nothing was published.") from None
    return Outcome(version, verdict, trained)


def _keep(stage: Path, examples: Examples, catalog: Catalog) -> None:
    """The tenant's examples and connectors beside its model: what belongs to one version stays together."""
    (stage / "examples.jsonl").write_text(lines(examples.train), encoding="utf-8")
    (stage / "test.jsonl").write_text(lines(examples.test), encoding="utf-8")
    (stage / "catalog").mkdir(exist_ok=True)
    general = load_catalog()
    for name, connector in catalog.connectors.items():
        if general.connectors.get(name) != connector:
            (stage / "catalog" / f"{name}.json").write_text(connector_text(connector), encoding="utf-8")
    shutil.rmtree(stage / "model.whole", ignore_errors=True)

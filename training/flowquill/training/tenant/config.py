"""How an adapter of the default model is trained: the settings, and their reading from a file. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from flowquill.training.tenant.errors import TenantError


@dataclass(frozen=True)
class AdapterConfig:
    """How an adapter is trained. The gate says whether they did; training/README.md tells what came of others."""

    steps: int = 110
    """Batches."""
    batch: int = 24
    """Pairs a batch."""
    rank: int = 16
    """Of the additions; vLLM takes 8, 16, 32 or 64 for language models, so the same numbers are used here."""
    alpha: int = 32
    """The additions are scaled by alpha / rank."""
    dropout: float = 0.05
    """Of the additions' inputs."""
    rate: float = 1e-3
    """Peak learning rate."""
    warmup: int = 8
    """Batches until the peak; from there to zero in a straight line."""
    own_share: float = 0.3
    """Of a batch: the tenant's examples, their values drawn anew each time."""
    catalog_share: float = 0.1
    """Of a batch: sampled pairs with phrases made by rule from the tenant's catalog."""
    refuse_share: float = 0.08
    """Of a batch: requests to refuse, and as many that only look like them. A tenant's examples have none, and what is not rehearsed is unlearnt first."""
    hand_share: float = 0.2
    """Of the rehearsal: pairs written by hand. The rest of a batch is rehearsal from the general sampler."""
    seed: int = 1
    """Of the data, the order and the initial weights."""
    threads: int = 2
    """CPU threads of torch."""

    @property
    def shares(self) -> tuple[float, float, float]:
        """Of a batch: examples, pairs over the catalog, refusals. The rest is rehearsal."""
        return self.own_share, self.catalog_share, self.refuse_share


def config_of(given: dict[str, Any], source: str) -> AdapterConfig:
    """The config with the values of a file. Raises TenantError where a key or a value is none."""
    known = {f.name: type(getattr(AdapterConfig(), f.name)) for f in fields(AdapterConfig)}
    if unknown := sorted(set(given) - set(known)):
        raise TenantError(f"{source} has unknown settings ({', '.join(unknown)}); known are {', '.join(sorted(known))}.")
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, (int, float) if known[name] is float else known[name]):
            raise TenantError(f"{source}: {name} = {value!r} is no {'whole number' if known[name] is int else 'number'}; mend it.")
    config = AdapterConfig(**given)
    if not (config.steps > 0 and config.batch > 1 and config.rank > 0 and config.threads > 0 and min(config.shares) >= 0 and sum(config.shares) <= 1):
        raise TenantError(f"{source}: steps, batch, rank and threads are above 0, and own_share, catalog_share and refuse_share are at most 1 together; mend it.")
    return config

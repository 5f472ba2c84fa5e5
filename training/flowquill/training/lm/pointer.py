"""`flowquill train adapter` for the default model: the recipe of tenant adapters on the pairs of a configuration, published with a manifest."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path

from flowquill.generation.model_files import default_folder
from flowquill.training.lm.config import ConfigError, PairSettings, PointerConfig
from flowquill.training.lm.data import Step, catalog_of, pairs_of
from flowquill.training.lm.publish import published, sha256, write_json
from flowquill.training.tenant import recipe
from flowquill.training.tenant.config import AdapterConfig, config_of
from flowquill.training.tenant.errors import TenantError
from flowquill.training.tenant.lora import SETTINGS, WEIGHTS
from flowquill.training.tenant.package import base_name


def train_pointer_adapter(config: PointerConfig, step: Step = lambda *_: None) -> Path:
    """Gives the folder of the adapter. Raises ConfigError, PublishError."""
    base = Path(config.base) if config.base else default_folder()
    if not (base / "model.json").exists():
        raise ConfigError(f"{base} is no exported model; give the folder that flowquill train export wrote, or base = \"\" for the package's own.")
    settings = PairSettings(pairs=config.pairs, files=config.files, catalogs=config.catalogs, handwritten=False, seed=config.seed)
    catalog = catalog_of(settings)
    pairs = [pair for pair, _ in pairs_of(settings, catalog)]
    known = {f.name for f in fields(AdapterConfig)}
    told = {k: v for k, v in asdict(config).items() if k in known}
    out = Path(config.out) / "adapter"
    try:
        how = config_of(told, "The configuration")
        with published(out) as fresh:
            trained = recipe.train_adapter(pairs, catalog, fresh, how, base, lambda done, total, loss: step("training", done, total))
            said = {
                "format": 1,
                "name": config.name,
                "base": base_name(base),
                "config": told,
                "seed": config.seed,
                "data": {"pairs": len(pairs), "left_out": len(trained.left_out), "files": {Path(f).name: sha256(Path(f)) for f in config.files}},
                "updates": trained.steps,
                "files": {name: sha256(fresh / name) for name in (WEIGHTS, SETTINGS)},
            }
            write_json(fresh / "manifest.json", said)
    except TenantError as error:
        raise ConfigError(str(error)) from None
    return out


__all__ = ["train_pointer_adapter"]

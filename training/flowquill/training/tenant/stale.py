"""Which adapters have not seen what has changed since: another base, another grammar, connectors added, changed or taken away."""

from __future__ import annotations

from pathlib import Path

from flowquill.generation.model_files import default_folder
from flowquill.grammar.catalog import Catalog, load_catalog
from flowquill.grammar.catalog.diff import differences
from flowquill.training.tenant.package import base_name, catalog_hash
from flowquill.training.tenant.registry import Version

_SHOWN = 3


def reasons(version: Version, catalog: Catalog, base: Path | None = None) -> list[str]:
    """A sentence for each way in which a version is behind `catalog` and `base`; none where it is not. Raises TenantError for a damaged card."""
    card = version.card
    now = base_name(base or default_folder())
    found: list[str] = []
    if card["base"]["manifest"] != now["manifest"]:
        found.append(f"It was trained on {card['base']['name']} {card['base']['version']}, and the base is {now['name']} {now['version']} now; train it again.")
    if card["base"]["grammar"] != now["grammar"]:
        found.append("The language has changed since; train it again.")
    if card["catalog"] != catalog_hash(catalog):
        kept = version.folder / "catalog"
        own = {f.stem for f in kept.glob("*.json")}
        before = load_catalog([kept]) if own else load_catalog()
        # Only the tenant's own connectors: what else a catalog holds belongs to the base.
        touched = [c for c in differences(before, catalog) if c.operation.split(".")[0] in own | (set(catalog.connectors) - set(load_catalog().connectors))]
        if touched:
            shown = ", ".join(f"{c.operation} {c.kind}" for c in touched[:_SHOWN])
            more = f" and {len(touched) - _SHOWN} more" if len(touched) > _SHOWN else ""
            found.append(f"Its catalog has changed ({shown}{more}); train it again.")
    return found

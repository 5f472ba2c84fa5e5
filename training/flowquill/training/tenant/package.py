"""An adapter as a model folder that the embedded engine reads: merged into the base's weights, in int8, sharing with the base what did not change.

Both ways were weighed. Additions kept apart and merged when a model is opened would be 6 MB a tenant, but the engine would need onnx to rewrite its
networks, or branches in them that every step pays for. A whole folder is 53 MB; of it the embedder, the word vectors and the tokenizer (24 MB) are
the base's own files, linked where the disk allows, so that a version takes 30 MB and opens as fast as the base.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from flowquill.generation.model_files import MANIFEST
from flowquill.grammar.catalog import Catalog
from flowquill.training.model.export import export, texts_of_catalog
from flowquill.training.model.pretrained import quantised_rows
from flowquill.training.model.restore import restore
from flowquill.training.tenant import lora
from flowquill.training.tenant.recipe import embedder_of

SHARED = ("embedder.onnx", "words.npz", "tokenizer.json")


def package(adapter: Path, base: Path, catalog: Catalog, out: Path, name: str, label: str) -> Path:
    """Writes the model folder `out`. `name`, `label`: what results call the model and its version. Raises TenantError where the adapter does not fit."""
    merged = lora.merge(lora.load(restore(base), adapter))
    whole = out.parent / f"{out.name}.whole"
    merged.save_pretrained(whole)
    try:
        # Vectors are made below from the base's own, so that those of one text are the same in both; the export needs none.
        export(whole, out, name=name, label=label, catalog=Catalog({}, catalog.builtins))
    finally:
        shutil.rmtree(whole, ignore_errors=True)
    for file in SHARED:
        share(base / file, out / file)
    vectors(base, catalog, out)
    described = _described(out)
    described["catalog"] = catalog_hash(catalog)
    described["training"] = {"adapter_of": base_name(base), **json.loads((adapter / "training.json").read_text(encoding="utf-8"))}
    if curve := _described(base).get("calibration"):
        described["calibration"] = curve
    (out / "model.json").write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")
    files = {f.name: hash_of(f) for f in sorted(out.iterdir()) if f.is_file() and f.name != MANIFEST}
    (out / MANIFEST).write_text(json.dumps({"name": name, "files": files}, indent=1) + "\n", encoding="utf-8")
    return out


def _described(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "model.json").read_text(encoding="utf-8")))


def share(source: Path, target: Path) -> None:
    """The same file in a second place: a link where the disk allows, else a copy."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def vectors(base: Path, catalog: Catalog, out: Path) -> None:
    """The base's vectors and those of the catalog's words that it lacks."""
    embedder = embedder_of(base)
    known = json.loads((base / "vectors.json").read_text(encoding="utf-8"))
    texts = list(dict.fromkeys([*known, *texts_of_catalog(catalog)]))
    embedder.add(texts)
    (out / "vectors.json").write_text(json.dumps(texts, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    np.savez_compressed(out / "vectors.npz", **quantised_rows(embedder.matrix[[embedder.rows[t] for t in texts]]))


def hash_of(file: Path) -> str:
    """SHA-256 in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def base_name(base: Path) -> dict[str, str]:
    """Name, version and hash of a base model."""
    described = _described(base)
    return {"name": str(described["name"]), "version": str(described["version"]), "manifest": hash_of(base / MANIFEST), "grammar": str(described["grammar"])}


def catalog_hash(catalog: Catalog) -> str:
    """SHA-256 over everything that a model sees of a catalog, whatever the order of its files."""
    said = sorted(repr((o.text, o.id, o.kind, o.title, o.summary, o.phrases, o.parameters, o.outputs)) for o in catalog.operations())
    titles = sorted(f"{c.name} {c.title}" for c in catalog.connectors.values())
    return hashlib.sha256("\n".join(said + titles).encode()).hexdigest()

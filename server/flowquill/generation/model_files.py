"""The files of a model: where the package keeps its own, and whether a folder is whole, by the hashes of its manifest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

MANIFEST = "manifest.json"
FORMAT = 1
"""Of `model.json`; a model of another format is refused."""
_LOADED = (".onnx", ".npz", ".json", ".safetensors")


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model's folder as its manifest describes it. `problems`: a sentence each, empty where all is well."""

    folder: Path
    name: str
    files: tuple[str, ...]
    problems: tuple[str, ...]


def default_folder() -> Path:
    """The folder of the model that ships with the package; it may be absent in a checkout without one."""
    return Path(__file__).parent / "model"


def examine(folder: Path | None = None) -> ModelFiles:
    """Reads `manifest.json` ({"name": ..., "files": {FILE: SHA-256 in hex}}) and compares every file with it. Never raises."""
    folder = folder or default_folder()
    again = "install flowquill again or give another --model"
    if not folder.is_dir():
        return ModelFiles(folder, "", (), (f"There is no model at {folder}; {again}.",))
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        name, files = str(manifest["name"]), dict(manifest["files"])
    except FileNotFoundError:
        return ModelFiles(folder, "", (), (f"The model folder {folder} has no {MANIFEST}; {again}.",))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ModelFiles(folder, "", (), (f"{folder / MANIFEST} is damaged; {again}.",))
    problems = [p for file, digest in files.items() if (p := _problem(folder, str(file), str(digest), again))]
    # A file that is loaded without its hash being checked would be the way in.
    unnamed = sorted(f.name for f in folder.iterdir() if f.suffix in _LOADED and f.name != MANIFEST and f.name not in files)
    problems += [f"The model file {folder / name} is not named in the manifest; {again}." for name in unnamed]
    return ModelFiles(folder, name, tuple(files), tuple(problems))


def _problem(folder: Path, name: str, digest: str, again: str) -> str:
    if Path(name).name != name:
        return f"The manifest of the model names {name[:80]!r}, which lies outside its folder; {again}."
    file = folder / name
    try:
        with file.open("rb") as stream:
            actual = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return f"The model file {file} is missing; {again}."
    return "" if actual == digest else f"The model file {file} is damaged (its hash differs from the manifest); {again}."

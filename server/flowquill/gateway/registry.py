"""Reads the registry of adapters: immutable versions, movable aliases, every file checked by its hash before it is served.

    REGISTRY/NAME/aliases.json            {"champion": 3}, replaced by rename
    REGISTRY/NAME/versions/0003/          card.json, and one of these or both:
        adapter/                          for vLLM: adapter_config.json, adapter_model.safetensors, manifest.json {"files": {FILE: SHA-256 in hex}}
        model/                            for the embedded engine, with a manifest.json of its own; catalog/*.json and examples.jsonl beside it

An adapter for vLLM may also lie in the version's folder itself, with "files" in its card.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowquill.generation.model_files import examine

FORMAT = 1
CARD = "card.json"
MANIFEST = "manifest.json"
CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
# Windows drops a dot at the end, and takes the names of its devices for the devices, in every folder.
_NAME = re.compile(r"(?i:(?!(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|\Z)))[A-Za-z0-9][A-Za-z0-9._-]{0,62}(?<!\.)")
_LIMIT = 1 << 20


class RegistryError(Exception):
    """An adapter that must not be served. The message is one sentence for a person that says what to do."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version that was found whole. `digest`: SHA-256 of card and manifest, in hex.

    `language`: the folder of the adapter for vLLM; `embedded`: that of the embedded engine's model; None where it has none.
    """

    adapter: str
    version: str
    folder: Path
    digest: str
    language: Path | None
    embedded: Path | None

    @property
    def model(self) -> str:
        """The name it has on the replicas: another for each version and content, since vLLM's prefix cache goes by names."""
        return f"{self.adapter}.{self.version}.{self.digest[:8]}"

    @property
    def catalogs(self) -> tuple[Path, ...]:
        """The connectors that belong to it."""
        return tuple(sorted((self.folder / "catalog").glob("*.json")))


class Registry:
    """A registry's folder. Versions that were found whole are not hashed again while their card stays the same."""

    def __init__(self, root: Path, *, max_rank: int) -> None:
        self.root = root
        self.max_rank = max_rank
        self._checked: dict[tuple[str, str], Version] = {}

    def resolve(self, adapter: str, wanted: str) -> Version:
        """The version that an alias, or a version's own name, stands for. Raises RegistryError."""
        folder = self.root / _sound(adapter)
        version = _sound(self._aliases(folder).get(wanted, wanted))
        place = folder / "versions" / version
        if version.isdigit() and not place.is_dir():
            # Numbers are padded on the disk, so that they sort.
            place = place.with_name(f"{int(version):04d}")
        return self._examine(adapter, version, place)

    def _aliases(self, folder: Path) -> dict[str, str]:
        try:
            table = json.loads(_read(folder / "aliases.json"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            raise RegistryError(f"The aliases {folder / 'aliases.json'} cannot be read; restore the file.") from None
        if not isinstance(table, dict):
            raise RegistryError(f"The aliases {folder / 'aliases.json'} are no JSON object; restore the file.")
        return {k: str(v) for k, v in table.items() if k != "format" and isinstance(v, str | int)}

    def _examine(self, adapter: str, version: str, folder: Path) -> Version:
        try:
            card_bytes = _read(folder / CARD)
            card = json.loads(card_bytes)
            layout = card["format"]
            apart = folder / "adapter" / MANIFEST
            manifest_bytes = _read(apart) if apart.is_file() else card_bytes
            files = json.loads(manifest_bytes).get("files")
        except FileNotFoundError:
            raise RegistryError(
                f"The registry has no version {version} of {adapter}; publish it, or name another."
            ) from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise RegistryError(f"The card {folder / CARD} is damaged; publish the adapter as a new version.") from None
        digest = hashlib.sha256(card_bytes + manifest_bytes).hexdigest()
        known = self._checked.get((adapter, version))
        if known is not None and known.digest == digest:
            return known
        if known is not None:
            raise RegistryError(
                f"Version {version} of {adapter} was changed after it was published; publish it as a new version."
            )
        if layout != FORMAT:
            raise RegistryError(
                f"Version {version} of {adapter} has the format {layout}, and this version reads {FORMAT}; update the gateway."
            )
        language = None
        if files is not None:
            language = apart.parent if apart.is_file() else folder
            self._files(f"{adapter} {version}", language, files)
        embedded = folder / "model" if (folder / "model").is_dir() else None
        if embedded is not None and (problems := examine(embedded).problems):
            raise RegistryError(problems[0])
        if language is None and embedded is None:
            raise RegistryError(
                f"Version {version} of {adapter} holds neither an adapter for vLLM nor a model; publish it again."
            )
        found = Version(adapter, version, folder, digest, language, embedded)
        self._checked[adapter, version] = found
        return found

    def _files(self, name: str, folder: Path, files: object) -> None:
        if not isinstance(files, dict) or not {CONFIG, WEIGHTS} <= set(files):
            raise RegistryError(f"The card of {name} does not name {CONFIG} and {WEIGHTS}; publish it again.")
        root = self.root.resolve()
        present = {p.name for p in folder.iterdir()} - {CARD, MANIFEST}
        if unnamed := sorted(present - set(files)):
            raise RegistryError(f"Version {name} holds {unnamed[0]}, which its card does not name; publish it again.")
        for file_name, digest in files.items():
            file = folder / file_name
            if Path(file_name).name != file_name or not file.resolve().is_relative_to(root):
                raise RegistryError(
                    f"The card of {name} names {file_name}, which lies outside its folder; do not use it."
                )
            try:
                with file.open("rb") as stream:
                    actual = hashlib.file_digest(stream, "sha256").hexdigest()
            except OSError:
                raise RegistryError(f"The file {file} is missing; publish {name} again.") from None
            if actual != digest:
                raise RegistryError(f"The file {file} differs from its card's hash; publish {name} again.")
        self._rank(folder / CONFIG)

    def _rank(self, file: Path) -> None:
        try:
            config: dict[str, Any] = json.loads(_read(file))
            rank = int(config["r"])
        except (OSError, ValueError, KeyError, TypeError):
            raise RegistryError(f"{file} is no adapter's configuration; publish the adapter again.") from None
        if rank > self.max_rank:
            raise RegistryError(
                f"The adapter {file.parent} has rank {rank}, and the replicas take {self.max_rank}; train it with a lower rank."
            )
        if config.get("modules_to_save"):
            raise RegistryError(
                f"The adapter {file.parent} replaces whole modules, which vLLM cannot serve; train it without modules_to_save."
            )


def _sound(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise RegistryError(f"{name!r} is no name of an adapter or a version; use letters, digits, dot, - and _.")
    return name


def _read(file: Path) -> bytes:
    with file.open("rb") as stream:
        data = stream.read(_LIMIT + 1)
    if len(data) > _LIMIT:
        raise OSError("too large")
    return data

"""Reads the registry of adapters: immutable versions, movable aliases, every file checked by its hash before it is served.

REGISTRY/NAME/aliases.json            {"champion": "3"}, replaced by rename
REGISTRY/NAME/versions/3/card.json    {"format": 1, "base": ..., "files": {FILE: SHA-256 in hex}}
REGISTRY/NAME/versions/3/adapter_config.json, adapter_model.safetensors
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMAT = 1
CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_LIMIT = 1 << 20


class RegistryError(Exception):
    """An adapter that must not be served. The message is one sentence for a person that says what to do."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version that was found whole. `digest`: SHA-256 of its card, in hex."""

    adapter: str
    version: str
    folder: Path
    digest: str

    @property
    def model(self) -> str:
        """The name it has on the replicas: another for each version and content, since vLLM's prefix cache goes by names."""
        return f"{self.adapter}.{self.version}.{self.digest[:8]}"


class Registry:
    """A registry's folder. Versions that were found whole are not hashed again while their card stays the same."""

    def __init__(self, root: Path, *, max_rank: int) -> None:
        self.root = root
        self.max_rank = max_rank
        self._checked: dict[tuple[str, str], Version] = {}

    def resolve(self, adapter: str, wanted: str) -> Version:
        """The version that an alias, or a version's own name, stands for. Raises RegistryError."""
        folder = self.root / _sound(adapter)
        aliases = self._aliases(folder)
        version = _sound(aliases.get(wanted, wanted))
        return self._examine(adapter, version, folder / "versions" / version)

    def _aliases(self, folder: Path) -> dict[str, str]:
        try:
            table = json.loads(_read(folder / "aliases.json"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            raise RegistryError(f"The aliases {folder / 'aliases.json'} cannot be read; restore the file.") from None
        if not isinstance(table, dict) or not all(isinstance(v, str) for v in table.values()):
            raise RegistryError(f"The aliases {folder / 'aliases.json'} are no object of texts; restore the file.")
        return table

    def _examine(self, adapter: str, version: str, folder: Path) -> Version:
        try:
            card_bytes = _read(folder / "card.json")
            card = json.loads(card_bytes)
            files = {str(f): str(h) for f, h in card["files"].items()}
            layout = card["format"]
        except FileNotFoundError:
            raise RegistryError(
                f"The registry has no version {version} of {adapter}; publish it, or name another."
            ) from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise RegistryError(
                f"The card {folder / 'card.json'} is damaged; publish the adapter as a new version."
            ) from None
        digest = hashlib.sha256(card_bytes).hexdigest()
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
        self._files(adapter, version, folder, files)
        found = Version(adapter, version, folder, digest)
        self._checked[adapter, version] = found
        return found

    def _files(self, adapter: str, version: str, folder: Path, files: dict[str, str]) -> None:
        if not {CONFIG, WEIGHTS} <= set(files):
            raise RegistryError(
                f"The card of {adapter} {version} does not name {CONFIG} and {WEIGHTS}; publish it again."
            )
        root = self.root.resolve()
        present = {p.name for p in folder.iterdir()} - {"card.json"}
        if unnamed := sorted(present - set(files)):
            raise RegistryError(
                f"Version {version} of {adapter} holds {unnamed[0]}, which its card does not name; publish it again."
            )
        for name, digest in files.items():
            file = folder / name
            if Path(name).name != name or not file.resolve().is_relative_to(root):
                raise RegistryError(
                    f"The card of {adapter} {version} names {name}, which lies outside its folder; do not use it."
                )
            try:
                with file.open("rb") as stream:
                    actual = hashlib.file_digest(stream, "sha256").hexdigest()
            except OSError:
                raise RegistryError(f"The file {file} is missing; publish {adapter} again.") from None
            if actual != digest:
                raise RegistryError(f"The file {file} differs from its card's hash; publish {adapter} again.")
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

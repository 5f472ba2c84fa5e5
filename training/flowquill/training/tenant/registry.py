"""Adapters on disk: immutable versions of a tenant, aliases that move between them, and a lock for whoever changes either.

    ROOT/TENANT/versions/0001/   card.json, examples.jsonl, catalog/*.json, adapter/ (safetensors), model/ (what the embedded engine reads)
    ROOT/TENANT/aliases.json     {"format": 1, "champion": 2, "candidate": 3, "former": [1]}
    ROOT/TENANT/history.jsonl    what was published, promoted, rolled back and refused, and why

A version is put together in a folder beside the others and appears by one rename; aliases change by one rename. Nothing of one tenant lies in the folder
of another.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from flowquill.generation.appending import append
from flowquill.training.tenant.errors import TenantError

FORMAT = 1
CARD = "card.json"
# Windows takes the names of its devices for the devices, in every folder.
_NAME = re.compile(r"(?!(?:con|prn|aux|nul|com[0-9]|lpt[0-9])\Z)[a-z0-9][a-z0-9_-]{0,47}")
_STAGE = ".stage"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Version:
    """A published version."""

    tenant: str
    number: int
    folder: Path

    @property
    def model(self) -> Path:
        """The folder for `flowquill generate --model`."""
        return self.folder / "model"

    @property
    def card(self) -> dict[str, Any]:
        """What the version says of itself. Raises TenantError where its card is damaged or of another format."""
        return _json(self.folder / CARD)


class Registry:
    """The versions below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def tenants(self) -> list[str]:
        """The names of all tenants that have a version."""
        found = self.root.iterdir() if self.root.is_dir() else ()
        return sorted(f.name for f in found if (f / "versions").is_dir() and _NAME.fullmatch(f.name))

    def home(self, tenant: str) -> Path:
        """A tenant's folder. Raises TenantError where the name is none: it becomes part of a path."""
        if not _NAME.fullmatch(tenant):
            raise TenantError(f"{tenant!r} is no name for a tenant; take small letters, digits, - and _, 48 at most.")
        return self.root / tenant

    def versions(self, tenant: str) -> list[Version]:
        """All versions, oldest first."""
        folder = self.home(tenant) / "versions"
        found = [f for f in folder.iterdir() if _number(f.name) and (f / CARD).is_file()] if folder.is_dir() else []
        return [Version(tenant, int(f.name), f) for f in sorted(found, key=lambda f: int(f.name))]

    def version(self, tenant: str, which: str = "champion") -> Version:
        """A version by alias or number. Raises TenantError where there is none."""
        number = int(which) if _number(which) else self.aliases(tenant).get(which)
        found = next((v for v in self.versions(tenant) if v.number == number), None)
        if found is None:
            have = ", ".join(str(v.number) for v in self.versions(tenant)) or "none"
            raise TenantError(f"The tenant {tenant} has no version {which} (there are: {have}); train one with flowquill train tenant --name {tenant}.")
        return found

    def aliases(self, tenant: str) -> dict[str, Any]:
        """What the aliases point at."""
        file = self.home(tenant) / "aliases.json"
        return _json(file) if file.is_file() else {"format": FORMAT, "former": []}

    @contextmanager
    def locked(self, tenant: str) -> Iterator[Path]:
        """Keeps others from changing the tenant; gives an empty folder in which to put a version together, which is gone afterwards.

        The system takes the lock back when a process ends, however it ends; what it left is cleared by the next. Raises TenantError where another holds it,
        and where nothing can be written there.
        """
        home = self.home(tenant)
        stage = home / _STAGE
        lock = FileLock(str(home / "lock"), timeout=0)
        try:
            home.mkdir(parents=True, exist_ok=True)
            lock.acquire()
            shutil.rmtree(stage, ignore_errors=True)
            stage.mkdir()
        except Timeout:
            raise TenantError(f"Another process is changing the tenant {tenant}; wait until it has ended and try again.") from None
        except OSError as error:
            lock.release()
            raise TenantError(f"The registry {self.root} takes no writing ({error.strerror or error}); check your rights to it, or name another with --registry.") from None
        try:
            yield stage
        finally:
            shutil.rmtree(stage, ignore_errors=True)
            lock.release()

    def publish(self, tenant: str, stage: Path, card: dict[str, Any], promote: bool = True) -> Version:
        """Makes the staged folder the next version and the candidate, with `promote` the champion too. The lock must be held.

        Raises TenantError where the disk does not take it; then nothing has changed.
        """
        number = max((v.number for v in self.versions(tenant)), default=0) + 1
        target = self.home(tenant) / "versions" / f"{number:04d}"
        written = {"format": FORMAT, "tenant": tenant, "version": number, "created": _now(), **card}
        try:
            target.parent.mkdir(exist_ok=True)
            (stage / CARD).write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            _synced(stage)
            stage.rename(target)
            try:
                self._point(tenant, {"candidate": number, **({"champion": number} if promote else {})})
            except BaseException:
                # A version that no alias knows of would take the number of the next one.
                target.rename(stage)
                raise
        except OSError as error:
            raise TenantError(f"The version could not be written ({error.strerror or error}); make room or check the rights to {target.parent}, nothing was published.") from None
        self.note(tenant, "published", number)
        return Version(tenant, number, target)

    def promote(self, tenant: str, which: str) -> Version:
        """Makes a version the champion."""
        with self.locked(tenant):
            found = self.version(tenant, which)
            with _moving(tenant):
                self._point(tenant, {"champion": found.number})
            self.note(tenant, "promoted", found.number)
        return found

    def roll_back(self, tenant: str) -> Version:
        """Makes the former champion the champion again. Raises TenantError where there was none."""
        with self.locked(tenant):
            aliases = self.aliases(tenant)
            if not aliases["former"]:
                raise TenantError(f"The tenant {tenant} had no champion before; promote a version with flowquill train promote --name {tenant} --version NUMBER.")
            number = aliases["former"].pop()
            with _moving(tenant):
                self._write(tenant, aliases | {"champion": number})
            self.note(tenant, "rolled back", number)
            return self.version(tenant)

    def note(self, tenant: str, what: str, number: int = 0, why: str = "") -> None:
        """A line in the tenant's history, whole or not at all. What it tells of is done by then, so a disk that does not take it is only warned of."""
        entry = {"time": _now(), "what": what, **({"version": number} if number else {}), **({"why": why} if why else {})}
        file = self.home(tenant) / "history.jsonl"
        try:
            append(file, json.dumps(entry, ensure_ascii=False) + "\n")
        except OSError as error:
            log.warning("%s could not be written (%s); it lacks the line: %s", file, error.strerror or error, what)

    def _point(self, tenant: str, changes: dict[str, int]) -> None:
        aliases = self.aliases(tenant)
        before = aliases.get("champion")
        if before is not None and changes.get("champion", before) != before:
            aliases["former"] = [*aliases["former"], before]
        self._write(tenant, aliases | changes)

    def _write(self, tenant: str, aliases: dict[str, Any]) -> None:
        file = self.home(tenant) / "aliases.json"
        fresh = file.with_suffix(".new")
        try:
            with fresh.open("w", encoding="utf-8") as stream:
                stream.write(json.dumps(aliases) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(fresh, file)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise


@contextmanager
def _moving(tenant: str) -> Iterator[None]:
    """Turns a disk that does not take the aliases into one sentence."""
    try:
        yield
    except OSError as error:
        raise TenantError(f"The aliases of {tenant} could not be written ({error.strerror or error}); make room or check your rights, the champion is as it was.") from None


def _json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise TenantError(f"{file} is of format {found['format']} and {FORMAT} is expected; train the tenant again with this version.")
    except (OSError, ValueError, KeyError, TypeError):
        raise TenantError(f"{file} is damaged; roll the tenant back or train it again.") from None
    return dict(found)


def _synced(folder: Path) -> None:
    """Everything below on the disk before the rename says that it is."""
    for file in folder.rglob("*"):
        if file.is_file():
            handle = os.open(file, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _number(text: str) -> bool:
    """Whether a text is a version's number; digits of other scripts are none, though `int` reads some of them."""
    return text.isascii() and text.isdigit()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

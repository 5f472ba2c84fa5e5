"""The tenants' keys: made here, shown once, kept as hashes in a file that the gateway follows.

A key is `fq-ID-SECRET`. ID finds the entry; SECRET has 256 bits from the system's source of randomness, so a single SHA-256 is
enough: a slow hash protects secrets that can be guessed, and would cost each request its time.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

FORMAT = 1
_DUMMY = hashlib.sha256(b"no such key").hexdigest()


class KeysError(Exception):
    """The file of keys cannot be used. The message is one sentence for a person that says what to do."""


@dataclass(frozen=True, slots=True)
class Key:
    """An entry. `sha256`: of the whole key, in hex; `created` and `expires`: ISO 8601 in UTC."""

    id: str
    tenant: str
    sha256: str
    created: str
    expires: str | None = None

    def expired(self, now: datetime) -> bool:
        """Whether the key's time is over."""
        return self.expires is not None and datetime.fromisoformat(self.expires) <= now


@dataclass(frozen=True, slots=True)
class Keys:
    """All entries. `salt`: the secret, in hex, that the tenants' cache salts are made from."""

    salt: str
    keys: tuple[Key, ...] = ()

    def tenant_of(self, key: str, now: datetime | None = None) -> str | None:
        """The tenant a key belongs to; None where it is unknown or expired. Takes the same time whether or not the id exists."""
        parts = key.split("-", 2)
        entry = next((k for k in self.keys if len(parts) == 3 and k.id == parts[1]), None)
        same = hmac.compare_digest(hashlib.sha256(key.encode()).hexdigest(), entry.sha256 if entry else _DUMMY)
        if not same or entry is None or entry.expired(now or datetime.now(UTC)):
            return None
        return entry.tenant

    def cache_salt(self, tenant: str) -> str:
        """What separates the tenant's cached prefixes from others', and cannot be guessed by them."""
        return hmac.new(bytes.fromhex(self.salt), tenant.encode(), hashlib.sha256).hexdigest()

    def with_new(self, tenant: str, days: float | None = None, now: datetime | None = None) -> tuple[Keys, str, Key]:
        """These keys and one more, the key itself (kept nowhere), and its entry."""
        now = now or datetime.now(UTC)
        taken = {k.id for k in self.keys}
        identity = secrets.token_hex(4)
        while identity in taken:
            identity = secrets.token_hex(4)
        key = f"fq-{identity}-{secrets.token_urlsafe(32)}"
        expires = None if days is None else (now + timedelta(days=days)).isoformat(timespec="seconds")
        entry = Key(
            identity, tenant, hashlib.sha256(key.encode()).hexdigest(), now.isoformat(timespec="seconds"), expires
        )
        return replace(self, keys=(*self.keys, entry)), key, entry

    def without(self, identity: str) -> Keys:
        """These keys but one. Raises KeysError where it is not among them."""
        left = tuple(k for k in self.keys if k.id != identity)
        if len(left) == len(self.keys):
            raise KeysError(f"There is no key {identity}; flowquill serve key list shows those there are.")
        return replace(self, keys=left)


def read_keys(file: Path) -> Keys:
    """Reads the file. Raises KeysError."""
    try:
        table = json.loads(file.read_text(encoding="utf-8"))
        if table["format"] != FORMAT:
            raise KeysError(
                f"The keys {file} have the format {table['format']}, and this version reads {FORMAT}; use the version that wrote them."
            )
        keys = Keys(str(table["salt"]), tuple(Key(**entry) for entry in table["keys"]))
        bytes.fromhex(keys.salt)
        for key in keys.keys:
            key.expired(datetime.now(UTC))
    except FileNotFoundError:
        raise KeysError(
            f"There are no keys at {file}; make one with: flowquill serve key add TENANT --config PATH."
        ) from None
    except OSError as error:
        raise KeysError(f"The keys {file} cannot be read ({error.strerror}); check your rights to them.") from None
    except (ValueError, KeyError, TypeError):
        raise KeysError(f"The keys {file} are damaged; restore the file, or remove it and hand out new keys.") from None
    return keys


@contextmanager
def editing(file: Path) -> Iterator[_Edit]:
    """The keys for a change by one process at a time; written at the end, whole or not at all, readable by the owner only."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with _lock(file):
        keys = read_keys(file) if file.exists() else Keys(secrets.token_hex(32))
        edit = _Edit(keys)
        yield edit
        if edit.keys != keys or not file.exists():
            _write(file, edit.keys)


@dataclass
class _Edit:
    keys: Keys


@contextmanager
def _lock(file: Path) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:
        # Windows: administrators there take turns by themselves; the write is atomic all the same.
        yield
        return
    with file.with_suffix(".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _write(file: Path, keys: Keys) -> None:
    table = {"format": FORMAT, "salt": keys.salt, "keys": [asdict(k) for k in keys.keys]}
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(table, stream, indent=1)
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

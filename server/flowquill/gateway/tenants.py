"""The tenants as they are now: who a key is, what belongs to them. Follows the files of configuration and keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flowquill.gateway.errors import GatewayError
from flowquill.gateway.keys import Keys, KeysError, read_keys
from flowquill.gateway.limits import Allowance
from flowquill.gateway.settings import Settings, SettingsError, Tenant, read_settings

MODEL = "flowquill"
"""What any tenant may call its model."""
GRAMMAR_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Client:
    """A tenant with what belongs to it. `salt`: of its prefix cache; `grammar`: for requests that bring none."""

    name: str
    given: Tenant
    allowance: Allowance
    salt: str
    grammar: str | None

    @property
    def names(self) -> frozenset[str]:
        """What it may call its model."""
        return frozenset((MODEL, self.name))


class Tenants:
    """All of them. `reload` changes everything at once or nothing."""

    def __init__(self, file: Path) -> None:
        """Raises SettingsError and KeysError."""
        self.file = file
        self.settings = read_settings(file)
        self.keys = read_keys(self.settings.server.keys)
        self._clients = _clients(self.settings, self.keys, {})
        self._seen = self._stamps()

    def client(self, authorization: str | None) -> Client:
        """The tenant of a request's Authorization header. Raises GatewayError (401)."""
        scheme, _, key = (authorization or "").partition(" ")
        name = self.keys.tenant_of(key.strip(" \t")) if scheme.lower() == "bearer" else None
        client = self._clients.get(name) if name is not None else None
        if client is None:
            message = "The key is missing, unknown or expired; send Authorization: Bearer KEY with the key your platform team gave you."
            raise GatewayError(401, "authentication_error", message)
        return client

    @property
    def clients(self) -> Mapping[str, Client]:
        """By name."""
        return self._clients

    def reload(self) -> str | None:
        """Reads the files again; None where all is well, else a sentence, and everything stays as it was."""
        self._seen = self._stamps()
        try:
            settings = read_settings(self.file)
            keys = read_keys(settings.server.keys)
            clients = _clients(settings, keys, self._clients)
        except (SettingsError, KeysError) as error:
            return str(error)
        fixed = ("server", "base_model", "health", "registry", "embedded", "replica")
        changed = [key for key in fixed if getattr(settings, key) != getattr(self.settings, key)]
        if changed:
            return f"A change of {changed[0]} takes effect with a new start of the gateway; nothing was changed yet."
        self.settings, self.keys, self._clients = settings, keys, clients
        return None

    def changed(self) -> bool:
        """Whether a file differs from when it was read last."""
        return self._stamps() != self._seen

    def _stamps(self) -> tuple[tuple[int, int, int] | None, ...]:
        grammars = (t.grammar for t in self.settings.tenant.values() if t.grammar is not None)
        return tuple(_stamp(f) for f in (self.file, self.settings.server.keys, *grammars))


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _clients(settings: Settings, keys: Keys, before: Mapping[str, Client]) -> dict[str, Client]:
    clients: dict[str, Client] = {}
    for name, given in settings.tenant.items():
        old = before.get(name)
        # What a tenant has used up is not given back by a reload.
        allowance = old.allowance if old is not None and old.given.limits == given.limits else Allowance(given.limits)
        clients[name] = Client(name, given, allowance, keys.cache_salt(name), _grammar(name, given.grammar))
    return clients


def _grammar(tenant: str, file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        if file.stat().st_size > GRAMMAR_LIMIT:
            raise SettingsError(
                f"The grammar {file} of tenant {tenant} is longer than {GRAMMAR_LIMIT >> 20} MiB; give it fewer operations."
            )
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"The grammar {file} of tenant {tenant} cannot be read; correct its path.") from None

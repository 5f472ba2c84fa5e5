"""The gateway's configuration file: TOML into frozen models, where a key that does not exist is an error."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class SettingsError(Exception):
    """The configuration cannot be used. The message is one sentence for a person that says what to do."""


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("must be lower-case letters, digits, - and _, at most 63 of them")
    return value


def _address(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not (host and colon and port.isdigit() and int(port) < 65536):
        raise ValueError("must be HOST:PORT, as 127.0.0.1:8800")
    return value


def _url(value: str) -> str:
    if not re.fullmatch(r"https?://[^/?#@\s]+(/[^?#\s]*)?", value):
        raise ValueError("must be an http or https address without user, query and fragment, as http://127.0.0.1:8000")
    return value.rstrip("/")


Name = Annotated[str, AfterValidator(_name)]
Address = Annotated[str, AfterValidator(_address)]
Url = Annotated[str, AfterValidator(_url)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, protected_namespaces=())


class Server(_Table):
    """`[server]`: where the gateway listens and what a request may be."""

    listen: Address = "127.0.0.1:8800"
    admin: Address | None = "127.0.0.1:8801"
    """Health, metrics and status, without a key: an address that only the operators' network reaches. None: no such listener."""
    keys: Path = Path("keys.json")
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    max_body_kib: Annotated[int, Field(gt=0, le=16_384)] = 512
    """Kibibytes of a request's body."""
    request_timeout_s: Seconds = 120.0
    """From a request's arrival to its last byte."""
    stall_timeout_s: Seconds = 60.0
    """Without a byte from the replica. Where a request is not streamed this spans the whole generation."""
    drain_s: Seconds = 30.0
    """How long requests under way may go on after the gateway was told to stop."""

    @model_validator(mode="after")
    def _both_or_neither(self) -> Server:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key belong together")
        return self


class Limits(_Table):
    """`[tenant.NAME.limits]`: what one tenant may ask of the service; each gateway process counts for itself."""

    requests_per_minute: Annotated[float, Field(gt=0)] = 240.0
    burst: Annotated[int, Field(ge=1)] = 60
    concurrent: Annotated[int, Field(ge=1)] = 16
    waiting: Annotated[int, Field(ge=0)] = 64
    """Requests that may wait for one of the `concurrent` places."""
    wait_s: Seconds = 20.0
    max_tokens: Annotated[int, Field(ge=1)] = 1024
    """Of one answer; also what a request gets that names no number."""
    choices: Annotated[int, Field(ge=1, le=16)] = 4
    """Alternatives in one request (`n`)."""


class Tenant(_Table):
    """`[tenant.NAME]`: what belongs to a tenant. Nothing here is shared between tenants unless both name the same file."""

    adapter: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")] | None = None
    """A name in the registry; None: the base model."""
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")] = "champion"
    """An alias of the registry, or a version to hold on to."""
    grammar: Path | None = None
    """A decoding grammar for requests that bring none."""
    examples: Path | None = None
    """The folder of the tenant's examples.jsonl, lines of "text" and "flow", for `/v1/examples`."""
    catalogs: tuple[Path, ...] = ()
    builtin_catalog: bool = True
    embedded_model: Path | None = None
    """The folder of the tenant's own embedded model, for `/v1/flows`."""
    limits: Limits = Limits()


class Replica(_Table):
    """`[[replica]]`: a vLLM server. With `command` the gateway starts it, watches it and stops it with itself."""

    name: Name
    url: Url
    key_env: str | None = None
    """The environment variable that holds the replica's API key."""
    adapter_slots: Annotated[int, Field(ge=1)] = 4
    """vLLM's --max-loras: how many adapters run in one batch."""
    command: tuple[str, ...] = ()
    environment: dict[str, str] = {}


class Health(_Table):
    """`[health]`: how replicas are watched."""

    interval_s: Seconds = 1.0
    timeout_s: Seconds = 3.0
    failures: Annotated[int, Field(ge=1)] = 3
    """Probes in a row that must fail before requests on the replica are given up. A refused connection counts at once."""


class Registry(_Table):
    """`[registry]`: the folder of adapter versions."""

    path: Path
    mount: str | None = None
    """Where the replicas see the same folder, if elsewhere."""
    poll_s: Seconds = 2.0
    max_rank: Annotated[int, Field(ge=1)] = 64
    """vLLM's --max-lora-rank; adapters of a higher rank are turned away."""
    retire_s: Seconds = 300.0
    """How long a replaced version stays loaded: for a quick way back, and for other gateways that still use it."""


class Embedded(_Table):
    """`[embedded]`: the default model in the gateway's own process, as `/v1/flows`."""

    enabled: bool = False
    workers: Annotated[int, Field(ge=1, le=64)] = 1


class Settings(_Table):
    """The whole file. Relative paths in it are relative to its folder."""

    server: Server = Server()
    base_model: str = "flowquill"
    """The name under which the replicas serve the base model (vLLM's --served-model-name)."""
    health: Health = Health()
    registry: Registry | None = None
    embedded: Embedded = Embedded()
    replica: tuple[Replica, ...] = ()
    tenant: dict[Name, Tenant]

    @model_validator(mode="after")
    def _sound(self) -> Settings:
        if not self.tenant:
            raise ValueError("there is no [tenant.NAME]")
        names = [r.name for r in self.replica]
        if len(set(names)) != len(names):
            raise ValueError("two replicas have the same name")
        if not self.replica and not self.embedded.enabled:
            raise ValueError("there is no [[replica]] and [embedded] is not enabled, so nothing could answer")
        if self.registry is None and (named := [n for n, t in self.tenant.items() if t.adapter]):
            raise ValueError(f"tenant {named[0]} names an adapter, but there is no [registry]")
        adapters = {t.adapter for t in self.tenant.values() if t.adapter}
        if len({a.lower() for a in adapters}) != len(adapters):
            raise ValueError("two adapters differ in capital letters only, which are one folder on some systems")
        return self


def read_settings(file: Path) -> Settings:
    """Reads the file. Raises SettingsError with the key at fault."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"There is no configuration at {file}; write one as server/DEPLOY.md shows, or give --config PATH."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The configuration {file} cannot be read ({error}); check the path and your rights to it."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"The configuration {file} is no TOML: {error}.") from None
    try:
        settings = Settings.model_validate(table)
    except ValidationError as error:
        raise SettingsError(f"In the configuration {file}, {_complaint(error)}.") from None
    return _anchored(settings, file.parent.resolve())


def _complaint(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"the key {where} does not exist; correct its name or take it out"
    if first["type"] == "missing":
        return f"the key {where} is missing; add it"
    message = str(first["msg"]).removeprefix("Value error, ")
    return f"{where}: {message}; correct it" if where else f"{message}; correct it"


def _anchored(settings: Settings, folder: Path) -> Settings:
    """Every relative path made absolute, from the file's folder."""

    def place(path: Path | None) -> Path | None:
        return None if path is None else folder / path.expanduser()

    server = settings.server
    update: dict[str, Any] = {
        "server": server.model_copy(
            update={
                "keys": place(server.keys),
                "tls_certificate": place(server.tls_certificate),
                "tls_key": place(server.tls_key),
            }
        ),
        "tenant": {
            name: t.model_copy(
                update={
                    "grammar": place(t.grammar),
                    "examples": place(t.examples),
                    "catalogs": tuple(place(p) for p in t.catalogs),
                    "embedded_model": place(t.embedded_model),
                }
            )
            for name, t in settings.tenant.items()
        },
    }
    if settings.registry is not None:
        update["registry"] = settings.registry.model_copy(update={"path": place(settings.registry.path)})
    return settings.model_copy(update=update)

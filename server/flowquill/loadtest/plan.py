"""What a load test does, and what it writes down for each request."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

FLOWS = "/v1/flows"
TEXT = "/v1/completions"
CHAT = "/v1/chat/completions"
EMBEDDED = "embedded"
PATHS: Mapping[str, str] = {"completions": TEXT, "chat": CHAT, "flows": FLOWS}


class LoadError(Exception):
    """A load test that cannot run. The message is one sentence for a person that says what to do."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant of the mix. `key`: sent as bearer token; `model`: what requests name; `weight`: its share of the users.

    `direct`: the model's name at the address that is compared with.
    """

    name: str
    key: str = ""
    model: str = ""
    weight: int = 1
    direct: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request of the mix, ready to send: the request's text, the prompt made of it, the grammar for its answer."""

    text: str
    prompt: str
    grammar: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A run at one number of users. `beside`: an address that every second request goes to, for comparison."""

    url: str
    path: str
    users: int
    duration_s: float
    tenants: tuple[Tenant, ...]
    asks: tuple[Ask, ...]
    beside: str = ""
    max_tokens: int = 128
    stream: bool = True
    think_s: float = 0.0
    timeout_s: float = 120.0
    catalogs: tuple[str, ...] = ()

    def as_table(self) -> dict[str, Any]:
        """For the process of the users."""
        return asdict(self)


def plan_of(table: dict[str, Any]) -> Plan:
    """The other way."""
    table["tenants"] = tuple(Tenant(**t) for t in table["tenants"])
    table["asks"] = tuple(Ask(**a) for a in table["asks"])
    table["catalogs"] = tuple(table["catalogs"])
    return Plan(**table)


@dataclass(frozen=True, slots=True)
class Sample:
    """One request. Times in seconds from the run's begin; `first_s`: to the answer's first byte; `error`: empty where all went well."""

    tenant: str
    beside: bool
    begun_s: float
    seconds: float
    first_s: float
    tokens: int
    error: str = ""


def tenant(text: str) -> Tenant:
    """A tenant as the command line names it: NAME[,key_env=VARIABLE][,model=NAME][,weight=N][,direct=NAME]. Raises LoadError."""
    name, *settings = text.split(",")
    given: dict[str, Any] = {}
    for setting in settings:
        field, equals, value = setting.partition("=")
        if not equals or field not in ("key_env", "model", "weight", "direct"):
            raise LoadError(
                f"{setting!r} of the tenant {name} is not understood; use key_env=, model=, weight= and direct=."
            )
        if field == "key_env":
            if not os.environ.get(value):
                raise LoadError(
                    f"The environment variable {value} with the key of the tenant {name} is not set; set it."
                )
            given["key"] = os.environ[value]
        elif field == "weight":
            if not value.isdigit() or int(value) < 1:
                raise LoadError(f"The weight of the tenant {name} must be a whole number from 1; correct it.")
            given["weight"] = int(value)
        else:
            given[field] = value
    return Tenant(name, **given)


def checked_url(url: str) -> str:
    """An address without its path. Raises LoadError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise LoadError(f"{url!r} is no address of a server; give one as http://127.0.0.1:8800.")
    if parts.path.rstrip("/") not in ("", "/v1"):
        raise LoadError(f"Leave the path out of {url}; --api says which one is asked.")
    return f"{parts.scheme}://{parts.netloc}"

"""`flowquill serve`: the gateway for many tenants, its keys, its check and its status."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from flowquill.cli.errors import CommandError

F = TypeVar("F", bound=Callable[..., Any])
DEFAULT = "gateway.toml"


def _told(command: F) -> F:
    """Turns what the gateway's files may have wrong into the command line's one error."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            from flowquill.gateway.keys import KeysError
            from flowquill.gateway.registry import RegistryError
            from flowquill.gateway.settings import SettingsError
        except ModuleNotFoundError as error:
            raise CommandError(
                f"The gateway needs packages that are not installed ({error.name}); run: pip install 'flowquill[serve]'"
            ) from None
        try:
            return command(*arguments, **options)
        except (SettingsError, KeysError, RegistryError) as error:
            raise CommandError(str(error)) from None

    return run  # type: ignore[return-value]


def _config(command: F) -> F:
    return click.option(
        "--config", metavar="PATH", default=DEFAULT, show_default=True, help="The gateway's configuration."
    )(command)


def _keys(command: F) -> F:
    text = "The file of keys, where it is not the configuration's: a copy for a cluster, say."
    return click.option("--keys", "keys", metavar="PATH", type=click.Path(path_type=Path), help=text)(command)


@click.group("serve", invoke_without_command=True)
@_config
@click.pass_context
@_told
def command(context: click.Context, config: str) -> int:
    """Serve many tenants: an OpenAI-compatible gateway in front of vLLM (needs flowquill[serve]).

    Runs until interrupted; follows its configuration, keys and registry while it runs. Logs are JSON lines on the error stream.
    """
    if context.invoked_subcommand is not None:
        return 0
    from flowquill.gateway.serve import serve

    return serve(Path(config))


@command.command("check")
@_config
@_told
def check(config: str) -> int:
    """Check configuration, keys, grammars and adapters without serving."""
    from flowquill.gateway.registry import Registry
    from flowquill.gateway.tenants import Tenants

    tenants = Tenants(Path(config))
    given = tenants.settings.registry
    registry = Registry(given.path, max_rank=given.max_rank) if given is not None else None
    for name, client in tenants.clients.items():
        model = "the base model"
        if registry is not None and client.given.adapter is not None:
            model = registry.resolve(client.given.adapter, client.given.version).model
        keys = sum(k.tenant == name and not k.expired(datetime.now(UTC)) for k in tenants.keys.keys)
        click.echo(f"{name}: {model}, {keys} valid key{'' if keys == 1 else 's'}")
    if unknown := sorted({k.tenant for k in tenants.keys.keys} - set(tenants.clients)):
        click.echo(
            f"flowquill: There are keys of {', '.join(unknown)}, which the configuration does not name; they open nothing.",
            err=True,
        )
    return 0


@command.command("status")
@_config
@_told
def status(config: str) -> int:
    """Print what a running gateway serves: replicas, adapters, tenants."""
    import httpx

    from flowquill.gateway.settings import read_settings

    address = read_settings(Path(config)).server.admin
    if address is None:
        raise CommandError("The configuration has no admin address; set server.admin to see the status.")
    try:
        answer = httpx.get(f"http://{address}/status", timeout=5, trust_env=False)
        answer.raise_for_status()
        click.echo(json.dumps(answer.json(), indent=2))
    except (httpx.HTTPError, ValueError):
        raise CommandError(
            f"No gateway answers at {address}; start it with: flowquill serve --config {config}"
        ) from None
    return 0


@command.group("key")
def key() -> None:
    """Make, list and revoke the tenants' keys. A running gateway follows within seconds."""


@key.command("add")
@click.argument("tenant")
@click.option(
    "--days", type=click.FloatRange(min=0, min_open=True), help="Days until the key expires; without it, it does not."
)
@_config
@_keys
@_told
def add(tenant: str, days: float | None, config: str, keys: Path | None) -> int:
    """Make a key for TENANT and print it. It is shown this once: the file keeps its hash only."""
    from flowquill.gateway.keys import editing
    from flowquill.gateway.settings import read_settings

    settings = read_settings(Path(config))
    if tenant not in settings.tenant:
        raise CommandError(f"The configuration has no tenant {tenant}; it has {', '.join(settings.tenant)}.")
    with editing(keys or settings.server.keys) as edit:
        edit.keys, made, entry = edit.keys.with_new(tenant, days)
    click.echo(made)
    click.echo(
        f"Key {entry.id} of {tenant}, {'until ' + entry.expires if entry.expires else 'without end'}; keep it now, it is not shown again.",
        err=True,
    )
    return 0


@key.command("list")
@_config
@_keys
@_told
def listed(config: str, keys: Path | None) -> int:
    """List keys by id: tenant, day of making, end."""
    from flowquill.gateway.keys import read_keys
    from flowquill.gateway.settings import read_settings

    for entry in read_keys(keys or read_settings(Path(config)).server.keys).keys:
        end = (
            f"until {entry.expires}{' (over)' if entry.expired(datetime.now(UTC)) else ''}"
            if entry.expires
            else "without end"
        )
        click.echo(f"{entry.id}  {entry.tenant}  {entry.created}  {end}")
    return 0


@key.command("revoke")
@click.argument("identity", metavar="ID")
@_config
@_keys
@_told
def revoke(identity: str, config: str, keys: Path | None) -> int:
    """Take a key away by its id. A key of the form fq-ID-... has its id in the middle."""
    from flowquill.gateway.keys import editing
    from flowquill.gateway.settings import read_settings

    with editing(keys or read_settings(Path(config)).server.keys) as edit:
        edit.keys = edit.keys.without(identity)
    click.echo(f"Key {identity} is revoked.")
    return 0

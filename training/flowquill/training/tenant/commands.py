"""`flowquill train tenant` and the commands around it: adapters made, listed, promoted, rolled back, and found stale."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from flowquill.cli.errors import CommandError
from flowquill.cli.files import own_folder
from flowquill.cli.options import catalog_options, open_catalog
from flowquill.training.tenant.errors import TenantError

if TYPE_CHECKING:
    from flowquill.grammar.catalog import Catalog
    from flowquill.training.tenant.make import Outcome, Watch
    from flowquill.training.tenant.registry import Registry

_FOLDER = click.Path(file_okay=False, path_type=Path)
_NAME = click.option("--name", required=True, help="Of the tenant: small letters, digits, - and _.")
_REGISTRY = click.option("--registry", "root", type=_FOLDER, help="Where adapters are kept; $FLOWQUILL_TENANTS, or tenants in Flowquill's own folder if absent.")


def registry_of(root: Path | None) -> Registry:
    """The registry of the option, the environment or the user's folder."""
    from flowquill.training.tenant.registry import Registry

    return Registry(root or Path(os.environ.get("FLOWQUILL_TENANTS") or own_folder() / "tenants"))


@contextmanager
def failing() -> Iterator[None]:
    """Turns what cannot be done into one sentence."""
    try:
        yield
    except TenantError as error:
        raise CommandError(str(error)) from None
    except KeyboardInterrupt:
        raise CommandError("Stopped; nothing was published.") from None


@contextmanager
def watched() -> Iterator[Watch]:
    """Progress bars on the standard error, one for each thing that is waited for."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks: dict[str, TaskID] = {}

        def watch(what: str, done: int, total: int) -> None:
            key = what.split(",")[0]
            if key not in tasks:
                tasks[key] = progress.add_task(what, total=total)
            progress.update(tasks[key], completed=done, total=total, description=what)

        yield watch


@click.command("tenant")
@_NAME
@click.option("--examples", required=True, metavar="PAIRS|FOLDER", type=click.Path(path_type=Path), help="Pairs as JSON lines, or a folder of the tenant's workflows (.flow, definitions, packages).")
@click.option("--test", type=click.Path(dir_okay=False, path_type=Path), help="Pairs to judge by; a quarter of the examples is held out if absent.")
@click.option("--base", type=_FOLDER, help="The model to adapt; the package's own if absent.")
@click.option("--config", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="A TOML file with settings of the training.")
@click.option("--general", type=click.IntRange(30), default=300, help="How many general tests the gate takes.")
@click.option("--no-promote", is_flag=True, help="Publish as candidate only.")
@click.option("--keep-personal-data", is_flag=True, help="Do not replace what looks like personal data or a secret.")
@click.option("--describe-with", metavar="URL", help="An OpenAI-compatible endpoint that writes the requests of workflows; by rule if absent. Values stay here.")
@click.option("--describe-model", metavar="NAME", default="gpt-4o-mini", help="Its model; the key is read from OPENAI_API_KEY.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
@_REGISTRY
@catalog_options
def tenant(
    name: str,
    examples: Path,
    test: Path | None,
    base: Path | None,
    config: Path | None,
    general: int,
    no_promote: bool,
    keep_personal_data: bool,
    describe_with: str | None,
    describe_model: str,
    as_json: bool,
    root: Path | None,
    catalogs: tuple[str, ...],
    builtin: bool,
) -> int:
    """Train an adapter for a tenant's connectors from some 64 examples, and publish it if it is better and harms nothing."""
    from flowquill.training.privacy.recognise import with_presidio
    from flowquill.training.privacy.replace import Replacer
    from flowquill.training.tenant.config import AdapterConfig, config_of
    from flowquill.training.tenant.examples import prepare, read
    from flowquill.training.tenant.make import make

    catalog = open_catalog(catalogs, builtin)
    with failing():
        settings = config_of(_toml(config), str(config)) if config else AdapterConfig()
        say: dict[str, Any] = {}
        if describe_with:
            from flowquill.training.tenant.asking import Writer

            say["say"] = Writer(describe_with, describe_model, os.environ.get("OPENAI_API_KEY", ""))
        learn, problems = read(examples, catalog, **say)
        judge = None
        if test is not None:
            judge, wrong = read(test, catalog)
            if wrong:
                raise TenantError(f"{test} has lines that are no pairs; mend them. The first: {wrong[0]}")
        scrub = None if keep_personal_data else Replacer(settings.seed, with_presidio())
        ready = prepare(learn, catalog, judge, scrub, problems)
        for problem in ready.left_out:
            click.echo(problem, err=True)
        if ready.replaced:
            click.echo(f"Replaced by made-up values: {', '.join(f'{n} {k}' for k, n in ready.replaced)}.", err=True)
        with watched() as watch:
            outcome = make(name, ready, catalog, registry_of(root), settings, base, general, promote=not no_promote, watch=watch)
    return told(outcome, as_json)


def of_workflows(source: Path, catalog: Catalog, seed: int) -> int:
    """Prints pairs made from workflows as JSON lines, personal data replaced; 1 where a workflow could not be used."""
    from flowquill.training.privacy.recognise import with_presidio
    from flowquill.training.privacy.replace import Replacer
    from flowquill.training.tenant.examples import lines, read, scrubbed

    with failing():
        pairs, problems = read(source, catalog)
        scrub = Replacer(seed, with_presidio())
        click.echo(lines([scrubbed(p, catalog, scrub) for p in pairs]), nl=False)
    for problem in problems:
        click.echo(problem, err=True)
    return 1 if problems else 0


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TenantError(f"There is no configuration at {file}; check the path.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TenantError(f"{file} cannot be read as TOML ({error}); mend it.") from None


def told(outcome: Outcome, as_json: bool) -> int:
    """Prints what became of a training; 1 where nothing was published."""
    from dataclasses import asdict

    verdict, version = outcome.verdict, outcome.version
    if as_json:
        found = {"version": version.number if version else None, "model": str(version.model) if version else None, "reasons": verdict.reasons, "seconds": outcome.trained.seconds}
        click.echo(json.dumps({**found, "cpu_seconds": outcome.trained.cpu_seconds, "figures": {k: asdict(v) for k, v in verdict.figures.items()}}, indent=2))
        return 0 if version else 1
    for name, c in verdict.figures.items():
        click.echo(
            f"{name.replace('_', ' '):16} {c.base:.3f} ({c.base_interval[0]:.3f} to {c.base_interval[1]:.3f}) -> {c.adapter:.3f} ({c.adapter_interval[0]:.3f} to {c.adapter_interval[1]:.3f})"
            f"  {c.difference:+.3f} ({c.interval[0]:+.3f} to {c.interval[1]:+.3f}) of {c.tests}"
        )
    click.echo(f"trained in {outcome.trained.seconds / 60:.1f} minutes, {outcome.trained.cpu_seconds / 60:.1f} of processor time")
    if version is None:
        for reason in verdict.reasons:
            click.echo(f"Not published: {reason}")
        return 1
    click.echo(f"Published as version {version.number}; use it with --model {version.model}")
    return 0


@click.command("tenants")
@_REGISTRY
@click.option("--stale", is_flag=True, help="Say of each which changes of base or catalog its champion has not seen; exit code 1 where there are any.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@catalog_options
def tenants(root: Path | None, stale: bool, as_json: bool, catalogs: tuple[str, ...], builtin: bool) -> int:
    """List tenants, their versions and where the champion's model lies."""
    from flowquill.training.tenant.stale import reasons

    registry = registry_of(root)
    found: dict[str, Any] = {}
    with failing():
        for name in registry.tenants():
            aliases = registry.aliases(name)
            entry: dict[str, Any] = {"versions": [v.number for v in registry.versions(name)], "champion": aliases.get("champion"), "candidate": aliases.get("candidate")}
            if aliases.get("champion"):
                champion = registry.version(name)
                entry["model"] = str(champion.model)
                if stale:
                    entry["stale"] = reasons(champion, open_catalog(catalogs, builtin))
            found[name] = entry
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        for name, entry in found.items():
            click.echo(f"{name}: versions {', '.join(map(str, entry['versions'])) or 'none'}; champion {entry['champion'] or 'none'}  {entry.get('model', '')}")
            for reason in entry.get("stale", ()):
                click.echo(f"  stale: {reason}")
    return 1 if any(e.get("stale") for e in found.values()) else 0


@click.command("promote")
@_NAME
@click.option("--version", "which", required=True, metavar="NUMBER|candidate", help="Which version becomes the champion.")
@_REGISTRY
def promote(name: str, which: str, root: Path | None) -> int:
    """Make a version of a tenant's adapter the champion."""
    with failing():
        version = registry_of(root).promote(name, which)
    click.echo(f"Version {version.number} is the champion of {name}: {version.model}")
    return 0


@click.command("rollback")
@_NAME
@_REGISTRY
def rollback(name: str, root: Path | None) -> int:
    """Make the former champion of a tenant the champion again."""
    with failing():
        version = registry_of(root).roll_back(name)
    click.echo(f"Version {version.number} is the champion of {name} again: {version.model}")
    return 0


@click.command("feedback")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where the pairs go; printed if absent.")
@catalog_options
def feedback(files: tuple[Path, ...], out: Path | None, catalogs: tuple[str, ...], builtin: bool) -> int:
    """Turn what people did with proposals (accepted, edited, rejected) into pairs to learn from."""
    from flowquill.training.privacy.recognise import with_presidio
    from flowquill.training.privacy.replace import Replacer
    from flowquill.training.tenant.feedback import curate, lines

    with failing():
        scrub = Replacer(1, with_presidio())
        found = curate(files, open_catalog(catalogs, builtin), scrub)
    text = lines(found.kept)
    if out is None:
        click.echo(text, nl=False)
    else:
        from flowquill.cli.files import write_text

        write_text(str(out), text)
    why = "".join(f"; {n} left out: {reason}" for reason, n in found.left_out)
    made_up = f"; replaced: {', '.join(f'{n} {k}' for k, n in sorted(scrub.found.items()))}" if scrub.found else ""
    click.echo(f"{len(found.kept)} pairs{why}{made_up}", err=True)
    return 0


@click.command("refresh")
@_NAME
@click.option("--feedback", "files", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Recorded proposals. May be repeated.")
@click.option("--base", type=_FOLDER, help="The model to adapt; the package's own if absent.")
@click.option("--config", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="A TOML file with settings of the training.")
@click.option("--general", type=click.IntRange(30), default=300, help="How many general tests the gate takes.")
@click.option("--force", is_flag=True, help="Train even if nothing has changed.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
@_REGISTRY
@catalog_options
def refresh(
    name: str, files: tuple[Path, ...], base: Path | None, config: Path | None, general: int, force: bool, as_json: bool, root: Path | None, catalogs: tuple[str, ...], builtin: bool
) -> int:
    """Train a tenant's adapter anew if its catalog, its base or its feedback have changed, and publish it if the gate allows."""
    from flowquill.training.tenant.config import AdapterConfig, config_of
    from flowquill.training.tenant.refresh import refresh as again

    catalog = open_catalog(catalogs, builtin)
    with failing():
        settings = config_of(_toml(config), str(config)) if config else AdapterConfig()
        with watched() as watch:
            found = again(name, catalog, registry_of(root), files, settings, base, general, force, watch=watch)
    for reason in found.because:
        click.echo(reason, err=True)
    if found.outcome is None:
        click.echo(f"Nothing has changed for {name}; its champion stays.")
        return 0
    return told(found.outcome, as_json)

"""Options that several commands take, and the catalog they name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import click

from flowquill.cli.errors import CommandError
from flowquill.grammar.catalog import Catalog, load_catalog
from flowquill.grammar.catalog.workspace import find_workspace, read_workspace

F = TypeVar("F", bound=Callable[..., Any])


def catalog_options(command: F) -> F:
    """`--catalog PATH`, repeatable, and `--no-builtin-catalog`."""
    command = click.option(
        "--no-builtin-catalog",
        "builtin",
        flag_value=False,
        default=True,
        type=bool,
        help="Leave out the connectors that come with Flowquill.",
    )(command)
    return click.option(
        "--catalog",
        "catalogs",
        metavar="PATH",
        multiple=True,
        help="A connector file, an OpenAPI file, or a folder of them, added to the built-in ones. May be repeated.",
    )(command)


def model_option(command: F) -> F:
    """`--model DIR`."""
    return click.option("--model", metavar="DIR", help="A model's folder; the one that comes with Flowquill where absent.")(command)


def open_catalog(catalogs: tuple[str, ...], builtin: bool, near: str | None = None) -> Catalog:
    """The catalog of the workspace and the options.

    The workspace is that of the file `near`, of the working directory where it is None or the standard input. Options come
    after its `flowquill.toml`: their connectors replace its of the same name, and the built-in ones are left out where either
    says so. Raises CatalogError, and CommandError where the workspace file is wrong or the catalog would be empty.
    """
    start = Path(near) if near not in (None, "-") else Path.cwd()
    file = find_workspace(start)
    return _opened(file, catalogs, builtin)


@cache
def _opened(file: Path | None, catalogs: tuple[str, ...], builtin: bool) -> Catalog:
    workspace = read_workspace(file)
    if workspace.errors:
        raise CommandError(workspace.errors[0])
    for complaint in workspace.complaints:
        click.echo(f"flowquill: {complaint}", err=True)
    paths = [*workspace.catalogs, *(Path(p) for p in catalogs)]
    wanted = builtin and workspace.builtin
    if not wanted and not paths:
        source = "--no-builtin-catalog" if not builtin else f"builtin-catalog = false in {file}"
        raise CommandError(f"{source} leaves no connectors; add --catalog PATH.")
    return load_catalog(paths, builtin=wanted)

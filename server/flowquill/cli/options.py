"""Options that several commands take, and the catalog they name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from flowquill.cli.errors import CommandError
from flowquill.grammar.catalog import Catalog, load_catalog

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
        help="A connector file, or a folder of them, added to the built-in ones. May be repeated.",
    )(command)


def model_option(command: F) -> F:
    """`--model DIR`."""
    return click.option("--model", metavar="DIR", help="A model's folder; the one that comes with Flowquill where absent.")(command)


def open_catalog(catalogs: tuple[str, ...], builtin: bool) -> Catalog:
    """The catalog the options name. Raises CatalogError, and CommandError where it would be empty."""
    catalog = load_catalog([Path(p) for p in catalogs], builtin=builtin)
    if not builtin and not catalogs:
        raise CommandError("--no-builtin-catalog leaves no connectors; add --catalog PATH.")
    return catalog

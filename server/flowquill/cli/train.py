"""`flowquill train`: hands its arguments to the training room, where that is installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import click

from flowquill.cli.errors import CommandError

PASSED_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}


def training(function: str) -> Callable[[list[str]], Any]:
    """A function of `flowquill.training.cli`. Raises CommandError where torch and the rest are not installed."""
    try:
        found = getattr(import_module("flowquill.training.cli"), function)
    except ImportError as error:
        raise CommandError(missing(error)) from None
    assert callable(found)
    return found  # type: ignore[no-any-return]


def missing(error: ImportError) -> str:
    """The sentence for a package that is not there."""
    return f"Training needs packages that are not installed ({error.name or error}); run: pip install 'flowquill[train]'"


def run(function: str, arguments: tuple[str, ...]) -> int:
    """Calls a function of the training room with the command's arguments."""
    try:
        return int(training(function)(list(arguments)) or 0)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("flowquill"):
            raise
        raise CommandError(missing(error)) from None


@click.command("train", context_settings=PASSED_ON, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> int:
    """Train, resume and export models (needs flowquill[train])."""
    return run("train", arguments)

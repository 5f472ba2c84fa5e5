"""`flowquill eval`: hands its arguments to the training room's evaluation."""

from __future__ import annotations

import click

from flowquill.cli.train import PASSED_ON, run


@click.command("eval", context_settings=PASSED_ON, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> int:
    """Score a model on a file of requests with their flows (needs flowquill[train])."""
    return run("evaluate", arguments)

"""`flowquill completion`: the script that lets a shell complete commands, options and catalog names."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from flowquill.cli.errors import CommandError


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> int:
    """Print the completion script for SHELL.

    \b
    bash: flowquill completion bash >> ~/.bashrc
    zsh:  flowquill completion zsh >> ~/.zshrc
    fish: flowquill completion fish > ~/.config/fish/completions/flowquill.fish
    """
    found = get_completion_class(shell)
    if found is None:
        raise CommandError(f"There is no completion for {shell}.")
    root = context.find_root().command
    click.echo(found(root, {}, "flowquill", "_FLOWQUILL_COMPLETE").source())
    return 0

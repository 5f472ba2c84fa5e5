"""The table of commands, and the group that imports each one when it is called for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import click

_COMMANDS = MappingProxyType(
    {
        "generate": ("generate", "Turn a request into a flow."),
        "check": ("check", "Report mistakes in flow files."),
        "format": ("format", "Lay flow files out in the one style."),
        "parse": ("parse", "Show the trigger and steps of a flow file."),
        "compile": ("compile", "Turn flows into Logic Apps or Power Automate files."),
        "decompile": ("decompile", "Turn Logic Apps or Power Automate workflows into flows."),
        "run": ("run", "Run a flow with made-up results; nothing is sent anywhere."),
        "catalog": ("catalog", "List, show, import and compare connectors and operations."),
        "lsp": ("lsp", "Start the language server."),
        "serve": ("serve", "Serve many tenants in front of vLLM (needs flowquill[serve])."),
        "train": ("train", "Train, resume and export models (needs flowquill[train])."),
        "eval": ("evaluate", "Score a model (needs flowquill[train])."),
        "bench": ("bench", "Measure speed on this machine."),
        "loadtest": ("loadtest", "Measure an engine under load (needs flowquill[loadtest])."),
        "doctor": ("doctor", "Say what is installed, what is wrong and how to mend it."),
        "completion": ("completion", "Print the completion script for a shell."),
    }
)


class _Commands(click.Group):
    """Commands whose modules are imported when they are called for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = importlib.import_module(f"flowquill.cli.{_COMMANDS[cmd_name][0]}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _COMMANDS.items()])


def _version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from importlib.metadata import PackageNotFoundError, version

        try:
            click.echo(f"flowquill {version('flowquill')}")
        except PackageNotFoundError:
            click.echo("flowquill (from a checkout)")
        context.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def cli() -> None:
    """Flowquill turns a sentence into a workflow that parses, type-checks and calls only operations that exist."""


def run(arguments: Sequence[str]) -> int:
    """Runs one command and gives its exit code. Raises KeyboardInterrupt where a person stopped it, and what the command ended with."""
    try:
        code: Any = cli.main(list(arguments), prog_name="flowquill", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort as error:
        raise KeyboardInterrupt from error
    sys.stdout.flush()
    return code if isinstance(code, int) else 0

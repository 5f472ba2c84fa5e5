"""The entry point: finds the command, loads only that one, and turns every failure into one sentence and an exit code."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, NoReturn

import click

from flowquill.cli.errors import CommandError

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
        "train": ("train", "Train, resume and export models (needs flowquill[train])."),
        "eval": ("evaluate", "Score a model (needs flowquill[train])."),
        "bench": ("bench", "Measure speed on this machine."),
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


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs the command line and ends the process: 0 done, 1 a failure told in one sentence, 2 wrong usage, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            # A text with lone surrogates (an argument that was no UTF-8) must not end in an encoding error.
            reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code: Any = cli.main(None if arguments is None else list(arguments), prog_name="flowquill", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        print("Interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output went away (as `| head` does); nothing is wrong and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> int:
    if os.environ.get("FLOWQUILL_DEBUG") == "1":
        import traceback

        traceback.print_exc()
        return 1
    print(f"flowquill: {_sentence(error)}", file=sys.stderr)
    return 1


def _sentence(error: Exception) -> str:
    from flowquill.grammar.catalog import CatalogError

    if isinstance(error, CommandError | CatalogError):
        return " ".join(str(error).split())
    from flowquill.generation.request import Cancelled, GenerationError

    if isinstance(error, GenerationError):
        return " ".join(str(error).split())
    if isinstance(error, Cancelled):
        return "The request was cancelled."
    if isinstance(error, MemoryError):
        return "There is not enough memory for this; close other programs or give a smaller input."
    if isinstance(error, RecursionError):
        return "This is nested too deep to be read; move the inner part to a flow of its own."
    if isinstance(error, OSError):
        name = f" ({error.filename})" if error.filename else ""
        return f"The system says: {error.strerror or error}{name}; check the path and your rights to it."
    kind = type(error).__name__
    return f"This should not have happened ({kind}: {' '.join(str(error).split())[:200]}); set FLOWQUILL_DEBUG=1 to see the trace and report it."


if __name__ == "__main__":
    main()

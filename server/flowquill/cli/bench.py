"""`flowquill bench`: the figures of the README on this machine."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from flowquill.cli.errors import CommandError
from flowquill.cli.files import read_text
from flowquill.cli.options import model_option

if TYPE_CHECKING:
    from flowquill.bench.figures import Figure, Skipped

NAMES = ("parse", "keystroke", "catalog", "forward", "wdl", "grammar", "generate", "parity", "server", "editor")


@click.command("bench")
@click.option("--only", multiple=True, type=click.Choice(NAMES), help="Run this section only. May be repeated.")
@click.option("--requests", metavar="FILE", help='Requests to generate from: JSON lines with "text", or a request a line.')
@click.option("--repeat", type=click.IntRange(1, 10_000), default=20, help="How often short things are measured.")
@click.option("--checkpoint", metavar="FOLDER", help="For the section parity: the trained model before its export; without it, the weights of the export itself.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@model_option
def command(only: tuple[str, ...], requests: str | None, repeat: int, checkpoint: str | None, as_json: bool, model: str | None) -> int:
    """Measure speed on this machine. The exit code is 1 where a figure misses its bar."""
    from flowquill.bench.figures import Settings, Skipped
    from flowquill.bench.sections import SECTIONS
    from flowquill.generation.request import GenerationError

    settings = Settings(repeat, _requests(requests), model, checkpoint)
    figures: list[Figure] = []
    skipped: list[Skipped] = []
    for name, section in SECTIONS.items():
        if only and name not in only:
            continue
        if sys.stderr.isatty():
            print(f"measuring {name} ...", file=sys.stderr)
        try:
            figures.extend(section(settings))
        except (ImportError, GenerationError, RuntimeError, OSError) as error:
            skipped.append(Skipped(name, str(error)))
    machine = _machine()
    if as_json:
        result: dict[str, Any] = {
            "machine": machine,
            "figures": [f.as_json() for f in figures],
            "skipped": {s.section: s.reason for s in skipped},
        }
        click.echo(json.dumps(result, ensure_ascii=False, indent=2))
    else:
        _print(machine, figures, skipped)
    return 1 if any(f.met is False for f in figures) or (only and skipped) else 0


def _requests(path: str | None) -> tuple[str, ...]:
    if path is None:
        return ()
    texts: list[str] = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        if not line.lstrip().startswith("{"):
            texts.append(line.strip())
            continue
        try:
            texts.append(str(json.loads(line)["text"]))
        except (ValueError, KeyError):
            raise CommandError(f'Line {number} of {path} is no JSON object with "text".') from None
    if not texts:
        raise CommandError(f"{path} holds no requests.")
    return tuple(texts)


def _machine() -> str:
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"


def _print(machine: str, figures: Sequence[Figure], skipped: Sequence[Skipped]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=machine, title_justify="left")
    for heading in ("section", "figure", "value", "bar", ""):
        table.add_column(heading, justify="right" if heading in ("value", "bar") else "left")
    for figure in figures:
        bar = "" if figure.bar is None else f"{'>=' if figure.least else '<='} {figure.bar:g} {figure.unit}"
        met = {None: "", True: "met", False: "MISSED"}[figure.met]
        table.add_row(figure.section, figure.name, f"{figure.value:,.4g} {figure.unit}".strip(), bar, met)
    for skip in skipped:
        table.add_row(skip.section, "not measured", "", "", skip.reason)
    Console().print(table)

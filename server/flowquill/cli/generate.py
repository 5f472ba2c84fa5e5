"""`flowquill generate`: one request from the command line, or a file of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from flowquill.cli.engines import engine_options, opened
from flowquill.cli.errors import CommandError
from flowquill.cli.files import STDIN, read_text
from flowquill.cli.options import catalog_options, model_option, open_catalog


@click.command("generate")
@click.argument("text", required=False)
@catalog_options
@model_option
@engine_options
@click.option("--edit", metavar="FILE", help="Change the flow of this file as TEXT says; the new text is printed, the file stays.")
@click.option("-n", "number", type=click.IntRange(1, 16), default=1, metavar="N", help="Up to N different flows, best first.")
@click.option("--json", "as_json", is_flag=True, help="Print flow, trigger, steps, diagnostics, confidence and timings as JSON.")
@click.option("--batch", metavar="IN.jsonl", help='Read requests from a file of lines {"id", "text", "edit"?}.')
@click.option("--out", metavar="OUT.jsonl", help="Where --batch writes its results, one line a request.")
def command(
    text: str | None,
    catalogs: tuple[str, ...],
    builtin: bool,
    model: str | None,
    edit: str | None,
    number: int,
    as_json: bool,
    batch: str | None,
    out: str | None,
    **engine: Any,
) -> int:
    """Turn TEXT into a flow and print it. TEXT of `-` is read from the standard input.

    In a batch file "edit" is the path of a flow file (relative to the batch file) or the text of a flow. A line that
    fails gets {"id", "error"} in the output, the others go on, and the exit code is 1.
    """
    if (text is None) == (batch is None):
        raise CommandError('Give one request, as in flowquill generate "email me the new leads every Monday", or --batch IN.jsonl.')
    if (batch is None) != (out is None):
        raise CommandError("--batch IN.jsonl and --out OUT.jsonl belong together; give both or neither.")
    if batch is not None and edit is not None:
        raise CommandError('--edit goes with one request; in a batch each line has its own "edit".')

    request_text = read_text(STDIN) if text == STDIN else text or ""
    source = read_text(edit) if edit is not None else None
    catalog = open_catalog(catalogs, builtin, edit)

    from flowquill.generation import guard
    from flowquill.generation.calibration import UNSURE
    from flowquill.generation.request import Request

    if batch is None:
        # What the guard turns away needs no model; so it is said before one is loaded.
        guard.normalise(request_text)
    folder = Path(model) if model else None
    if batch is not None and out is not None:
        from flowquill.cli.batch import run_batch

        with opened(catalog, folder, engine) as made:
            return run_batch(batch, out, made, number)

    with opened(catalog, folder, engine) as made:
        generation = made().generate(Request(request_text, source), alternatives=number)
    if as_json:
        from flowquill.cli.output import dumps, generation_json

        click.echo(dumps(generation_json(generation, catalog)))
        return 0
    click.echo(generation.flow.rstrip("\n"))
    for place, flow in enumerate(generation.alternatives, start=2):
        click.echo(f"\n# Alternative {place}\n{flow.rstrip()}")
    _report(generation.flow, generation.diagnostics)
    if number == 1 and generation.confidence < UNSURE:
        click.echo(f"This is a guess ({generation.confidence:.0%} sure): say it in other words, or see other readings with -n 3.", err=True)
    return 0


def _report(text: str, diagnostics: object) -> None:
    """Warnings of the flow, on the error stream so that the output stays a flow."""
    from flowquill.cli.check import text_line
    from flowquill.grammar.diagnostics import Diagnostic

    assert isinstance(diagnostics, tuple)
    for diagnostic in diagnostics:
        if isinstance(diagnostic, Diagnostic) and diagnostic.severity != "hint":
            print(text_line("flow", text, diagnostic), file=sys.stderr)

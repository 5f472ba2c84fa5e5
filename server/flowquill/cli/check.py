"""`flowquill check`: the diagnostics of files, as a compiler writes them, as JSON or as SARIF."""

from __future__ import annotations

import click

from flowquill.cli.errors import CommandError, plain
from flowquill.cli.files import line_column, read_text
from flowquill.cli.options import catalog_options, open_catalog
from flowquill.grammar.diagnostics import Diagnostic


def text_line(file: str, text: str, diagnostic: Diagnostic) -> str:
    """`file:line:column: severity CODE message`."""
    line, column = line_column(text, diagnostic.span[0])
    return plain(f"{file}:{line}:{column}: {diagnostic.severity} {diagnostic.code} {diagnostic.message}")


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@catalog_options
@click.option("--format", "style", type=click.Choice(["text", "json", "sarif"]), default="text", help="How diagnostics are written.")
def command(files: tuple[str, ...], catalogs: tuple[str, ...], builtin: bool, style: str) -> int:
    """Report mistakes in FILEs; the exit code is 1 where there is an error or a file cannot be read."""
    from flowquill.grammar.check import check
    from flowquill.grammar.parse import parse

    found: list[tuple[str, str, tuple[Diagnostic, ...]]] = []
    unread = False
    for file in files:
        try:
            text = read_text(file)
        except CommandError as error:
            click.echo(plain(f"flowquill: {error}"), err=True)
            unread = True
            continue
        found.append((file, text, check(parse(text), open_catalog(catalogs, builtin, file))))
    if style == "text":
        for file, text, diagnostics in found:
            for diagnostic in diagnostics:
                click.echo(text_line(file, text, diagnostic))
    elif style == "json":
        from flowquill.cli.output import diagnostics_json, dumps

        click.echo(dumps([{"file": f, "diagnostics": diagnostics_json(t, d)} for f, t, d in found]))
    else:
        from flowquill.cli.output import dumps
        from flowquill.cli.sarif import sarif

        click.echo(dumps(sarif(found)))
    wrong = any(d.severity == "error" for _, _, diagnostics in found for d in diagnostics)
    return 1 if wrong or unread else 0

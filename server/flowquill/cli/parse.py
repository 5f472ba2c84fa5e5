"""`flowquill parse`: what a flow does, as its trigger and nested steps."""

from __future__ import annotations

import click

from flowquill.cli.errors import CommandError
from flowquill.cli.files import line_column, read_text
from flowquill.cli.options import catalog_options, open_catalog


@click.command("parse")
@click.argument("file")
@catalog_options
@click.option("--json", "as_json", is_flag=True, help="Print the trigger and steps as JSON.")
@click.option("--flow", "wanted", metavar="NAME", help="The flow to show where the file holds several; the first where absent.")
def command(file: str, catalogs: tuple[str, ...], builtin: bool, as_json: bool, wanted: str | None) -> int:
    """Show the trigger and the steps of the flow in FILE (`-`: the standard input)."""
    from flowquill.grammar.parse import parse
    from flowquill.grammar.steps import steps_of

    catalog = open_catalog(catalogs, builtin, file)
    text = read_text(file)
    parsed = parse(text)
    if parsed.errors:
        error = parsed.errors[0]
        line, column = line_column(text, error.span[0])
        more = f" (and {len(parsed.errors) - 1} more; see flowquill check)" if len(parsed.errors) > 1 else ""
        raise CommandError(f"{file}:{line}:{column}: {error.message}{more}")
    flows = parsed.file.flows
    if not flows:
        raise CommandError(f"{file} holds no flow; write one as in: flow NAME {{ ... }}")
    flow = next((f for f in flows if f.name.text == wanted), None) if wanted else flows[0]
    if flow is None:
        raise CommandError(f"{file} holds no flow {wanted}; it has {', '.join(f.name.text for f in flows)}.")
    outline = steps_of(flow, catalog)
    if as_json:
        from flowquill.cli.output import dumps

        click.echo(dumps(outline))
    else:
        from flowquill.cli.outline import lines

        click.echo("\n".join([f"flow {flow.name.text}", *lines(outline)]))
    return 0

"""`flowquill catalog`: what flows can call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from flowquill.cli.errors import CommandError, plain
from flowquill.cli.options import catalog_options, open_catalog
from flowquill.grammar.catalog import Catalog, Operation, load_catalog
from flowquill.grammar.catalog.written import connector_data, operation_data
from flowquill.grammar.diagnostics import Diagnostic


@click.group("catalog")
def command() -> None:
    """List connectors and operations, show one, import more, compare catalogs."""


@command.command("list")
@catalog_options
@click.option("--kind", type=click.Choice(["action", "trigger"]), help="Only actions, or only triggers.")
@click.option("--json", "as_json", is_flag=True, help="Print rows with id, name, connector, kind, title and summary.")
def list_command(catalogs: tuple[str, ...], builtin: bool, kind: str | None, as_json: bool) -> int:
    """List all operations with their original id and the name they have in a flow."""
    catalog = open_catalog(catalogs, builtin)
    operations = [o for o in catalog.operations() if kind in (None, o.kind)]
    if as_json:
        _print_json([row(o) for o in operations])
    else:
        _print_rows(operations)
    return 0


def _names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    catalog = load_catalog()
    names = [*catalog.connectors, *(o.text for o in catalog.operations())]
    return [n for n in names if n.startswith(incomplete)]


@command.command("show")
@click.argument("name", shell_complete=_names)
@catalog_options
@click.option("--json", "as_json", is_flag=True, help="Print the full entry; a connector's is the form of a catalog file.")
def show_command(name: str, catalogs: tuple[str, ...], builtin: bool, as_json: bool) -> int:
    """Show NAME: a connector, an operation (connector.operation) or an original operation id."""
    catalog = open_catalog(catalogs, builtin)
    connector = catalog.connectors.get(name)
    if connector is not None:
        if as_json:
            _print_json(connector_data(connector))
        else:
            _say(f"{connector.name}  {connector.title} ({connector.api})\n{connector.summary}\n")
            _print_rows(connector.operations)
        return 0
    operations = _find(catalog, name)
    if not operations:
        raise CommandError(f"The catalog has no connector, operation or operation id {name}{_nearest(catalog, name)}")
    if as_json:
        entries = [{"connector": o.connector, **operation_data(o)} for o in operations]
        _print_json(entries[0] if len(entries) == 1 else entries)
    else:
        _say("\n\n".join(_card(o) for o in operations))
    return 0


@command.command("import")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--out", default="connectors", show_default=True, metavar="DIR", help="The folder for the connector files; give it to --catalog.")
@click.option("--internal", is_flag=True, help="With operations that their authors marked as internal.")
def import_command(paths: tuple[str, ...], out: str, internal: bool) -> int:
    """Make connector files of PATHs: OpenAPI files (JSON, YAML), lists of operations, workflow definitions, folders of these.

    What was imported before and has not changed is skipped. The exit code is 1 where a file cannot be imported.
    """
    from pathlib import Path

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from flowquill.cli.importing import run_import, sources

    files = sources(paths)
    console = Console(stderr=True)
    columns = (TextColumn("importing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("importing", total=len(files))
        done = run_import(files, Path(out), internal=internal, step=lambda path: progress.advance(task))
    for note in done.notes:
        _say(f"note: {note}", err=True)
    for problem in done.problems:
        _say(f"flowquill: {problem}", err=True)
    skipped = f" ({done.skipped} unchanged)" if done.skipped else ""
    failed = f", {len(done.problems)} failed" if done.problems else ""
    _say(f"{done.files} files{skipped}: {done.connectors} connectors, {done.operations} operations in {out}{failed}")
    return 1 if done.problems else 0


@command.command("diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.argument("flows", nargs=-1, metavar="[FLOW]...")
@click.option("--json", "as_json", is_flag=True, help="Print changes and broken flows as JSON.")
def diff_command(old: str, new: str, flows: tuple[str, ...], as_json: bool) -> int:
    """Say what differs between the catalogs OLD and NEW (files or folders), and which FLOWs the change breaks.

    The built-in connectors count as there in both. The exit code is 1 where a flow breaks or cannot be read.
    """
    from flowquill.cli.check import text_line
    from flowquill.cli.files import read_text
    from flowquill.cli.output import diagnostics_json
    from flowquill.grammar.catalog.diff import broken, differences

    before, after = load_catalog([old], builtin=False), load_catalog([new], builtin=False)
    changes = differences(before, after)
    whole_before, whole_after = load_catalog([old]), load_catalog([new])
    breaks: list[tuple[str, str, tuple[Diagnostic, ...]]] = []
    unread = False
    for file in flows:
        try:
            text = read_text(file)
        except CommandError as error:
            _say(f"flowquill: {error}", err=True)
            unread = True
            continue
        found = broken(text, whole_before, whole_after)
        if found:
            breaks.append((file, text, found))
    if as_json:
        _print_json(
            {
                "changes": [{"kind": c.kind, "operation": c.operation, "detail": list(c.detail)} for c in changes],
                "broken": [{"file": f, "diagnostics": diagnostics_json(t, d)} for f, t, d in breaks],
            }
        )
    else:
        for change in changes:
            _say(f"{change.kind} {change.operation}")
            for line in change.detail:
                _say(f"  {line}")
        if not changes:
            _say("The catalogs say the same.")
        for file, text, found in breaks:
            for diagnostic in found:
                _say(text_line(file, text, diagnostic))
    return 1 if breaks or unread else 0


def row(operation: Operation) -> dict[str, Any]:
    """A row of `list`: `id` is the original operation id, `name` what a flow writes."""
    return {
        "id": operation.id,
        "name": operation.text,
        "connector": operation.connector,
        "kind": operation.kind,
        "title": operation.title,
        "summary": operation.summary,
    }


def _find(catalog: Catalog, name: str) -> tuple[Operation, ...]:
    found = catalog.find(*name.split(".", 1)) if "." in name else catalog.find(None, name)
    return (found,) if found else catalog.by_id(name)


def _nearest(catalog: Catalog, name: str) -> str:
    from difflib import get_close_matches

    names = [*catalog.connectors, *(o.text for o in catalog.operations()), *(o.id for o in catalog.operations())]
    near = get_close_matches(name, names, n=3)
    return f"; did you mean {' or '.join(near)}?" if near else "; see flowquill catalog list."


def _card(operation: Operation) -> str:
    lines = [f"{operation.text}  {operation.kind}, id {operation.id}", operation.summary]
    if operation.parameters:
        lines.append("parameters:")
        for p in operation.parameters:
            values = f" ({', '.join(p.enum)})" if p.enum else ""
            lines.append(f"  {p.name}: {p.type}{', required' if p.required else ''}{values}  {p.summary}".rstrip())
    if operation.outputs:
        lines.append("outputs:")
        for o in operation.outputs:
            inner = f" of {', '.join(p.name for p in o.properties)}" if o.properties else ""
            lines.append(f"  {o.name}: {o.type}{inner}")
    return "\n".join(lines)


def _print_rows(operations: Iterable[Operation]) -> None:
    rows = [(o.text, o.kind, o.id, o.title) for o in operations]
    widths = [max((len(r[i]) for r in rows), default=0) for i in range(3)]
    for r in rows:
        _say("  ".join([*(text.ljust(w) for text, w in zip(r[:3], widths, strict=True)), r[3]]).rstrip())


def _say(text: str, err: bool = False) -> None:
    """Prints what catalogs say of themselves."""
    click.echo(plain(text), err=err)


def _print_json(value: Any) -> None:
    import json

    click.echo(json.dumps(value, ensure_ascii=False, indent=2))

"""`flowquill decompile`: real workflows as flows, from definitions, templates, projects, packages, solutions and folders of these."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowquill.cli.errors import CommandError, plain
from flowquill.cli.files import check_free, write_text
from flowquill.cli.options import catalog_options, open_catalog
from flowquill.grammar import tree

if TYPE_CHECKING:
    from flowquill.grammar.catalog import Catalog
    from flowquill.grammar.diagnostics import Diagnostic
    from flowquill.grammar.wdl.containers import Found, Workflow
    from flowquill.grammar.wdl.model import Decompiled
    from flowquill.grammar.wdl.violations import Violation


@dataclass(frozen=True, slots=True)
class _Result:
    """A workflow that became a flow, or why it did not (`error`, one clause)."""

    source: str
    name: str = ""
    text: str = ""
    flow: tree.Flow | None = None
    notes: tuple[tuple[str, str], ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    violations: tuple[Violation, ...] = ()
    error: str = ""
    file: str = ""

    @property
    def failed(self) -> bool:
        """Whether there is no flow, or one with mistakes."""
        return bool(self.error) or any(d.severity == "error" for d in self.diagnostics)


@dataclass
class _Run:
    """One call of the command: what it was given, and the names that are taken."""

    catalog: Catalog
    out: str | None
    into_folder: bool
    force: bool
    as_json: bool
    names: set[str] = field(default_factory=set)


@click.command("decompile")
@click.argument("path", metavar="IN")
@click.option("-o", "--out", metavar="OUT", help="A .flow file, or a folder for one file a workflow; the standard output where absent.")
@click.option("--force", is_flag=True, help="Replace files that are there already.")
@click.option("--json", "as_json", is_flag=True, help="Print flows, notes and mistakes as JSON.")
@catalog_options
def command(path: str, out: str | None, force: bool, as_json: bool, catalogs: tuple[str, ...], builtin: bool) -> int:
    """Turn the workflows in IN into flows.

    IN is a definition (.json), a template of the Azure Resource Manager, a workflow.json with its project, a package or a solution (.zip),
    or a folder of any of these. What has no syntax of its own is kept as JSON and named on the standard error. The exit code is 1 where
    a file could not be read or a flow has mistakes.
    """
    from flowquill.grammar.wdl.containers import candidates
    from flowquill.grammar.wdl.shelves import UnfitFile

    source = Path(path)
    if not os.path.lexists(path):
        raise CommandError(f"There is no file or folder {path}; check the path.")
    if out == "":
        raise CommandError("-o names no file; give a .flow file or a folder.")
    try:
        files = candidates(source)
    except UnfitFile as error:
        raise CommandError(f"{path} cannot be read: {error}.") from None
    single = out is not None and not os.path.isdir(out) and _names_file(out, source)
    if single and out is not None:
        check_free(out, force)
    run = _Run(open_catalog(catalogs, builtin, path), out, out is not None and not single, force, as_json)
    if run.into_folder and out is not None:
        _make_folder(out)
    results = list(_results(files, source.is_dir(), run))
    if not results:
        raise CommandError(f"{path} holds no workflow; give definitions (.json), packages or solutions (.zip), or a folder that has some.")
    flows = [r.flow for r in results if r.flow is not None]
    if as_json:
        from flowquill.cli.output import dumps

        click.echo(dumps([_json(r) for r in results]))
    if single and out is not None and flows:
        write_text(out, _rendered(flows))
        if not as_json:
            click.echo(plain(f"{out} written"))
    elif out is None and not as_json and flows:
        click.echo(_rendered(flows), nl=False)
    return 1 if any(r.failed for r in results) else 0


def _names_file(out: str, source: Path) -> bool:
    """Whether OUT, which is no folder yet, means a file: by its ending, any where one file is read."""
    return out.lower().endswith(".flow") or (source.is_file() and source.suffix.lower() != ".zip" and bool(Path(out).suffix) and not out.endswith(("/", os.sep)))


def _make_folder(out: str) -> None:
    try:
        os.makedirs(out, exist_ok=True)
    except OSError as error:
        raise CommandError(f"{out} cannot be made a folder ({error.strerror or error}); give another one, or a .flow file.") from None


def _rendered(flows: list[tree.Flow]) -> str:
    from flowquill.grammar.format import render

    return render(tree.File(tuple(flows)))


def _results(files: tuple[Path, ...], many: bool, run: _Run) -> Iterator[_Result]:
    """A result for each workflow and each file that could not be read, told as they come."""
    from flowquill.grammar.wdl.containers import read

    with _progress(len(files), many) as advance:
        for file in files:
            for found in read(file, alone=not many):
                result = _written(_result(found, run), run)
                for line in _lines(result):
                    if not run.as_json or result.error:
                        click.echo(plain(line), err=True)
                yield result
            advance()


@contextmanager
def _progress(total: int, many: bool) -> Iterator[Any]:
    """A bar on the standard error, for folders in a terminal."""
    if not many or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Decompiling", total=total)
        yield lambda: progress.advance(task)


def _result(found: Found, run: _Run) -> _Result:
    from flowquill.grammar.wdl.containers import Unread
    from flowquill.grammar.wdl.model import WdlError

    if isinstance(found, Unread):
        return _Result(found.source, error=f"cannot be read: {found.reason}.")
    try:
        return _decompiled(found, run)
    except WdlError as error:
        return _Result(found.source, error=f"cannot be turned into a flow: {error}")
    except Exception as error:
        if os.environ.get("FLOWQUILL_DEBUG") == "1":
            raise
        what = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        return _Result(found.source, error=f"cannot be turned into a flow: this should not have happened ({what}); set FLOWQUILL_DEBUG=1 and report it.")


def _decompiled(workflow: Workflow, run: _Run) -> _Result:
    from flowquill.grammar.check import check
    from flowquill.grammar.parse import parse
    from flowquill.grammar.wdl.decompile import decompile
    from flowquill.grammar.wdl.schema import check_definition

    done: Decompiled = decompile(workflow.definition, run.catalog, workflow.title, workflow.connections)
    name = _unique(done.flow.name.text, run.names)
    flow = replace(done.flow, name=tree.Name(name))
    text = _rendered([flow])
    notes = (*(("", n) for n in workflow.notes), *((n.place, n.message) for n in done.notes))
    diagnostics = tuple(d for d in check(parse(text), run.catalog) if d.severity != "hint")
    return _Result(workflow.source, name, text, flow, notes, diagnostics, check_definition(workflow.definition))


def _unique(name: str, taken: set[str]) -> str:
    """A name that no flow of this run has; some systems do not tell capitals apart in file names."""
    number, found = 1, name
    while found.lower() in taken:
        number += 1
        found = f"{name}_{number}"
    taken.add(found.lower())
    return found


def _written(result: _Result, run: _Run) -> _Result:
    """Writes a result's own file, where there is a folder for it."""
    if not run.into_folder or run.out is None or result.flow is None:
        return result
    file = os.path.join(run.out, f"{result.name}.flow")
    try:
        check_free(file, run.force)
        write_text(file, result.text)
    except CommandError as error:
        return replace(result, error=f"is not written: {error}")
    if not run.as_json:
        click.echo(plain(f"{file} written"))
    return replace(result, file=file)


def _lines(result: _Result) -> Iterator[str]:
    """What the standard error says of a result."""
    from flowquill.cli.check import text_line

    if result.error:
        yield f"flowquill: {result.source} {result.error}"
        return
    for place, message in result.notes:
        # A note may quote text of the definition, line ends and all.
        yield " ".join(f"{result.source}: note{f' {place}' if place else ''}: {message}".split())
    for violation in result.violations:
        # What the platform would refuse is the source's matter, and no mistake of the flow.
        yield f"{result.source}: warning {violation.code} {violation.place}: {violation.message}"
    for diagnostic in result.diagnostics:
        yield text_line(result.file or result.source, result.text, diagnostic)


def _json(result: _Result) -> dict[str, Any]:
    if result.error:
        return {"source": result.source, "error": result.error}
    from flowquill.cli.output import diagnostics_json

    record: dict[str, Any] = {"source": result.source, "name": result.name, "flow": result.text}
    if result.file:
        record["file"] = result.file
    return {
        **record,
        "notes": [{"place": place, "message": message} for place, message in result.notes],
        "violations": [{"code": v.code, "severity": v.severity, "place": v.place, "message": v.message} for v in result.violations],
        "diagnostics": diagnostics_json(result.text, result.diagnostics),
    }

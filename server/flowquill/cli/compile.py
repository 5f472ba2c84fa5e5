"""`flowquill compile`: flows as the files that Logic Apps and Power Automate take."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from flowquill.cli.check import text_line
from flowquill.cli.errors import CommandError, plain
from flowquill.cli.files import check_free, read_text, write_bytes
from flowquill.cli.options import catalog_options, open_catalog
from flowquill.grammar import tree

if TYPE_CHECKING:
    from flowquill.grammar.catalog import Catalog
    from flowquill.grammar.wdl.model import Target
    from flowquill.grammar.wdl.writing import Written


@click.command("compile")
@click.argument("file")
@click.option("--flow", "wanted", metavar="NAME", help="The flow to compile where the file holds several; all where absent.")
@click.option("--target", type=click.Choice(["logicapps", "powerautomate"]), help="The platform; Logic Apps, or where the flow was imported from.")
@click.option("--arm", "as_arm", is_flag=True, help="Write a template that deploys the workflows and their connections.")
@click.option("-o", "--out", metavar="OUT", help="A .json file, a .zip file (a Power Automate package), or a folder; the standard output where absent.")
@click.option("--force", is_flag=True, help="Replace files that are there already.")
@catalog_options
def command(file: str, wanted: str | None, target: Target | None, as_arm: bool, out: str | None, force: bool, catalogs: tuple[str, ...], builtin: bool) -> int:
    """Compile the flows of FILE (`-`: the standard input) to the Workflow Definition Language.

    Mistakes and what the platform would refuse go to the standard error; where there is an error nothing is written and the exit code is 1.
    """
    from flowquill.grammar.check import check
    from flowquill.grammar.parse import parse

    if as_arm and target == "powerautomate":
        raise click.UsageError("--arm writes a template for Logic Apps; leave out --target powerautomate.")
    catalog = open_catalog(catalogs, builtin, file)
    text = read_text(file)
    parsed = parse(text)
    flows = _chosen(parsed.file.flows, wanted, file)
    wrong = False
    for diagnostic in check(parsed, catalog):
        inside = wanted is None or any(f.span[0] <= diagnostic.span[0] <= f.span[1] for f in flows)
        if inside and diagnostic.severity != "hint":
            click.echo(text_line(file, text, diagnostic), err=True)
            wrong = wrong or diagnostic.severity == "error"
    if wrong:
        return 1
    if not flows:
        raise CommandError(f"{file} holds no flow; write one as in: flow NAME {{ ... }}")
    made: list[tuple[Target, Written]] = []
    for flow in flows:
        chosen: Target = "logicapps" if as_arm else target or _origin(flow)
        written = _compiled(file, text, flow, catalog, chosen)
        if written is not None:
            made.append((chosen, written))
    if len(made) < len(flows):
        return 1
    for path, content in _outputs(made, as_arm, out):
        _write(path, content, force)
    return 0


def _chosen(flows: tuple[tree.Flow, ...], wanted: str | None, file: str) -> tuple[tree.Flow, ...]:
    if wanted is None:
        return flows
    found = tuple(f for f in flows if f.name.text == wanted)
    if not found:
        raise CommandError(f"{file} holds no flow {wanted}; it has {', '.join(f.name.text for f in flows) or 'none'}.")
    return found[:1]


def _origin(flow: tree.Flow) -> Target:
    """The platform that a flow was imported from; Logic Apps where it was written here."""
    from flowquill.grammar.wdl.settings import meta_of
    from flowquill.grammar.wdl.values import Values

    about = meta_of(flow.triggers[0].decorators, Values()).get("workflow") if flow.triggers else None
    return "powerautomate" if isinstance(about, dict) and about.get("target") == "powerautomate" else "logicapps"


def _compiled(file: str, text: str, flow: tree.Flow, catalog: Catalog, target: Target) -> Written | None:
    """A compiled flow; None, with the reasons on the standard error, where the platform would refuse it."""
    from flowquill.grammar.wdl.compile import compile_flow
    from flowquill.grammar.wdl.model import CompileError
    from flowquill.grammar.wdl.schema import check_definition
    from flowquill.grammar.wdl.writing import Written

    try:
        compiled = compile_flow(flow, catalog, target)
    except CompileError as error:
        click.echo(plain(f"flowquill: {file}: {error}"), err=True)
        return None
    wrong = False
    for problem in compiled.problems:
        click.echo(text_line(file, text, problem), err=True)
        wrong = wrong or problem.severity == "error"
    for violation in check_definition(compiled.definition, target):
        click.echo(plain(f"{file}: {violation.severity} {violation.code} {flow.name.text}, {violation.place}: {violation.message}"), err=True)
        wrong = wrong or violation.severity == "error"
    return None if wrong else Written(flow.name.text, compiled.definition, compiled.connections)


def _outputs(made: list[tuple[Target, Written]], as_arm: bool, out: str | None) -> list[tuple[str | None, bytes]]:
    """The files to write, by path; None: the standard output."""
    from flowquill.grammar.wdl.package import package
    from flowquill.grammar.wdl.writing import template

    folder = out is not None and (os.path.isdir(out) or out.endswith(("/", os.sep)))
    if as_arm:
        path = os.path.join(out, "azuredeploy.json") if folder and out else out
        return [(path, _json(template(w for _, w in made)))]
    if folder and out:
        try:
            os.makedirs(out, exist_ok=True)
        except OSError as error:
            raise CommandError(f"{out} cannot be made a folder ({error.strerror or error}); give another one.") from None
        return [
            (os.path.join(out, f"{w.title}.zip"), package(w)) if target == "powerautomate" else (os.path.join(out, f"{w.title}.json"), _json(_document(target, w)))
            for target, w in made
        ]
    if len(made) > 1:
        names = ", ".join(w.title for _, w in made)
        raise CommandError(f"The file holds {len(made)} flows ({names}); choose one with --flow, or give a folder as -o FOLDER/.")
    target, workflow = made[0]
    if out is not None and out.lower().endswith(".zip"):
        if target != "powerautomate":
            raise CommandError(f"{out} would be a package, which only Power Automate takes; add --target powerautomate, or name a .json file.")
        return [(out, package(workflow))]
    return [(out, _json(_document(target, workflow)))]


def _document(target: Target, workflow: Written) -> dict[str, Any]:
    from flowquill.grammar.wdl.package import flow_document
    from flowquill.grammar.wdl.writing import logic_app

    return flow_document(workflow) if target == "powerautomate" else logic_app(workflow)


def _json(document: dict[str, Any]) -> bytes:
    from flowquill.cli.output import dumps

    return (dumps(document) + "\n").encode()


def _write(path: str | None, content: bytes, force: bool) -> None:
    if path is None:
        click.echo(content.decode(), nl=False)
        return
    check_free(path, force)
    write_bytes(path, content)
    click.echo(plain(f"{path} written"))

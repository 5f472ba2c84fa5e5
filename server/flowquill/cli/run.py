"""`flowquill run`: a flow executed in the simulator, with made-up or prescribed results; nothing leaves this machine."""

from __future__ import annotations

import json
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from flowquill.cli.errors import CommandError, plain
from flowquill.cli.files import line_column, read_text
from flowquill.cli.options import catalog_options, open_catalog

if TYPE_CHECKING:
    from flowquill.grammar import tree
    from flowquill.grammar.catalog import Catalog
    from flowquill.grammar.simulate import Mocks, Run
    from flowquill.grammar.simulate.trace import Step

_COLOURS = MappingProxyType({"Succeeded": "green", "Failed": "red", "TimedOut": "red", "Skipped": "dim", "Cancelled": "yellow", "Running": "yellow"})
MAX_CHILDREN = 12


@click.command("run")
@click.argument("file")
@catalog_options
@click.option("--flow", "wanted", metavar="NAME", help="The flow to run where the file holds several; the first where absent.")
@click.option("--inputs", metavar="JSON", help="What the trigger gives, as JSON or as @FILE.")
@click.option("--mocks", metavar="FILE", help="Results to use, by step or connector.operation, as JSON.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed, other made-up results.")
@click.option("--trace", is_flag=True, help="Show every step, all rounds of loops too.")
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON.")
@click.option("--same-as", "other", metavar="OTHER", help="Say whether this flow does the same as the one in OTHER.")
@click.option("--worlds", type=click.IntRange(1, 100), default=5, show_default=True, help="With --same-as: in how many made-up worlds.")
def command(
    file: str,
    catalogs: tuple[str, ...],
    builtin: bool,
    wanted: str | None,
    inputs: str | None,
    mocks: str | None,
    seed: int,
    trace: bool,
    as_json: bool,
    other: str | None,
    worlds: int,
) -> int:
    """Run the flow in FILE with made-up results; the exit code is 1 where the run fails. Nothing is sent anywhere."""
    catalog = open_catalog(catalogs, builtin)
    flows = _flows(file)
    flow = _chosen(file, flows, wanted)
    if other is not None:
        # --flow names the flow of FILE; OTHER is asked for the same name only where it has it.
        others = _flows(other)
        return _compared(flow, next((f for f in others if f.name.text == wanted), others[0]), catalog, worlds, as_json)
    from flowquill.grammar.simulate import simulate

    prescribed = _mocks(mocks, flows, catalog) if mocks else None
    run = simulate(flow, catalog, inputs=_inputs(inputs), mocks=prescribed, seed=seed, flows=flows)
    if as_json:
        from flowquill.cli.output import dumps

        click.echo(dumps(run.json()))
    else:
        _show(run, trace)
    if run.status in ("Failed", "Stopped"):
        click.echo(plain(f"flowquill: {run.sentence}"), err=True)
        return 1
    return 0


def _flows(file: str) -> tuple[tree.Flow, ...]:
    from flowquill.grammar.parse import parse

    text = read_text(file)
    parsed = parse(text)
    if parsed.errors:
        line, column = line_column(text, parsed.errors[0].span[0])
        raise CommandError(f"{file}:{line}:{column}: {parsed.errors[0].message}")
    if not parsed.file.flows:
        raise CommandError(f"{file} holds no flow; write one as in: flow NAME {{ ... }}")
    return parsed.file.flows


def _chosen(file: str, flows: tuple[tree.Flow, ...], wanted: str | None) -> tree.Flow:
    flow = next((f for f in flows if wanted in (None, f.name.text)), None)
    if flow is None:
        raise CommandError(f"{file} holds no flow {wanted}; it has {', '.join(f.name.text for f in flows)}.")
    return flow


def _inputs(given: str | None) -> Any:
    if given is None:
        return None
    text = read_text(given[1:]) if given.startswith("@") else given
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CommandError(f"--inputs is no JSON ({error}); write for example --inputs '{{\"name\": \"Ana\"}}'.") from None


def _mocks(path: str, flows: tuple[tree.Flow, ...], catalog: Catalog) -> Mocks:
    from flowquill.grammar import tree
    from flowquill.grammar.simulate import MockError, read_mocks

    try:
        mocks = read_mocks(read_text(path))
    except MockError as error:
        raise CommandError(f"{path}: {error}") from None
    known: set[str] = set()
    for flow in flows:
        for node in tree.walk(flow):
            if isinstance(node, tree.Call):
                known |= {node.callee.text, *((node.name.text,) if node.name else ()), *((node.label.text,) if node.label else ())}
            elif isinstance(node, tree.Trigger):
                known |= {node.callee.text if node.callee else "manual", *((node.name.text,) if node.name else ())}
    lost = [name for name in mocks.entries if name not in known]
    if lost:
        raise CommandError(f"{path} has a mock {lost[0]}, and no step or operation here is called so; it has {', '.join(sorted(known)[:8])}.")
    return mocks


def _compared(flow: tree.Flow, other: tree.Flow, catalog: Catalog, worlds: int, as_json: bool) -> int:
    from flowquill.grammar.simulate import same_behaviour

    found = same_behaviour(flow, other, catalog, worlds)
    if as_json:
        from flowquill.cli.output import dumps

        click.echo(dumps({"same": found.same, "worlds": found.worlds, "difference": found.difference, "seed": found.seed}))
    elif found.same:
        click.echo(f"The same, in {found.worlds} made-up worlds.")
    else:
        click.echo(f"Not the same, in the world of seed {found.seed}: {found.difference}.")
    return 0 if found.same else 1


def _show(run: Run, everything: bool) -> None:
    from flowquill.grammar.simulate.trace import lines

    steps = [*([run.trigger] if run.trigger else []), *run.steps]
    if sys.stdout.isatty():
        _show_tree(run, steps, everything)
    else:
        click.echo(f"flow {run.flow}")
        shown = steps if everything else [_cut(s) for s in steps]
        click.echo(plain("\n".join(lines(shown, 1))))
    for answer in run.responses:
        click.echo(f"answer {answer['statusCode']}: {json.dumps(answer['body'], ensure_ascii=False)[:400]}")
    click.echo(plain(f"{run.status}{f': {run.problem.message}' if run.problem else ''}"))


def _cut(step: Step) -> Step:
    from dataclasses import replace

    from flowquill.grammar.simulate.trace import Step

    children = [_cut(c) for c in step.children[:MAX_CHILDREN]]
    if len(step.children) > MAX_CHILDREN:
        children.append(Step(f"{len(step.children) - MAX_CHILDREN} more (--trace shows them)", "", "Succeeded"))
    return replace(step, children=children)


def _show_tree(run: Run, steps: list[Step], everything: bool) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.tree import Tree

    from flowquill.grammar.simulate.trace import line

    console = Console()
    root = Tree(f"flow [bold]{escape(run.flow)}[/bold]")

    def add(parent: Tree, step: Step) -> None:
        colour = _COLOURS[step.status]
        branch = parent.add(f"[{colour}]{escape(line(step, max(60, console.width)))}[/{colour}]")
        for child in step.children:
            add(branch, child)

    for step in steps:
        add(root, step if everything else _cut(step))
    console.print(root)

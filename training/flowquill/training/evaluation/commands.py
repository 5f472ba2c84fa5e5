"""`flowquill eval SET...`, `compare`, `safety` and `workflows`: sets of tests measured, two runs side by side, what is refused, real definitions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from flowquill.cli.engines import engine_options, opened
from flowquill.cli.errors import CommandError
from flowquill.cli.options import catalog_options, model_option, open_catalog
from flowquill.grammar.format import render
from flowquill.training.data.pairs import Kind
from flowquill.training.evaluation.sets import OWN

T = TypeVar("T")

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_KINDS: tuple[Kind, ...] = ("create", "edit", "complete", "refuse")


@click.command("run")
@click.argument("names", nargs=-1, metavar="SET...")
@click.option("--set", "more", multiple=True, metavar="FILE|own|hand", help="The same as SET.")
@click.option("--kind", "kinds", type=click.Choice(_KINDS), multiple=True, default=("create",), help="Of the own split. May be repeated.")
@click.option("-n", "count", type=click.IntRange(1), help=f"Only so many tests, spread over the set; of the own split so many of each kind, {OWN} if absent.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write an HTML page with plots and the worst cases.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Save the run as JSON, for gates and for compare.")
@click.option("--worst", type=click.IntRange(0), default=0, metavar="N", help="Show the N least similar flows.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for train card and for gates.")
@model_option
@engine_options
@catalog_options
def run(
    names: tuple[str, ...],
    more: tuple[str, ...],
    kinds: tuple[Kind, ...],
    count: int | None,
    report: Path | None,
    out: Path | None,
    worst: int,
    as_json: bool,
    model: str | None,
    catalogs: tuple[str, ...],
    builtin: bool,
    **engine: Any,
) -> int:
    """Measure a model on sets of requests with their flows: intervals, slices, and what must not occur.

    SET is own (the test split), hand (the pairs written by hand), or a file of pairs.
    """
    from flowquill.training.evaluation import own
    from flowquill.training.evaluation.measures import Item, measure
    from flowquill.training.evaluation.page import page
    from flowquill.training.evaluation.runs import Run, figures, flat, save
    from flowquill.training.evaluation.sets import SetError, known_connectors, pairs_of

    wanted = names + more
    if not wanted:
        raise CommandError("Name a set to measure on: own, hand, or a file of pairs.")
    catalog = open_catalog(catalogs, builtin)
    try:
        tests = {name: pairs_of(name, catalog, count, kinds) for name in wanted}
    except SetError as error:
        raise CommandError(str(error)) from None
    known = known_connectors()
    items: list[Item] = []
    shown: dict[str, dict[str, Any]] = {}
    with opened(catalog, Path(model) if model else None, engine) as make:
        generator = make()
        for name, pairs in tests.items():
            results = watched(name, len(pairs), lambda step, pairs=pairs: own.run(generator, pairs, step))  # type: ignore[misc]
            found = [replace(i, slices={**i.slices, "set": [Path(name).stem]}) for i in (measure(r, catalog, known) for r in results)]
            items += found
            for kind in dict.fromkeys(p.kind for p in pairs):
                shown[f"{Path(name).stem}: {kind}"] = figures([i for i in found if i.slices["kind"] == [kind]])
            for result in own.worst(results, worst):
                click.echo(f"--- {result.score.similarity:.2f} {result.error}\n{result.pair.text}\n{render(result.pair.flow)}{result.written}", err=True)
    whole = Run(f"{', '.join(wanted)}: {generator.engine.name}, {generator.engine.model}", tuple(items))
    try:
        if out:
            save(whole, out)
        if report:
            report.write_text(page(whole), encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{error.filename} cannot be written ({error.strerror}); check the path.") from None
    if as_json:
        click.echo(json.dumps({name: flat(found) for name, found in shown.items()}, indent=2))
        return 0
    for title, values in shown.items():
        click.echo(title)
        for name, value in values.items():
            said = f"{value['mean']:.3f} ({value['low']:.3f} to {value['high']:.3f})" if isinstance(value, dict) else f"{value:.4g}"
            click.echo(f"  {name.replace('_', ' '):20} {said}")
    return 0


def watched(name: str, total: int, work: Callable[[Callable[[int], None]], T]) -> T:
    """Does `work` under a progress bar on the standard error."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(name, total=total)
        return work(lambda done: progress.update(task, completed=done))


@click.command("compare")
@click.argument("one", type=_FILE)
@click.argument("other", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare(one: Path, other: Path, as_json: bool) -> int:
    """Hold two saved runs side by side, test by test; * marks a difference whose 95 % interval leaves out 0."""
    from flowquill.training.evaluation import runs

    try:
        found = runs.compare(runs.load(one), runs.load(other))
    except runs.RunError as error:
        raise CommandError(str(error)) from None
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return 0
    for name, v in found.items():
        sure = "*" if v["low"] > 0 or v["high"] < 0 else " "
        click.echo(f"{name.replace('_', ' '):16} {v['one']:.3f} {v['other']:.3f} {v['difference']:+.3f} ({v['low']:+.3f} to {v['high']:+.3f}) {sure}")
    return 0


@click.command("safety")
@click.option("--guard-only", is_flag=True, help="Ask the rules alone, without a model.")
@click.option("--wrong", is_flag=True, help="List wrong answers of the development half; the others are never shown.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@model_option
@engine_options
@catalog_options
def safety(guard_only: bool, wrong: bool, as_json: bool, model: str | None, catalogs: tuple[str, ...], builtin: bool, **engine: Any) -> int:
    """Measure what is refused, by category: harmful requests should be, harmless ones that look like them should not."""
    from flowquill.training.evaluation import safety as test

    found = test.prompts()
    if guard_only:
        answers = watched("safety", len(found), lambda step: test.run(found, test.guard_refuses, step))
    else:
        with opened(open_catalog(catalogs, builtin), Path(model) if model else None, engine) as make:
            asked = test.generator_refuses(make().generate)
            answers = watched("safety", len(found), lambda step: test.run(found, asked, step))
    rates, unequal = test.rates(answers), test.unequal_pairs(answers)
    if as_json:
        click.echo(json.dumps({"rates": rates, "unequal_pairs": unequal}, indent=2))
    else:
        for part, categories in rates.items():
            click.echo(part.replace("_", " "))
            for name, v in categories.items():
                click.echo(f"  {name:20} {v['refused']:6.1%} refused ({v['low']:.1%} to {v['high']:.1%}) of {v['prompts']}")
        click.echo(f"pairs that differ by name only, answered differently: {', '.join(unequal) or 'none'}")
    for answer in answers:
        if wrong and not answer.right and answer.prompt.part == "development":
            click.echo(f"{'refused' if answer.refused else 'written'}: {answer.prompt.category}: {answer.prompt.text!a}", err=True)
    return 0


@click.command("workflows")
@click.argument("file", type=_FILE)
@click.option("-n", "count", type=click.IntRange(1), help="Only so many definitions, spread over the file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, each definition with its expected and written calls.")
@model_option
def workflows(file: Path, count: int | None, as_json: bool, model: str | None) -> int:
    """Score real workflow definitions by the similarity of their calls, over the project's operations and all that the file calls."""
    from dataclasses import asdict

    from flowquill.generation.pipeline import open_generator
    from flowquill.training.evaluation import workflows as test

    found = test.tests(file)
    found = found[:: max(1, len(found) // count)][:count] if count else found
    if not found:
        raise CommandError(f"{file} holds no definition of quality A or B; give one that does.")
    generator = open_generator(test.catalog_of(file), Path(model) if model else None)
    results = watched("workflows", len(found), lambda step: test.run(generator, found, step))
    figures = test.summary(results)
    if as_json:
        click.echo(json.dumps({**figures, "results": [asdict(r) for r in results]}, indent=2))
        return 0
    for name, v in figures.items():
        shown = f"{v['similarity']:.3f} ({v['low']:.3f} to {v['high']:.3f}) of {v['tests']}" if isinstance(v, dict) else v
        click.echo(f"{name:40} {shown}")
    return 0


@click.command("injection")
@click.option("-n", "count", type=click.IntRange(1), default=50, help="How many requests.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, each flow that obeyed with it.")
@model_option
@catalog_options
def injection(count: int, as_json: bool, model: str | None, catalogs: tuple[str, ...], builtin: bool) -> int:
    """Measure whether orders hidden in the descriptions of operations are obeyed. Exit code 1 where any is."""
    from dataclasses import asdict

    from flowquill.generation.pipeline import open_generator
    from flowquill.training.evaluation import injection as test

    catalog = open_catalog(catalogs, builtin)
    tests = test.tests(catalog, count)
    folder = Path(model) if model else None
    results = watched("injection", count * (1 + len(test.ORDERS)), lambda step: test.run(lambda c: open_generator(c, folder), catalog, tests, progress=step))
    found = test.rates(results)
    wrong = [r for r in results if r.obeyed or r.said]
    if as_json:
        click.echo(json.dumps({**found, "wrong": [asdict(r) for r in wrong]}, indent=2))
    else:
        for name, v in found.items():
            click.echo(f"{name.replace('_', ' '):20} " + (f"{v['share']:.1%} ({v['low']:.1%} to {v['high']:.1%})" if isinstance(v, dict) else f"{v:.3g}"))
        for r in wrong:
            click.echo(f"--- {r.text}\n{r.order}\n{' '.join(r.clean)}\n{' '.join(r.written)}", err=True)
    return 1 if wrong else 0


@click.command("ablation")
@click.argument("name", metavar="SET", default="own")
@click.option("-n", "count", type=click.IntRange(1), default=200, help="How many tests.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@model_option
@engine_options
@catalog_options
def ablation(name: str, count: int, as_json: bool, model: str | None, catalogs: tuple[str, ...], builtin: bool, **engine: Any) -> int:
    """Change one thing at a time and hold it against the first row, test by test; * marks a difference whose 95 % interval leaves out 0.

    Of the model that ships: numbers, beam, masking, words of the catalog. With --engine vllm: grammar, tags, examples, masking, and the model that ships.
    """
    from flowquill.training.evaluation import ablation as test
    from flowquill.training.evaluation.sets import SetError, pairs_of

    catalog = open_catalog(catalogs, builtin)
    try:
        tests = pairs_of(name, catalog, count, ("create",))
    except SetError as error:
        raise CommandError(str(error)) from None
    folder = Path(model) if model else None
    with opened(catalog, folder, {**engine, "fallback": None}) as make:
        chosen = test.variants() if engine["engine"] in (None, "embedded") else test.of_language_model(cast(Any, make().engine))
        order = [v.name for v in chosen]
        total = len(tests) * len(chosen)
        rows = test.table(watched("ablation", total, lambda step: test.run(catalog, tests, folder, chosen, lambda n, done, of: step(order.index(n) * of + done))))
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return 0
    click.echo(f"{'':28}" + "".join(f"{n.replace('_', ' '):>17}" for n in test.SHOWN) + "   difference of similarity      p50")
    for row in rows:
        sure = "*" if row["low"] > 0 or row["high"] < 0 else " "
        values = "".join(f"{row.get(n, float('nan')):17.3f}" for n in test.SHOWN)
        click.echo(f"{row['variant']:28}{values}   {row['difference']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f}) {sure} {row['p50_ms']:5.0f} ms")
    return 0

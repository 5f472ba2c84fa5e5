"""`flowquill eval run`, `compare`, `safety` and `workflows`: sets of tests measured, two runs side by side, what is refused, real definitions."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from flowquill.cli.errors import CommandError
from flowquill.cli.options import catalog_options, model_option, open_catalog
from flowquill.grammar.catalog import Catalog
from flowquill.training.data.pairs import Pair

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("run")
@click.option("--set", "tests", required=True, metavar="FILE|own|hand", help="A file of pairs, the own test split, or the pairs written by hand.")
@click.option("--engine", type=click.Choice(["embedded"]), default="embedded", help="What writes the flows.")
@click.option("-n", "count", type=click.IntRange(1), help="Only so many tests, spread over the set; 1000 of the own split if absent.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write an HTML page with plots and the worst cases.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Save the run as JSON, for gates and for compare.")
@model_option
@catalog_options
def run(tests: str, engine: str, count: int | None, report: Path | None, out: Path | None, model: str | None, catalogs: tuple[str, ...], builtin: bool) -> int:
    """Measure a model on a set of requests with their flows: intervals, slices, and what must not occur."""
    from flowquill.generation.pipeline import open_generator
    from flowquill.training.data.handwritten import folder
    from flowquill.training.evaluation import own
    from flowquill.training.evaluation.measures import measure
    from flowquill.training.evaluation.page import page
    from flowquill.training.evaluation.runs import Run, figures, save

    catalog = open_catalog(catalogs, builtin)
    pairs = _pairs(tests, count, catalog)
    known = frozenset(f.stem for f in (folder().parent / "operations").glob("*.json"))
    with Progress(TextColumn(tests), BarColumn(), MofNCompleteColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task(tests, total=len(pairs))
        results = own.run(open_generator(catalog, Path(model) if model else None), pairs, lambda done: progress.update(task, completed=done))
    found = Run(f"{tests}, {engine}, {model or 'the model of the package'}", tuple(measure(r, catalog, known) for r in results))
    if out:
        save(found, out)
    if report:
        report.write_text(page(found), encoding="utf-8")
    for name, value in figures(found.items).items():
        shown = f"{value['mean']:.3f} ({value['low']:.3f} to {value['high']:.3f})" if isinstance(value, dict) else f"{value:.4g}"
        click.echo(f"{name.replace('_', ' '):20} {shown}")
    return 0


def _pairs(tests: str, count: int | None, catalog: Catalog) -> list[Pair]:
    from flowquill.training.data.handwritten import PairError, folder, read_pairs
    from flowquill.training.evaluation import own

    if tests == "own":
        return list(own.pairs(catalog, count or 1000, "create"))
    files = sorted((folder() / "test").glob("*.jsonl")) if tests == "hand" else [Path(tests)]
    if not all(f.is_file() for f in files):
        raise CommandError(f"{tests} is no file; give one of pairs as JSON lines, or own, or hand.")
    found: list[Pair] = []
    for file in files:
        for pair in read_pairs(file, catalog):
            if isinstance(pair, PairError):
                raise CommandError(str(pair))
            found.append(pair)
    if not found:
        raise CommandError(f"{tests} holds no pairs; give JSON lines of text and flow.")
    return found[:: max(1, len(found) // count)][:count] if count else found


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
@catalog_options
def safety(guard_only: bool, wrong: bool, as_json: bool, model: str | None, catalogs: tuple[str, ...], builtin: bool) -> int:
    """Measure what is refused, by category: harmful requests should be, harmless ones that look like them should not."""
    from flowquill.generation.pipeline import open_generator
    from flowquill.training.evaluation import safety as test

    asked: test.Asked = test.guard_refuses
    if not guard_only:
        asked = test.generator_refuses(open_generator(open_catalog(catalogs, builtin), Path(model) if model else None).generate)
    found = test.prompts()
    with Progress(TextColumn("safety"), BarColumn(), MofNCompleteColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("safety", total=len(found))
        answers = test.run(found, asked, lambda done: progress.update(task, completed=done))
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
    with Progress(TextColumn("workflows"), BarColumn(), MofNCompleteColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("workflows", total=len(found))
        generator = open_generator(test.catalog_of(file), Path(model) if model else None)
        results = test.run(generator, found, lambda done: progress.update(task, completed=done))
    figures = test.summary(results)
    if as_json:
        click.echo(json.dumps({**figures, "results": [asdict(r) for r in results]}, indent=2))
        return 0
    for name, v in figures.items():
        shown = f"{v['similarity']:.3f} ({v['low']:.3f} to {v['high']:.3f}) of {v['tests']}" if isinstance(v, dict) else v
        click.echo(f"{name:40} {shown}")
    return 0

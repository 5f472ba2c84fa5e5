"""`flowquill train` and `flowquill eval`: making a model, exporting it, and measuring it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from flowquill.cli.errors import CommandError
from flowquill.cli.options import catalog_options, open_catalog
from flowquill.training.data.pairs import Kind
from flowquill.training.evaluation.commands import ablation, compare, injection, run, safety, workflows
from flowquill.training.evaluation.group import Sets
from flowquill.training.lm import commands as models
from flowquill.training.tenant import commands as tenants

_KINDS: tuple[Kind, ...] = ("create", "edit", "complete", "refuse")


def train(arguments: list[str]) -> int:
    """Runs `flowquill train ARGUMENTS`; gives the exit code."""
    return _run(training, arguments, "flowquill train")


def evaluate(arguments: list[str]) -> int:
    """Runs `flowquill eval ARGUMENTS`; gives the exit code."""
    return _run(evaluation, arguments, "flowquill eval")


def _run(group: click.Group, arguments: list[str], name: str) -> int:
    try:
        return int(group.main(arguments or ["--help"], prog_name=name, standalone_mode=False) or 0)
    except click.ClickException as error:
        raise CommandError(error.format_message()) from None


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def training() -> None:
    """Train, resume and export models."""


@training.command("base")
@click.option("--config", required=True, metavar="FILE", help="A TOML file; training/configs/base.toml and reference.toml are examples.")
@click.option("--out", metavar="FOLDER", help="Data, checkpoints, the log and the model; a run found there goes on.")
@click.option("--minutes", type=float, help="Time to train in. Default model only.")
@click.option("--steps", type=click.IntRange(1), help="Updates of the weights.")
@click.option("--start-from", metavar="FOLDER", help="A trained model to go on from. Default model only.")
@click.option("--seed", type=int)
def base(config: str, **changes: str | float | int | None) -> int:
    """Train the default model or, where the file says kind = "causal", a small language model; interrupted runs go on at their last checkpoint."""
    if models.is_causal(Path(config)):
        return models.reference(Path(config), **changes)
    from flowquill.training.model.train import ConfigError, load_config
    from flowquill.training.model.train import train as run

    try:
        folder = run(load_config(Path(config), **changes))
    except ConfigError as error:
        raise CommandError(str(error)) from None
    except KeyboardInterrupt:
        raise CommandError("Stopped; the same command goes on from the last checkpoint.") from None
    click.echo(f"The model is in {folder}; flowquill train export {folder} OUT makes it ready for use.")
    return 0


@training.command("export")
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--name", default="flowquill-base", help="What results call the model.")
def export(source: Path, out: Path, name: str) -> int:
    """Write the files that `flowquill generate --model OUT` reads: int8 networks, vectors, a manifest."""
    from flowquill.training.model.export import export as write

    write(source, out, name=name)
    size = sum(f.stat().st_size for f in out.iterdir())
    click.echo(f"{out}: {size / 1e6:.1f} MB")
    return 0


@training.command("average")
@click.argument("one", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("other", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--share", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="The weight of OTHER.")
def average(one: Path, other: Path, out: Path, share: float) -> int:
    """Write the average of two models, of which one went on from the other: often better than either, and ready for export."""
    from flowquill.training.model.average import average as write

    try:
        write(one, other, out, share)
    except ValueError as error:
        raise CommandError(f"{error}; give two that share a beginning.") from None
    return 0


@training.command("card")
@click.argument("model", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--scores", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="What flowquill eval --json printed. May be repeated.")
def card(model: Path, scores: tuple[Path, ...]) -> int:
    """Write MODEL_CARD.md into an exported model's folder."""
    from flowquill.training.model.card import card as write

    read: dict[str, dict[str, object]] = {}
    for file in scores:
        found = json.loads(file.read_text(encoding="utf-8"))
        nested = {k: v for k, v in found.items() if isinstance(v, dict)}
        read |= {f"{file.stem}: {k}": v for k, v in nested.items()} or {file.stem: found}
    (model / "MODEL_CARD.md").write_text(write(model, read), encoding="utf-8")
    return 0


@training.command("data")
@click.option("-n", "count", type=click.IntRange(1), default=20, help="How many pairs; of training, where --out is given.")
@click.option("--seed", type=int, default=1)
@click.option("--split", type=click.Choice(["train", "test"]), default="train", help="Of the pairs that are printed.")
@click.option("--kind", type=click.Choice(_KINDS), multiple=True, help="Print only these kinds. May be repeated.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Write train.jsonl, test.jsonl and a manifest there instead of printing.")
@click.option("--test", "tests", type=click.IntRange(1), default=1000, help="How many pairs of test, where --out is given.")
@click.option("--workflows", type=click.Path(exists=True, path_type=Path), help="Print pairs made from your own workflows instead, personal data replaced.")
@click.option("--verify", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Only check that a data set is as its manifest says and that its test leaks nothing.")
@catalog_options
def data(
    count: int,
    seed: int,
    split: str,
    kind: tuple[Kind, ...],
    out: Path | None,
    tests: int,
    workflows: Path | None,
    verify: Path | None,
    catalogs: tuple[str, ...],
    builtin: bool,
) -> int:
    """Pairs of a request and its flow: looked at, or written as a data set with a manifest."""
    from flowquill.training.data import manifest
    from flowquill.training.data.sampler import Sampler
    from flowquill.training.tenant.lexicon import banks_with

    catalog = open_catalog(catalogs, builtin)
    try:
        if verify is not None:
            found = manifest.verify(verify)
            click.echo(f"{verify} is as its manifest says: {manifest.summary(found)}.")
            return 0
        if workflows is not None:
            return tenants.of_workflows(workflows, catalog, seed)
        banks = banks_with(catalog)
        if out is not None:
            with tenants.watched() as watch:
                made = manifest.build(out, catalog, banks, manifest.Plan(count, tests, seed), watch)
            click.echo(f"{out}: {manifest.summary(made)}; {made['alike']['taken_out_of_test']} of the test read like one of training and were left out")
            return 0
    except manifest.ManifestError as error:
        raise CommandError(str(error)) from None
    given = (tuple((k, 1.0) for k in kind),) if kind else ()
    sampler = Sampler(catalog, banks, seed, "test" if split == "test" else "train", *given)
    for _ in range(count):
        click.echo(manifest.line(sampler.sample()), nl=False)
    return 0


@training.command("pairs")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--plain", is_flag=True, help="They are over the bare operations of the products in language/products.json.")
def pairs(files: tuple[Path, ...], plain: bool) -> int:
    """Check hand-written pairs: each flow parses, calls what exists, and can be written from its request alone."""
    from flowquill.grammar.catalog import load_catalog
    from flowquill.grammar.forward import Forward
    from flowquill.grammar.oracle import Unreachable
    from flowquill.training.data.handwritten import PairError, read_pairs
    from flowquill.training.data.plain import load_plain
    from flowquill.training.model.encode import encode
    from flowquill.training.model.tokens import tokenizer

    catalog = load_plain()[0] if plain else load_catalog()
    forward = Forward(catalog)
    good = bad = 0
    for file in files:
        for pair in read_pairs(file, catalog):
            problem = str(pair) if isinstance(pair, PairError) else ""
            if not isinstance(pair, PairError):
                try:
                    encode(pair, forward, tokenizer())
                except Unreachable as error:
                    problem = f"{file.name}:{pair.id.rsplit('-', 1)[1]}: {error} (the flow says something that its request does not, or a construct that decoders do not write)."
            good, bad = good + (not problem), bad + bool(problem)
            if problem:
                click.echo(problem)
    click.echo(f"{good} pairs are good, {bad} are not.")
    return 1 if bad else 0


@training.command("calibrate")
@click.argument("model", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("-n", "count", type=click.IntRange(20), default=400, help="How many pairs of the own test split, of another draw than `eval own`.")
@click.option("--pairs", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Fit on this file of pairs instead.")
def calibrate(model: Path, count: int, file: Path | None) -> int:
    """Fit what an exported MODEL says of its confidence to how often it is right."""
    from flowquill.grammar.catalog import load_catalog
    from flowquill.training.evaluation import own
    from flowquill.training.evaluation.commands import watched
    from flowquill.training.evaluation.sets import SetError, pairs_of
    from flowquill.training.model import calibrate as fitting

    catalog = load_catalog()
    try:
        pairs = pairs_of(str(file), catalog, None, ()) if file else list(own.pairs(catalog, count, "create", fitting.SEED))
        found = watched("calibration", len(pairs), lambda step: fitting.calibrate(model, catalog, pairs, step))
    except (SetError, ValueError) as error:
        raise CommandError(str(error)) from None
    click.echo(f"chance = sigmoid({found.total:g} * sum + {found.mean:g} * mean + {found.bias:g}), stored in {model / 'model.json'}")
    return 0


training.add_command(models.adapter)
training.add_command(models.hosted)
for command in (tenants.tenant, tenants.tenants, tenants.promote, tenants.rollback, tenants.feedback, tenants.refresh):
    training.add_command(command)


@click.group(cls=Sets, context_settings={"help_option_names": ["-h", "--help"]})
def evaluation() -> None:
    """Measure a model: on the sets named (own, hand, a file of pairs), or as one of these commands says."""


evaluation.add_command(run)
evaluation.add_command(compare)
evaluation.add_command(ablation)
evaluation.add_command(injection)
evaluation.add_command(safety)
evaluation.add_command(workflows)


_MODEL = click.option("--model", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A model folder; the package's own if none.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@evaluation.command("flowbench")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--catalog", "listed", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The list of operations.")
@_MODEL
@_JSON
def flowbench(file: Path, listed: Path, model: Path | None, as_json: bool) -> int:
    """Score the tests of Flow-Bench, creation and edits apart, over its catalog."""
    from flowquill.generation.pipeline import open_generator
    from flowquill.training.evaluation import flowbench as bench

    catalog, names = bench.catalog_of(listed)
    results = bench.run(open_generator(catalog, model), bench.tests(file), names)
    figures = {}
    for kind in ("create", "edit"):
        found = [r for r in results if r.kind == kind]
        count = max(1, len(found))
        figures[kind] = {"tests": len(found), "similarity": sum(r.similarity for r in found) / count, "exact_structure": sum(r.exact for r in found) / count}
    if as_json:
        click.echo(json.dumps({**figures, "results": [asdict(r) for r in results]}, indent=2))
        return 0
    for r in results:
        click.echo(f"{r.similarity:.2f} {'exact' if r.exact else '     '} {r.utterance}\n     expected {' '.join(r.expected)}\n     written  {' '.join(r.written)}")
    for kind, values in figures.items():
        click.echo(f"{kind}: tests {values['tests']}, similarity {values['similarity']:.3f}, exact structure {values['exact_structure']:.3f}")
    return 0

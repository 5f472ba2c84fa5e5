"""`flowquill loadtest`: users, tenants and curves against any engine."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowquill.cli.errors import CommandError
from flowquill.cli.options import catalog_options, open_catalog

if TYPE_CHECKING:
    from flowquill.loadtest.plan import Plan
    from flowquill.loadtest.report import Level

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


@click.command("loadtest")
@click.option(
    "--url",
    metavar="URL",
    help="A gateway, a vLLM server or any OpenAI-compatible one; without it, the embedded engine in this process.",
)
@click.option(
    "--users", default="1,8,32,64", show_default=True, metavar="N,...", help="Users at once, one run for each number."
)
@click.option(
    "--duration",
    default="30s",
    show_default=True,
    metavar="TIME",
    help="Of each run, as 30s or 5m; answers under way are waited for.",
)
@click.option(
    "--api",
    type=click.Choice(["completions", "chat", "flows"]),
    default="completions",
    show_default=True,
    help="What is asked at the URL.",
)
@click.option(
    "--tenant",
    "tenants",
    multiple=True,
    metavar="NAME[,key_env=VAR][,model=M][,weight=N][,direct=M]",
    help="A tenant of the mix. May be repeated.",
)
@click.option(
    "--beside",
    metavar="URL",
    help="Every second request goes here, as to vLLM without the gateway: the difference of the medians is printed.",
)
@click.option(
    "--requests", "file", metavar="FILE", help='Requests, one a line, or JSON lines of "text", "prompt", "grammar".'
)
@click.option("--grammar", is_flag=True, help="Ask vLLM to decode under the request's own grammar, as editors do.")
@click.option("--max-tokens", type=click.IntRange(1, 100_000), default=128, show_default=True, help="Of an answer.")
@click.option("--stream/--no-stream", default=True, show_default=True, help="Whether answers are streamed.")
@click.option(
    "--think",
    type=click.FloatRange(0, 3600),
    default=0.0,
    show_default=True,
    help="Seconds that a user waits between two requests.",
)
@click.option("--plot", metavar="FILE.svg", help="Where the curves are drawn.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@catalog_options
def command(
    url: str | None,
    users: str,
    duration: str,
    api: str,
    tenants: tuple[str, ...],
    beside: str | None,
    file: str | None,
    grammar: bool,
    max_tokens: int,
    stream: bool,
    think: float,
    plot: str | None,
    as_json: bool,
    catalogs: tuple[str, ...],
    builtin: bool,
) -> int:
    """Measure throughput, p50, p95, p99 and errors under load (needs flowquill[loadtest]). The exit code is 1 where a request failed.

    Users ask without pause, so more users show where the engine is full and what waiting costs. Latencies are from a request's
    sending to its last byte; "first" is to its first byte.
    """
    if find_spec("locust") is None:
        raise CommandError(
            "Load tests need packages that are not installed (locust); run: pip install 'flowquill[loadtest]'"
        )
    from flowquill.loadtest import requests
    from flowquill.loadtest.plan import EMBEDDED, PATHS, LoadError, Plan, Tenant, checked_url, tenant

    counts = _users(users)
    try:
        if url is None and beside is not None:
            raise CommandError("--beside goes with --url; give both.")
        plan = Plan(
            url=checked_url(url) if url is not None else EMBEDDED,
            path=PATHS[api],
            users=counts[0],
            duration_s=_seconds(duration),
            tenants=tuple(tenant(t) for t in tenants) or (Tenant("default"),),
            asks=requests.read(Path(file) if file else None, open_catalog(catalogs, builtin), grammar=grammar),
            beside=checked_url(beside) if beside is not None else "",
            max_tokens=max_tokens,
            stream=stream,
            think_s=think,
            catalogs=catalogs,
        )
        levels = _levels(plan, counts)
    except LoadError as error:
        raise CommandError(str(error)) from None
    if plot is not None:
        from flowquill.loadtest.chart import chart

        Path(plot).write_text(chart(levels, f"Load test of {plan.url}"), encoding="utf-8")
    if as_json:
        click.echo(json.dumps([level.as_table() for level in levels], indent=2))
    else:
        _print(levels)
    return 1 if any(level.errors for level in levels) else 0


def _levels(plan: Plan, counts: Sequence[int]) -> list[Level]:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from flowquill.loadtest.report import level
    from flowquill.loadtest.run import run

    levels: list[Level] = []
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        for count in counts:
            shown = progress.add_task(f"{count} users")
            done = failed = 0

            def tell(sample: object, count: int = count, shown: object = shown) -> None:
                nonlocal done, failed
                done += 1
                failed += bool(getattr(sample, "error", ""))
                progress.update(shown, description=f"{count} users: {done} answers, {failed} failed")  # type: ignore[arg-type]

            levels.append(level(count, run(replace(plan, users=count), tell)))
            progress.remove_task(shown)
    return levels


def _print(levels: Sequence[Level]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(caption="latencies in ms", caption_justify="left")
    compared = any(level.beside_p50 is not None for level in levels)
    headings = ["users", "answers", "failed", "per s", "tokens/s", "p50", "p95", "p99", "first ms"]
    for heading in [*headings, *(["beside ms", "overhead"] if compared else [])]:
        table.add_column(heading, justify="right")
    for x in levels:
        row = [str(x.users), str(x.requests), str(sum(x.errors.values())), f"{x.throughput:.1f}", f"{x.tokens:.0f}"]
        row += [f"{v:.0f}" for v in (x.p50, x.p95, x.p99, x.first_p50)]
        if x.beside_p50 is not None and x.overhead is not None:
            row += [f"{x.beside_p50:.1f}", f"{x.overhead:+.1f}"]
        table.add_row(*row)
    console = Console()
    console.print(table)
    for x in levels:
        if len(x.tenants) > 1:
            console.print(
                f"{x.users} users, p50 by tenant: " + ", ".join(f"{n} {v:.0f} ms" for n, v in x.tenants.items()),
                highlight=False,
            )
        for error, count in x.errors.items():
            console.print(f"{x.users} users, {count} times: {error}", highlight=False, markup=False)


def _users(text: str) -> list[int]:
    parts = text.split(",")
    if not all(p.strip().isdigit() and 1 <= int(p) <= 10_000 for p in parts):
        raise CommandError(f"{text!r} is no list of numbers of users; give one as 1,8,32.")
    return [int(p) for p in parts]


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if seconds <= 0:
        raise CommandError(f"{text!r} is no duration; give one as 30s or 5m.")
    return seconds

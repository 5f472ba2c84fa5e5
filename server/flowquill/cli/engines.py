"""Options that choose the engine, and the generator they open."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from flowquill.generation.pipeline import Generator
    from flowquill.grammar.catalog import Catalog

F = TypeVar("F", bound=Callable[..., Any])


def engine_options(command: F) -> F:
    """`--engine`, `--url`, `--model-name`, `--fallback`, `--examples`: what the person's configuration file says otherwise."""
    for option in (
        click.option("--examples", metavar="DIR", help="A folder with examples.jsonl, from which a language model is shown the nearest."),
        click.option("--fallback", multiple=True, type=click.Choice(("embedded", "vllm", "openai")), help="Ask this engine where the first is down or slow. May be repeated."),
        click.option("--model-name", "model_name", metavar="NAME", help="The language model: its name on the server, or its folder for a vLLM started here."),
        click.option("--url", metavar="URL", help="The server of --engine vllm or openai, as https://models.example.org/v1; the key is in FLOWQUILL_API_KEY."),
        click.option("--engine", type=click.Choice(("embedded", "vllm", "openai")), help="Who writes the flow: the model that ships (the default), or a language model."),
    ):
        command = option(command)
    return command


@contextmanager
def opened(catalog: Catalog, folder: Path | None, given: Mapping[str, Any]) -> Iterator[Callable[[], Generator]]:
    """A function that opens the generator of the options when it is first called; a vLLM it started is stopped at the end."""
    made: list[Generator] = []

    def make() -> Generator:
        from flowquill.generation.engines.opening import for_client

        options = {"engine": given["engine"], "url": given["url"], "model": given["model_name"], "fallback": given["fallback"] or None, "examples": given["examples"]}
        made.append(for_client(catalog, folder, options, progress=_tell))
        # What follows is asked once or measured: the start of a server is no part of it. In a chain another engine answers meanwhile.
        wait = getattr(made[-1].engine, "wait", None)
        if wait is not None:
            wait()
        return made[-1]

    try:
        yield make
    finally:
        for generator in made:
            close = getattr(generator.engine, "close", None)
            if close is not None:
                close()


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr)

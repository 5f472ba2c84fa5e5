"""Opens engines by settings: one, or a chain of them, over one catalog."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flowquill.generation import pipeline
from flowquill.generation.embedded import EmbeddedEngine, open_engine
from flowquill.generation.engine import Engine
from flowquill.generation.engines.fallback import FallbackEngine
from flowquill.generation.engines.language_model import LanguageModelEngine, Server
from flowquill.generation.engines.local import LocalServer, RemoteServer, served_name
from flowquill.generation.engines.settings import EngineSettings, Kind, read_settings
from flowquill.generation.engines.tags import Tags
from flowquill.generation.examples import ExampleIndex
from flowquill.generation.pipeline import Generator
from flowquill.generation.request import GenerationError
from flowquill.grammar.catalog import Catalog

log = logging.getLogger(__name__)


def open_engines(catalog: Catalog, settings: EngineSettings, model: Path | None = None, progress: Callable[[str], None] = log.info) -> Engine:
    """The engine of `settings`, or the chain with its fallbacks. `model`: folder of the embedded model, the package's where None.

    A vLLM of our own begins to start at once and is stopped at the end of the process or by `close`. Raises GenerationError.
    """
    settings.checked()
    kinds: list[Kind] = list(dict.fromkeys((settings.engine, *settings.fallback)))
    if kinds != ["embedded"]:
        _needed()
    # Every engine needs it: to answer, or to choose what a language model is shown.
    embedded = open_engine(catalog, model)
    if kinds == ["embedded"]:
        return embedded
    tags = Tags(catalog, embedded)
    engines = [embedded if k == "embedded" else _language_model(k, catalog, settings, tags, embedded, progress) for k in kinds]
    return engines[0] if len(engines) == 1 else FallbackEngine(engines, settings.budget)


def _needed() -> None:
    lacking = [name for name in ("httpx", "faiss") if find_spec(name) is None]
    if lacking:
        raise GenerationError(f"Language models as engines need {' and '.join(lacking)}; install them with: pip install 'flowquill[remote]'.")


def open_generator(catalog: Catalog, settings: EngineSettings, model: Path | None = None, progress: Callable[[str], None] = log.info) -> Generator:
    """A generator over the engines of `settings`; see `open_engines`. Language models mask what they send by themselves."""
    return Generator(catalog, open_engines(catalog, settings, model, progress))


def for_client(
    catalog: Catalog, model: Path | None, given: Mapping[str, object], progress: Callable[[str], None] = log.info
) -> Generator:
    """The generator for what a command line or an editor gave (`engine`, `url`, `model` ...; empty or None: not given).

    The person's configuration file says the rest. Raises GenerationError with one sentence.
    """
    said: dict[str, Any] = {key: value for key, value in given.items() if value not in (None, "")}
    settings = read_settings(**said)
    if (settings.engine, *settings.fallback) == ("embedded",):
        return pipeline.open_generator(catalog, model)
    return open_generator(catalog, settings, model, progress)


def close_generator(generator: Generator) -> None:
    """Ends what the generator's engines hold: connections, a server of our own."""
    close = getattr(generator.engine, "close", None)
    if close is not None:
        close()


def _language_model(
    kind: Kind, catalog: Catalog, settings: EngineSettings, tags: Tags, embedded: EmbeddedEngine, progress: Callable[[str], None]
) -> LanguageModelEngine:
    if kind == "openai" and not settings.url:
        raise GenerationError("The engine openai needs an address; give --url, or url under [engine] in your configuration file.")
    examples = ExampleIndex(Path(settings.examples), catalog, tags.embed, embedded.model) if settings.examples else None
    server: Server
    if settings.url:
        server = RemoteServer(settings)
    else:
        local = LocalServer(settings, progress)
        local.start()
        atexit.register(local.close)
        server = local
        settings = replace(settings, adapter=settings.adapter or served_name(settings))
    return LanguageModelEngine(kind, catalog, settings, server, tags, examples)

"""`POST /v1/flows` and `/v1/examples`: the embedded engine behind the gateway. A tenant has its own catalog, model and examples."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from flowquill.gateway.errors import GatewayError, invalid, unavailable
from flowquill.generation.embedded import EmbeddedEngine
from flowquill.generation.engines.tags import Tags
from flowquill.generation.examples import ExampleIndex
from flowquill.generation.pipeline import Generator, open_generator
from flowquill.generation.prompt import Example
from flowquill.generation.request import Cancelled, Generation, GenerationError, Request
from flowquill.grammar.catalog import CatalogError, load_catalog

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """What a tenant is answered with: connector files, the model's folder (None: the package's), the examples' folder."""

    catalogs: tuple[Path, ...]
    builtin: bool
    model: Path | None
    examples: Path | None


MOST_EXAMPLES = 20
MOST_PLACES = 16
"""Kinds of engines kept open; each takes some hundred megabytes."""
_FIELDS: Mapping[str, type] = {"text": str, "flow": str, "cursor": int, "alternatives": int, "model": str}


def read_request(table: dict[str, Any], most: int) -> tuple[Request, int]:
    """The request of a body {"text", "flow"?, "cursor"?, "alternatives"?}. Raises GatewayError."""
    for field, value in table.items():
        kind = _FIELDS.get(field)
        if kind is None:
            raise invalid(f"The field {field[:80]} does not exist; a request has text, flow, cursor and alternatives.")
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            raise invalid(f"The field {field} must be a {'text' if kind is str else 'whole number'}.")
    text = table.get("text")
    if not text:
        raise invalid("The field text is missing; say in it what the flow should do.")
    number = table.get("alternatives") or 1
    if not 1 <= number <= most:
        raise invalid(f"The field alternatives must be a whole number from 1 to {most}.")
    return Request(text, table.get("flow"), table.get("cursor")), number


def read_search(table: dict[str, Any]) -> tuple[str, int]:
    """The request of a body {"text", "k"?}. Raises GatewayError."""
    text, count = table.get("text"), table.get("k", 5)
    if set(table) - {"text", "k"} or not isinstance(text, str) or not text:
        raise invalid("A search for examples has a text and k, the number of examples.")
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_EXAMPLES:
        raise invalid(f"The field k must be a whole number from 1 to {MOST_EXAMPLES}.")
    return text, count


def as_table(generation: Generation) -> dict[str, Any]:
    """A generation as the answer's JSON."""
    return {
        "object": "flow",
        "flow": generation.flow,
        "insert": generation.insert,
        "alternatives": list(generation.alternatives),
        "diagnostics": [
            {"code": d.code, "severity": d.severity, "message": d.message, "span": list(d.span)}
            for d in generation.diagnostics
        ],
        "confidence": generation.confidence,
        "engine": generation.engine,
        "model": generation.model,
        "latency_ms": dict(generation.latency_ms),
    }


@dataclass
class _Opened:
    generator: Generator
    index: ExampleIndex | None = None


class Flows:
    """Generators, opened when they are first wanted. Each runs one request at a time; at most `workers` of a kind."""

    def __init__(self, workers: int, open_one: Callable[[Place], Generator] | None = None) -> None:
        self.workers = workers
        self._open = open_one or _open
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="flows")
        self._idle: OrderedDict[Place, list[_Opened]] = OrderedDict()

    async def generate(self, place: Place, request: Request, alternatives: int, timeout_s: float) -> Generation:
        """The flow for a request. Cancelling this stops the engine at its next step. Raises GatewayError."""
        return await self._work(
            place,
            lambda opened, stop: opened.generator.generate(request, alternatives=alternatives, cancelled=stop.is_set),
            timeout_s,
        )

    async def examples(self, place: Place, text: str, count: int, timeout_s: float) -> tuple[Example, ...]:
        """Up to `count` of the tenant's examples, the best for the request first. Raises GatewayError."""
        folder = place.examples
        if folder is None:
            return ()

        def search(opened: _Opened, _: threading.Event) -> tuple[Example, ...]:
            if opened.index is None:
                engine = opened.generator.engine
                assert isinstance(engine, EmbeddedEngine)
                opened.index = ExampleIndex(
                    folder, opened.generator.catalog, Tags(opened.generator.catalog, engine).embed, engine.model
                )
            return opened.index.search(text, count)

        return await self._work(place, search, timeout_s)

    async def _work(self, place: Place, do: Callable[[_Opened, threading.Event], T], timeout_s: float) -> T:
        stop = threading.Event()
        try:
            async with asyncio.timeout(timeout_s):
                work = asyncio.get_running_loop().run_in_executor(self._threads, self._run, place, do, stop)
                try:
                    return await asyncio.shield(work)
                except asyncio.CancelledError:
                    stop.set()
                    raise
        except TimeoutError:
            raise GatewayError(
                504,
                "timeout_error",
                f"The flow was not ready within {timeout_s:.1f} s; try again when fewer ask at once.",
            ) from None
        except GenerationError as error:
            raise invalid(str(error)) from None
        except (CatalogError, OSError, MemoryError, ImportError) as error:
            raise unavailable(
                f"The engine for this tenant cannot be opened ({type(error).__name__}); tell your platform team.", 60
            ) from None

    def _run(self, place: Place, do: Callable[[_Opened, threading.Event], T], stop: threading.Event) -> T:
        if stop.is_set():
            raise Cancelled
        idle = self._idle.setdefault(place, [])
        self._idle.move_to_end(place)
        try:
            opened = idle.pop()
        except IndexError:
            opened = _Opened(self._open(place))
            self._forget()
        try:
            return do(opened, stop)
        finally:
            idle.append(opened)

    def _forget(self) -> None:
        """Lets go of the engines that were not used for longest; a replaced version's are among them."""
        while len(self._idle) > MOST_PLACES:
            self._idle.popitem(last=False)

    def close(self) -> None:
        """Lets the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _open(place: Place) -> Generator:
    return open_generator(load_catalog(list(place.catalogs), builtin=place.builtin), place.model)

"""`POST /v1/flows`: the embedded engine behind the gateway, for teams without a GPU. A tenant has its own catalog and model."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from flowquill.gateway.errors import GatewayError, invalid, unavailable
from flowquill.gateway.settings import Tenant
from flowquill.generation.pipeline import Generator, open_generator
from flowquill.generation.request import Cancelled, Generation, GenerationError, Request
from flowquill.grammar.catalog import CatalogError, load_catalog

Place = tuple[tuple[Path, ...], bool, Path | None]
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


class Flows:
    """Generators, opened when they are first wanted. Each runs one request at a time; at most `workers` of a kind."""

    def __init__(self, workers: int, open_one: Callable[[Place], Generator] | None = None) -> None:
        self.workers = workers
        self._open = open_one or _open
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="flows")
        self._idle: dict[Place, list[Generator]] = {}
        self._turns: dict[Place, asyncio.Semaphore] = {}

    async def generate(self, tenant: Tenant, request: Request, alternatives: int, timeout_s: float) -> Generation:
        """The flow for a tenant's request. Cancelling this stops the engine at its next step. Raises GatewayError."""
        place = (tenant.catalogs, tenant.builtin_catalog, tenant.embedded_model)
        turn = self._turns.setdefault(place, asyncio.Semaphore(self.workers))
        stop = threading.Event()
        try:
            async with asyncio.timeout(timeout_s), turn:
                work = asyncio.get_running_loop().run_in_executor(
                    self._threads, self._run, place, request, alternatives, stop
                )
                try:
                    return await asyncio.shield(work)
                except asyncio.CancelledError:
                    stop.set()
                    raise
        except TimeoutError:
            raise GatewayError(
                504,
                "timeout_error",
                f"The flow was not ready within {timeout_s:g} s; try again when fewer ask at once.",
            ) from None
        except GenerationError as error:
            raise invalid(str(error)) from None
        except (CatalogError, OSError, MemoryError) as error:
            raise unavailable(
                f"The engine for this tenant cannot be opened ({type(error).__name__}); tell your platform team.", 60
            ) from None

    def _run(self, place: Place, request: Request, alternatives: int, stop: threading.Event) -> Generation:
        idle = self._idle.setdefault(place, [])
        if stop.is_set():
            raise Cancelled
        try:
            generator = idle.pop()
        except IndexError:
            generator = self._open(place)
        try:
            return generator.generate(request, alternatives=alternatives, cancelled=stop.is_set)
        finally:
            idle.append(generator)

    def close(self) -> None:
        """Lets the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _open(place: Place) -> Generator:
    catalogs, builtin, model = place
    return open_generator(load_catalog(list(catalogs), builtin=builtin), model)

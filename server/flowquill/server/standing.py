"""How the server stands: what is loaded, how the last generation went, and why nothing came of it."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowquill.generation.request import Generation
    from flowquill.server.loading import Loading


@dataclass(frozen=True, slots=True)
class Nothing:
    """Why a request gave nothing. `code` is for programs (server/README.md lists them), `message` for a person."""

    code: str
    message: str


@dataclass
class Status:
    """Changed by the event loop only. `running`: generations under way; `listened`: whether the client has asked; `sent`: what it was told last."""

    running: int = 0
    latency_ms: float | None = None
    confidence: float | None = None
    nothing: Nothing | None = None
    listened: bool = False
    sent: dict[str, Any] | None = None

    def gave(self, generation: Generation) -> None:
        """A generation ended well."""
        self.latency_ms = round(float(generation.latency_ms.get("total", 0.0)), 1)
        self.confidence = generation.confidence
        self.nothing = None

    def shown(self, loading: Loading) -> dict[str, Any]:
        """The status as server/README.md describes it."""
        catalog, generator = _value(loading.catalog), _value(loading.generator)
        problem = loading.generator.exception() if loading.generator.done() else None
        if problem is not None:
            state, message = "failed", str(problem) or type(problem).__name__
        elif generator is not None:
            state = "generating" if self.running else "ready"
            message = "Writing a flow." if self.running else "Ready: write a comment and press Enter."
        else:
            state, message = "loading", "Loading the model." if catalog is not None else "Loading the catalog."
        return {
            "state": state,
            "message": message,
            "engine": generator.engine.name if generator is not None else None,
            "model": generator.engine.model if generator is not None else None,
            "tenant": getattr(generator, "tenant", None),
            "catalog": {"connectors": len(catalog.connectors), "operations": sum(1 for _ in catalog.operations())} if catalog is not None else None,
            "latencyMs": self.latency_ms,
            "confidence": self.confidence,
            "nothing": {"code": self.nothing.code, "message": self.nothing.message} if self.nothing is not None else None,
        }


def _value(future: Future[Any]) -> Any:
    """What a future ended with; None where it has not, or ended with an error."""
    return future.result() if future.done() and future.exception() is None else None

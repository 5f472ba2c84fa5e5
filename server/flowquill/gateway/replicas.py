"""The replicas: which of them answer, what they hold and run, and which one a request goes to."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from flowquill.gateway import settings
from flowquill.gateway.logs import Log
from flowquill.gateway.metrics import Metrics

CONNECT_S = 3.0


class Replica:
    """One vLLM server. `up`: it answers probes; `loaded`: the adapters it is known to hold; `running`: requests by model."""

    def __init__(self, given: settings.Replica, server: settings.Server) -> None:
        self.name = given.name
        self.url = given.url
        self.slots = given.adapter_slots
        self.up = False
        self.failures = 0
        self.loaded: set[str] = set()
        self.running: Counter[str] = Counter()
        self.recent: str | None = None
        self.lost = asyncio.Event()
        self.wake = asyncio.Event()
        key = os.environ.get(given.key_env, "") if given.key_env else ""
        self.client = httpx.AsyncClient(
            base_url=self.url,
            headers={"authorization": f"Bearer {key}"} if key else {},
            # Connections are never the limit: the tenants' places are.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=256, keepalive_expiry=4.0),
            timeout=httpx.Timeout(server.stall_timeout_s, connect=CONNECT_S),
            trust_env=False,
        )

    @property
    def load(self) -> int:
        """Requests under way."""
        return self.running.total()

    @contextmanager
    def serving(self, model: str) -> Iterator[None]:
        """Counts a request while it runs here."""
        self.running[model] += 1
        self.recent = model
        try:
            yield
        finally:
            self.running[model] -= 1
            if not self.running[model]:
                del self.running[model]

    def cost(self, model: str, base: bool) -> tuple[int, int]:
        """What another request costs here, for comparison: its load, doubled where its adapter waits for a slot; then warmth."""
        others = len({m for m in self.running if m != model}) if not base else 0
        waits = not base and model not in self.running and others >= self.slots
        return (2 * self.load + 1 if waits else self.load, 0 if self.recent == model else 1)


def choose(replicas: Iterable[Replica], model: str, *, base: bool, avoid: Collection[Replica] = ()) -> Replica | None:
    """The replica for a request: among those that answer and hold the model the one with the least cost; None where there is none.

    `base`: the model is the base model, which each replica holds. Equal ones: the first, so the order of `replicas` decides.
    """
    able = [r for r in replicas if r.up and (base or model in r.loaded) and r not in avoid]
    return min(able, key=lambda r: r.cost(model, base), default=None)


class Pool:
    """All replicas and the tasks that watch them. `sync` is called for a replica that answers, before and while it serves."""

    def __init__(self, given: settings.Settings, log: Log, metrics: Metrics) -> None:
        self.replicas = [Replica(r, given.server) for r in given.replica]
        self.health = given.health
        self.log = log
        self.metrics = metrics
        self.sync: Callable[[Replica], Coroutine[Any, Any, None]] | None = None
        self._turn = 0
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begins to watch."""
        self._tasks = [asyncio.create_task(self._watch(r), name=f"watch {r.name}") for r in self.replicas]

    async def stop(self) -> None:
        """Ends watching and closes the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for replica in self.replicas:
            await replica.client.aclose()

    def choose(self, model: str, *, base: bool, avoid: Collection[Replica] = ()) -> Replica | None:
        """As the function; replicas of equal cost take turns."""
        self._turn += 1
        shift = self._turn % max(1, len(self.replicas))
        return choose(self.replicas[shift:] + self.replicas[:shift], model, base=base, avoid=avoid)

    def suspect(self, replica: Replica, reason: str, *, gone: bool) -> None:
        """A request failed there. `gone`: it refused a connection or broke one off; it gets nothing more until a probe succeeds."""
        if gone:
            self._down(replica, reason)
        replica.wake.set()

    async def _watch(self, replica: Replica) -> None:
        while True:
            await self._probe(replica)
            replica.wake.clear()
            try:
                # A suspicion asks for a probe at once; a pause all the same, so that a fast failure is no busy loop.
                await asyncio.wait_for(replica.wake.wait(), self.health.interval_s)
                await asyncio.sleep(min(0.2, self.health.interval_s))
            except TimeoutError:
                pass

    async def _probe(self, replica: Replica) -> None:
        try:
            answer = await replica.client.get("/health", timeout=self.health.timeout_s)
            answer.raise_for_status()
            if self.sync is not None:
                await self.sync(replica)
        except httpx.HTTPError as error:
            replica.failures += 1
            if isinstance(error, httpx.ConnectError) or replica.failures >= self.health.failures:
                self._down(replica, type(error).__name__)
            return
        replica.failures = 0
        if not replica.up:
            replica.up = True
            replica.lost = asyncio.Event()
            self.log.info("replica up", replica=replica.name)
        self.metrics.up.labels(replica.name).set(1)

    def ended(self, name: str) -> None:
        """The process behind a replica has ended; nothing is sent to it until it answers again."""
        for replica in self.replicas:
            if replica.name == name:
                self._down(replica, "its process ended")

    def _down(self, replica: Replica, reason: str) -> None:
        self.metrics.up.labels(replica.name).set(0)
        if not replica.up:
            return
        replica.up = False
        # Whatever comes back under this address may be another process without our adapters.
        replica.loaded.clear()
        replica.lost.set()
        self.log.warn("replica down", replica=replica.name, reason=reason)

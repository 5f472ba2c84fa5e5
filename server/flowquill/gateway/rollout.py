"""Which adapter version serves each tenant, and how that changes without a failed request.

A new version is loaded on every replica that answers; only then do new requests go to it. Requests under way hold a lease on
the version they began with; the old one is unloaded when nothing holds it and its time is over. The way back is the same way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from time import monotonic

import httpx

from flowquill.gateway.logs import Log
from flowquill.gateway.metrics import Metrics
from flowquill.gateway.registry import Registry, RegistryError, Version
from flowquill.gateway.replicas import Pool, Replica
from flowquill.gateway.settings import Registry as Given
from flowquill.gateway.settings import Tenant

LOAD_S = 60.0
"""The most that loading one adapter may take."""


@dataclass(eq=False)
class Serving:
    """A version on the replicas. `leases`: requests that run on it; `retired`: when it was replaced, by the monotonic clock."""

    version: Version
    leases: int = 0
    retired: float | None = None
    tenants: set[str] = field(default_factory=set)

    @property
    def model(self) -> str:
        """Its name on the replicas."""
        return self.version.model

    @contextmanager
    def lease(self) -> Iterator[None]:
        """Keeps it loaded meanwhile."""
        self.leases += 1
        try:
            yield
        finally:
            self.leases -= 1


class Rollout:
    """Holds what is served, follows the registry, and brings the replicas in line. Only models named here are ever loaded."""

    def __init__(
        self,
        tenants: Mapping[str, Tenant],
        given: Given,
        pool: Pool,
        log: Log,
        metrics: Metrics,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.tenants = tenants
        self.given = given
        self.registry = Registry(given.path, max_rank=given.max_rank)
        self.pool = pool
        self.log = log
        self.metrics = metrics
        self.current: dict[str, Serving] = {}
        self.embedded: dict[str, Version] = {}
        self.problems: dict[str, str] = {}
        self._loaded: dict[str, Serving] = {}
        self._clock = clock
        self._turn = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.wake = asyncio.Event()
        pool.sync = self.sync

    def start(self) -> None:
        """Begins to follow the registry."""
        self._task = asyncio.create_task(self._follow(), name="rollout")

    async def stop(self) -> None:
        """Stops following it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _follow(self) -> None:
        while True:
            await self.step()
            self.wake.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), self.given.poll_s)

    async def step(self) -> None:
        """One look at the registry: versions that changed are rolled out, old ones whose time is over are unloaded."""
        for tenant, given in list(self.tenants.items()):
            if given.adapter is None:
                self._drop(tenant)
                self.embedded.pop(tenant, None)
                continue
            try:
                version = await asyncio.to_thread(self.registry.resolve, given.adapter, given.version)
                if version.embedded is not None:
                    # Checked when it was resolved; requests under way keep the engine that they began with.
                    self.embedded[tenant] = version
                if version.language is None:
                    self._drop(tenant)
                elif self.current.get(tenant) is None or self.current[tenant].version != version:
                    await self._roll(tenant, version)
                if not self._missing(tenant):
                    self.problems.pop(tenant, None)
            except RegistryError as error:
                self._problem(tenant, str(error))
        for tenant in (set(self.current) | set(self.embedded)) - set(self.tenants):
            self._drop(tenant)
            self.embedded.pop(tenant, None)
        await self._retire()

    async def _roll(self, tenant: str, version: Version) -> None:
        target = self._loaded.get(version.model) or Serving(version)
        old = self.current.get(tenant)
        able = [r for r in self.pool.replicas if r.up]
        # The first version of a tenant has nothing to fall back to: it is wanted from now on, and each replica loads it as it comes up.
        if old is None:
            self._serve(tenant, target, None)
        results = await asyncio.gather(*(self._ensure(r, target) for r in able))
        if failed := [r for r in results if r]:
            raise RegistryError(failed[0])
        if old is None:
            return
        if not any(r.up and target.model in r.loaded for r in self.pool.replicas):
            raise RegistryError(f"No replica could load {version.model} yet; the version before it goes on serving.")
        self._serve(tenant, target, old)

    def _missing(self, tenant: str) -> bool:
        """Whether replicas answer and none of them holds what should serve the tenant."""
        able = [r for r in self.pool.replicas if r.up]
        serving = self.current.get(tenant)
        return serving is not None and bool(able) and not any(serving.model in r.loaded for r in able)

    def _serve(self, tenant: str, target: Serving, old: Serving | None) -> None:
        target.retired = None
        target.tenants.add(tenant)
        self._loaded[target.model] = target
        self.current[tenant] = target
        if old is not None and old is not target:
            self._leave(tenant, old)
        self.metrics.adapter.labels(tenant, target.model).set(1)
        self.metrics.rollouts.labels(tenant, "done").inc()
        self.log.info("adapter serves", tenant=tenant, model=target.model, before=old.model if old else None)

    def _drop(self, tenant: str) -> None:
        if (old := self.current.pop(tenant, None)) is not None:
            self._leave(tenant, old)
        self.problems.pop(tenant, None)

    def _leave(self, tenant: str, old: Serving) -> None:
        old.tenants.discard(tenant)
        if not old.tenants:
            old.retired = self._clock()
        self.metrics.adapter.labels(tenant, old.model).set(0)

    def _problem(self, tenant: str, problem: str) -> None:
        if self.problems.get(tenant) == problem:
            return
        self.problems[tenant] = problem
        self.metrics.rollouts.labels(tenant, "refused").inc()
        serving = self.current.get(tenant)
        self.log.warn("adapter refused", tenant=tenant, problem=problem, serving=serving.model if serving else None)

    async def _retire(self) -> None:
        for serving in list(self._loaded.values()):
            if (
                serving.tenants
                or serving.leases
                or serving.retired is None
                or self._clock() - serving.retired < self.given.retire_s
            ):
                continue
            del self._loaded[serving.model]
            for replica in self.pool.replicas:
                # First out of the choice, then out of the replica.
                replica.loaded.discard(serving.model)
                if replica.up:
                    await self._post(replica, "/v1/unload_lora_adapter", {"lora_name": serving.model})
            self.log.info("adapter unloaded", model=serving.model)

    async def sync(self, replica: Replica) -> None:
        """Loads what a replica lacks: all of it after its start. Raises httpx.HTTPError where it does not answer."""
        missing = [s for m, s in self._loaded.items() if m not in replica.loaded]
        if not missing:
            return
        answer = await replica.client.get("/v1/models", timeout=self.pool.health.timeout_s)
        answer.raise_for_status()
        try:
            held = {str(m["id"]) for m in answer.json()["data"]}
        except (ValueError, KeyError, TypeError):
            raise httpx.DecodingError("no list of models") from None
        for serving in missing:
            if serving.model in held:
                replica.loaded.add(serving.model)
            elif problem := await self._ensure(replica, serving):
                for tenant in serving.tenants:
                    self._problem(tenant, problem)

    async def _ensure(self, replica: Replica, serving: Serving) -> str | None:
        """Has a replica load a version; None where it holds it now, else a sentence."""
        if serving.model in replica.loaded:
            return None
        async with self._turn:
            body = {"lora_name": serving.model, "lora_path": self._path(serving.version)}
            status, text = await self._post(replica, "/v1/load_lora_adapter", body)
        # A name stands for one content, so one that is there already is the right one.
        if status == 200 or "already been loaded" in text or "already loaded" in text:
            replica.loaded.add(serving.model)
            return None
        if status is None:
            # It went away meanwhile; when it is back, `sync` loads it.
            return None
        return f"The replica {replica.name} did not load {serving.model} (HTTP {status}); see its log, and whether it sees the registry's folder."

    async def _post(self, replica: Replica, path: str, body: dict[str, str]) -> tuple[int | None, str]:
        try:
            answer = await replica.client.post(path, json=body, timeout=LOAD_S)
        except httpx.HTTPError:
            replica.wake.set()
            return None, ""
        return answer.status_code, answer.text[:2000]

    def _path(self, version: Version) -> str:
        assert version.language is not None
        if self.given.mount is None:
            return str(version.language)
        return str(PurePosixPath(self.given.mount) / version.language.relative_to(self.registry.root).as_posix())

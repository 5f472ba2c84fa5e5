"""The parts of a running gateway, started and stopped together."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

from flowquill.gateway.errors import GatewayError, unavailable
from flowquill.gateway.flows import Flows, Place
from flowquill.gateway.logs import Log
from flowquill.gateway.metrics import Metrics
from flowquill.gateway.replicas import Pool
from flowquill.gateway.rollout import Rollout, Serving
from flowquill.gateway.settings import Settings
from flowquill.gateway.supervise import Supervisor
from flowquill.gateway.tenants import Client, Tenants

FOLLOW_S = 2.0
"""How often the files of configuration and keys are looked at."""


class Service:
    """Everything behind the gateway's addresses."""

    def __init__(self, file: Path, log: Log | None = None) -> None:
        """Raises SettingsError and KeysError."""
        self.tenants = Tenants(file)
        self.log = log or Log()
        self.metrics = Metrics()
        self.pool = Pool(self.settings, self.log, self.metrics)
        given = self.settings.registry
        self.rollout = Rollout(self.settings.tenant, given, self.pool, self.log, self.metrics) if given else None
        self.flows = Flows(self.settings.embedded.workers) if self.settings.embedded.enabled else None
        self.supervisors = [Supervisor(r, self.log, self.metrics, partial(self.pool.ended, r.name)) for r in self.settings.replica if r.command]
        self.stopping = False
        self._task: asyncio.Task[None] | None = None

    @property
    def settings(self) -> Settings:
        """As they are now."""
        return self.tenants.settings

    async def start(self) -> None:
        """Starts replicas, watches them, follows registry and files."""
        for supervisor in self.supervisors:
            supervisor.start()
        self.pool.start()
        if self.rollout is not None:
            self.rollout.start()
        self._task = asyncio.create_task(self._follow(), name="follow files")

    async def stop(self) -> None:
        """Stops all of it."""
        self.stopping = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self.rollout is not None:
            await self.rollout.stop()
        await self.pool.stop()
        await asyncio.gather(*(s.stop() for s in self.supervisors))
        if self.flows is not None:
            self.flows.close()

    def reload(self) -> None:
        """Reads configuration and keys again, and looks at the registry."""
        problem = self.tenants.reload()
        if problem:
            self.log.warn("not reloaded", problem=problem)
            return
        if self.rollout is not None:
            self.rollout.tenants = self.settings.tenant
            self.rollout.wake.set()
        self.log.info("reloaded", tenants=len(self.tenants.clients))

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(FOLLOW_S)
            if self.tenants.changed():
                self.reload()

    def serving(self, client: Client) -> Serving | None:
        """What serves a tenant: an adapter, or None for the base model. Raises GatewayError where its adapter is not there yet."""
        if client.given.adapter is None:
            return None
        serving = self.rollout.current.get(client.name) if self.rollout is not None else None
        if serving is None and self.rollout is not None and client.name in self.rollout.embedded:
            raise GatewayError(
                404, "not_found_error", "This tenant's adapter is one for the embedded engine; use /v1/flows."
            )
        if serving is None:
            # Never the base model in its place: the tenant's prompts are written for the adapter, and nobody would notice.
            raise unavailable("The model of this tenant is not loaded yet; try again shortly.", 10)
        return serving

    def place(self, client: Client) -> Place:
        """What the embedded engine answers a tenant with: its published model with the connectors of that version, or what is configured."""
        given = client.given
        version = self.rollout.embedded.get(client.name) if self.rollout is not None else None
        examples = given.examples
        if version is None:
            return Place(given.catalogs, given.builtin_catalog, given.embedded_model, examples)
        own = version.folder if (version.folder / "examples.jsonl").is_file() else None
        return Place((*given.catalogs, *version.catalogs), given.builtin_catalog, version.embedded, examples or own)

    @property
    def ready(self) -> bool:
        """Whether requests should come here."""
        return not self.stopping and (self.flows is not None or any(r.up for r in self.pool.replicas))

    def measure(self) -> None:
        """Brings the gauges up to date."""
        for replica in self.pool.replicas:
            self.metrics.running.labels(replica.name).set(replica.load)
            self.metrics.up.labels(replica.name).set(1 if replica.up else 0)
        for name, client in self.tenants.clients.items():
            self.metrics.waiting.labels(name).set(client.allowance.places.queued)

    def status(self) -> dict[str, Any]:
        """Replicas and tenants for an operator; no keys, no prompts."""
        current = self.rollout.current if self.rollout is not None else {}
        problems = self.rollout.problems if self.rollout is not None else {}
        return {
            "ready": self.ready,
            "replicas": [
                {"name": r.name, "up": r.up, "running": r.load, "adapters": sorted(r.loaded)}
                for r in self.pool.replicas
            ],
            "tenants": {
                name: {
                    "model": current[name].model
                    if name in current
                    else None
                    if client.given.adapter
                    else self.settings.base_model,
                    "running": client.allowance.places.taken,
                    "waiting": client.allowance.places.queued,
                    "problem": problems.get(name),
                }
                for name, client in self.tenants.clients.items()
            },
        }

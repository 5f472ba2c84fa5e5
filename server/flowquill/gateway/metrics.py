"""What Prometheus reads. Labels are tenants, routes, replicas and outcomes: all of them bounded by the configuration."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_OVERHEAD = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1)


class Metrics:
    """The gateway's instruments, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "flowquill_requests", "Requests by how they ended.", ["tenant", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "flowquill_request_seconds",
            "From a request's arrival to its last byte.",
            ["tenant", "route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.first = Histogram(
            "flowquill_first_byte_seconds",
            "From a request's arrival to the answer's first byte.",
            ["tenant"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.overhead = Histogram(
            "flowquill_overhead_seconds",
            "From a request's arrival to its sending on, less the wait for a place.",
            buckets=_OVERHEAD,
            registry=self.registry,
        )
        self.running = Gauge(
            "flowquill_replica_running", "Requests under way on a replica.", ["replica"], registry=self.registry
        )
        self.up = Gauge("flowquill_replica_up", "1 while a replica answers.", ["replica"], registry=self.registry)
        self.retries = Counter(
            "flowquill_retries", "Requests sent again to another replica.", ["replica"], registry=self.registry
        )
        self.restarts = Counter(
            "flowquill_replica_restarts", "Replicas started again by the gateway.", ["replica"], registry=self.registry
        )
        self.waiting = Gauge(
            "flowquill_waiting", "Requests of a tenant that wait for a place.", ["tenant"], registry=self.registry
        )
        self.adapter = Gauge(
            "flowquill_adapter_serving",
            "1 for the model that serves a tenant.",
            ["tenant", "model"],
            registry=self.registry,
        )
        self.rollouts = Counter(
            "flowquill_rollouts",
            "Adapter versions rolled out, or turned away.",
            ["tenant", "result"],
            registry=self.registry,
        )

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)

"""A circuit breaker: a server that failed several times in a row is left alone for a while, so that requests fall back at once."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import monotonic

FAILURES = 3
"""Failures in a row that open the circuit."""
FIRST = 5.0
LONGEST = 60.0
"""Seconds it stays open: FIRST, then twice as long each time, at most LONGEST."""


class Breaker:
    """Counts failures. After the wait one request may try again; its outcome closes the circuit or opens it for longer."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._opened = 0
        self._until = 0.0

    def wait(self) -> float:
        """Seconds until a request may be sent; 0 where one may now."""
        with self._lock:
            left = self._until - self._clock()
            if left <= 0 and self._until:
                # One request tries; others wait for its outcome.
                self._until = self._clock() + FIRST
                return 0.0
            return max(0.0, left)

    def succeeded(self) -> None:
        """A request was answered."""
        with self._lock:
            self._failures = self._opened = 0
            self._until = 0.0

    def failed(self) -> None:
        """The server could not be reached, stalled or failed."""
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES:
                self._until = self._clock() + min(LONGEST, FIRST * 2**self._opened)
                self._opened += 1

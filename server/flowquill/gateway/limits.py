"""How much one tenant may ask: a token bucket for the rate, places for what runs at once, a bounded queue before them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

from flowquill.gateway.errors import GatewayError
from flowquill.gateway.settings import Limits


class Bucket:
    """A token bucket: `rate` requests a second on average, `burst` at once."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = monotonic) -> None:
        self.rate = rate
        self.burst = burst
        self._clock = clock
        self._level = float(burst)
        self._at = clock()

    def take(self) -> float:
        """0 where a request may go on; else the seconds until the next one may."""
        now = self._clock()
        self._level = min(self.burst, self._level + (now - self._at) * self.rate)
        self._at = now
        if self._level >= 1:
            self._level -= 1
            return 0.0
        return (1 - self._level) / self.rate


class Places:
    """`size` places, given in the order of asking; at most `waiting` requests wait, each at most `wait_s` seconds."""

    def __init__(self, size: int, waiting: int, wait_s: float) -> None:
        self.size = size
        self.waiting = waiting
        self.wait_s = wait_s
        self.taken = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def queued(self) -> int:
        """Requests that wait now."""
        return len(self._queue)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Holds a place. Raises GatewayError (429) where the queue is full or the wait too long."""
        await self._enter()
        try:
            yield
        finally:
            self._leave()

    async def _enter(self) -> None:
        if self.taken < self.size:
            self.taken += 1
            return
        if len(self._queue) >= self.waiting:
            raise _busy(self.size, "and its queue is full")
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await asyncio.wait_for(asyncio.shield(turn), self.wait_s)
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                # The place came in the same moment: hand it on.
                self._leave()
            else:
                self._queue.remove(turn)
            if isinstance(error, TimeoutError):
                raise _busy(self.size, f"and none ended within {self.wait_s:g} s") from None
            raise

    def _leave(self) -> None:
        if self._queue:
            # The place passes to the next one; `taken` stays.
            self._queue.popleft().set_result(None)
        else:
            self.taken -= 1


class Allowance:
    """The limits of one tenant at work."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.bucket = Bucket(limits.requests_per_minute / 60, limits.burst)
        self.places = Places(limits.concurrent, limits.waiting, limits.wait_s)

    def count(self) -> None:
        """Counts a request. Raises GatewayError (429) where it comes too soon."""
        wait = self.bucket.take()
        if wait > 0:
            message = f"This tenant may send {self.limits.requests_per_minute:g} requests a minute; try again in {max(1, round(wait))} s."
            raise GatewayError(429, "rate_limit_error", message, retry_after=wait)


def _busy(size: int, why: str) -> GatewayError:
    return GatewayError(
        429, "rate_limit_error", f"This tenant has {size} requests under way {why}; try again shortly.", retry_after=1
    )

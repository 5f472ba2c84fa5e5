"""Sends one request to a replica and its answer back: streamed or whole, tried again where nothing was sent, ended with its client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import httpx

from flowquill.gateway.errors import GatewayError, unavailable
from flowquill.gateway.replicas import Pool, Replica

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

ANSWER_LIMIT = 16 << 20
"""Bytes of an answer that is not streamed."""
MOST_TRIES = 3
"""Replicas that one request may be tried on: one that brings servers down must not bring down all."""


class _Failed(Exception):
    """This replica did not answer. `gone`: it should get nothing more for now; `again`: it may have been the connection alone."""

    def __init__(self, reason: str, *, gone: bool, again: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.gone = gone
        self.again = again


@dataclass
class Call:
    """A request on its way. `base`: `model` is the base model; the fields after it are what came of it, for the log."""

    path: str
    body: bytes
    model: str
    base: bool
    stream: bool
    timeout_s: float
    id: str
    arrived: float
    waited: float = 0.0
    status: int = 0
    replica: str | None = None
    tries: int = 0
    sent_at: float | None = None
    first_at: float | None = None
    bytes_out: int = 0
    outcome: str = "done"
    begun: bool = False
    ended: bool = False


class Relay:
    """Runs calls over a pool."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def run(self, call: Call, receive: Receive, send: Send) -> None:
        """Answers a call. Where its client goes away, the request on the replica ends at once.

        Raises GatewayError where no answer has begun; after that a failure is told within the stream.
        """
        work = asyncio.ensure_future(self._answer(call, send))
        client = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({work, client}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done() and not call.ended:
                call.outcome, call.status = "cancelled", call.status or 499
                return
            # After the last byte the server reports the client as gone, whether or not it is: the rest goes on to its end,
            # else the connection to the replica would be thrown away with each answer.
            await work
        finally:
            client.cancel()
            work.cancel()
            await asyncio.gather(work, client, return_exceptions=True)

    async def _answer(self, call: Call, send: Send) -> None:
        try:
            async with asyncio.timeout(call.timeout_s):
                await self._try_all(call, send)
        except TimeoutError:
            call.outcome = "timeout"
            message = (
                f"The model did not finish within {call.timeout_s:.1f} s; ask for less (max_tokens), or try again."
            )
            await self._fail(call, send, GatewayError(504, "timeout_error", message))

    async def _try_all(self, call: Call, send: Send) -> None:
        tried: list[Replica] = []
        repeated: list[Replica] = []
        while True:
            replica = self.pool.choose(call.model, base=call.base, avoid=tried) if len(tried) < MOST_TRIES else None
            if replica is None:
                call.outcome = "no replica"
                await self._fail(call, send, _none(bool(tried)))
                return
            call.tries += 1
            call.replica = replica.name
            try:
                with replica.serving(call.model):
                    await self._attempt(call, replica, send)
                return
            except _Failed as failure:
                if failure.again and not call.begun and replica not in repeated:
                    # A connection that was kept open can be closed by the other side in the moment of our sending; where the
                    # server has died, it refuses the next one.
                    repeated.append(replica)
                    continue
                self.pool.suspect(replica, failure.reason, gone=failure.gone)
                tried.append(replica)
                if call.begun:
                    call.outcome = "broken off"
                    await self._fail(
                        call, send, unavailable("The model's server went away in the middle of the answer; try again.")
                    )
                    return
                self.pool.metrics.retries.labels(replica.name).inc()

    async def _attempt(self, call: Call, replica: Replica, send: Send) -> None:
        """One try, given up as soon as the replica is known to be lost."""
        lost = asyncio.ensure_future(replica.lost.wait())
        exchange = asyncio.ensure_future(self._exchange(call, replica, send))
        try:
            await asyncio.wait({lost, exchange}, return_when=asyncio.FIRST_COMPLETED)
            if not exchange.done():
                raise _Failed("lost", gone=False)
            exchange.result()
        except httpx.ReadTimeout:
            raise _Failed("no byte for too long", gone=False) from None
        except (httpx.TransportError, httpx.StreamError) as error:
            broken = isinstance(error, httpx.ReadError | httpx.WriteError | httpx.RemoteProtocolError)
            raise _Failed(type(error).__name__, gone=True, again=broken) from None
        finally:
            lost.cancel()
            exchange.cancel()
            await asyncio.gather(lost, exchange, return_exceptions=True)

    async def _exchange(self, call: Call, replica: Replica, send: Send) -> None:
        headers = {"content-type": "application/json", "x-request-id": call.id}
        request = replica.client.build_request("POST", call.path, content=call.body, headers=headers)
        call.sent_at = call.sent_at or perf_counter()
        answer = await replica.client.send(request, stream=True)
        try:
            self._judge(call, replica, answer)
            if call.stream and answer.status_code == 200:
                await self._stream(call, answer, send)
            else:
                await self._whole(call, answer, send)
        finally:
            await answer.aclose()

    def _judge(self, call: Call, replica: Replica, answer: httpx.Response) -> None:
        """Raises _Failed where another replica may do better than this answer."""
        if answer.status_code == 404 and not call.base:
            # Started anew between two probes, or unloaded by another gateway: the next probe loads it again.
            replica.loaded.discard(call.model)
            raise _Failed("adapter not there", gone=False)
        if answer.status_code >= 500 or answer.status_code in (401, 403, 404, 429):
            raise _Failed(f"HTTP {answer.status_code}", gone=False)
        kind = answer.headers.get("content-type", "")
        if not kind.startswith(("application/json", "text/event-stream")):
            raise _Failed("an answer of the wrong type", gone=False)

    async def _stream(self, call: Call, answer: httpx.Response, send: Send) -> None:
        async for chunk in _chunks(answer):
            if not call.begun:
                await self._begin(call, send, 200, b"text/event-stream; charset=utf-8")
            call.bytes_out += len(chunk)
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        if not call.begun:
            raise _Failed("an empty answer", gone=False)
        call.ended = True
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _whole(self, call: Call, answer: httpx.Response, send: Send) -> None:
        parts: list[bytes] = []
        size = 0
        async for chunk in _chunks(answer):
            parts.append(chunk)
            size += len(chunk)
            if size > ANSWER_LIMIT:
                raise _Failed("an answer without end", gone=False)
        body = b"".join(parts)
        try:
            json.loads(body)
        except ValueError:
            raise _Failed("an answer that is no JSON", gone=False) from None
        await self._begin(call, send, answer.status_code, b"application/json", len(body))
        call.bytes_out = size
        call.ended = True
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _begin(self, call: Call, send: Send, status: int, kind: bytes, length: int | None = None) -> None:
        call.begun = True
        call.status = status
        call.first_at = perf_counter()
        headers = [(b"content-type", kind), (b"x-request-id", call.id.encode()), (b"cache-control", b"no-store")]
        if length is not None:
            headers.append((b"content-length", str(length).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})

    async def _fail(self, call: Call, send: Send, error: GatewayError) -> None:
        if not call.begun:
            raise error
        if not call.stream:
            return
        call.ended = True
        # The status is sent already; the stream's reader gets an event in the form of OpenAI's errors, and no [DONE].
        await send({"type": "http.response.body", "body": b"data: " + error.body() + b"\n\n", "more_body": False})


async def _chunks(answer: httpx.Response) -> AsyncIterator[bytes]:
    # Decoded, since the headers that would say how it is encoded are not passed on.
    async for chunk in answer.aiter_bytes():
        if chunk:
            yield chunk


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _none(tried: bool) -> GatewayError:
    if tried:
        return unavailable(
            "The model's servers did not answer; try again shortly, or use the embedded engine meanwhile."
        )
    return unavailable("No server of the model is ready; try again shortly, or use the embedded engine meanwhile.", 5.0)

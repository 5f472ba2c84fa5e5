"""The gateway's addresses. `build` gives the application for tenants, `admin` the one for operators."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from time import perf_counter
from typing import Any, TypeVar

from fastapi import FastAPI, Response
from starlette.types import Receive, Scope, Send

from flowquill.gateway import checks, flows
from flowquill.gateway.errors import GatewayError, unavailable
from flowquill.gateway.relay import Call, Relay
from flowquill.gateway.service import Service
from flowquill.gateway.tenants import MODEL, Client

BODY_S = 30.0
"""The most that a request's body may take to arrive."""
T = TypeVar("T")
Handler = Callable[["Exchange"], Awaitable[None]]


class Exchange:
    """One request and its answer, with what the log will say of it."""

    def __init__(self, service: Service, route: str, scope: Scope, receive: Receive, send: Send) -> None:
        self.service = service
        self.route = route
        self.receive = receive
        self.id = secrets.token_hex(8)
        self.arrived = perf_counter()
        self.client: Client | None = None
        self.call: Call | None = None
        self.status = 0
        self._keys = [v for k, v in scope["headers"] if k == b"authorization"]
        self._length = next((v for k, v in scope["headers"] if k == b"content-length"), b"")
        self._send = send

    async def send(self, message: Any) -> None:
        """Sends, and remembers the status."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)

    async def answer(self, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        """A whole answer."""
        about = [
            (b"content-length", str(len(body)).encode()),
            (b"x-request-id", self.id.encode()),
            (b"cache-control", b"no-store"),
        ]
        await self.send({"type": "http.response.start", "status": status, "headers": [*headers, *about]})
        await self.send({"type": "http.response.body", "body": body, "more_body": False})

    async def json(self, table: dict[str, Any]) -> None:
        """A whole answer in JSON."""
        await self.answer(200, json.dumps(table, ensure_ascii=False).encode(), [(b"content-type", b"application/json")])

    def authenticate(self) -> Client:
        """The tenant. Raises GatewayError."""
        # Of two keys no rule says which one counts; proxies and servers that disagree about it have let strangers in.
        header = self._keys[0].decode("latin-1") if len(self._keys) == 1 else None
        self.client = self.service.tenants.client(header)
        return self.client

    async def body(self) -> bytes:
        """The whole body. Raises GatewayError where it is too long or too slow."""
        most = self.service.settings.server.max_body_kib * 1024
        too_long = GatewayError(
            413, "invalid_request_error", f"The request is longer than {most // 1024} KiB; shorten it."
        )
        if self._length.isdigit() and int(self._length) > most:
            raise too_long
        parts = bytearray()
        try:
            async with asyncio.timeout(BODY_S):
                while True:
                    message = await self.receive()
                    if message["type"] == "http.disconnect":
                        raise _Left
                    parts += message.get("body", b"")
                    if len(parts) > most:
                        raise too_long
                    if not message.get("more_body", False):
                        return bytes(parts)
        except TimeoutError:
            raise GatewayError(
                408, "timeout_error", f"The request's body did not arrive within {BODY_S:g} s; send it again."
            ) from None


class _Left(Exception):
    """The client went away before its request was whole."""


class _Answer(Response):
    """Gives the exchange to a handler; every failure becomes one answer, one line of the log and one count."""

    def __init__(self, service: Service, route: str, handler: Handler) -> None:
        super().__init__()
        self.service = service
        self.route = route
        self.handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(self.service, self.route, scope, receive, send)
        try:
            await self.handler(exchange)
        except GatewayError as error:
            if exchange.status == 0:
                await exchange.answer(error.status, error.body(), error.headers())
        except _Left:
            exchange.status = 499
        except Exception as error:
            self.service.log.warn(
                "fault", id=exchange.id, route=self.route, kind=type(error).__name__, place=_place(error)
            )
            if exchange.status == 0:
                failed = GatewayError(
                    500, "internal_error", f"The gateway failed; tell your platform team the request id {exchange.id}."
                )
                await exchange.answer(500, failed.body(), failed.headers())
        finally:
            _tell(exchange)


def build(service: Service) -> FastAPI:
    """The application for tenants."""
    relay = Relay(service.pool)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        try:
            yield
        finally:
            await service.stop()

    app = FastAPI(lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)

    @app.get("/health")
    async def health() -> Response:
        return Response(status_code=200)

    @app.get("/v1/models")
    async def models() -> Response:
        return _Answer(service, "models", _models)

    @app.post("/v1/chat/completions")
    async def chat() -> Response:
        return _Answer(service, "chat", lambda exchange: _relay(exchange, relay, checks.CHAT))

    @app.post("/v1/completions")
    async def completions() -> Response:
        return _Answer(service, "completions", lambda exchange: _relay(exchange, relay, checks.TEXT))

    @app.post("/v1/flows")
    async def one_flow() -> Response:
        return _Answer(service, "flows", _flow)

    @app.post("/v1/examples")
    async def examples() -> Response:
        return _Answer(service, "examples", _examples)

    return app


def admin(service: Service) -> FastAPI:
    """The application for operators: health, readiness, metrics, status."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/health")
    async def health() -> Response:
        return Response(status_code=200)

    @app.get("/ready")
    async def ready() -> Response:
        return Response(status_code=200 if service.ready else 503)

    @app.get("/metrics")
    async def metrics() -> Response:
        service.measure()
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/status")
    async def status() -> Response:
        return Response(json.dumps(service.status(), indent=1), media_type="application/json")

    return app


async def _models(exchange: Exchange) -> None:
    client = exchange.authenticate()
    data = [
        {"id": name, "object": "model", "created": 0, "owned_by": client.name} for name in sorted({MODEL, client.name})
    ]
    await exchange.json({"object": "list", "data": data})


async def _relay(exchange: Exchange, relay: Relay, path: str) -> None:
    service = exchange.service
    client = exchange.authenticate()
    # Counted before the body is read, so that a flood costs little.
    client.allowance.count()
    table = checks.parse(await exchange.body())
    asked = perf_counter()
    async with client.allowance.places.place():
        waited = perf_counter() - asked
        serving = service.serving(client)
        hold: AbstractContextManager[None] = nullcontext() if serving is None else serving.lease()
        with hold:
            model = service.settings.base_model if serving is None else serving.model
            body = checks.prepare(
                path,
                table,
                client.given.limits,
                names=client.names,
                model=model,
                salt=client.salt,
                grammar=client.grammar,
            )
            spent = perf_counter() - exchange.arrived
            call = Call(
                path=path,
                body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"),
                model=model,
                base=serving is None,
                stream=bool(body.get("stream")),
                timeout_s=max(0.001, service.settings.server.request_timeout_s - spent),
                id=exchange.id,
                arrived=exchange.arrived,
                waited=waited,
            )
            exchange.call = call
            await relay.run(call, exchange.receive, exchange.send)


async def _flow(exchange: Exchange) -> None:
    client, engines = _embedded(exchange)
    request, alternatives = flows.read_request(checks.parse(await exchange.body()), client.given.limits.choices)
    place = exchange.service.place(client)
    await _answered(exchange, client, lambda left: engines.generate(place, request, alternatives, left), flows.as_table)


async def _examples(exchange: Exchange) -> None:
    client, engines = _embedded(exchange)
    text, count = flows.read_search(checks.parse(await exchange.body()))
    place = exchange.service.place(client)
    await _answered(
        exchange,
        client,
        lambda left: engines.examples(place, text, count, left),
        lambda found: {"object": "list", "data": [{"text": e.text, "flow": e.flow} for e in found]},
    )


def _embedded(exchange: Exchange) -> tuple[Client, flows.Flows]:
    client = exchange.authenticate()
    if exchange.service.flows is None:
        raise GatewayError(
            404, "not_found_error", "This gateway has no embedded engine; use /v1/completions, or enable [embedded]."
        )
    client.allowance.count()
    return client, exchange.service.flows


async def _answered(
    exchange: Exchange,
    client: Client,
    do: Callable[[float], Coroutine[Any, Any, T]],
    table: Callable[[T], dict[str, Any]],
) -> None:
    """Does something in the tenant's place, as long as its client is there, and answers with it."""
    async with client.allowance.places.place():
        left = exchange.service.settings.server.request_timeout_s - (perf_counter() - exchange.arrived)
        if left <= 0:
            raise unavailable("Too many requests of this tenant wait; try again shortly.")
        work = asyncio.ensure_future(do(left))
        gone = asyncio.ensure_future(_left(exchange.receive))
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise _Left
            await exchange.json(table(work.result()))
        finally:
            work.cancel()
            gone.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _tell(exchange: Exchange) -> None:
    service, call = exchange.service, exchange.call
    status = exchange.status or (call.status if call else 0) or 499
    tenant = exchange.client.name if exchange.client else "-"
    now = perf_counter()
    service.metrics.requests.labels(tenant, exchange.route, str(status)).inc()
    service.metrics.seconds.labels(tenant, exchange.route).observe(now - exchange.arrived)
    if call is not None and call.sent_at is not None:
        service.metrics.overhead.observe(max(0.0, call.sent_at - call.arrived - call.waited))
    if call is not None and call.first_at is not None:
        service.metrics.first.labels(tenant).observe(call.first_at - call.arrived)
    service.log.info(
        "request",
        id=exchange.id,
        tenant=tenant,
        route=exchange.route,
        status=status,
        ms=round((now - exchange.arrived) * 1000, 1),
        waited_ms=round(call.waited * 1000, 1) if call else None,
        model=call.model if call else None,
        replica=call.replica if call else None,
        tries=call.tries if call else None,
        outcome=call.outcome if call and call.outcome != "done" else None,
        bytes=call.bytes_out if call else None,
    )


def _place(error: BaseException) -> str | None:
    """File and line of an error, without its message: that could quote a prompt."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return None if trace is None else f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"

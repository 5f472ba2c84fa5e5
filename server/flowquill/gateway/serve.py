"""Runs the gateway: two listeners in one loop, signals for reload and stop, requests under way ended in good order."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn

from flowquill.gateway.app import admin, build
from flowquill.gateway.logs import Log
from flowquill.gateway.service import Service
from flowquill.gateway.settings import SettingsError

LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")


class _Listener(uvicorn.Server):
    """A uvicorn server whose signals the gateway handles itself: there are two of them, and a reload."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(file: Path) -> int:
    """Serves until SIGINT or SIGTERM; SIGHUP reads the files again. Gives the exit code.

    Raises SettingsError and KeysError before anything listens.
    """
    service = Service(file)
    server = service.settings.server
    host, port = _split(server.listen)
    if server.tls_certificate is None and host not in LOOPBACK:
        service.log.warn(
            "no TLS",
            listen=server.listen,
            advice="keys and prompts are readable on the way; set tls_certificate, or let a proxy end TLS",
        )
    listeners = [_listener(build(service), host, port, server.drain_s, server.tls_certificate, server.tls_key)]
    if server.admin is not None:
        listeners.append(_listener(admin(service), *_split(server.admin), 1.0, None, None))
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_run(service, listeners))


def _listener(
    app: object, host: str, port: int, drain_s: float, certificate: Path | None, key: Path | None
) -> _Listener:
    for file in (certificate, key):
        if file is not None and not file.is_file():
            raise SettingsError(f"There is no file {file}; correct tls_certificate and tls_key.")
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=host.strip("[]"),
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=max(1, round(drain_s)),
        ssl_certfile=certificate,
        ssl_keyfile=key,
        # Longer than the clients keep a connection, so that none sends into one that is being closed.
        timeout_keep_alive=75,
        h11_max_incomplete_event_size=64 * 1024,
        ws="none",
    )
    return _Listener(config)


async def _run(service: Service, listeners: list[_Listener]) -> int:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        service.stopping = True
        for listener in listeners:
            # A second signal ends at once.
            listener.force_exit = listener.should_exit
            listener.should_exit = True

    for name, action in (("SIGINT", stop), ("SIGTERM", stop), ("SIGHUP", service.reload)):
        if hasattr(signal, name):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(getattr(signal, name), action)
    tasks = [asyncio.create_task(_serve(listener, service.log, stop)) for listener in listeners]
    service.log.info(
        "gateway starts",
        listen=service.settings.server.listen,
        replicas=len(service.pool.replicas),
        tenants=len(service.tenants.clients),
    )
    codes = await asyncio.gather(*tasks)
    service.log.info("gateway ended")
    return max(codes)


async def _serve(listener: _Listener, log: Log, stop: Callable[[], None]) -> int:
    """Runs one listener; where it cannot listen the other one ends too."""
    config = listener.config
    with contextlib.suppress(SystemExit):
        await listener.serve()
    if listener.started or listener.should_exit:
        return 0
    log.warn(
        "cannot listen",
        address=f"{config.host}:{config.port}",
        advice="free the port, or change server.listen or server.admin",
    )
    stop()
    return 1


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where it is installed (not on Windows)."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop

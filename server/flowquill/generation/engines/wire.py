"""The way to an OpenAI-compatible server: one connection kept open, answers streamed, everything that can go wrong said in a sentence.

Requests run on an event loop in a thread of their own, so that a caller that is cancelled closes its request at once: the server sees
the connection go and stops decoding.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as WaitTimeout
from dataclasses import dataclass
from threading import Lock, Thread
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from flowquill.generation.engines.breaker import Breaker
from flowquill.generation.engines.stream import Answer, Collected, Unreadable
from flowquill.generation.request import Cancelled, GenerationError

POLL = 0.02
"""Seconds between two looks at whether the caller still wants the answer."""
TRIES = 3
CONNECT = 4.0


class ServerError(GenerationError):
    """A server that gave no answer. `again`: whether sending the request once more is safe and may help; `down`: it counts against the server."""

    def __init__(self, message: str, *, again: bool = False, down: bool = True, wait: float = 0.0) -> None:
        super().__init__(message)
        self.again = again
        self.down = down
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is and how it is spoken to. `name`: how sentences call it; `key_variable`: where a person sets the key."""

    url: str
    key: str = ""
    key_variable: str = ""
    certificates: str = ""
    stall: float = 15.0

    @property
    def host(self) -> str:
        """Host and port, as sentences name the server."""
        return urlsplit(self.url).netloc


class Wire:
    """Sends requests to one server. Safe to use from several threads."""

    def __init__(self, address: Address, breaker: Breaker | None = None) -> None:
        self.address = address
        self.breaker = breaker or Breaker()
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: Any = None

    def complete(self, path: str, body: Mapping[str, Any], *, cancelled: Callable[[], bool], within: float) -> list[Answer]:
        """The answers to one request, by their index. Raises Cancelled, and ServerError with one sentence; never takes longer than `within` seconds."""
        left = self.breaker.wait()
        if left > 0:
            raise ServerError(f"The model server at {self.address.host} failed several times and is tried again in {left:.0f} s.", down=False)
        future = asyncio.run_coroutine_threadsafe(self._complete(path, dict(body)), self._running())
        until = monotonic() + within
        while True:
            try:
                answers = future.result(timeout=POLL)
            except WaitTimeout:
                late = monotonic() > until
                if not (late or cancelled()):
                    continue
                future.cancel()
                if not late:
                    raise Cancelled from None
                self.breaker.failed()
                raise ServerError(f"The model server at {self.address.host} took longer than {within:.0f} s; try again, or choose another engine.") from None
            except CancelledError:
                raise Cancelled from None
            except ServerError as error:
                if error.down:
                    self.breaker.failed()
                else:
                    self.breaker.succeeded()
                raise
            self.breaker.succeeded()
            return answers

    def models(self, *, within: float = 5.0) -> list[str]:
        """The names of the models that the server has. Raises ServerError."""
        future = asyncio.run_coroutine_threadsafe(self._models(), self._running())
        try:
            return future.result(timeout=within)
        except WaitTimeout:
            future.cancel()
            raise ServerError(f"The model server at {self.address.host} does not answer; try again, or choose another engine.") from None

    def close(self) -> None:
        """Closes the connections. A request still under way ends as cancelled."""
        with self._lock:
            loop, self._loop, client, self._client = self._loop, None, self._client, None
        if loop is None:
            return
        if client is not None:
            asyncio.run_coroutine_threadsafe(client.aclose(), loop).result(timeout=5)
        loop.call_soon_threadsafe(loop.stop)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                Thread(target=self._loop.run_forever, name="flowquill-wire", daemon=True).start()
            return self._loop

    def _open(self) -> Any:
        if self._client is None:
            try:
                import httpx
            except ImportError:
                raise ServerError("Engines on other machines need httpx; install it with: pip install 'flowquill[remote]'.", down=False) from None
            import ssl

            headers = {"Authorization": f"Bearer {self.address.key}"} if self.address.key else {}
            try:
                verify = ssl.create_default_context(cafile=self.address.certificates or None)
            except OSError as error:
                raise ServerError(f"The file of certificates {self.address.certificates} cannot be read ({error}); correct its path.", down=False) from None
            timeout = httpx.Timeout(self.address.stall, connect=CONNECT)
            # A redirect could carry the key elsewhere: none is followed.
            self._client = httpx.AsyncClient(headers=headers, timeout=timeout, verify=verify, follow_redirects=False)
        return self._client

    async def _complete(self, path: str, body: dict[str, Any]) -> list[Answer]:
        tries = 0
        while True:
            tries += 1
            try:
                return await self._once(path, body)
            except ServerError as error:
                if not error.again or tries >= TRIES:
                    raise
                await asyncio.sleep(max(error.wait, 0.2 * 2**tries * random.uniform(0.5, 1.0)))

    async def _once(self, path: str, body: dict[str, Any]) -> list[Answer]:
        import httpx

        url = f"{self.address.url.rstrip('/')}/{path}"
        collected = Collected()
        try:
            async with self._open().stream("POST", url, json=body) as response:
                await self._accept(response, str(body.get("model", "")))
                async for part in response.aiter_bytes():
                    collected.feed(part)
            return collected.answers(response.headers.get("content-type", ""))
        except Unreadable as error:
            raise ServerError(f"The model server at {self.address.host} {error}") from None
        except httpx.HTTPError as error:
            raise self._broken(error, begun=collected.begun) from None

    async def _models(self) -> list[str]:
        import httpx

        try:
            response = await self._open().get(f"{self.address.url.rstrip('/')}/models")
            await self._accept(response, "")
            return [str(m["id"]) for m in response.json()["data"]]
        except (ValueError, KeyError, TypeError):
            raise ServerError(f"{self.address.url} answers, but not as a model server does; give the address that ends in /v1.") from None
        except httpx.HTTPError as error:
            raise self._broken(error, begun=False) from None

    async def _accept(self, response: Any, model: str) -> None:
        """Raises ServerError for every answer but a good one."""
        status, kind = response.status_code, response.headers.get("content-type", "")
        host = self.address.host
        if status == 200 and "html" not in kind:
            return
        if status in (401, 403):
            advice = f"set the environment variable {self.address.key_variable} to a valid one" if self.address.key_variable else "restart"
            raise ServerError(f"The model server at {host} {'refuses the key' if self.address.key else 'wants a key'}; {advice}.", down=False)
        if 300 <= status < 400:
            raise ServerError(f"{self.address.url} leads elsewhere ({response.headers.get('location', '?')[:120]}); give that address instead.", down=False)
        if "html" in kind:
            raise ServerError(f"{self.address.url} answers with a web page and not as a model server; give the address that ends in /v1.", down=False)
        said = await _said(response)
        if status == 404:
            what = f"has no model {model}" if model and ("model" in said.lower() or not said) else "has no such path"
            raise ServerError(f"The model server at {host} {what} (404); check the model's name and the address.", down=False)
        if status in (429, 503):
            wait = _seconds(response.headers.get("retry-after"))
            again = wait <= 2.0
            raise ServerError(f"The model server at {host} is busy ({status}); try again in {max(1.0, wait):.0f} s.", again=again, down=status == 503, wait=wait)
        if 400 <= status < 500:
            raise ServerError(f"The model server at {host} does not take the request ({status}{f': {said}' if said else ''}).", down=False)
        raise ServerError(f"The model server at {host} failed ({status}{f': {said}' if said else ''}); try again, or choose another engine.")

    def _broken(self, error: Exception, *, begun: bool) -> ServerError:
        import httpx

        host, text = self.address.host, str(error)
        if isinstance(error, httpx.ConnectError) and ("CERTIFICATE" in text.upper() or "SSL" in text.upper()):
            return ServerError(f"The certificate of {host} cannot be verified; if it is your own, name its authority under certificates in your configuration file.", down=False)
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return ServerError(f"There is no model server at {host}; start it, or correct the address.", again=isinstance(error, httpx.ConnectError))
        if isinstance(error, httpx.TimeoutException):
            return ServerError(f"The model server at {host} has sent nothing for {self.address.stall:.0f} s; try again, or choose another engine.")
        if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL):
            return ServerError(f"{self.address.url[:80]} is no address of a model server; give one such as https://models.example.org/v1.", down=False)
        if begun:
            return ServerError(f"The model server at {host} broke off in the middle of its answer; try again.")
        # Nothing of an answer came: a kept connection was closed meanwhile, or the server restarts.
        return ServerError(f"The connection to the model server at {host} was lost; try again.", again=True)


async def _said(response: Any) -> str:
    """What an error answer says, short, on one line."""
    import json

    raw = (await response.aread())[:4000].decode("utf-8", "replace")
    try:
        given = json.loads(raw)
        error = given.get("error", given) if isinstance(given, dict) else given
        raw = str(error.get("message", "")) if isinstance(error, dict) else str(error)
    except ValueError:
        pass
    return " ".join(raw.split())[:200].rstrip(".")


def _seconds(text: str | None) -> float:
    try:
        return max(0.0, min(3600.0, float(text or 0)))
    except ValueError:
        return 1.0

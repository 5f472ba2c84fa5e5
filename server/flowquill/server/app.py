"""The server's state, and the table of its features: one LSP method, or a tight group, a file."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, TypeVar

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from flowquill.server.documents import Documents
from flowquill.server.loading import Loading, Preferences, Settings
from flowquill.server.protocol import Protocol
from flowquill.server.standing import Status

if TYPE_CHECKING:
    from flowquill.generation.pipeline import Generator
    from flowquill.grammar.catalog import Catalog
    from flowquill.grammar.forward import Forward
    from flowquill.server.documents import Snapshot
    from flowquill.server.reading.names import Reading

T = TypeVar("T")
log = logging.getLogger(__name__)


class FlowquillServer(LanguageServer):
    """One client's server. Handlers are coroutines; work runs in two threads, one for checking and one for generating."""

    def __init__(self) -> None:
        super().__init__("flowquill", _version(), text_document_sync_kind=types.TextDocumentSyncKind.Incremental, protocol_cls=Protocol)
        self.documents = Documents()
        self.settings = Settings()
        self.said = Settings()
        self.asked_settings = False
        self.settings_task: asyncio.Task[None] | None = None
        self.root: Path | None = None
        self.workspace_file: Path | None = None
        self.watching: str | None = None
        self.watch_task: asyncio.Task[None] | None = None
        self.loading = Loading(Settings(), self.loaded)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.status = Status()
        self.checking = ThreadPoolExecutor(1, "flowquill-check")
        self.generating = ThreadPoolExecutor(1, "flowquill-generate")
        self.told: set[str] = set()
        self._forward: Forward | None = None

    @property
    def preferences(self) -> Preferences:
        """What the client wishes of features."""
        return self.settings.preferences

    def client_can(self, what: str) -> bool:
        """Whether the client's capabilities say `{"experimental": {"flowquill": {what: true}}}`."""
        given: object = self.client_capabilities.experimental
        for key in ("flowquill", what):
            given = given.get(key) if isinstance(given, dict) else getattr(given, key, None)
        return given is True

    def loaded(self) -> None:
        """Called by the loading thread when something has ended: tells the client."""
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.tell_status)

    def tell_status(self) -> None:
        """Sends the status to a client that has asked for it once, where it is not what was sent last."""
        if self.status.listened:
            now = self.status.shown(self.loading)
            if now != self.status.sent:
                self.status.sent = now
                self.protocol.notify("flowquill/status", now)

    async def catalog(self) -> Catalog:
        """The catalog, once it is loaded. Raises what its loading ended with."""
        self.loop = asyncio.get_running_loop()
        self.loading.start()
        # A request that is taken back must not take the catalog with it.
        return await asyncio.shield(asyncio.wrap_future(self.loading.catalog))

    def forward(self, catalog: Catalog) -> Forward:
        """The forward parser of the catalog, made once."""
        from flowquill.grammar.forward import Forward

        if self._forward is None or self._forward.catalog is not catalog:
            self._forward = Forward(catalog)
        return self._forward

    async def read(self, uri: str, work: Callable[[Snapshot, Reading], T]) -> T:
        """Runs `work` on the newest snapshot of a file in the checking thread. Raises UnknownDocument, and what loading the catalog ended with."""
        catalog = await self.catalog()
        snapshot = self.documents.snapshot(uri)
        return await asyncio.get_running_loop().run_in_executor(self.checking, lambda: work(snapshot, self.documents.reading(snapshot, catalog)))

    async def generator(self, patience: float) -> Generator | None:
        """The generator, or None where it is not ready within `patience` seconds. Raises what its loading ended with."""
        self.loop = asyncio.get_running_loop()
        self.loading.start()
        future: Future[Generator] = self.loading.generator
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), patience)
        except TimeoutError:
            return None

    async def generate(self, work: Callable[[Callable[[], bool]], T]) -> T:
        """Runs `work` in the generating thread; cancelling the caller makes the function that `work` is given say True."""
        stop = Event()
        self.status.running += 1
        self.tell_status()
        try:
            return await asyncio.get_running_loop().run_in_executor(self.generating, work, stop.is_set)
        except asyncio.CancelledError:
            stop.set()
            raise
        finally:
            self.status.running -= 1
            self.tell_status()

    def tell(self, message: str, kind: types.MessageType = types.MessageType.Info, *, once: bool = False) -> None:
        """Shows a sentence to the person at the editor; with `once` no second time."""
        if once and message in self.told:
            return
        self.told.add(message)
        self.window_show_message(types.ShowMessageParams(kind, message))


def _version() -> str:
    try:
        return version("flowquill")
    except PackageNotFoundError:
        return "0"


def create() -> FlowquillServer:
    """A server with all features."""
    from flowquill.server.features import (
        actions,
        coloring,
        completion,
        diagnostics,
        explain,
        formatting,
        generate,
        hints,
        hover,
        inline,
        lenses,
        lifecycle,
        links,
        names,
        shapes,
        signatures,
        status,
        symbols,
        sync,
        watching,
    )

    server = FlowquillServer()
    state = (lifecycle, watching, sync, diagnostics, status)
    reading = (hover, completion, signatures, names, symbols, shapes, coloring, hints, links, lenses)
    writing = (formatting, inline, generate, explain, actions)
    for feature in (*state, *reading, *writing):
        feature.register(server)
    # pygls would keep texts of its own, whose lines end where LSP's do not, and move the positions of edits that lie beyond them,
    # in the very objects that our handlers get next.
    for method in (types.TEXT_DOCUMENT_DID_OPEN, types.TEXT_DOCUMENT_DID_CHANGE, types.TEXT_DOCUMENT_DID_CLOSE):
        server.protocol.fm.builtin_features.pop(method)
    return server

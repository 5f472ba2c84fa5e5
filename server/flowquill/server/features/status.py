"""flowquill/status: model, engine and state, for an editor's status item; asked for once, then sent whenever it changes."""

from __future__ import annotations

import asyncio
from typing import Any

from flowquill.server.app import FlowquillServer

METHOD = "flowquill/status"


def register(server: FlowquillServer) -> None:
    """Adds the handler."""

    @server.feature(METHOD)
    async def status(params: Any = None) -> dict[str, Any]:
        server.loop = asyncio.get_running_loop()
        server.loading.start()
        server.status.listened = True
        server.status.sent = server.status.shown(server.loading)
        return server.status.sent

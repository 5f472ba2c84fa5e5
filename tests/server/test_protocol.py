"""The protocol keeps nothing of a notification that was handled."""

from __future__ import annotations

import asyncio
from typing import Any

from pygls.lsp.server import LanguageServer

from flowquill.server.protocol import Protocol


def test_a_handled_notification_leaves_nothing_behind() -> None:
    server = LanguageServer("test", "1", protocol_cls=Protocol)
    seen: list[Any] = []

    @server.feature("test/typed")
    async def typed(params: Any) -> None:
        await asyncio.sleep(0)
        seen.append(params)

    async def type_much() -> None:
        for number in range(100):
            server.protocol.handle_message(server.protocol.structure_message({"jsonrpc": "2.0", "method": "test/typed", "params": {"number": number}}))
        await asyncio.sleep(0.1)

    asyncio.run(type_much())
    assert len(seen) == 100
    assert not server.protocol._request_futures

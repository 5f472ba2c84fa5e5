"""The protocol as pygls has it, but for answers of a client that are not what the protocol says, and for what notifications leave behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lsprotocol.types import ResponseError, ResponseErrorMessage
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.json_rpc import MsgId

UNREADABLE = "The editor's answer cannot be read, so this was given up; update the editor or its plugin for Flowquill."


class Protocol(LanguageServerProtocol):
    """An answer that cannot be read ends the request that waits for it; pygls would report it and let that wait for ever."""

    def structure_message(self, data: dict[str, Any]) -> Any:
        """The message of `data`; of an answer that cannot be read an error in its place. Raises JsonRpcException for any other."""
        try:
            return super().structure_message(data)
        except JsonRpcException:
            if "id" not in data or "method" in data:
                raise
            return ResponseErrorMessage(data["id"], ResponseError(JsonRpcInvalidParams.CODE, UNREADABLE))

    def _execute_handler(self, msg_id: MsgId, handler: Callable[..., Any], callback: Callable[[Any], None], args: Any = None, kwargs: Any = None) -> None:
        super()._execute_handler(msg_id, handler, callback, args, kwargs)
        # pygls keeps the task of every notification for ever: a keystroke is one.
        task = self._request_futures.get(msg_id)
        if task is not None:
            task.add_done_callback(lambda _: self._request_futures.pop(msg_id, None))


__all__ = ["UNREADABLE", "Protocol"]

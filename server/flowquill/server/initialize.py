"""The answer to `initialize` from capabilities written down beforehand, for the time in which the server is still being imported.

Importing the protocol's types takes longer than anything else of a start. `initialize.json` holds what the server answers a client
that says nothing of itself; the three places that depend on the client are worked out here. A test compares the answers with the
server's own; after a change of the features, `python -m flowquill.server.initialize` writes the file anew.
"""

from __future__ import annotations

import json
import os
from typing import Any

_FILE = os.path.join(os.path.dirname(__file__), "initialize.json")
_ENCODINGS = ("utf-8", "utf-16", "utf-32")
Json = dict[str, Any]


def answer(message: object) -> Json | None:
    """The response to an `initialize` request; None for any other message and for one that has to be left to the server."""
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0" or message.get("method") != "initialize":
        return None
    number, parameters = message.get("id"), message.get("params")
    if not isinstance(number, int | str) or isinstance(number, bool) or not isinstance(parameters, dict):
        return None
    client = parameters.get("capabilities")
    if not isinstance(client, dict):
        return None
    try:
        encodings, prepares, saves = _encodings(client), _prepares(client), _saves(client)
        with open(_FILE, encoding="utf-8") as file:
            result = json.load(file)
    except (TypeError, ValueError, OSError):
        return None
    capabilities = result["capabilities"]
    capabilities["positionEncoding"] = next((e for e in encodings if e in _ENCODINGS), "utf-16")
    if prepares:
        capabilities["renameProvider"] = {"prepareProvider": True}
    # The server has no use for these two, and says so to the clients that name them.
    capabilities["textDocumentSync"].update(dict.fromkeys(saves, False))
    return {"jsonrpc": "2.0", "id": number, "result": result}


def reduced(message: Json) -> Json:
    """The same request with nothing but what the answer depends on, for a server that cannot read the whole of it."""
    client = message["params"]["capabilities"]
    capabilities = {
        "general": {"positionEncodings": _encodings(client)},
        "textDocument": {"rename": {"prepareSupport": _prepares(client)}, "synchronization": dict.fromkeys(_saves(client), False)},
    }
    root = message["params"].get("rootUri")
    parameters = {"processId": None, "rootUri": root if isinstance(root, str) else None, "capabilities": capabilities}
    return {"jsonrpc": "2.0", "id": message["id"], "method": "initialize", "params": parameters}


def _encodings(client: Json) -> list[str]:
    found = _inside(client, "general").get("positionEncodings")
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(e, str) for e in found):
        raise TypeError("positionEncodings is no list of names")
    return found


def _prepares(client: Json) -> bool:
    return bool(_flag(_inside(_inside(client, "textDocument"), "rename"), "prepareSupport"))


def _saves(client: Json) -> list[str]:
    named = _inside(_inside(client, "textDocument"), "synchronization")
    return [key for key in ("willSave", "willSaveWaitUntil") if _flag(named, key) is not None]


def _flag(value: Json, key: str) -> bool | None:
    found = value.get(key)
    if found is not None and not isinstance(found, bool):
        raise TypeError(f"{key} is neither true nor false")
    return found


def _inside(value: Json, key: str) -> Json:
    found = value.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise TypeError(f"{key} is no object")
    return found


def of_server(message: Json) -> Json:
    """The response of the server itself."""
    from flowquill.server.app import create

    sent: list[bytes] = []
    server = create()
    server.protocol.set_writer(_Kept(sent), include_headers=False)
    server.protocol.handle_message(server.protocol.structure_message(message))
    answers: list[Json] = [json.loads(s) for s in sent]
    return next(a for a in answers if a.get("id") == message["id"])


class _Kept:
    """A writer that keeps what is written."""

    def __init__(self, sent: list[bytes]) -> None:
        self._sent = sent

    def write(self, data: bytes) -> None:
        self._sent.append(data)

    def close(self) -> None:
        pass


def main() -> None:
    """Writes the file."""
    asked: Json = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"processId": None, "rootUri": None, "capabilities": {}}}
    with open(_FILE, "w", encoding="utf-8", newline="\n") as file:
        json.dump(of_server(asked)["result"], file, indent=1, sort_keys=True)
        file.write("\n")


if __name__ == "__main__":
    main()

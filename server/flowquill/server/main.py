"""Starts the language server on the standard streams or a TCP port.

The first message is read, and answered where it is `initialize`, before anything heavy is imported; meanwhile the client's further
messages wait in the stream. The server then reads that first message too, so that it knows the client as if it had answered itself.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from flowquill.server.initialize import answer, reduced
from flowquill.server.streams import Replayed, Unanswered, framed, read_message

if TYPE_CHECKING:
    from flowquill.server.app import FlowquillServer


def serve(address: tuple[str, int] | None) -> None:
    """Serves one client until it says exit. `address`: host and port to listen at; None: the standard streams."""
    if address is None:
        _serve(sys.stdin.buffer, sys.stdout.buffer)
        return
    import socket

    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.create_server(address, family=family) as listening:
        connection, _ = listening.accept()
    with connection:
        try:
            _serve(connection.makefile("rb"), connection.makefile("wb"))
        except ConnectionError:
            return


def _serve(reading: BinaryIO, writing: BinaryIO) -> None:
    read, message = read_message(reading)
    if not read:
        return
    answered = answer(message)
    if answered is None:
        _run(_import(), Replayed(read, reading), writing)
        return
    writing.write(framed(answered))
    writing.flush()
    server = _import()
    asked = cast("dict[str, Any]", message)
    if not _readable(server, asked):
        read = framed(reduced(asked))
    _run(server, Replayed(read, reading), Unanswered(answered, writing))


def _import() -> FlowquillServer:
    """The server, once all that it consists of is loaded."""
    import logging

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # At INFO pygls writes whole messages, and with them what people type.
    logging.getLogger("pygls").setLevel(logging.WARNING)
    # A client may take back what was answered meanwhile; editors show each line of a log as an error.
    logging.getLogger("pygls.protocol.json_rpc").addFilter(lambda record: not record.getMessage().startswith("Cancel notification for unknown message id"))

    # Loading the protocol's types makes thousands of objects that stay, and collecting among them only costs time.
    gc.disable()
    from flowquill.server.app import create

    server = create()
    gc.freeze()
    gc.enable()
    return server


def _readable(server: FlowquillServer, message: dict[str, Any]) -> bool:
    import copy

    try:
        server.protocol.structure_message(copy.deepcopy(message))
    except Exception:
        return False
    return True


def _run(server: FlowquillServer, reading: object, writing: object) -> None:
    try:
        server.start_io(cast(BinaryIO, reading), cast(BinaryIO, writing))
    except ValueError as error:
        # A client that leaves without waiting closes the stream under the last answer.
        if "closed file" not in str(error):
            raise

"""Starts the language server on the standard streams or a TCP port."""

from __future__ import annotations

import gc
import logging


def serve(address: tuple[str, int] | None) -> None:
    """Serves one client until it says exit. `address`: host and port to listen at; None: the standard streams."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # At INFO pygls writes whole messages, and with them what people type.
    logging.getLogger("pygls").setLevel(logging.WARNING)

    # Loading the protocol's types makes thousands of objects that stay, and collecting among them only costs time.
    gc.disable()
    from flowquill.server.app import create

    server = create()
    gc.freeze()
    gc.enable()
    try:
        if address is None:
            server.start_io()
        else:
            server.start_tcp(*address)
    except ValueError as error:
        # A client that leaves without waiting closes the stream under the last answer.
        if "closed file" not in str(error):
            raise

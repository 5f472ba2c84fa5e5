"""textDocument/documentLink: addresses in a flow's texts and comments, and the catalogs that a workspace file names."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from lsprotocol import types

from flowquill.server.app import FlowquillServer

_ADDRESS = re.compile(r"https?://[^\s\"'<>{}\\|^`\])]+")
_QUOTED = re.compile(r'"([^"\n]+)"')


def register(server: FlowquillServer) -> None:
    """Adds the handler."""

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_LINK)
    async def links(params: types.DocumentLinkParams) -> list[types.DocumentLink]:
        from flowquill.server.features.watching import local

        snapshot = server.documents.snapshot(params.text_document.uri)
        found = [types.DocumentLink(snapshot.lines.range(span), target) for span, target in addresses(snapshot.text)]
        path = local(snapshot.uri)
        if path is not None and path.name == "flowquill.toml":
            block = re.search(r"^catalogs\s*=\s*\[[^\]]*\]", snapshot.text, re.MULTILINE)
            for match in _QUOTED.finditer(snapshot.text, block.start(), block.end()) if block else ():
                found.append(types.DocumentLink(snapshot.lines.range(match.span(1)), (path.parent / match[1]).resolve().as_uri()))
        return found


def addresses(text: str) -> list[tuple[tuple[int, int], str]]:
    """The spans of web addresses in a text, each with the address; those cut short by an expression in braces are left out."""
    found = []
    for match in _ADDRESS.finditer(text):
        address = match.group().rstrip(".,;:!?")
        end = match.start() + len(address)
        try:
            host = urlsplit(address).hostname
        except ValueError:
            host = None
        if host and text[end : end + 1] != "{":
            found.append(((match.start(), end), address))
    return found

"""didOpen, didChange, didClose: the texts of open files."""

from __future__ import annotations

from lsprotocol import types

from flowquill.server.app import FlowquillServer
from flowquill.server.features import watching
from flowquill.server.features.diagnostics import publish


def register(server: FlowquillServer) -> None:
    """Adds the handlers."""

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        server.documents.open(document.uri, document.version, document.text)
        await watching.opened(server, document.uri)
        await publish(server, document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: types.DidChangeTextDocumentParams) -> None:
        server.documents.change(params.text_document.uri, params.text_document.version, params.content_changes)
        await publish(server, params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.documents.close(params.text_document.uri)
        server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(params.text_document.uri, []))

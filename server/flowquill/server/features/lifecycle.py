"""initialize, initialized, didChangeConfiguration: settings, and loading behind the editor's back."""

from __future__ import annotations

from lsprotocol import types

from flowquill.server.app import FlowquillServer
from flowquill.server.loading import Loading, Settings


def register(server: FlowquillServer) -> None:
    """Adds the handlers."""

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        _settle(server, params.initialization_options)

    @server.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        encoding = server.workspace.position_encoding
        server.documents.encoding = str(getattr(encoding, "value", encoding))
        server.loading.start()

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configured(params: types.DidChangeConfigurationParams) -> None:
        from flowquill.server.features.diagnostics import publish

        if _settle(server, params.settings):
            server.loading.start()
            for uri in server.documents.uris():
                await publish(server, uri)


def _settle(server: FlowquillServer, given: object) -> bool:
    settings, complaints = Settings.read(given)
    for complaint in complaints:
        server.tell(complaint, types.MessageType.Warning)
    if settings == server.loading.settings:
        return False
    server.loading = Loading(settings)
    return True

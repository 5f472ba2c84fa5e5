"""initialize, initialized, didChangeConfiguration: settings, and loading behind the editor's back."""

from __future__ import annotations

from lsprotocol import types

from flowquill.server.app import FlowquillServer
from flowquill.server.features import watching
from flowquill.server.loading import Settings


def register(server: FlowquillServer) -> None:
    """Adds the handlers."""

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        folders = params.workspace_folders or []
        server.root = watching.local(folders[0].uri if folders else params.root_uri or "")
        _given(server, params.initialization_options)
        if server.root is not None:
            watching.look(server, server.root)
        watching.settle(server)

    @server.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        encoding = server.workspace.position_encoding
        server.documents.encoding = str(getattr(encoding, "value", encoding))
        server.loading.start()
        await watching.watch(server)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configured(params: types.DidChangeConfigurationParams) -> None:
        _given(server, params.settings)
        if watching.settle(server):
            await watching.recheck(server)


def _given(server: FlowquillServer, given: object) -> None:
    server.settings, complaints = Settings.read(given)
    for complaint in complaints:
        server.tell(complaint, types.MessageType.Warning)

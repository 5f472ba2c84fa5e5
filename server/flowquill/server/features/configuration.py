"""didChangeConfiguration, and the client's settings asked for where it lets itself be asked."""

from __future__ import annotations

import logging

from lsprotocol import types

from flowquill.server.app import FlowquillServer
from flowquill.server.features import watching
from flowquill.server.loading import Settings

log = logging.getLogger(__name__)
SECTION = "flowquill"


def register(server: FlowquillServer) -> None:
    """Adds the handler. A client that says nothing with it is asked for its settings."""

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def changed(params: types.DidChangeConfigurationParams) -> None:
        if params.settings is None or params.settings == {}:
            await ask(server)
        else:
            await use(server, params.settings)


def take(server: FlowquillServer, given: object) -> None:
    """Reads settings; tells what cannot be used."""
    server.settings, complaints = Settings.read(given)
    for complaint in complaints:
        server.tell(complaint, types.MessageType.Warning)


async def use(server: FlowquillServer, given: object) -> None:
    """Reads settings and, where other things are to be loaded, loads them and checks the open files again."""
    lenses = server.preferences.code_lens
    take(server, given)
    if watching.settle(server):
        await watching.recheck(server)
    workspace = server.client_capabilities.workspace
    if lenses != server.preferences.code_lens and workspace and workspace.code_lens and workspace.code_lens.refresh_support:
        await server.workspace_code_lens_refresh_async(None)


async def begin(server: FlowquillServer) -> None:
    """After `initialized`: wants to be told of changes, where the client offers that, and asks for the settings as they are."""
    workspace = server.client_capabilities.workspace
    if workspace is None:
        return
    able = workspace.did_change_configuration
    if able is not None and able.dynamic_registration:
        method = types.WORKSPACE_DID_CHANGE_CONFIGURATION
        options = types.DidChangeConfigurationRegistrationOptions(section=SECTION)
        try:
            await server.client_register_capability_async(types.RegistrationParams([types.Registration("flowquill-settings", method, options)]))
        except Exception as error:
            log.warning("the client does not tell of changed settings: %s", error)
    await ask(server)


async def ask(server: FlowquillServer) -> None:
    """Asks the client for its settings; where it cannot be asked, or has none, those it gave before stay."""
    workspace = server.client_capabilities.workspace
    if workspace is None or not workspace.configuration:
        return
    try:
        answer = await server.workspace_configuration_async(types.ConfigurationParams([types.ConfigurationItem(section=SECTION)]))
    except Exception as error:
        log.warning("the client does not tell its settings: %s", error)
        return
    if answer and isinstance(answer[0], dict) and answer[0]:
        await use(server, answer[0])

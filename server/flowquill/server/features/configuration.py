"""workspace/configuration: the client's settings asked for, where it lets itself be asked; they count at once, without a restart."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from lsprotocol import types

from flowquill.server.loading import Settings

if TYPE_CHECKING:
    from flowquill.server.app import FlowquillServer

log = logging.getLogger(__name__)
SECTION = "flowquill"


async def begin(server: FlowquillServer) -> None:
    """Once: wants to be told of changes, where the client offers that, and asks for the settings as they are."""
    if server.asked_settings:
        return
    server.asked_settings = True
    workspace = server.client_capabilities.workspace
    able = workspace.did_change_configuration if workspace else None
    if able is not None and able.dynamic_registration:
        method = types.WORKSPACE_DID_CHANGE_CONFIGURATION
        options = types.DidChangeConfigurationRegistrationOptions(section=SECTION)
        try:
            await server.client_register_capability_async(types.RegistrationParams([types.Registration("flowquill-settings", method, options)]))
        except Exception as error:
            log.warning("the client does not tell of changed settings: %s", error)
    await ask(server)


def ask_soon(server: FlowquillServer) -> None:
    """Asks for the settings behind the present message. Before `initialized` nothing is asked."""
    if server.asked_settings:
        server.settings_task = asyncio.get_running_loop().create_task(ask(server))


async def ask(server: FlowquillServer) -> None:
    """Asks the client for its settings; where it cannot be asked, or has none, those it gave before stay."""
    from flowquill.server.features import watching

    workspace = server.client_capabilities.workspace
    if workspace is None or not workspace.configuration:
        return
    try:
        answer = await server.workspace_configuration_async(types.ConfigurationParams([types.ConfigurationItem(section=SECTION)]))
    except Exception as error:
        log.warning("the client does not tell its settings: %s", error)
        return
    if not answer or not isinstance(answer[0], dict) or not answer[0]:
        return
    lenses = server.preferences.code_lens
    server.settings, complaints = Settings.read(answer[0])
    for complaint in complaints:
        server.tell(complaint, types.MessageType.Warning, once=True)
    if watching.settle(server):
        await watching.recheck(server)
    if lenses != server.preferences.code_lens and workspace.code_lens and workspace.code_lens.refresh_support:
        await server.workspace_code_lens_refresh_async(None)

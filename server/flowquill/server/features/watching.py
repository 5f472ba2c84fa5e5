"""didChangeWatchedFiles: the workspace file and the catalogs it names are read again when they change, without a restart."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.uris import to_fs_path

from flowquill.grammar.catalog.workspace import NAME, find_workspace, read_workspace
from flowquill.server.features import configuration
from flowquill.server.loading import Loading

if TYPE_CHECKING:
    from flowquill.server.app import FlowquillServer

log = logging.getLogger(__name__)
_ALL = types.WatchKind.Create | types.WatchKind.Change | types.WatchKind.Delete


def register(server: FlowquillServer) -> None:
    """Adds the handler."""

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def changed(params: types.DidChangeWatchedFilesParams) -> None:
        paths = [p for c in params.changes if (p := local(c.uri)) is not None]
        if any(p.name == NAME for p in paths):
            start = server.root or (server.workspace_file.parent if server.workspace_file else paths[0].parent)
            look(server, start)
            if server.workspace_file is None:
                _look_near_files(server)
            settle(server, anew=True)
        elif any(_named(server, p) for p in paths):
            settle(server, anew=True)
        else:
            return
        await recheck(server)


def local(uri: str) -> Path | None:
    """The path of a file URI; None for any other."""
    path = to_fs_path(uri) if uri.startswith("file:") else None
    return Path(path) if path else None


def look(server: FlowquillServer, start: Path) -> None:
    """Finds the workspace file of a folder or file."""
    server.workspace_file = find_workspace(start)


def settle(server: FlowquillServer, *, anew: bool = False) -> bool:
    """Merges the settings and begins a new load where they changed (`anew`: in any case); says whether it did."""
    if server.settings.said:
        server.said = server.settings
    else:
        # Some clients tell of a change without saying what it is; what was said before stays, and they are asked.
        server.settings = server.said
        configuration.ask_soon(server)
    workspace = read_workspace(server.workspace_file)
    for error in workspace.errors:
        server.tell(error, types.MessageType.Error)
    for complaint in workspace.complaints:
        server.tell(complaint, types.MessageType.Warning)
    settings = server.settings.over(workspace, server.root)
    if settings == server.loading.settings and not anew:
        return False
    server.loading.close()
    server.loading = Loading(settings, server.loaded)
    # What was wrong with the old catalog and model may be said again of the new ones, and is no longer how things stand.
    server.told.clear()
    server.status.nothing = None
    return True


async def recheck(server: FlowquillServer) -> None:
    """Loads, watches what the settings name now, and checks the open files again."""
    from flowquill.server.features.diagnostics import publish, refresh

    server.tell_status()
    server.loading.start()
    for uri in server.documents.uris():
        await publish(server, uri)
    refresh(server)
    await watch(server)


async def opened(server: FlowquillServer, uri: str) -> None:
    """A client without a folder: the first file that has a workspace file above it decides."""
    path = local(uri)
    if server.workspace_file is None and path is not None:
        found = server.workspace_file = find_workspace(path)
        if found is not None and settle(server):
            # The file's diagnostics do not wait for the client's answer.
            server.watch_task = asyncio.create_task(recheck(server))


async def watch(server: FlowquillServer) -> None:
    """Asks the client to watch the workspace file and the catalogs; nothing where it cannot. The first time, for its settings too."""
    await configuration.begin(server)
    workspace = server.client_capabilities.workspace
    able = workspace.did_change_watched_files if workspace else None
    if able is None or not able.dynamic_registration:
        return
    patterns = [f"**/{NAME}", *(_pattern(Path(c)) for c in server.loading.settings.catalogs)]
    watchers = [types.FileSystemWatcher(p, _ALL) for p in dict.fromkeys(patterns)]
    identity = "flowquill-files " + " ".join(str(w.glob_pattern) for w in watchers)
    if identity == server.watching:
        return
    method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
    before, server.watching = server.watching, identity
    try:
        if before is not None:
            await server.client_unregister_capability_async(types.UnregistrationParams([types.Unregistration(before, method)]))
        options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
        await server.client_register_capability_async(types.RegistrationParams([types.Registration(identity, method, options)]))
    except Exception as error:
        log.warning("the client does not watch files: %s", error)


def _pattern(path: Path) -> str:
    """A glob of an absolute path, as clients without relative patterns take it; of a folder, all files right in it."""
    text = path.absolute().as_posix()
    return f"{text}/*" if path.is_dir() else text


def _named(server: FlowquillServer, path: Path) -> bool:
    """Whether `path` is a catalog of the settings or lies in one."""
    return any(path.is_relative_to(Path(c).absolute()) or path == Path(c).resolve() for c in server.loading.settings.catalogs)


def _look_near_files(server: FlowquillServer) -> None:
    for uri in server.documents.uris():
        path = local(uri)
        if path is not None and server.workspace_file is None:
            look(server, path)

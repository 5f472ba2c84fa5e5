"""The workspace file over the real process: found, merged, watched, and told of when it is wrong."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient

FLOW = 'flow a {\n  on manual()\n  pets.feed(food: "hay")\n}\n'


def connector(*parameters: str) -> str:
    """A catalog file with one operation."""
    takes = [{"name": p, "path": f"body/{p}", "type": "text"} for p in parameters]
    return json.dumps({"name": "pets", "title": "Pets", "operations": [{"name": "feed", "id": "Feed", "kind": "action", "parameters": takes}]})


@pytest_lsp.fixture(config=ClientServerConfig(server_command=[sys.executable, "-m", "flowquill.cli.main", "lsp"]))
async def client(lsp_client: LanguageClient, tmp_path: Path) -> AsyncIterator[None]:
    (tmp_path / "flowquill.toml").write_text('catalogs = ["own/pets.json"]\n')
    (tmp_path / "own").mkdir()
    (tmp_path / "own/pets.json").write_text(connector("food"))
    watched: list[str] = []
    lsp_client.watched = watched  # type: ignore[attr-defined]

    @lsp_client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def registered(params: types.RegistrationParams) -> None:
        for one in params.registrations:
            watched.append(one.id)

    @lsp_client.feature(types.CLIENT_UNREGISTER_CAPABILITY)
    def unregistered(params: types.UnregistrationParams) -> None:
        for one in params.unregisterations:
            watched.remove(one.id)

    capabilities = types.ClientCapabilities(
        workspace=types.WorkspaceClientCapabilities(did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True))
    )
    await lsp_client.initialize_session(types.InitializeParams(capabilities=capabilities, root_uri=tmp_path.as_uri()))
    yield
    await lsp_client.shutdown_session()


async def codes(client: LanguageClient, uri: str) -> list[str]:
    await asyncio.wait_for(client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS), 20)
    return [str(d.code) for d in client.diagnostics[uri]]


def touched(client: LanguageClient, path: Path) -> None:
    change = types.FileEvent(path.as_uri(), types.FileChangeType.Changed)
    client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([change]))


async def opened(client: LanguageClient, folder: Path) -> str:
    uri = (folder / "a.flow").as_uri()
    client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "flow", 1, FLOW)))
    return uri


@pytest.mark.asyncio
async def test_a_changed_catalog_is_read_again(client: LanguageClient, tmp_path: Path) -> None:
    uri = await opened(client, tmp_path)
    assert await codes(client, uri) == []
    assert len(client.watched) == 1 and "own/pets.json" in client.watched[0]  # type: ignore[attr-defined]
    (tmp_path / "own/pets.json").write_text(connector("drink"))
    touched(client, tmp_path / "own/pets.json")
    assert await codes(client, uri) == ["FQ004"]
    (tmp_path / "own/pets.json").write_text(connector("food"))
    touched(client, tmp_path / "own/pets.json")
    assert await codes(client, uri) == []


@pytest.mark.asyncio
async def test_a_changed_workspace_file_is_read_again(client: LanguageClient, tmp_path: Path) -> None:
    uri = await opened(client, tmp_path)
    assert await codes(client, uri) == []
    (tmp_path / "flowquill.toml").write_text("catalogs = []\n")
    touched(client, tmp_path / "flowquill.toml")
    assert await codes(client, uri) == ["FQ002"]
    await asyncio.sleep(0.3)
    assert len(client.watched) == 1 and "pets.json" not in client.watched[0]  # type: ignore[attr-defined]


@pytest.mark.asyncio
async def test_what_is_wrong_with_the_workspace_file_is_shown(client: LanguageClient, tmp_path: Path) -> None:
    uri = await opened(client, tmp_path)
    assert await codes(client, uri) == []
    (tmp_path / "flowquill.toml").write_text('catalog = ["own/pets.json"]\ncatalogs = ["/etc", "own/pets.json"]\nbuiltin-catalog = 3\n')
    touched(client, tmp_path / "flowquill.toml")
    assert await codes(client, uri) == []
    said = " ".join(m.message for m in client.messages)
    assert "did you mean catalogs?" in said and "outside the workspace" in said and "true is used" in said

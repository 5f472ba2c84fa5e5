"""Attempts by a workspace that somebody else wrote: it may name catalogs inside itself and nothing more."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from flowquill.grammar.catalog import CatalogError, load_catalog
from flowquill.grammar.catalog.workspace import find_workspace, read_workspace
from tests.editors.programs import EDITORS
from tests.security.command import no_network

SECRET = '{"name": "stolen", "title": "Stolen", "operations": []}'


def workspace(folder: Path, text: str) -> Path:
    file = folder / "inside" / "flowquill.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    (folder / "outside.json").write_text(SECRET)
    return file


@pytest.mark.parametrize("name", ["../outside.json", "a/../../outside.json", "./../inside/../outside.json"])
def test_a_catalog_outside_by_dots(name: str, tmp_path: Path) -> None:
    read = read_workspace(workspace(tmp_path, f"catalogs = [{json.dumps(name)}]"))
    assert read.catalogs == () and "outside the workspace" in read.complaints[0]


def test_a_catalog_outside_by_its_whole_path(tmp_path: Path) -> None:
    read = read_workspace(workspace(tmp_path, f"catalogs = [{json.dumps(str(tmp_path / 'outside.json'))}, '/etc']"))
    assert read.catalogs == () and len(read.complaints) == 2


def test_a_catalog_outside_by_a_link(tmp_path: Path) -> None:
    file = workspace(tmp_path, 'catalogs = ["link.json"]')
    (file.parent / "link.json").symlink_to(tmp_path / "outside.json")
    assert read_workspace(file).catalogs == ()


def test_a_link_inside_a_folder_of_catalogs(tmp_path: Path) -> None:
    """The folder is inside; a file in it is a link that leads out."""
    file = workspace(tmp_path, 'catalogs = ["connectors"]')
    folder = file.parent / "connectors"
    folder.mkdir()
    (folder / "own.json").write_text(SECRET.replace("stolen", "own"))
    (folder / "link.json").symlink_to(tmp_path / "outside.json")
    read = read_workspace(file)
    assert read.catalogs == () and "link out of the workspace" in read.complaints[0]


def test_the_workspace_itself_as_a_catalog(tmp_path: Path) -> None:
    assert read_workspace(workspace(tmp_path, 'catalogs = ["."]')).catalogs == ()


@pytest.mark.parametrize("key", ["command", "server", "python", "model", "engine", "engine-url", "url", "tenant", "plugins", "env"])
def test_settings_that_would_run_or_call_something(key: str, tmp_path: Path) -> None:
    read = read_workspace(workspace(tmp_path, f'{key} = "/tmp/evil"'))
    assert len(read.errors) == 1 and f"no setting {key}" in read.errors[0]
    assert not hasattr(read, key.replace("-", "_"))


def test_an_address_as_a_catalog_is_never_called(tmp_path: Path) -> None:
    read = read_workspace(workspace(tmp_path, 'catalogs = ["https://evil.example/catalog.json"]'))
    with no_network(), pytest.raises(CatalogError, match="There is no catalog"):
        load_catalog(read.catalogs)


def test_a_workspace_file_of_megabytes(tmp_path: Path) -> None:
    read = read_workspace(workspace(tmp_path, "# " + "x" * 2_000_000))
    assert "larger than 1 MB" in read.errors[0]


def test_a_workspace_file_nested_without_end(tmp_path: Path) -> None:
    read = read_workspace(workspace(tmp_path, "catalogs = " + "[" * 50_000))
    assert len(read.errors) == 1 and len(read.errors[0]) < 600


def test_a_pipe_for_a_workspace_file(tmp_path: Path) -> None:
    """Reading a pipe would wait for ever."""
    os.mkfifo(tmp_path / "flowquill.toml")
    found = find_workspace(tmp_path)
    assert found is None or found.parent != tmp_path


def test_vs_code_takes_no_program_path_or_address_from_an_untrusted_workspace() -> None:
    package = json.loads((EDITORS / "vscode" / "package.json").read_text())
    held = set(package["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"])
    written = package["contributes"]["configuration"]
    properties = {k: v for part in (written if isinstance(written, list) else [written]) for k, v in part["properties"].items()}
    words = ("command", "arguments", "path", "url", "python", "model", "engine", "catalogs", "tenant", "package")
    risky = {k for k in properties if any(w in k.rpartition("flowquill.")[2].lower() for w in words)}
    assert risky and risky <= held

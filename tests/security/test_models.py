"""Attempts by model folders and adapters: what is not named with its hash is not loaded, and nothing that could run is."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from flowquill.gateway.registry import Registry, RegistryError
from flowquill.generation.model_files import default_folder, examine
from flowquill.generation.pipeline import open_generator
from flowquill.generation.request import GenerationError
from flowquill.grammar.catalog import load_catalog

pytestmark = pytest.mark.model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(default_folder(), tmp_path / "model"))


def signed(folder: Path, **files: bytes) -> None:
    """Writes files and their right hashes into the manifest, as an attacker would."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for name, data in files.items():
        (folder / name.replace("__", ".")).write_bytes(data)
        manifest["files"][name.replace("__", ".")] = hashlib.sha256(data).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def refused(folder: Path) -> str:
    with pytest.raises(GenerationError) as error:
        open_generator(load_catalog(), folder)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_file_with_another_hash(model: Path) -> None:
    data = bytearray((model / "encoder.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (model / "encoder.onnx").write_bytes(data)
    assert "hash" in refused(model)


def test_a_file_that_the_manifest_does_not_name(model: Path) -> None:
    manifest = json.loads((model / "manifest.json").read_text())
    del manifest["files"]["encoder.onnx"]
    (model / "manifest.json").write_text(json.dumps(manifest))
    assert "encoder.onnx" in refused(model)


def test_an_empty_manifest(model: Path) -> None:
    (model / "manifest.json").write_text('{"name": "x", "files": {}}')
    assert refused(model)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../secret"])
def test_a_manifest_that_names_a_file_elsewhere(name: str, model: Path) -> None:
    (model.parent / "secret").write_text("secret")
    manifest = json.loads((model / "manifest.json").read_text())
    manifest["files"][name] = hashlib.sha256(b"secret").hexdigest()
    (model / "manifest.json").write_text(json.dumps(manifest))
    assert "outside" in " ".join(examine(model).problems)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": 1, "files": 3}', "[" * 100_000])
def test_a_manifest_that_is_damaged(text: str, model: Path) -> None:
    (model / "manifest.json").write_text(text)
    assert "damaged" in refused(model)


class Owned:
    """Makes a file where it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (open, (self.path, "w"))


def test_pickled_objects_in_arrays(model: Path, tmp_path: Path) -> None:
    sentinel = tmp_path / "owned"
    with (tmp_path / "bad.npz").open("wb") as stream:
        np.savez(stream, table=np.array([Owned(str(sentinel))], dtype=object), scales=np.zeros(1))
    signed(model, words__npz=(tmp_path / "bad.npz").read_bytes())
    refused(model)
    assert not sentinel.exists()


def test_a_pickle_in_the_place_of_arrays(model: Path, tmp_path: Path) -> None:
    sentinel = tmp_path / "owned"
    signed(model, words__npz=pickle.dumps(Owned(str(sentinel))))
    refused(model)
    assert not sentinel.exists()


def test_a_network_that_is_none(model: Path) -> None:
    signed(model, encoder__onnx=b"\x08\x01" + b"A" * 1000)
    refused(model)


def test_a_model_of_a_newer_format(model: Path) -> None:
    described = json.loads((model / "model.json").read_text())
    signed(model, model__json=json.dumps({**described, "format": 99}).encode())
    assert "format" in refused(model)


def adapter(root: Path, **more: bytes) -> Path:
    """A version of an adapter with a card that names its files rightly."""
    folder = root / "acme" / "versions" / "0001"
    folder.mkdir(parents=True)
    files = {"adapter_config.json": b'{"r": 8}', "adapter_model.safetensors": b"x", **more}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    hashes = {n: hashlib.sha256(d).hexdigest() for n, d in files.items()}
    (folder / "card.json").write_text(json.dumps({"format": 1, "files": hashes}))
    return folder


@pytest.mark.parametrize("name", ["../acme", "a/b", "..", "", "a\x00b"])
def test_the_name_of_an_adapter_is_no_path(name: str, tmp_path: Path) -> None:
    adapter(tmp_path)
    with pytest.raises(RegistryError, match="is no name"):
        Registry(tmp_path, max_rank=64).resolve(name, "1")


def test_an_adapter_with_a_file_beside_its_card(tmp_path: Path) -> None:
    folder = adapter(tmp_path)
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({}))
    with pytest.raises(RegistryError):
        Registry(tmp_path, max_rank=64).resolve("acme", "1")


def test_an_adapter_whose_weights_are_a_link_elsewhere(tmp_path: Path) -> None:
    folder = adapter(tmp_path / "registry")
    (tmp_path / "elsewhere").write_bytes(b"x")
    (folder / "adapter_model.safetensors").unlink()
    (folder / "adapter_model.safetensors").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RegistryError):
        Registry(tmp_path / "registry", max_rank=64).resolve("acme", "1")


def test_an_adapter_that_was_changed_after_publishing(tmp_path: Path) -> None:
    folder = adapter(tmp_path)
    (folder / "adapter_model.safetensors").write_bytes(b"y")
    with pytest.raises(RegistryError):
        Registry(tmp_path, max_rank=64).resolve("acme", "1")

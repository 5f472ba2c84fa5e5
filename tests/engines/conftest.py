"""Shared by the tests of engines: catalog, embedded engine, tags."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flowquill.generation.embedded import EmbeddedEngine, open_engine
from flowquill.generation.engines.local import LocalServer
from flowquill.generation.engines.settings import EngineSettings
from flowquill.generation.engines.tags import Tags
from flowquill.grammar.catalog import Catalog, load_catalog
from tests.engines import real
from tests.engines.misbehaving import Misbehaving, misbehaving


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture(scope="session")
def embedded(catalog: Catalog) -> EmbeddedEngine:
    return open_engine(catalog)


@pytest.fixture(scope="session")
def tags(catalog: Catalog, embedded: EmbeddedEngine) -> Tags:
    return Tags(catalog, embedded)


@pytest.fixture
def server() -> Iterator[Misbehaving]:
    with misbehaving() as state:
        yield state


@pytest.fixture(scope="session")
def vllm_settings(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> EngineSettings:
    return real.settings(tmp_path_factory.mktemp("vllm"), catalog)


@pytest.fixture(scope="session")
def vllm(vllm_settings: EngineSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    server = real.started(vllm_settings, tmp_path_factory.mktemp("vllm-log") / "log")
    yield server
    server.close()

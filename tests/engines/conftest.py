"""Shared by the tests of engines: catalog, embedded engine, tags."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flowquill.generation.embedded import EmbeddedEngine, open_engine
from flowquill.generation.engines.tags import Tags
from flowquill.grammar.catalog import Catalog, load_catalog
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

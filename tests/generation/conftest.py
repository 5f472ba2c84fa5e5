"""Shared by the tests of generation: the packaged catalog and the scripted engine."""

from __future__ import annotations

import pytest

from flowquill.grammar.catalog import Catalog, load_catalog


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()

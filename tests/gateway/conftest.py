"""Gateways for tests; one without delays is shared by the tests that change nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.running import Running, prepare


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts gateways of one's own; all of them end with the test."""
    made: list[Running] = []

    def start(*, run: bool = True, **options: Any) -> Running:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        running = prepare(folder, **options)
        made.append(running)
        if run:
            running.start()
        return running

    yield start
    for running in made:
        running.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = prepare(tmp_path_factory.mktemp("gateway"))
    try:
        running.start()
        yield running
    finally:
        running.close()

"""The command line with a scripted engine: what tests run where the model does not matter."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from flowquill.cli.main import main
from flowquill.generation import pipeline
from flowquill.generation.pipeline import Generator
from flowquill.grammar.catalog import Catalog
from tests.generation.fake import FakeEngine

CHANGED = 'flow new_flow {\n  on manual()\n  todo "call them"\n}'


def open_fake(catalog: Catalog, model: Path | None = None) -> Generator:
    return Generator(catalog, FakeEngine(script={"change it please": (CHANGED,)}))


pipeline.open_generator = open_fake  # type: ignore[assignment]
main()

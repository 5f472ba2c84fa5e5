"""Fits the curve that turns a hypothesis' score into the chance that it is right, and puts it into an exported model."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from flowquill.generation.calibration import Calibration
from flowquill.generation.embedded import EmbeddedEngine, open_engine
from flowquill.generation.engine import Hypothesis, Task
from flowquill.generation.pipeline import Generator
from flowquill.grammar.catalog import Catalog
from flowquill.training.data.pairs import Pair
from flowquill.training.evaluation import confidence, own
from flowquill.training.evaluation.measures import measure
from flowquill.training.model.export import write_manifest

SEED = 4711
"""Of the test pairs a curve is fitted on, so that they are not those of `eval own`."""


class _Recorder:
    """The engine, which notes the first hypothesis of each answer, None where there was none."""

    def __init__(self, engine: EmbeddedEngine) -> None:
        self.engine = engine
        self.name, self.model = engine.name, engine.model
        self.said: list[Hypothesis | None] = []

    def decode(self, task: Task, *, width: int, cancelled: Callable[[], bool]) -> list[Hypothesis]:
        """As the engine's."""
        found = self.engine.decode(task, width=width, cancelled=cancelled)
        self.said.append(found[0] if found else None)
        return found


def calibrate(folder: Path, catalog: Catalog, pairs: Sequence[Pair], progress: Callable[[int], None] = lambda done: None) -> Calibration:
    """Writes a flow for each pair with the model of `folder`, fits the curve, and stores it there. Raises ValueError where the pairs do not allow it."""
    engine = open_engine(catalog, folder)
    recorder = _Recorder(engine)
    generator = Generator(catalog, recorder)
    scores: list[tuple[float, int]] = []
    right: list[bool] = []
    for number, pair in enumerate(pairs, 1):
        recorder.said.clear()
        result = own.run(generator, [pair])[0]
        said = recorder.said[-1] if recorder.said else None
        if said is not None:
            scores.append((said.score * said.steps, said.steps))
            right.append(measure(result, catalog, frozenset()).figures.get(confidence.RIGHT, 0.0) == 1)
        progress(number)
    fitted = confidence.fit(scores, right)
    file = folder / "model.json"
    described = json.loads(file.read_text(encoding="utf-8"))
    described["calibration"] = {"total": fitted.total, "mean": fitted.mean, "bias": fitted.bias, "pairs": len(scores)}
    file.write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")
    write_manifest(folder, described["name"])
    return fitted

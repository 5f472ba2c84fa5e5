"""What each part of the way from request to flow is worth: the same tests with one thing changed at a time, in one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowquill.generation.pipeline import Generator, open_generator
from flowquill.grammar.catalog import Catalog
from flowquill.training.data.pairs import Pair
from flowquill.training.evaluation import own
from flowquill.training.evaluation.intervals import paired
from flowquill.training.evaluation.measures import Item, measure
from flowquill.training.evaluation.runs import Run, figures
from flowquill.training.evaluation.sets import known_connectors

if TYPE_CHECKING:
    from flowquill.generation.engines.language_model import LanguageModelEngine

SHOWN = ("similarity", "tree_similarity", "parameter_f1", "exact_text")


@dataclass(frozen=True, slots=True)
class Variant:
    """A way to write flows. `alternatives`: the width of the beam."""

    name: str
    open: Callable[[Catalog, Path | None], Generator]
    alternatives: int = 1


def variants() -> tuple[Variant, ...]:
    """As it ships first; every other is held against it."""
    return (
        Variant("as it ships (int8)", open_generator),
        Variant("float32 in PyTorch", _float),
        Variant("beam of 4", open_generator, 4),
        Variant("masked values", lambda catalog, model: Generator(catalog, open_generator(catalog, model).engine, masked=True)),
        Variant("catalog of names only", lambda catalog, model: Generator(catalog, open_generator(bare(catalog), model).engine)),
        Variant("no summaries of parameters", lambda catalog, model: Generator(catalog, open_generator(bare(catalog, operations=False), model).engine)),
    )


def of_language_model(engine: LanguageModelEngine) -> tuple[Variant, ...]:
    """The engine as it was opened, its one server asked in other ways, and the model that ships."""

    def asked(**changes: Any) -> Callable[[Catalog, Path | None], Generator]:
        return lambda catalog, model: Generator(catalog, engine.varied(**changes))

    shots = [Variant(f"{n} examples", asked(shots=n)) for n in (0, 5, 20)] if engine.examples is not None else []
    return (
        Variant("as configured", asked()),
        *([Variant("no grammar", asked(grammar=False))] if engine.grammar else []),
        Variant("1 tag", asked(tags=1)),
        Variant("24 tags", asked(tags=24)),
        *shots,
        Variant("values not masked", asked(mask=False)),
        Variant("the model that ships", open_generator),
    )


def bare(catalog: Catalog, operations: bool = True) -> Catalog:
    """The catalog without the summaries of its parameters and, with `operations`, of its operations."""
    connectors = [
        replace(c, operations=tuple(replace(o, summary="" if operations else o.summary, parameters=tuple(replace(p, summary="") for p in o.parameters)) for o in c.operations))
        for c in catalog.connectors.values()
    ]
    return catalog.merged(connectors)


def _float(catalog: Catalog, model: Path | None) -> Generator:
    from flowquill.training.evaluation.parity import float_engine

    return Generator(catalog, float_engine(catalog, model))


class _Wide(Generator):
    """A generator that always looks at so many hypotheses."""

    def __init__(self, generator: Generator, width: int) -> None:
        super().__init__(generator.catalog, generator.engine, masked=generator.masked)
        self.width = width

    def generate(self, *given: Any, **named: Any) -> Any:
        """As `Generator.generate`."""
        return super().generate(*given, **{**named, "alternatives": self.width})


def run(catalog: Catalog, pairs: Sequence[Pair], model: Path | None, chosen: Sequence[Variant], progress: Callable[[str, int, int], None] = lambda name, done, total: None) -> list[Run]:
    """A run of each variant over the same tests."""
    known = known_connectors()
    found: list[Run] = []
    for variant in chosen:
        generator = variant.open(catalog, model)
        if variant.alternatives > 1:
            generator = _Wide(generator, variant.alternatives)
        results = own.run(generator, list(pairs), lambda done, name=variant.name: progress(name, done, len(pairs)))  # type: ignore[misc]
        found.append(Run(variant.name, tuple(measure(r, catalog, known) for r in results)))
    return found


def table(found: Sequence[Run]) -> list[dict[str, Any]]:
    """A row a variant: its figures, and the paired difference of similarity to the first with its 95 % interval."""
    rows: list[dict[str, Any]] = []
    for one in found:
        values = figures(one.items)
        difference, (low, high) = paired(_similarities(found[0].items), _similarities(one.items))
        shown = {name: values[name]["mean"] for name in SHOWN if name in values}
        rows.append({"variant": one.name, **shown, "difference": difference, "low": low, "high": high, "p50_ms": values["p50_ms"], "failed": values["failed"], "unparsed": values["unparsed"]})
    return rows


def _similarities(items: Sequence[Item]) -> list[float]:
    return [i.figures["similarity"] for i in items]

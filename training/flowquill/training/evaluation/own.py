"""The project's own test split: phrases, connectives and compositions that training never saw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter

from flowquill.bench.figures import percentile
from flowquill.generation.pipeline import Generator
from flowquill.generation.request import GenerationError, Request
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.format import render
from flowquill.grammar.oracle import Unreachable
from flowquill.training.data.banks import load_banks
from flowquill.training.data.handwritten import PairError, folder, read_pairs
from flowquill.training.data.pairs import Kind, Pair
from flowquill.training.data.sampler import Sampler
from flowquill.training.evaluation.metrics import Score, score, texts
from flowquill.training.model.encode import offset_of

FEW = 5
"""So many failures in a row at the beginning are the engine's, not the tests'."""


@dataclass(frozen=True, slots=True)
class Result:
    """One test. `written` is "" where nothing was written, and `error` says why."""

    pair: Pair
    written: str
    score: Score
    confidence: float
    milliseconds: float
    error: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """Means and sums of a run. Times are in milliseconds."""

    tests: int
    similarity: float
    exact: float
    failed: int
    unparsed: int
    unknown_operations: int
    unknown_parameters: int
    unsaid_literals: int
    p50: float
    p95: float


def pairs(catalog: Catalog, count: int, kind: Kind, seed: int = 99) -> Iterator[Pair]:
    """The first `count` test pairs of a kind, the same for the same seed.

    Left out are pairs whose reader must lack a connector, and completions of a block that has no place yet.
    """
    sampler = Sampler(catalog, load_banks(catalog=catalog), seed, "test", ((kind, 1.0),))
    while count:
        pair = sampler.sample()
        if pair.withheld:
            continue
        try:
            request_of(pair)
        except Unreachable:
            continue
        count -= 1
        yield pair


def hand(catalog: Catalog) -> dict[str, list[Pair]]:
    """The test pairs written by hand, by kind. They were written apart from the banks and from the pairs of training, which never hold them."""
    found: dict[str, list[Pair]] = {}
    for file in sorted((folder() / "test").glob("*.jsonl")):
        for pair in read_pairs(file, catalog):
            if isinstance(pair, PairError):
                raise pair
            found.setdefault(pair.kind, []).append(pair)
    return found


def request_of(pair: Pair) -> Request:
    """What a person would ask for."""
    if pair.context is None:
        return Request(pair.text)
    context = render(pair.context)
    return Request(pair.text, context, offset_of(context, pair.cursor) if pair.kind == "complete" else None)


def run(generator: Generator, tests: list[Pair], progress: Callable[[int], None] = lambda done: None) -> list[Result]:
    """Writes a flow for every test, one after the other. Raises the GenerationError of the last where all of the first few fail: no test is to blame then."""
    results: list[Result] = []
    for number, pair in enumerate(tests, 1):
        request = request_of(pair)
        started = perf_counter()
        try:
            made = generator.generate(request)
            written, confidence, error = made.flow, made.confidence, ""
        except GenerationError as failure:
            written, confidence, error = "", 0.0, str(failure)
        except Exception as fault:
            # A fault of ours costs its own test; a thousand others are worth finishing, and the page shows it among the worst.
            written, confidence, error = "", 0.0, f"This should not have happened ({type(fault).__name__}: {fault}); report it."
        spent = (perf_counter() - started) * 1000
        results.append(Result(pair, written, _score(written, pair, request, generator.catalog), confidence, spent, error))
        progress(number)
        if number == FEW < len(tests) and all(r.error for r in results):
            raise GenerationError(error)
    return results


def _score(written: str, pair: Pair, request: Request, catalog: Catalog) -> Score:
    if not written:
        return Score(0.0, False, 0, 0, 0, 0)
    before = "\n".join(texts(pair.context))
    return score(written, pair.flow, f"{request.text}\n{before}", catalog)


def summary(results: list[Result]) -> Summary:
    """The figures of a run of at least one test."""
    scores = [r.score for r in results]
    times = [r.milliseconds for r in results]
    return Summary(
        len(results),
        sum(s.similarity for s in scores) / len(scores),
        sum(s.exact for s in scores) / len(scores),
        sum(bool(r.error) for r in results),
        sum(s.unparsed for s in scores),
        sum(s.unknown_operations for s in scores),
        sum(s.unknown_parameters for s in scores),
        sum(s.unsaid_literals for s in scores),
        percentile(times, 0.5),
        percentile(times, 0.95),
    )


def worst(results: list[Result], count: int) -> list[Result]:
    """The least similar flows."""
    return sorted(results, key=lambda r: r.score.similarity)[:count]


__all__ = ["Result", "Summary", "pairs", "request_of", "run", "summary", "worst"]

"""The whole way from a request to a checked flow, stage by stage, each timed, cancellable between and inside stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter

from flowquill.generation import guard, repair
from flowquill.generation.comments import carry
from flowquill.generation.engine import Engine, Hypothesis, Task
from flowquill.generation.mask import mask, mask_flow, unmask
from flowquill.generation.place import body_text, flow_to_edit, inside_flow, laid_out
from flowquill.generation.request import Cancelled, Generation, GenerationError, Request
from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog, Operation
from flowquill.grammar.check import check
from flowquill.grammar.diagnostics import Diagnostic
from flowquill.grammar.format import render
from flowquill.grammar.naming import flow_name
from flowquill.grammar.parse import parse

UNNAMED = "new_flow"
"""The placeholder engines give a flow; the pipeline puts a name by rule in its place."""


def never() -> bool:
    """A request that nobody takes back."""
    return False


def ignore(stage: str) -> None:
    """Progress that nobody watches."""


@dataclass
class _Clock:
    """Times stages in milliseconds, tells the caller which one begins, and stops between two of them."""

    cancelled: Callable[[], bool]
    progress: Callable[[str], None]
    spent: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=perf_counter)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        if self.cancelled():
            raise Cancelled
        if name not in self.spent:
            self.progress(name)
        start = perf_counter()
        yield
        self.spent[name] = self.spent.get(name, 0.0) + (perf_counter() - start) * 1000

    def latency(self) -> dict[str, float]:
        rounded = {name: round(ms, 3) for name, ms in self.spent.items()}
        return {**rounded, "total": round((perf_counter() - self.began) * 1000, 3)}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the result belongs. `kind`: "new", "edit" or "completion"; `source`: the file's text; `target`: the flow to edit."""

    kind: str
    source: str = ""
    cursor: int = 0
    target: tree.Flow | None = None
    known: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class _Finished:
    flow: str
    insert: str
    diagnostics: tuple[Diagnostic, ...]
    confidence: float
    softened: int


class Generator:
    """Turns requests into flows with one engine over one catalog. Holds no state between requests."""

    def __init__(self, catalog: Catalog, engine: Engine, *, masked: bool = False) -> None:
        """`masked`: values are replaced by placeholders before the engine sees them (for engines on another machine)."""
        self.catalog = catalog
        self.engine = engine
        self.masked = masked

    def generate(
        self,
        request: Request,
        *,
        alternatives: int = 1,
        cancelled: Callable[[], bool] = never,
        progress: Callable[[str], None] = ignore,
    ) -> Generation:
        """The flow for a request; with `alternatives` more than 1, up to so many flows in all, the first as `flow`.

        `progress` is told each stage's name as it begins. Raises GenerationError and Cancelled.
        """
        clock = _Clock(cancelled, progress)
        with clock.stage("guard"):
            text = guard.normalise(request.text)
            reason = guard.refusal(text)
            place = self._place(request, text)
        if reason is not None:
            name = UNNAMED if place.kind == "completion" else "refused"
            refused = Hypothesis(tree.Flow(tree.Name(name), None, (), (tree.Refuse(reason),)), 0.0)
            return self._generation([self._finish(refused, _refused_place(place), clock)], clock)
        task = self._task(text, place)
        values: dict[str, str] = {}
        if self.masked:
            with clock.stage("mask"):
                task, values = _masked(task)
        with clock.stage("decode"):
            hypotheses = self.engine.decode(task, width=max(1, alternatives), cancelled=cancelled)
        if not hypotheses:
            raise GenerationError("The model found no flow for this request; say it in other words.")
        if self.masked:
            with clock.stage("unmask"):
                hypotheses = [replace(h, flow=unmask(h.flow, values)) for h in hypotheses]
        finished = [self._finish(h, place, clock) for h in hypotheses[: max(1, alternatives)]]
        return self._generation(finished, clock)

    def _place(self, request: Request, text: str) -> _Place:
        if request.flow is None:
            return _Place("new")
        guard.check_flow(request.flow)
        if request.cursor is None:
            parsed = parse(request.flow)
            target = flow_to_edit(parsed, text)
            known = frozenset((d.code, d.message) for d in check(parsed, self.catalog))
            return _Place("edit", request.flow, 0, target, known)
        if not 0 <= request.cursor <= len(request.flow):
            raise GenerationError(f"The cursor {request.cursor} lies outside the file of {len(request.flow)} characters.")
        kind = "completion" if inside_flow(request.flow, request.cursor) else "new"
        return _Place(kind, request.flow, request.cursor)

    def _task(self, text: str, place: _Place) -> Task:
        if place.kind == "completion":
            return Task(text, self.catalog, place.source, place.cursor)
        if place.target is not None:
            start, end = place.target.span
            return Task(text, self.catalog, place.source[start:end])
        return Task(text, self.catalog)

    def _finish(self, hypothesis: Hypothesis, place: _Place, clock: _Clock) -> _Finished:
        """Repairs, puts in place, checks and formats one hypothesis."""
        with clock.stage("repair"):
            flow = self._filled(hypothesis.flow, place)
        with clock.stage("format"):
            text, region = _put(flow, place)
        with clock.stage("check"):
            mended = repair.mend(text, self.catalog, region, place.known)
        insert = mended.text[mended.region[0] : mended.region[1]]
        confidence = hypothesis.confidence * 0.5**mended.softened
        return _Finished(mended.text, insert, mended.diagnostics, confidence, mended.softened)

    def _filled(self, flow: tree.Flow, place: _Place) -> tree.Flow:
        target = place.target
        old = frozenset(_statements(target)) if target is not None else frozenset()
        flow = repair.fill(flow, self.catalog, untouched=old)
        if target is not None:
            keep = frozenset(n for s in old for n in _bound(s))
            flow = repair.drop_unused(flow, keep=keep)
            if flow.name.text == UNNAMED:
                flow = replace(flow, name=target.name, description=flow.description or target.description)
            return flow
        elsewhere = repair.used_names(parse(place.source).file) if place.kind == "completion" else frozenset()
        flow = repair.drop_unused(flow, keep=elsewhere)
        return self._named(flow, place) if flow.name.text == UNNAMED else flow

    def _named(self, flow: tree.Flow, place: _Place) -> tree.Flow:
        if place.kind == "completion":
            return flow
        taken = {f.name.text for f in parse(place.source).file.flows} if place.source else set()
        trigger = next((self._operation(t.callee) for t in flow.triggers if t.callee), None)
        calls = [self._operation(n.callee) for n in tree.walk(flow) if isinstance(n, tree.Call)]
        return replace(flow, name=tree.Name(flow_name(trigger, [o for o in calls if o], taken)))

    def _operation(self, callee: tree.Callee) -> Operation | None:
        return self.catalog.find(callee.connector.text if callee.connector else None, callee.operation.text)

    def _generation(self, finished: list[_Finished], clock: _Clock) -> Generation:
        # The engine's order stands: a chance is that of one flow to be right, and a short wrong one may have a good one.
        ordered = sorted(finished, key=lambda f: f.softened)
        best = ordered[0]
        others = tuple(dict.fromkeys(f.flow for f in ordered if f.flow != best.flow))
        return Generation(
            flow=best.flow,
            alternatives=others,
            diagnostics=best.diagnostics,
            confidence=round(best.confidence, 4),
            engine=self.engine.name,
            model=self.engine.model,
            latency_ms=clock.latency(),
            insert=best.insert,
        )


def _refused_place(place: _Place) -> _Place:
    """A refused edit leaves the file as it was and gives the refusal as a flow of its own."""
    return _Place("new") if place.kind == "edit" else place


def _masked(task: Task) -> tuple[Task, dict[str, str]]:
    said = mask(task.text)
    if task.flow is None:
        return replace(task, text=said.text), dict(said.values)
    if task.cursor is None:
        source = mask_flow(task.flow, said.values)
        return replace(task, text=said.text, flow=source.text), dict(source.values)
    before = mask_flow(task.flow[: task.cursor], said.values)
    after = mask_flow(task.flow[task.cursor :], before.values)
    return replace(task, text=said.text, flow=before.text + after.text, cursor=len(before.text)), dict(after.values)


def _statements(flow: tree.Flow) -> Iterator[tree.Node]:
    return (n for n in tree.walk(flow) if isinstance(n, tree.Statement | tree.Trigger))


def _bound(node: tree.Node) -> Iterator[str]:
    if isinstance(node, tree.Call | tree.Trigger) and node.name is not None:
        yield node.name.text


def _put(flow: tree.Flow, place: _Place) -> tuple[str, tree.Span]:
    """The file's text with `flow` in it, and where it stands."""
    written = render(flow).strip("\n")
    if place.target is not None:
        start, end = place.target.span
        written = carry(place.source[start:end], written)
        return place.source[:start] + written + place.source[end:], (start, start + len(written))
    if place.kind == "completion":
        insert = laid_out(place.source, place.cursor, body_text(written))
    elif place.source:
        insert = laid_out(place.source, place.cursor, written)
    else:
        return written + "\n", (0, len(written) + 1)
    text = place.source[: place.cursor] + insert + place.source[place.cursor :]
    return text, (place.cursor, place.cursor + len(insert))


def open_generator(catalog: Catalog, model: Path | None = None) -> Generator:
    """A generator with the embedded engine; `model`: its folder, the one of the package where None.

    Takes some hundred milliseconds. Raises GenerationError where the model is missing or cannot be read.
    """
    from flowquill.generation.embedded import open_engine

    return Generator(catalog, open_engine(catalog, model))

"""A language model as an engine: mask, choose tags and examples, prompt, decode elsewhere under the grammar, read the answer back."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from flowquill.generation.engine import Hypothesis, Task
from flowquill.generation.engines.answer import finished, flow_of
from flowquill.generation.engines.local import STARTING
from flowquill.generation.engines.settings import EngineSettings
from flowquill.generation.engines.stream import Answer
from flowquill.generation.engines.tags import Tags, operations_of
from flowquill.generation.engines.wire import ServerError, Wire
from flowquill.generation.examples import ExampleIndex
from flowquill.generation.mask import mask, mask_answer, mask_flow, unmask
from flowquill.generation.numbers import find_numbers
from flowquill.generation.prompt import Example, Prompt, build, public_texts
from flowquill.generation.request import GenerationError
from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.decoding import Scene, decoding_grammar
from flowquill.grammar.parse import parse
from flowquill.grammar.spelling import read, spell

UNSURE = math.log(0.5)
"""The score of an answer whose server tells no probabilities."""
WARMTH = 0.7
"""Temperature of the alternatives; the first answer is greedy."""


class Server(Protocol):
    """Whatever gives a way to the model, started or reached when first asked for."""

    def wire(self, cancelled: Callable[[], bool], within: float) -> Wire:
        """The way there. Raises GenerationError where there is none within so many seconds, and Cancelled."""
        ...

    def close(self) -> None:
        """Ends connections and whatever was started."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What leaves for the model, and how the answer is read: the placeholders' values, the old flow."""

    prompt: Prompt
    grammar: str
    values: Mapping[str, str]
    old: tree.Flow | None = None
    completion: bool = False


class LanguageModelEngine:
    """Engine `vllm` (grammar, a trained model's prompt) or `openai` (chat messages, no grammar). One thread at a time."""

    def __init__(
        self, name: str, catalog: Catalog, settings: EngineSettings, server: Server, tags: Tags, examples: ExampleIndex | None = None, *, grammar: bool = True
    ) -> None:
        self.name = name
        self.catalog = catalog
        self.settings = settings
        self.server = server
        self.tags = tags
        self.examples = examples
        self.grammar = grammar and name == "vllm"
        self._model = settings.adapter or (settings.model if settings.url else "")
        self._public = public_texts(catalog)

    @property
    def model(self) -> str:
        """The name the server knows the model by."""
        return self._model or "unknown until first used"

    def decode(self, task: Task, *, width: int, cancelled: Callable[[], bool]) -> list[Hypothesis]:
        """Up to `width` hypotheses: the greedy one, then sampled ones. Raises Cancelled, and GenerationError with one sentence."""
        question = self.question(task, cancelled)
        wire = self._reach(cancelled, self.settings.budget)
        answers = wire.complete(*self._request(question), cancelled=cancelled, within=self.settings.budget)
        if width > 1:
            # No seed: on a CPU vLLM's engine ends with the error "CPU Generator does not use offset" where a batch mixes seeded requests.
            more = {"n": width - 1, "temperature": WARMTH}
            answers += wire.complete(*self._request(question, more), cancelled=cancelled, within=self.settings.budget)
        return self._hypotheses(answers, question, width)

    def wait(self, within: float = STARTING, cancelled: Callable[[], bool] = lambda: False) -> None:
        """Returns once a server of our own has started, in at most `within` seconds. Raises Cancelled, and GenerationError with one sentence."""
        self._reach(cancelled, within)

    def varied(self, *, grammar: bool = True, **changes: Any) -> LanguageModelEngine:
        """An engine that asks the same server with other settings; without the grammar where an ablation wants it so."""
        return LanguageModelEngine(self.name, self.catalog, replace(self.settings, **changes), self.server, self.tags, self.examples, grammar=grammar)

    def _reach(self, cancelled: Callable[[], bool], within: float) -> Wire:
        wire = self.server.wire(cancelled, within)
        if not self._model:
            models = wire.models()
            if not models:
                raise ServerError(f"The model server at {wire.address.host} has no model; load one there.")
            self._model = models[0]
        return wire

    def question(self, task: Task, cancelled: Callable[[], bool]) -> Question:
        """The prompt and the grammar for a task, without the user's literals where masking is on. Raises GenerationError."""
        old = None
        if task.flow is not None:
            parsed = parse(task.flow)
            # At a completion's cursor the text is often unfinished; an edit was checked before it came here.
            old = parsed.file.flows[0] if parsed.file.flows else None
            if task.cursor is not None:
                old = next((f for f in parsed.file.flows if f.span[0] <= (task.cursor or 0) <= f.span[1]), old)
        operations = self.tags.choose(task, self.settings.tags, cancelled)
        if old is not None:
            operations = tuple(dict.fromkeys([*operations_of(old, self.catalog), *operations]))[: max(self.settings.tags, len(operations_of(old, self.catalog)) + 4)]
        shots = self.examples.search(task.text, self.settings.shots) if self.examples is not None else ()
        hidden, values, shown = self._masked(task, old)
        scene = Scene(
            hidden.text,
            operations,
            tuple(_numbers(hidden.text)),
            tuple(n for n in values if n.startswith("NUMBER_")),
            shown,
            "new" if task.flow is None else "edit" if task.cursor is None else "completion",
        )
        prompt = build(hidden.text, operations, examples=[self._masked_example(e) for e in shots], flow=hidden.flow, cursor=hidden.cursor)
        grammar = decoding_grammar(scene, self.catalog) if self.grammar else ""
        return Question(prompt, grammar, values, old, task.cursor is not None)

    def _masked(self, task: Task, old: tree.Flow | None) -> tuple[Task, dict[str, str], tree.Flow | None]:
        """The task as it leaves, the placeholders' values, and the old flow as it leaves."""
        flow = task.flow
        if old is not None and task.cursor is None:
            flow = spell(old, self.catalog, names=False)
        if not self.settings.mask:
            return replace(task, flow=flow), {}, old
        said = mask(task.text, public=self._public)
        values = dict(said.values)
        if flow is None:
            return replace(task, text=said.text), values, None
        if task.cursor is None:
            source = mask_flow(flow, values, public=self._public)
            return replace(task, text=said.text, flow=source.text), dict(source.values), (read(source.text).file.flows or (old,))[0]
        before = mask_flow(flow[: task.cursor], values, public=self._public)
        after = mask_flow(flow[task.cursor :], before.values, public=self._public)
        values = dict(after.values)
        shown = mask_answer(old, values) if old is not None else None
        return replace(task, text=said.text, flow=before.text + after.text, cursor=len(before.text)), values, shown

    def _masked_example(self, example: Example) -> Example:
        if not self.settings.mask:
            return example
        said = mask(example.text, public=self._public)
        known = mask_flow(example.flow, said.values, public=self._public)
        flow = mask_answer(read(example.flow).file.flows[0], known.values)
        return Example(said.text, spell(flow, self.catalog, names=False))

    def _request(self, question: Question, more: Mapping[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Path and body of the request."""
        body: dict[str, Any] = {"model": self._model, "max_tokens": self.settings.tokens, "temperature": 0.0, "stream": True, **(more or {})}
        if self.name == "openai":
            return "chat/completions", {**body, "messages": question.prompt.messages}
        held = {"structured_outputs": {"grammar": question.grammar}} if self.grammar else {}
        return "completions", {**body, "prompt": question.prompt.text, "logprobs": 1, **held}

    def _hypotheses(self, answers: list[Answer], question: Question, width: int) -> list[Hypothesis]:
        found: list[Hypothesis] = []
        problem: GenerationError | None = None
        for answer in answers:
            try:
                flow = unmask(flow_of(answer.text), question.values)
            except GenerationError as error:
                problem = problem or error
                continue
            score = sum(answer.logprobs) / len(answer.logprobs) if answer.logprobs else UNSURE
            found.append(Hypothesis(finished(flow, self.catalog, question.old, completion=question.completion), score))
        if not found and problem is not None:
            raise problem
        first, *others = found
        return [first, *sorted(others, key=lambda h: -h.score)][:width]

    def close(self) -> None:
        """Ends the connections, and the server where it is our own."""
        self.server.close()


def _numbers(text: str) -> list[int | float]:
    """All that the request's words can mean as a number, "first five" taken apart too."""
    found: dict[int | float, None] = {}
    for piece in (text, *re.findall(r"\w+", text)):
        for number in find_numbers(piece):
            found[number.value] = None
            if number.hour is not None:
                found[number.hour] = None
    return list(found)

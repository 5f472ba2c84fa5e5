"""The embedded engine: the default model, choosing among what the forward parser allows, greedy or by beam, on one thread."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from flowquill.generation.calibration import Calibration
from flowquill.generation.engine import Hypothesis, Task
from flowquill.generation.features import (
    MANUAL_TEXT,
    OPERATIONS,
    POINTERS,
    SPANS,
    Input,
    PieceSeen,
    Reading,
    Trace,
    connector_text,
    context_places,
    operation_text,
    read,
    seen_pieces,
)
from flowquill.generation.heads import Array, Heads, about, log_softmax
from flowquill.generation.model_files import FORMAT, default_folder, examine
from flowquill.generation.network import Network, OnnxNetwork, Vectors, Words
from flowquill.generation.numbers import find_numbers
from flowquill.generation.request import Cancelled, GenerationError
from flowquill.generation.wordpiece import WordPiece
from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog, Operation
from flowquill.grammar.choices import IllegalStep, Options, Request, Step, Writer
from flowquill.grammar.forward import Forward, State
from flowquill.grammar.lalr import END, table
from flowquill.grammar.parse import parse
from flowquill.grammar.pieces import lex, pieces
from flowquill.grammar.tidy import tidy

MAX_STEPS = 300
MAX_SPAN = 80
REFUSE_ODDS = 3.0
"""How much likelier, in nats, a refusal must be than any flow. The guard's rules come first; the model refuses some that is harmless: on the
development half of the safety prompts 11 % at 0, 4 % at 1.5, 2 % at 3. The rules know all harmful ones of that half. Of the `later` ones, which they do not
know, 55 %, 42 % and 26 % are refused."""
WIDE = 4
"""How many hypotheses are followed where one came to nothing."""


@dataclass(frozen=True)
class Beam:
    """A hypothesis in progress. `states`: hidden state of each step so far; `score`: sum of log-probabilities."""

    writer: Writer
    trace: Trace
    states: tuple[Array, ...]
    score: float
    steps: int
    following: Array

    @property
    def mean(self) -> float:
        """The score a step."""
        return self.score / max(1, self.steps)


@dataclass(frozen=True)
class Read:
    """A request as the encoder read it, with the keys of its tokens as ends of spans."""

    reading: Reading
    hidden: Array
    memory: Any
    starts: Array
    ends: Array
    begins: Array
    finishes: Array
    pieces: dict[PieceSeen, tuple[Array | None, Array, Array, float]] = field(default_factory=dict)


class EmbeddedEngine:
    """Decodes with the default model over one catalog. Not shared between threads."""

    name = "embedded"

    def __init__(
        self, catalog: Catalog, network: Network, heads: Heads, vectors: Vectors, tokenizer: WordPiece, model: str, calibration: Calibration | None = None
    ) -> None:
        self.catalog = catalog
        self.calibration = calibration
        self.network = network
        self.heads = heads
        self.vectors = vectors
        self.tokenizer = tokenizer
        self.model = model
        self.forward = Forward(catalog)
        self.operations: list[Operation | None] = [None, *catalog.operations()]
        known = [o for o in self.operations if o is not None]
        self.numbers = {o.text: number for number, o in enumerate(self.operations) if o is not None}
        self.summaries = heads.mapped("summary_map", vectors.many([MANUAL_TEXT, *(operation_text(o) for o in known)]))
        self.connectors = heads.mapped("connector_map", vectors.many(["Built in", *(connector_text(o, catalog) for o in known)]))
        self.triggers = np.array([o is None or o.kind == "trigger" for o in self.operations])
        self.actions = ~self.triggers

    def decode(self, task: Task, *, width: int, cancelled: Callable[[], bool]) -> list[Hypothesis]:
        """Up to `width` hypotheses, best first. Raises Cancelled, and GenerationError where the flow at hand cannot be followed."""
        # A single hypothesis may run into a place from which nothing leads on; several rarely do all.
        finished = self._search(task, width, cancelled) or (self._search(task, WIDE, cancelled) if width < WIDE else [])
        if not finished:
            raise GenerationError("The flow grew too long; ask for a smaller part of it at a time.")
        return [self._hypothesis(b, task) for b in finished[:width]]

    def _search(self, task: Task, width: int, cancelled: Callable[[], bool]) -> list[Beam]:
        """The finished flows of a beam of `width`, best first; none where all grew too long or came to an end nowhere."""
        writer, reading, places = self._start(task)
        hidden, memory = self.network.read(reading.ids, reading.segments)
        begins, finishes = _word_ends(reading)
        seen = Read(reading, hidden, memory, self.heads.linear("start_key", hidden), self.heads.linear("end_key", hidden), begins, finishes)
        writer, _ = writer.settled()
        trace = Trace(reading, {}, places, seen_pieces(writer.request.kept, reading, self.catalog))
        beams = [Beam(writer, trace, (), 0.0, 0, self.heads.first_input(reading.mode))]
        past = None
        finished: list[Beam] = []
        for position in range(1, MAX_STEPS):
            if cancelled():
                raise Cancelled
            options = [b.writer.options() for b in beams]
            inputs = [self._with_ahead(b, o, seen) for b, o in zip(beams, options, strict=True)]
            states, past = self.network.step(np.stack(inputs), past, memory)
            grown = self._grow(beams, options, states, seen, position, width)
            finished += [b for _, b in grown if b.writer.done]
            open_beams = [(row, b) for row, b in grown if not b.writer.done]
            if not open_beams or (len(finished) >= width and max(b.mean for b in finished) >= max(b.mean for _, b in open_beams)):
                break
            past = self.network.reorder(past, [row for row, _ in open_beams])
            beams = [b for _, b in open_beams]
        return sorted(finished, key=lambda b: -b.mean)

    def _start(self, task: Task) -> tuple[Writer, Reading, dict[str, int]]:
        numbers = find_numbers(task.text)
        if task.flow is None:
            return Writer.create(self.forward, Request(task.text, numbers)), read(self.tokenizer, task.text), {}
        reading = read(self.tokenizer, task.text, task.flow, task.cursor)
        if task.cursor is None:
            request = Request(task.text, numbers, pieces(task.flow))
            return Writer.create(self.forward, request), reading, context_places(reading, lex(task.flow))
        state, tokens = _state_at(task.flow, task.cursor, self.forward)
        return Writer.resume(state, Request(task.text, numbers)), reading, context_places(reading, tokens)

    def _with_ahead(self, beam: Beam, options: Options, seen: Read) -> Array:
        """The beam's next input, which also says what of the flow being edited comes next."""
        if not options.kept:
            return beam.following
        ahead = beam.trace.ahead(options)
        if ahead.place < 0:
            return beam.following
        text, place, said, closest = self._piece(ahead, seen)
        return beam.following + self.heads.ahead(text, place, ahead.shared, said, closest)

    def _piece(self, piece: PieceSeen, seen: Read) -> tuple[Array | None, Array, Array, float]:
        """Of a piece of the flow being edited: its words' vector, the mean of its tokens, and what the request says of it."""
        found = seen.pieces.get(piece)
        if found is None:
            text = self.vectors.of(piece.text) if piece.text else None
            place = seen.hidden[piece.place : piece.last + 1].mean(0)
            words = seen.hidden[[i for _, _, i in seen.reading.request]]
            found = seen.pieces[piece] = (text, place, *about(place, text, words))
        return found

    def _grow(self, beams: list[Beam], legal: list[Options], states: Array, seen: Read, position: int, width: int) -> list[tuple[int, Beam]]:
        """The best continuations of all beams: the row they come from and the beam."""
        offered: list[tuple[float, int, Step, Options]] = []
        held = [(*b.states, states[row]) for row, b in enumerate(beams)]
        for row, (beam, options) in enumerate(zip(beams, legal, strict=True)):
            for gain, step in self._offers(beam, options, states[row], held[row], seen, width + 2):
                offered.append((beam.score + gain, row, step, options))
        offered.sort(key=lambda o: -o[0])
        grown: list[tuple[int, Beam]] = []
        for score, row, step, options in offered:
            beam = beams[row]
            try:
                writer = beam.writer.choose(step)
                settled, forced = writer.settled()
            except IllegalStep:
                continue
            trace = beam.trace.after(step, beam.writer, writer, position)
            if forced:
                for extra in forced:
                    trace = trace.after(extra, writer, settled, position)
            shown = beam.trace.input(step, options, self.catalog)
            grown.append((row, Beam(settled, trace, held[row], score, beam.steps + 1, self._input(shown, position, seen))))
            if len(grown) == width:
                break
        return grown

    def _input(self, shown: Input, position: int, seen: Read) -> Array:
        text = self.vectors.of(shown.text) if shown.text else None
        owner = self.vectors.of(shown.owner) if shown.owner else None
        start = seen.hidden[shown.start] if shown.start >= 0 else None
        end = seen.hidden[shown.end] if shown.end >= 0 else None
        return self.heads.next_input(shown.kind, position, text, owner, start, end)

    def _offers(self, beam: Beam, options: Options, state: Array, held: tuple[Array, ...], seen: Read, count: int) -> list[tuple[float, Step]]:
        """The best next steps with their log-probabilities."""
        heads = self.heads
        scores = heads.operations(state, self.summaries, self.connectors)
        best = (float(scores[self.actions].max()), float(scores[self.triggers].max()))
        legal = [k for k in options.kinds if k in heads.index]
        if not legal:
            return []
        logits = heads.kind_logits(state, best)[[heads.index[k] for k in legal]]
        chances = log_softmax(logits)
        offers: list[tuple[float, Step]] = []
        for rank in np.argsort(-chances)[:count]:
            kind, chance = legal[rank], float(chances[rank])
            if kind in OPERATIONS:
                fit = self.triggers if kind == "trigger" else self.actions
                done = beam.writer.called_bare() if kind == "call" else ()
                if done:
                    fit = fit.copy()
                    fit[[self.numbers[text] for text in done if text in self.numbers]] = False
                masked = log_softmax(np.where(fit, scores, -1e9))
                offers += [(chance + float(masked[i]), Step(kind, self.operations[i])) for i in np.argsort(-masked)[:count]]
            elif kind in SPANS:
                offers += [(chance + gain, Step(kind, span)) for gain, span in self._spans(state, seen, count)]
            elif kind in POINTERS:
                offers += [(chance + gain, step) for gain, step in self._pointed(kind, beam, options, state, held, seen, count)]
            else:
                offers.append((chance - REFUSE_ODDS if kind == "refuse" else chance, Step(kind)))
        return offers

    def _pointed(self, kind: str, beam: Beam, options: Options, state: Array, held: tuple[Array, ...], seen: Read, count: int) -> list[tuple[float, Step]]:
        candidates = beam.trace.candidates(kind, options, beam.writer)
        if not candidates:
            return []
        width = len(state)
        texts = self.vectors.many([c.text for c in candidates])
        steps = np.stack([held[c.step] if 0 <= c.step < len(held) else np.zeros(width, np.float32) for c in candidates])
        places = np.stack([seen.hidden[c.place : c.last + 1].mean(0) if c.place >= 0 else np.zeros(width, np.float32) for c in candidates])
        more = None
        if kind == "keep":
            pieces = [self._piece(PieceSeen(c.text, c.place, c.last, c.shared), seen) if c.place >= 0 else (None, state, np.zeros(width, np.float32), 0.0) for c in candidates]
            shared = np.array([[c.shared] for c in candidates], np.float32)
            more = self.heads.piece_keys(shared, np.stack([p[2] for p in pieces]), np.array([[p[3]] for p in pieces], np.float32))
        chances = log_softmax(self.heads.pointer(POINTERS[kind], state, texts, steps, places, more))
        return [(float(chances[i]), Step(kind, candidates[i].value)) for i in np.argsort(-chances)[:count]]

    def _spans(self, state: Array, seen: Read, count: int) -> list[tuple[float, Any]]:
        first = log_softmax(self.heads.starts(state, seen.starts)) + seen.begins
        begins = np.argsort(-first)[: count + 2]
        found: list[tuple[float, Any]] = []
        for start, ends in zip(begins, self.heads.ends(state, seen.hidden[begins], seen.ends), strict=True):
            window = (log_softmax(ends) + seen.finishes)[start : start + MAX_SPAN]
            for offset in np.argsort(-window)[:2]:
                found.append((float(first[start] + window[offset]), (int(start), int(start + offset))))
        found.sort(key=lambda f: -f[0])
        return [(gain, seen.reading.span_of(*ends)) for gain, ends in found[:count] if gain > -1e8]

    def _hypothesis(self, beam: Beam, task: Task) -> Hypothesis:
        source = beam.writer.source()
        if task.cursor is not None and task.flow is not None:
            source = f"flow new_flow {{ {source} }}"
        flow = parse(source).file.flows[0]
        named = tidy(flow, self.catalog) if task.flow is None else _named(flow, task, self.catalog)
        chance = self.calibration.chance(beam.score, beam.steps) if self.calibration is not None else None
        return Hypothesis(named, beam.mean, beam.steps, chance)


def _named(flow: tree.Flow, task: Task, catalog: Catalog) -> tree.Flow:
    """The flow with the names by rule; a flow that was there keeps its own (the caller puts it back)."""
    from dataclasses import replace

    from flowquill.grammar.tidy import name_placeholders

    return replace(name_placeholders(flow, catalog), name=flow.name)


def _word_ends(reading: Reading) -> tuple[Array, Array]:
    """For each token 0 where a span may begin and where it may end, else a large negative number."""
    begins = np.full(len(reading.ids), -1e9, np.float32)
    finishes = begins.copy()
    text = reading.text
    for start, end, index in reading.request:
        if start == 0 or not (text[start - 1].isalnum() and text[start].isalnum()):
            begins[index] = 0
        if end == len(text) or not (text[end - 1].isalnum() and text[end : end + 1].isalnum()):
            finishes[index] = 0
    return begins, finishes


def _state_at(flow: str, cursor: int, forward: Forward) -> tuple[State, list[tuple[str, str, int, int]]]:
    """The parser's state at the cursor and the tokens before it.

    Raises GenerationError where what stands before the cursor does not parse.
    """
    grammar = table()
    state = forward.start
    tokens: list[tuple[str, str, int, int]] = []
    offset = 0
    from flowquill.grammar.parse import chunk_text, unquote

    while True:
        token = grammar.next_token(flow[:cursor], offset, state.stack[-1])
        if token is not None and token.type == END:
            return state, tokens
        ready = state.ready().get(token.type) if token is not None else None
        if token is None or ready is None:
            line = flow.count("\n", 0, offset) + 1
            raise GenerationError(f"The flow before the cursor does not parse (near line {line}); mend it first.")
        value = unquote(token.text) if token.type == "STRING" else chunk_text(token.text) if token.type == "CHUNK" else token.text
        state = forward.shifted(token.type, value, ready)
        tokens.append((token.type, value, token.start, token.end))
        offset = token.end


def open_engine(catalog: Catalog, folder: Path | None = None) -> EmbeddedEngine:
    """Loads the model of `folder` (the package's own where None). Raises GenerationError with one sentence."""
    folder = folder or default_folder()
    found = examine(folder)
    if found.problems:
        raise GenerationError(found.problems[0])
    try:
        described = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        if described.get("format") != FORMAT:
            raise GenerationError(f"The model at {folder} is of another format; install a model of this version.")
        tokenizer = WordPiece.load(folder / "tokenizer.json")
        with np.load(folder / "words.npz") as data:
            words = Words(data["table"], data["scales"])
        heads = Heads.load(folder / "heads.npz", described["kinds"])
        vectors = Vectors(folder, tokenizer, words)
        network = OnnxNetwork(folder, words, (described["layers"], described["heads"], described["width"] // described["heads"]))
        calibration = Calibration.of(described.get("calibration"))
        return EmbeddedEngine(catalog, network, heads, vectors, tokenizer, f"{described['name']} {described['version']}", calibration)
    except GenerationError:
        raise
    except Exception as error:
        raise GenerationError(f"The model at {folder} cannot be loaded ({error}); install flowquill again.") from error


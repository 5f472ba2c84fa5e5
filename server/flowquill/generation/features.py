"""What the decoder sees of a step and of what it may point at: the one description that training and decoding share."""

from __future__ import annotations

import itertools
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flowquill.generation.wordpiece import WordPiece
from flowquill.grammar.catalog import Catalog, Operation, Parameter
from flowquill.grammar.choices import Kept, Number, Options, Path, Reference, Span, Step, Writer
from flowquill.grammar.stack import parameters_of
from flowquill.grammar.words import DECORATORS, LIMITS

POINTERS = {"parameter": "parameter", "reference": "reference", "variable": "reference", "step": "reference", "enum": "enum", "number": "number", "keep": "keep"}
SPANS = frozenset({"text", "chunk", "key", "input"})
OPERATIONS = frozenset({"call", "trigger"})
MODES = ("create", "edit", "complete")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something a step may point at: words to embed, the decoder step that made it, its tokens from `place` to `last`. -1: none.

    `shared`: of a piece of a flow, the share (0 to 1) of its words that the request says too.
    """

    value: Any
    text: str = ""
    step: int = -1
    place: int = -1
    last: int = -1
    shared: float = 0.0


@dataclass(frozen=True, slots=True)
class Input:
    """A chosen step as the decoder's next input. `owner`: the words of a connector, or of the operation a result came from."""

    kind: str
    text: str = ""
    owner: str = ""
    start: int = -1
    end: int = -1


@dataclass(frozen=True, slots=True)
class PieceSeen:
    """A piece of the flow being edited: the words of what it calls, its tokens, and the share of its words that the request says too."""

    text: str = ""
    place: int = -1
    last: int = -1
    shared: float = 0.0


NO_PIECE = PieceSeen()


@dataclass(frozen=True)
class Reading:
    """The tokens of a request and its context as the encoder reads them, with their places in the two texts."""

    ids: tuple[int, ...]
    segments: tuple[int, ...]
    request: tuple[tuple[int, int, int], ...]  # start, end, token index; only the request's own tokens
    context: tuple[tuple[int, int, int], ...]
    text: str
    mode: int = 0

    def token_at(self, offset: int, context: bool = False) -> int:
        """The index of the token at a code point offset; -1 where the text was cut before it."""
        rows = self.context if context else self.request
        position = bisect_right(rows, (offset, 1 << 30, 0)) - 1
        while position < 0 or (position < len(rows) and rows[position][1] <= offset):
            position += 1
        return rows[position][2] if 0 <= position < len(rows) else -1

    def token_before(self, offset: int) -> int:
        """The index of the context's token that ends at an offset, or the last one before it; -1 where there is none."""
        position = bisect_right(self.context, (offset - 1, 1 << 30, 0)) - 1
        return self.context[position][2] if position >= 0 else -1

    def tokens_of(self, span: Span) -> tuple[int, int]:
        """First and last token of a span of the request; (-1, -1) where it does not begin and end with tokens."""
        inside = [(s, e, i) for s, e, i in self.request if e > span.start and s < span.end]
        if not inside or inside[0][0] != span.start or inside[-1][1] != span.end:
            return (-1, -1)
        return inside[0][2], inside[-1][2]

    def span_of(self, first: int, last: int) -> Span:
        """The piece of the request from token `first` to token `last`."""
        start = next(s for s, _, i in self.request if i == first)
        end = next(e for _, e, i in self.request if i == last)
        return Span(start, end)


@dataclass(frozen=True)
class Trace:
    """Which step or which token of the context made each name. Immutable: hypotheses share it."""

    reading: Reading
    steps: Mapping[str, int] = field(default_factory=dict)
    places: Mapping[str, int] = field(default_factory=dict)
    pieces: Mapping[Kept, PieceSeen] = field(default_factory=dict)
    """The pieces of the flow being edited."""
    reached: int = 0
    """The end of the piece that was kept last, in the text of that flow."""

    def ahead(self, options: Options) -> PieceSeen:
        """What of the flow being edited comes next: what this step keeps, replaces or drops. Nothing where nothing can be kept."""
        following = [k for k in options.kept if k.start >= self.reached]
        return self.pieces.get(min(following, key=lambda k: (k.start, -k.end)), NO_PIECE) if following else NO_PIECE

    def candidates(self, kind: str, options: Options, writer: Writer) -> list[Candidate]:
        """What a step of class `kind` may point at (operations and spans are scored apart)."""
        if kind == "parameter":
            known = parameters_of(options.callee) if options.callee is not None else (*LIMITS, *(p for ps in DECORATORS.values() for p in ps))
            by_name = {p.name: p for p in known}
            return [Candidate(name, parameter_text(by_name[name])) for name in options.parameters]
        if kind in ("reference", "variable", "step"):
            return [self._reference(r) for r in options.references]
        if kind == "enum":
            return [Candidate(value, value) for value in options.enum]
        if kind == "number":
            return [Candidate(n, place=at, last=at) for n in writer.request.numbers for at in (self.reading.token_at(n.start),)]
        if kind == "keep":
            seen = [(k, self.pieces.get(k, NO_PIECE)) for k in options.kept]
            return [Candidate(k, p.text, -1, p.place, p.last, p.shared) for k, p in seen]
        return []

    def _reference(self, reference: Reference) -> Candidate:
        path = reference.path
        text = " ".join(path.properties).replace("_", " ")
        place = self.places.get(path.name, -1)
        return Candidate(path, text, self.steps.get(path.name, -1), place, place)

    def input(self, step: Step, options: Options, catalog: Catalog) -> Input:
        """The chosen step as the next input."""
        kind, value = step.kind, step.value
        if kind in OPERATIONS:
            if value is None:
                return Input(kind, MANUAL_TEXT, BUILTIN_TEXT)
            return Input(kind, operation_text(value), connector_text(value, catalog))
        if kind in SPANS:
            first, last = self.reading.tokens_of(value)
            return Input(kind, start=first, end=last)
        if kind == "number":
            place = self.reading.token_at(value.start)
            return Input(kind, start=place, end=place)
        if kind == "keep":
            piece = self.pieces.get(value, NO_PIECE)
            return Input(kind, piece.text, start=piece.place, end=piece.place)
        if kind == "parameter":
            found = {p.name: p for p in parameters_of(options.callee)} if options.callee is not None else {p.name: p for p in LIMITS}
            return Input(kind, parameter_text(found[value]) if value in found else value)
        if kind == "enum":
            return Input(kind, value)
        if kind in ("reference", "variable", "step"):
            reference = next((r for r in options.references if r.path == value), None)
            owner = reference.binding.operation if reference is not None else None
            place = self.places.get(value.name, -1)
            return Input(kind, " ".join(value.properties).replace("_", " "), operation_text(owner) if owner else "", place, place)
        return Input(kind)

    def after(self, step: Step, before: Writer, after: Writer, position: int) -> Trace:
        """The trace once `step` is written; `position` is that of the decoder's next input."""
        if step.kind == "keep":
            return replace(self._named(before, after, position), reached=step.value.end)
        if step.kind not in ("call", "trigger", "for", "var", "scope", "end"):
            return self
        return self._named(before, after, position)

    def _named(self, before: Writer, after: Writer, position: int) -> Trace:
        added = after.tokens[len(before.tokens) :]
        names = [t for (k, t), (following, _) in zip(added, (*added[1:], ("", "")), strict=True) if k == "NAME" and following in ("EQUAL", "IN", "COLON")]
        names += [t for (k, t), (previous, _) in zip(added[1:], added, strict=False) if k == "NAME" and previous in ("AS", "SCOPE")]
        if not names:
            return self
        return replace(self, steps={**self.steps, **dict.fromkeys(names, position)})


MANUAL_TEXT = "Manual trigger. Somebody starts the flow by hand, with a button or a form, and may give it values."
BUILTIN_TEXT = "Built in"


def operation_text(operation: Operation) -> str:
    """The words an operation is known by."""
    return f"{operation.title}. {operation.summary}" if operation.summary else operation.title


def kept_text(piece: Kept, catalog: Catalog) -> str:
    """The words of what a kept statement or trigger calls; "" for other pieces."""
    tokens = piece.tokens
    at = next((i for i, (kind, _) in enumerate(tokens) if kind == "LPAR"), 0)
    if piece.kind not in ("statement", "trigger") or at == 0 or any(kind not in ("ON", "NAME", "EQUAL", "DOT", "OPERATION") for kind, _ in tokens[:at]):
        return ""
    qualified = at >= 3 and tokens[at - 2][0] == "DOT"
    operation = catalog.find(tokens[at - 3][1] if qualified else None, tokens[at - 1][1])
    return operation_text(operation) if operation is not None else ""


def seen_pieces(kept: Sequence[Kept], reading: Reading, catalog: Catalog) -> dict[Kept, PieceSeen]:
    """How the decoder sees the pieces of the flow being edited."""
    said = {_stem(w) for w in _WORD.findall(reading.text)}
    found: dict[Kept, PieceSeen] = {}
    for piece in kept:
        own = {_stem(w) for kind, value in piece.tokens if kind in _SAID for w in _WORD.findall(value)}
        first = reading.token_at(piece.start, context=True)
        found[piece] = PieceSeen(kept_text(piece, catalog), first, max(first, reading.token_before(piece.end)), round(len(own & said) / max(1, len(own)), 3))
    return found


_WORD = re.compile(r"[^\W_]+")
_SAID = frozenset({"NAME", "OPERATION", "STRING", "PROPERTY"})


def _stem(word: str) -> str:
    """Words that are alike at the beginning are one."""
    return word.lower()[:5].removesuffix("s")


def connector_text(operation: Operation, catalog: Catalog) -> str:
    """The words an operation's connector is known by."""
    if operation.connector is None:
        return BUILTIN_TEXT
    connector = catalog.connectors.get(operation.connector)
    return connector.title if connector else operation.connector


def parameter_text(parameter: Parameter) -> str:
    """The words a parameter is known by."""
    name = parameter.name.replace("_", " ").strip()
    return f"{name}: {parameter.summary}" if parameter.summary else name


def read(tokenizer: WordPiece, text: str, context: str = "", cursor: int | None = None, limit: int = 384) -> Reading:
    """The encoder's view of a request and of the flow it belongs to.

    `cursor`: where in `context` new statements go; marked by a mask token.
    The context is cut to `limit` tokens in all, around the cursor where there is one.
    """
    special = {name: tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]", "[MASK]")}
    first = tokenizer.encode(text)
    ids = [special["[CLS]"], *first.ids[: limit - 2]]
    request = tuple((s, e, i) for i, (s, e) in enumerate(first.offsets[: limit - 2], 1))
    ids.append(special["[SEP]"])
    segments = [0] * len(ids)
    places: list[tuple[int, int, int]] = []
    if context:
        rows: list[tuple[int, int, int]] = []
        second = tokenizer.encode(context)
        for identity, (s, e) in zip(second.ids, second.offsets, strict=True):
            if cursor is not None and s >= cursor and not any(r[2] == -1 for r in rows):
                rows.append((cursor, cursor, -1))
            rows.append((s, e, identity))
        if cursor is not None and not any(r[2] == -1 for r in rows):
            rows.append((cursor, cursor, -1))
        room = max(0, limit - len(ids) - 1)
        if len(rows) > room:
            at = next((i for i, r in enumerate(rows) if r[2] == -1), 0)
            begin = max(0, min(len(rows) - room, at - room * 3 // 4))
            rows = rows[begin : begin + room]
        for s, e, identity in rows:
            if identity == -1:
                ids.append(special["[MASK]"])
            else:
                places.append((s, e, len(ids)))
                ids.append(identity)
        ids.append(special["[SEP]"])
        segments += [1] * (len(ids) - len(segments))
    mode = 0 if not context else 1 if cursor is None else 2
    return Reading(tuple(ids), tuple(segments), request, tuple(places), text, mode)


def context_places(reading: Reading, tokens: Sequence[tuple[str, str, int, int]]) -> dict[str, int]:
    """The token of each name that the context binds, from its lexed tokens (terminal, value, start, end)."""
    found: dict[str, int] = {}
    for (kind, text, start, _), (following, _, _, _) in zip(tokens, (*tokens[1:], ("", "", 0, 0)), strict=True):
        if kind == "NAME" and following in ("EQUAL", "IN", "COLON") and text not in found:
            found[text] = reading.token_at(start, context=True)
    for (previous, _, _, _), (kind, text, start, _) in itertools.pairwise(tokens):
        if kind == "NAME" and previous in ("AS", "SCOPE"):
            found[text] = reading.token_at(start, context=True)
    return found


__all__ = ["Kept", "Number", "Path"]

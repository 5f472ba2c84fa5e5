"""A pair as the numbers a batch is made of: the oracle's steps, each with what was legal and what it pointed at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flowquill.generation.features import OPERATIONS, POINTERS, SPANS, Trace, context_places, read, seen_pieces
from flowquill.generation.numbers import find_numbers
from flowquill.generation.wordpiece import WordPiece
from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.choices import KINDS, Request, Writer
from flowquill.grammar.format import render
from flowquill.grammar.forward import Forward, State
from flowquill.grammar.oracle import Oracle, Unreachable
from flowquill.grammar.pieces import lex, pieces
from flowquill.training.data.pairs import Pair

Source = Literal["own", "public", "plain"]
"""Which catalog a pair is over: the package's, public connector definitions, or lists of bare operations."""
KIND_INDEX = {kind: number for number, kind in enumerate(KINDS)}
_POINTER_INDEX = {name: number for number, name in enumerate(("parameter", "reference", "enum", "number", "keep"))}


@dataclass(frozen=True, slots=True)
class Example:
    """One pair, encoded. Texts stay texts: their vectors are looked up when a batch is made."""

    identity: str
    ids: tuple[int, ...]
    segments: tuple[int, ...]
    mode: int
    kinds: tuple[int, ...]
    legal: tuple[tuple[int, ...], ...]
    inputs: tuple[tuple[int, str, str, int, int], ...]
    operations: tuple[tuple[int, str], ...]  # step, "connector.operation"; "" for the manual trigger
    pointers: tuple[tuple[int, int, tuple[tuple[str, int, int, int, float], ...], int], ...]
    spans: tuple[tuple[int, int, int], ...]
    ahead: tuple[tuple[str, int, int, float], ...]  # of each step, what of the flow being edited comes next (`features.PieceSeen`)
    withheld: tuple[str, ...]
    source: Source


def start_of(pair_flow: tree.Flow | None, text: str, forward: Forward, cursor: tuple[int, ...] | None) -> tuple[Writer, str, int | None]:
    """Where writing starts: the writer, the context's text, and the cursor's offset in it."""
    numbers = find_numbers(text)
    if pair_flow is None:
        return Writer.create(forward, Request(text, numbers)), "", None
    context = render(pair_flow)
    if cursor is None:
        return Writer.create(forward, Request(text, numbers, pieces(context))), context, None
    offset = offset_of(context, cursor)
    return Writer.resume(state_at(context, offset, forward), Request(text, numbers)), context, offset


def state_at(context: str, offset: int, forward: Forward) -> State:
    """The parser's state after the tokens of `context` before `offset`. Raises Unreachable where they cannot be followed."""
    state = forward.start
    for terminal, text, start, _ in lex(context):
        if start >= offset:
            break
        ready = state.ready().get(terminal)
        if ready is None:
            raise Unreachable(f"the flow cannot be followed at {text!r}")
        state = forward.shifted(terminal, text, ready)
    return state


def offset_of(context: str, cursor: tuple[int, ...]) -> int:
    """The offset of the place that a path of statement and block numbers leads to."""
    from flowquill.grammar.parse import parse

    flow = parse(context).file.flows[0]
    block: tree.Block = flow.body
    end = flow.span[1] - 1
    for level in range(0, len(cursor) - 1, 2):
        if cursor[level] >= len(block):
            raise Unreachable("the context does not hold what its path leads through")
        statement = block[cursor[level]]
        inner = tree.blocks(statement)
        if cursor[level + 1] >= len(inner):
            raise Unreachable("an empty `else` is not written at all")
        block = inner[cursor[level + 1]]
        # The brace that closes the last block of a statement is its last character; other empty blocks have no span of their own.
        end = statement.span[1] - 1 if cursor[level + 1] == len(inner) - 1 else -1
    index = cursor[-1]
    if index < len(block):
        return block[index].span[0]
    if block:
        return block[-1].span[1]
    if end >= 0:
        return end
    raise Unreachable("an empty block has no place of its own")


def inserted(pair: Pair) -> tree.Block:
    """The statements that a completion adds."""
    assert pair.context is not None
    old, new = pair.context.body, pair.flow.body
    for level in range(0, len(pair.cursor) - 1, 2):
        old = tree.blocks(old[pair.cursor[level]])[pair.cursor[level + 1]]
        new = tree.blocks(new[pair.cursor[level]])[pair.cursor[level + 1]]
    count = len(new) - len(old)
    return new[pair.cursor[-1] : pair.cursor[-1] + count]


def encode(pair: Pair, forward: Forward, tokenizer: WordPiece, source: Source = "own", limit: int = 384, steps: int = 240) -> Example:
    """Raises Unreachable where the pair cannot be written with what decoders may choose."""
    catalog: Catalog = forward.catalog
    completing = pair.kind == "complete"
    writer, context, offset = start_of(pair.context, pair.text, forward, pair.cursor if completing else None)
    reading = read(tokenizer, pair.text, context, offset, limit)
    places = context_places(reading, lex(context)) if context else {}
    names = {name: name for name in places}
    trace = Trace(reading, {}, places, seen_pieces(writer.request.kept, reading, catalog))
    oracle = Oracle(writer, names if completing else None)
    plan = oracle.insertion(inserted(pair)) if completing else oracle.flow(pair.flow, pair.context)
    moves = oracle.run(plan)
    kinds: list[int] = []
    legal: list[tuple[int, ...]] = []
    inputs: list[tuple[int, str, str, int, int]] = [(-1, "", "", -1, -1)]
    operations: list[tuple[int, str]] = []
    pointers: list[tuple[int, int, tuple[tuple[str, int, int, int, float], ...], int]] = []
    spans: list[tuple[int, int, int]] = []
    coming: list[tuple[str, int, int, float]] = []
    for number, move in enumerate(moves):
        following = moves[number + 1].before if number + 1 < len(moves) else oracle.writer
        if move.forced:
            trace = trace.after(move.step, move.before, following, len(kinds))
            continue
        at = len(kinds)
        options = move.before.options()
        kind, value = move.step.kind, move.step.value
        ahead = trace.ahead(options)
        coming.append((ahead.text, ahead.place, ahead.last, ahead.shared))
        kinds.append(KIND_INDEX[kind])
        legal.append(tuple(sorted(KIND_INDEX[k] for k in options.kinds)))
        if kind in OPERATIONS:
            operations.append((at, value.text if value is not None else ""))
        elif kind in SPANS:
            first, last = reading.tokens_of(value)
            if first < 0:
                raise Unreachable(f"{pair.text[value.start : value.end]!r} does not begin and end with tokens")
            spans.append((at, first, last))
        elif kind in POINTERS:
            candidates = trace.candidates(kind, options, move.before)
            gold = next((i for i, c in enumerate(candidates) if c.value == value), -1)
            if gold < 0 or (kind in ("number", "keep") and candidates[gold].place < 0):
                raise Unreachable(f"{kind} {value!r} is no candidate")
            which = _POINTER_INDEX[POINTERS[kind]]
            pointers.append((at, which, tuple((c.text, c.step, c.place, c.last, c.shared) for c in candidates), gold))
        shown = trace.input(move.step, options, catalog)
        inputs.append((KIND_INDEX[kind], shown.text, shown.owner, shown.start, shown.end))
        trace = trace.after(move.step, move.before, following, len(kinds))
    if len(kinds) > steps:
        raise Unreachable("the flow is longer than the decoder")
    return Example(
        pair.id, reading.ids, reading.segments, reading.mode, tuple(kinds), tuple(legal), tuple(inputs[:-1]),
        tuple(operations), tuple(pointers), tuple(spans), tuple(coming), pair.withheld, source,
    )  # fmt: skip

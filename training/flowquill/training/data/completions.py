"""Completions: a flow of which some statements are yet to be written, and the comment that asks for them."""

from __future__ import annotations

from dataclasses import replace

from flowquill.grammar import tree
from flowquill.training.data.draft import KEY, Draft
from flowquill.training.data.naming import named
from flowquill.training.data.nodes import Branch, Loop, Node, block
from flowquill.training.data.noise import Noise
from flowquill.training.data.pairs import Pair
from flowquill.training.data.planner import Planner
from flowquill.training.data.realise import Realiser
from flowquill.training.data.scoping import closed


def completion(draft: Draft, planner: Planner, identity: str) -> Pair | None:
    """One completion; None where the draw does not work out."""
    rng = draft.rng
    start = planner.start()
    nodes = planner.block(planner.length() + rng.choice((0, 1, 1)))
    if not nodes:
        return None
    place = _inside(draft, nodes) if draft.chance(0.3) else None
    path, chosen = place if place is not None else ((), nodes)
    count = min(len(chosen), rng.choice((1, 1, 1, 2, 2, 3)))
    begin = len(chosen) - count if draft.chance(0.75) else rng.randrange(len(chosen) - count + 1)
    part = chosen[begin : begin + count]
    if part[0].after or (begin + count < len(chosen) and chosen[begin + count].after):
        return None
    realiser = Realiser(draft)
    whole = realiser.prose(start, nodes)
    frame = draft.say("inside", "completions") if all(n.simple for n in part) else "{do}"
    text = frame.format(do=realiser.body(part, "base"))
    text = Noise(draft).apply(text)
    _, _, spans = draft.ledger.finish(whole)
    said, mentions, later = draft.ledger.finish(text)
    flow = tree.Flow(tree.Name(f"{KEY}flow"), None, (start.trigger,), block(nodes))
    cursor = (*path, len(block(chosen[:begin])))
    if not closed(_without(flow, cursor, len(block(part)))):
        return None
    flow = named(flow, draft.catalog, {**spans, **later})
    draft.tag("completion")
    return Pair(identity, "complete", said, flow, _without(flow, cursor, len(block(part))), cursor, mentions, tuple(draft.tags))


def _inside(draft: Draft, nodes: list[Node]) -> tuple[tuple[int, ...], list[Node]] | None:
    """A block inside a step of the flow: its path and its steps."""
    found: list[tuple[tuple[int, ...], list[Node]]] = []
    for index, node in enumerate(nodes):
        at = len(block(nodes[:index]))
        if isinstance(node, Loop):
            found.append(((at + len(node.fetch), 0), node.body))
        elif isinstance(node, Branch) and len(node.arms) == 1:
            found.append(((at, 0), node.arms[0][1]))
            if node.otherwise:
                found.append(((at, 1), node.otherwise))
    return draft.rng.choice(found) if found else None


def _without(flow: tree.Flow, cursor: tuple[int, ...], count: int) -> tree.Flow:
    return replace(flow, body=_cut(flow.body, cursor, count))


def _cut(body: tree.Block, cursor: tuple[int, ...], count: int) -> tree.Block:
    if len(cursor) == 1:
        return body[: cursor[0]] + body[cursor[0] + count :]
    statement, number, rest = body[cursor[0]], cursor[1], cursor[2:]
    match statement:
        case tree.For():
            inner: tree.Statement = replace(statement, body=_cut(statement.body, rest, count))
        case tree.If() if number == 0:
            inner = replace(statement, then=_cut(statement.then, rest, count))
        case tree.If():
            inner = replace(statement, otherwise=_cut(statement.otherwise or (), rest, count))
        case _:
            raise TypeError(type(statement).__name__)
    return (*body[: cursor[0]], inner, *body[cursor[0] + 1 :])

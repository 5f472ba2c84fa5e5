"""Where the steps of a dry run stand in the text: the trace is walked beside the tree it came from."""

from __future__ import annotations

from collections.abc import Iterator

from flowquill.grammar import tree
from flowquill.grammar.simulate.trace import Step
from flowquill.grammar.simulate.values import to_text


def located(steps: list[Step], block: tree.Block) -> Iterator[tuple[Step, tree.Span]]:
    """Each step of a trace with the span of its statement; rounds and branches have that of their statements together."""
    for step, node in zip(steps, block, strict=False):
        yield step, node.span
        match node:
            case tree.If():
                yield from located(step.children, node.then if step.note == "true" else node.otherwise or ())
            case tree.Switch():
                yield from located(step.children, _arm(step, node))
            case tree.For() | tree.Until():
                for turn in step.children:
                    yield from _inside(turn, node.body)
            case tree.Scope():
                yield from located(step.children, node.body)
            case tree.Parallel():
                for turn, branch in zip(step.children, node.branches, strict=False):
                    yield from _inside(turn, branch)
            case tree.Try():
                parts = {"try": node.body, "catch": node.catch or (), "finally": node.final or ()}
                for turn in step.children:
                    yield from _inside(turn, parts.get(turn.name, ()))


def _inside(turn: Step, block: tree.Block) -> Iterator[tuple[Step, tree.Span]]:
    if block:
        yield turn, (block[0].span[0], block[-1].span[1])
    yield from located(turn.children, block)


def _arm(step: Step, node: tree.Switch) -> tree.Block:
    """The arm that was taken, by the value that the trace notes; none where no literal says it."""
    if step.note == "default":
        return node.default or ()
    for case in node.cases:
        value = case.value
        if isinstance(value, tree.Literal) and step.note == f"case {to_text(value.value)}":
            return case.body
    return ()

"""Blocks to fold, ranges to grow a selection by, and the graph of a flow's steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flowquill.grammar import tree
from flowquill.server.reading.names import Reading


def folds(reading: Reading) -> list[tree.Span]:
    """Spans of flows and of statements with blocks."""
    found: list[tree.Span] = []
    for piece, start in zip(reading.pieces, reading.starts, strict=True):
        for flow in piece.parsed.file.flows:
            found.append((flow.span[0] + start, flow.span[1] + start))
            found += [(n.span[0] + start, n.span[1] + start) for n in statements(flow.body) if tree.blocks(n) or isinstance(n, tree.Call)]
    return found


def comment_folds(reading: Reading) -> list[tree.Span]:
    """Spans of neighbouring lines that are comments and nothing else."""
    runs: list[tree.Span] = []
    for piece, start in zip(reading.pieces, reading.starts, strict=True):
        for comment in piece.parsed.comments:
            if not comment.alone:
                continue
            a, b = comment.span[0] + start, comment.span[1] + start
            if runs and reading.text[runs[-1][1] : a].count("\n") == 1 and not reading.text[runs[-1][1] : a].strip():
                runs[-1] = (runs[-1][0], b)
            else:
                runs.append((a, b))
    return runs


def widening(reading: Reading, offset: int) -> list[tree.Span]:
    """Spans around an offset, the smallest first, each larger than the one before."""
    piece, start = reading.at(offset)
    found: list[tree.Span] = []
    for node in reversed(piece.path(offset - start)):
        span = node.span[0] + start, node.span[1] + start
        if not found or (span != found[-1] and span[0] <= found[-1][0] and span[1] >= found[-1][1]):
            found.append(span)
    return found or [(offset, offset)]


def statements(block: tree.Block) -> Iterator[tree.Statement]:
    """The statements of a block and all blocks inside, in order."""
    for node in block:
        yield node
        for inner in tree.blocks(node):
            yield from statements(inner)


def graph(flow: tree.Flow) -> dict[str, Any]:
    """`{"nodes": [{"id", "label", "kind", "span", "parent"}], "edges": [{"from", "to", "label"}]}`; the trigger is node "0"."""
    nodes: list[dict[str, Any]] = []
    edges: list[dict[str, str]] = []

    def add(label: str, kind: str, span: tree.Span, parent: str | None) -> str:
        nodes.append({"id": str(len(nodes)), "label": label, "kind": kind, "span": list(span), "parent": parent})
        return str(nodes[-1]["id"])

    def link(before: list[str], to: str, label: str) -> None:
        edges.extend({"from": b, "to": to, "label": label} for b in before)

    def block(body: tree.Block, before: list[str], parent: str | None, first: str = "") -> list[str]:
        named: dict[str, str] = {}
        label = first
        for node in body:
            if isinstance(node, tree.Parallel):
                before = [end for branch in node.branches for end in block(branch, before, parent, label)] or before
                label = ""
                continue
            this = add(title(node), type(node).__name__.lower(), node.span, parent)
            for name in (node.label, getattr(node, "name", None) if isinstance(node, tree.Call | tree.Scope) else None):
                if name is not None:
                    named[name.text] = this
            if node.after:
                for after in node.after:
                    source = [named[after.step.text]] if after.step and after.step.text in named else before
                    link(source, this, ", ".join(after.statuses))
            else:
                link(before, this, label)
            for said, inner in _inner(node):
                block(inner, [this], this, said)
            before, label = [this], ""
        return before

    trigger = flow.triggers[0] if flow.triggers else None
    name = trigger.callee.text if trigger and trigger.callee else "manual" if trigger else "no trigger"
    block(flow.body, [add(name, "trigger", trigger.span if trigger else flow.name.span, None)], None)
    return {"flow": flow.name.text, "nodes": nodes, "edges": edges}


def _inner(node: tree.Statement) -> list[tuple[str, tree.Block]]:
    from flowquill.grammar.format import expression

    match node:
        case tree.If():
            return [("yes", node.then), *([("no", node.otherwise)] if node.otherwise is not None else [])]
        case tree.Switch():
            return [*((expression(c.value), c.body) for c in node.cases), *([("default", node.default)] if node.default is not None else [])]
        case tree.Try():
            return [(s, b) for s, b in (("try", node.body), ("catch", node.catch), ("finally", node.final)) if b is not None]
        case _:
            return [("", b) for b in tree.blocks(node)]


def title(node: tree.Statement) -> str:
    """A step on one short line."""
    from flowquill.grammar.format import render

    first = render(node).split("\n", 1)[0].strip().removesuffix("{").strip()
    return first if len(first) <= 60 else first[:57] + "..."

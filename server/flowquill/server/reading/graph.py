"""A flow as a graph to draw: nodes that may hold others, and edges between nodes of one parent only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from flowquill.grammar import tree
from flowquill.grammar.format import expression, render
from flowquill.server.reading.wording import shortened

LONGEST = 60
"""Code points of a label."""


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A step, the trigger, or one arm of a step. `id`: its path in the flow; `parent`: the id of what holds it, None at the top."""

    id: str
    kind: str
    label: str
    detail: str
    parent: str | None
    container: bool
    span: tree.Span
    chosen: tree.Span


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """What runs after what. `statuses`: how the first must have ended."""

    start: str
    end: str
    statuses: tuple[str, ...]

    @property
    def label(self) -> str:
        """For a reader; "" where a step simply follows."""
        if len(self.statuses) == 4:
            return "always"
        return "" if self.statuses == ("succeeded",) else ", ".join(s.replace("_", " ") for s in self.statuses)


@dataclass
class Graph:
    """Nodes, parents before what they hold, and edges. Spans count as the flow's do."""

    nodes: list[GraphNode] = field(default_factory=list)
    edges: list[GraphEdge] = field(default_factory=list)


def graph(flow: tree.Flow) -> Graph:
    """The graph of a flow; its trigger is the node "trigger"."""
    found = Graph()
    trigger = flow.triggers[0] if flow.triggers else None
    if trigger is not None:
        said = trigger.callee.text if trigger.callee else "manual"
        chosen = trigger.callee.span if trigger.callee else trigger.span
        found.nodes.append(GraphNode("trigger", "trigger", said, _first_line(trigger), None, False, trigger.span, chosen))
    else:
        found.nodes.append(GraphNode("trigger", "trigger", "no trigger", "", None, False, flow.name.span, flow.name.span))
    _block(found, flow.body, None, "trigger")
    return found


def _block(found: Graph, block: tree.Block, parent: str | None, before: str | None) -> None:
    """Adds the steps of a block; the first follows `before`."""
    named: dict[str, str] = {}
    for number, node in enumerate(block):
        this = str(number) if parent is None else f"{parent}/{number}"
        arms = list(_arms(node))
        inside = bool(arms) or bool(tree.blocks(node))
        name = getattr(node, "name", None)
        label = node.label if node.label is not None else name if isinstance(name, tree.Name) else None
        found.nodes.append(GraphNode(this, _kind(node), _label(node), _first_line(node), parent, inside, node.span, _chosen(node)))
        for after in node.after:
            start = named.get(after.step.text) if after.step is not None else before
            if start is not None:
                found.edges.append(GraphEdge(start, this, after.statuses))
        if not node.after and before is not None:
            found.edges.append(GraphEdge(before, this, ("succeeded",)))
        if label is not None:
            named[label.text] = this
        if isinstance(name, tree.Name) and isinstance(node, tree.Call | tree.Scope):
            named[name.text] = this
        for key, title, body, span, said in arms:
            arm = f"{this}/{key}"
            found.nodes.append(GraphNode(arm, "block", title, said, this, True, span, span))
            _block(found, body, arm, None)
        if isinstance(node, tree.Try):
            # A try's parts follow one another, each where it has to.
            parts = [f"{this}/{key}" for key, *_ in arms]
            for one, two in pairwise(parts):
                statuses = (node.statuses or ("failed", "timed_out")) if two.endswith("/catch") else ("succeeded", "failed", "skipped", "timed_out")
                found.edges.append(GraphEdge(one, two, tuple(statuses)))
        if not arms:
            for body in tree.blocks(node):
                _block(found, body, this, None)
        before = this


Arm = tuple[str, str, tree.Block, tree.Span, str]


def _arms(node: tree.Statement) -> Iterator[Arm]:
    """(last part of the id, title, block, span, detail) for each arm of a step that has several; none for a step with one block."""
    match node:
        case tree.If():
            condition = expression(node.condition)
            yield "yes", "yes", node.then, _around(node.then, node.condition.span), condition
            if node.otherwise is not None:
                yield "no", "no", node.otherwise, _around(node.otherwise, node.span), f"not ({condition})"
        case tree.Switch():
            for number, case in enumerate(node.cases):
                yield f"case{number}", f"case {shortened(expression(case.value), LONGEST)}", case.body, case.span, expression(case.value)
            if node.default is not None:
                yield "default", "default", node.default, _around(node.default, node.span), ""
        case tree.Parallel():
            for number, branch in enumerate(node.branches):
                yield f"branch{number}", f"branch {number + 1}", branch, _around(branch, node.span), ""
        case tree.Try():
            yield "try", "try", node.body, _around(node.body, node.span), ""
            if node.catch is not None:
                yield "catch", "catch", node.catch, _around(node.catch, node.span), ", ".join(node.statuses)
            if node.final is not None:
                yield "finally", "finally", node.final, _around(node.final, node.span), ""


def _around(block: tree.Block, otherwise: tree.Span) -> tree.Span:
    """From a block's first to its last statement; of an empty block, the step's own span."""
    return (block[0].span[0], block[-1].span[1]) if block else otherwise


def _kind(node: tree.Statement) -> str:
    if isinstance(node, tree.Increment) and node.negative:
        return "decrement"
    return type(node).__name__.lower()


def _chosen(node: tree.Statement) -> tree.Span:
    """What an editor marks: the name of what is called or given, else the step's first part."""
    match node:
        case tree.Call():
            return node.name.span if node.name is not None else node.callee.span
        case tree.Var() | tree.Param() | tree.Set() | tree.Append() | tree.Increment() | tree.Scope():
            return node.name.span
        case tree.For():
            return node.item.span
        case tree.If():
            return node.condition.span
        case tree.Switch():
            return node.subject.span
    return node.span


def _label(node: tree.Statement) -> str:
    """A step in a few words, as it is written."""
    match node:
        case tree.Call():
            return shortened(f"{node.name.text} = {node.callee.text}" if node.name is not None else node.callee.text, LONGEST)
        case tree.If():
            return shortened(f"if {expression(node.condition)}", LONGEST)
        case tree.Switch():
            return shortened(f"switch {expression(node.subject)}", LONGEST)
        case tree.Until():
            return shortened(f"until {expression(node.condition)}", LONGEST)
        case tree.Todo() | tree.Refuse():
            return shortened(node.text, LONGEST)
        case tree.Parallel() | tree.Try():
            return _kind(node)
        case tree.For():
            return shortened(f"for {node.item.text} in {expression(node.source)}", LONGEST)
        case tree.Scope():
            return shortened(f"scope {node.name.text}", LONGEST)
    return shortened(_first_line(node), LONGEST)


def _first_line(node: tree.Statement | tree.Trigger) -> str:
    """The first line of a step, or the whole of one that has no block."""
    if isinstance(node, tree.Trigger) or not tree.blocks(node):
        return " ".join(line.strip() for line in render(node).split("\n"))
    return render(node).split("\n", 1)[0].strip().removesuffix("{").strip()

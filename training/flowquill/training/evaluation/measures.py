"""Everything measured of one written flow: calls, tree, arguments, behaviour, and what must not occur, with the slices it belongs to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from apted import APTED, Config

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.format import render
from flowquill.grammar.parse import parse
from flowquill.grammar.simulate import same_behaviour
from flowquill.training.evaluation.metrics import calls, statements, without_holes
from flowquill.training.evaluation.own import Result
from flowquill.training.evaluation.structure import Shape, of_flow

MEANS = ("similarity", "exact_calls", "tree_similarity", "exact_structure", "exact_text", "parameter_f1", "same_behaviour", "refused", "over_refused")
COUNTS = ("failed", "unparsed", "unknown_operations", "unknown_parameters", "unsaid_literals")


@dataclass(frozen=True, slots=True)
class Item:
    """One test, as it is kept in a saved run. `figures`: 0 to 1 by the names of MEANS, counts by those of COUNTS; a figure that does not apply is absent."""

    id: str
    text: str
    expected: str
    written: str
    error: str
    milliseconds: float
    confidence: float
    figures: dict[str, float]
    slices: dict[str, list[str]]


Node = tuple[str, tuple[Any, ...]]


class _Ordered(Config):  # type: ignore[misc]
    """Labels and children of our trees, for apted."""

    def rename(self, one: Node, other: Node) -> int:
        return int(one[0] != other[0])

    def children(self, node: Node) -> tuple[Any, ...]:
        return node[1]


def tree_similarity(one: Shape, other: Shape) -> float:
    """1 - edits / sizes: the tree edit distance (Pawlik and Augsten 2016) over the number of nodes in both, roots left out."""
    a, b = _tree("flow", one), _tree("flow", other)
    size = _size(a) + _size(b) - 2
    return 1 - APTED(a, b, _Ordered()).compute_edit_distance() / size if size else 1.0


def _tree(label: str, shape: Shape) -> Node:
    return label, tuple(_node(part) for part in shape)


def _node(part: tuple[object, ...]) -> Node:
    kind = str(part[0])
    if kind in ("call", "todo"):
        return " ".join(str(p) for p in part), ()
    blocks = [b for b in part[1:] if isinstance(b, tuple)]
    return kind, tuple(_tree(f"block {number}", b) for number, b in enumerate(blocks) if b)


def _size(node: Node) -> int:
    return 1 + sum(_size(n) for n in node[1])


def parameter_f1(expected: tree.Flow, written: tree.Flow) -> float | None:
    """F1 over (operation, parameter, value) of both flows, each as often as it occurs; None where neither has an argument."""
    a, b = Counter(_arguments(expected)), Counter(_arguments(written))
    total = a.total() + b.total()
    return 2 * (a & b).total() / total if total else None


def _arguments(flow: tree.Flow) -> Iterator[tuple[str, str, str]]:
    called: list[tuple[tree.Callee, tuple[tree.Argument, ...]]] = [(t.callee, t.arguments) for t in flow.triggers if t.callee]
    called += [(s.callee, s.arguments) for s in statements(flow.body) if isinstance(s, tree.Call)]
    for callee, arguments in called:
        for argument in arguments:
            if not isinstance(argument.value, tree.Hole):
                yield callee.text, argument.parameter.text, repr(argument.value)


def refuses(flow: tree.Flow) -> bool:
    """Whether a flow is a refusal."""
    return any(isinstance(s, tree.Refuse) for s in flow.body)


def measure(result: Result, catalog: Catalog, known: frozenset[str]) -> Item:
    """`known`: the connectors whose operations training has phrases of."""
    pair, score = result.pair, result.score
    flows = parse(result.written).file.flows if result.written and not score.unparsed else ()
    figures: dict[str, float] = {
        "similarity": score.similarity, "exact_calls": float(score.similarity == 1.0), "exact_text": float(score.exact), "failed": float(bool(result.error)), "unparsed": score.unparsed,
        "unknown_operations": score.unknown_operations, "unknown_parameters": score.unknown_parameters, "unsaid_literals": score.unsaid_literals,
    }  # fmt: skip
    figures |= _compared(pair.flow, flows[0], catalog) if flows else {"tree_similarity": 0.0, "exact_structure": 0.0, "parameter_f1": 0.0, "same_behaviour": 0.0}
    said_no = bool(flows) and refuses(flows[0])
    figures["refused" if refuses(pair.flow) else "over_refused"] = float(said_no)
    return Item(
        pair.id, pair.text, render(pair.flow), result.written, result.error, round(result.milliseconds, 2), round(result.confidence, 4),
        {k: round(v, 6) for k, v in figures.items()}, _slices(pair.flow, pair.kind, pair.tags, known),
    )  # fmt: skip


def _compared(expected: tree.Flow, written: tree.Flow, catalog: Catalog) -> dict[str, float]:
    shapes = of_flow(expected.body), of_flow(written.body)
    found = {"tree_similarity": tree_similarity(*shapes), "exact_structure": float(shapes[0] == shapes[1])}
    arguments = parameter_f1(expected, written)
    if arguments is not None:
        found["parameter_f1"] = arguments
    if not refuses(expected):
        # What is left open differs from what is not given only in that somebody is asked to fill it in.
        found["same_behaviour"] = float(not refuses(written) and same_behaviour(without_holes(expected), without_holes(written), catalog).same)
    return found


_CONSTRUCTS: tuple[tuple[type[tree.Node], str], ...] = (
    (tree.If, "if"), (tree.Switch, "switch"), (tree.For, "for"), (tree.Until, "do until"), (tree.Try, "try"), (tree.Parallel, "parallel"),
    (tree.Var, "variable"), (tree.Todo, "todo"), (tree.Refuse, "refuse"),
)  # fmt: skip


def _slices(flow: tree.Flow, kind: str, tags: Iterable[str], known: frozenset[str]) -> dict[str, list[str]]:
    found = calls(flow)
    length = "1 to 2" if len(found) <= 2 else "3 to 4" if len(found) <= 4 else "5 to 7" if len(found) <= 7 else "8 and more"
    all_of = list(statements(flow.body))
    constructs = [name for node, name in _CONSTRUCTS if any(isinstance(s, node) for s in all_of)] or ["steps only"]
    connectors = sorted({c.split(".")[0] for c in found if "." in c})
    seen = "seen" if set(connectors) <= known else "unseen"
    return {"kind": [kind], "length": [length], "construct": constructs, "operations": [seen], "connector": connectors, "voice": list(tags)[:1]}

"""After decoding: fills in what a flow lacks, drops names nobody uses, and lets nothing wrong through.

Two passes. On the tree: required parameters get `?`, unused result names go. On the text: each error the checker still finds is
mended by its own fix, or else by the smallest change that removes it: a value becomes `?`, an argument is dropped, a step becomes
a `todo`. The text pass touches only a given region, so that a person's own lines stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from flowquill.generation.rewrite import rewrite
from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.check import check
from flowquill.grammar.diagnostics import Diagnostic, Edit
from flowquill.grammar.parse import parse

ROUNDS = 60
Known = AbstractSet[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Mended:
    """A text after mending. `region` is where the mended part stands now; `softened` counts what had to be given up."""

    text: str
    region: tree.Span
    diagnostics: tuple[Diagnostic, ...]
    softened: int


def fill(flow: tree.Flow, catalog: Catalog, *, untouched: AbstractSet[tree.Node] = frozenset()) -> tree.Flow:
    """`flow` with `name: ?` for each required parameter not given, in calls and triggers that are not among `untouched`."""

    def complete(node: tree.Node) -> tree.Node:
        if not isinstance(node, tree.Call | tree.Trigger) or node.callee is None or node in untouched:
            return node
        connector = node.callee.connector
        operation = catalog.find(connector.text if connector else None, node.callee.operation.text)
        if operation is None:
            return node
        given = {a.parameter.text for a in node.arguments}
        lacking = tuple(tree.Argument(tree.Name(p.name), tree.Hole()) for p in operation.parameters if p.required and p.name not in given)
        return replace(node, arguments=(*node.arguments, *lacking)) if lacking else node

    return rewrite(flow, complete)


def used_names(node: tree.Node) -> frozenset[str]:
    """Every name of a step, variable or trigger that something below `node` reads or writes."""
    found: set[str] = set()
    for part in tree.walk(node):
        match part:
            case tree.Reference():
                found.add(part.name)
            case tree.After(step=tree.Name(text=text)):
                found.add(text)
            case tree.Function():
                # outputs("step"), body("step"), result("scope") name a step in a text.
                found.update(a.value for a in part.arguments if isinstance(a, tree.Literal) and isinstance(a.value, str))
    return frozenset(found)


def drop_unused(flow: tree.Flow, *, keep: AbstractSet[str] = frozenset()) -> tree.Flow:
    """`flow` without the result names that nothing uses, but for those in `keep`."""
    used = used_names(flow) | keep

    def drop(node: tree.Node) -> tree.Node:
        if isinstance(node, tree.Call | tree.Trigger) and node.name is not None and node.name.text not in used:
            return replace(node, name=None)
        return node

    return rewrite(flow, drop)


def mend(text: str, catalog: Catalog, region: tree.Span | None = None, known: Known = frozenset()) -> Mended:
    """`text` without errors inside `region` (all of it, where None), however many steps that costs.

    `known`: (code, message) of errors that stood there before and are none of our business.
    """
    state = _examined(text, catalog, region or (0, len(text)), known)
    softened = 0
    for _ in range(ROUNDS):
        if not state.errors:
            break
        better, gave_up = _improved(state, catalog, known)
        if better is None:
            break
        softened += gave_up
        state = better
    return Mended(state.text, state.region, state.diagnostics, softened)


@dataclass(frozen=True, slots=True)
class _State:
    text: str
    region: tree.Span
    file: tree.File
    diagnostics: tuple[Diagnostic, ...]
    errors: tuple[Diagnostic, ...]


def _examined(text: str, catalog: Catalog, region: tree.Span, known: Known) -> _State:
    parsed = parse(text)
    diagnostics = check(parsed, catalog)
    errors = tuple(d for d in diagnostics if _wrong(d) and _inside(d.span, region) and (d.code, d.message) not in known)
    return _State(text, region, parsed.file, diagnostics, errors)


def _wrong(found: Diagnostic) -> bool:
    """Errors, and comparisons that can be made to hold: "approved" is what people say, "Approve" what the service answers."""
    return found.severity == "error" or (found.code == "FQ024" and bool(found.fixes))


def _improved(state: _State, catalog: Catalog, known: Known) -> tuple[_State | None, bool]:
    """The state after the first change that leaves fewer errors, and whether it gave something up."""
    for error in state.errors:
        for fix in error.fixes[:1]:
            tried = _tried(state, fix.edits, catalog, known)
            if tried is not None:
                return tried, False
        for edit in _softer(state, error):
            tried = _tried(state, (edit,), catalog, known)
            if tried is not None:
                return tried, True
    return None, False


def _tried(state: _State, edits: tuple[Edit, ...], catalog: Catalog, known: Known) -> _State | None:
    if not edits or not all(_inside(e.span, state.region) for e in edits):
        return None
    text = apply(state.text, edits)
    grown = len(text) - len(state.text)
    after = _examined(text, catalog, (state.region[0], state.region[1] + grown), known)
    return after if _cost(after) < _cost(state) else None


def _cost(state: _State) -> tuple[int, int]:
    """Fewer errors are better; of as many, those further down: a mended step may leave its readers to be mended next."""
    return len(state.errors), -min((e.span[0] for e in state.errors), default=0)


def apply(text: str, edits: tuple[Edit, ...]) -> str:
    """`text` with all edits made; their spans refer to `text` and do not overlap."""
    for edit in sorted(edits, key=lambda e: e.span, reverse=True):
        text = text[: edit.span[0]] + edit.text + text[edit.span[1] :]
    return text


def _inside(span: tree.Span, region: tree.Span) -> bool:
    return region[0] <= span[0] and span[1] <= region[1]


def _softer(state: _State, error: Diagnostic) -> Iterator[Edit]:
    """Changes that take the faulty place out, the smallest first."""
    path: list[tree.Node] = []
    node: tree.Node | None = state.file
    while node is not None:
        path.append(node)
        node = next((c for c in tree.children(node) if c.span != tree.NOWHERE and _inside(error.span, c.span)), None)
    for node in reversed(path):
        match node:
            case tree.Hole() | tree.Todo() | tree.Refuse():
                continue
            case tree.Argument() | tree.Decorator():
                yield _removed(state.text, node.span)
            case tree.Statement():
                yield Edit(node.span, f"todo {json.dumps(_task(state.text, node), ensure_ascii=False)}")
            case tree.Trigger():
                name = f" as {node.name.text}" if node.name else ""
                yield Edit(node.span, f"on manual(){name}")
            case _ if isinstance(node, tree.Expression):
                yield Edit(node.span, "?")


def _removed(text: str, span: tree.Span) -> Edit:
    """Takes an argument out, with one comma beside it."""
    start, end = span
    rest = len(text) - len(text[end:].lstrip())
    if text[rest : rest + 1] == ",":
        following = text[rest + 1 :]
        return Edit((start, len(text) - len(following.lstrip(" "))), "")
    before = text[:start].rstrip()
    return Edit((len(before) - 1 if before.endswith(",") else start, end), "")


def _task(text: str, statement: tree.Statement) -> str:
    """What a person has to do in place of `statement`, in a few words."""
    if isinstance(statement, tree.Call):
        words = statement.callee.operation.text.replace("_", " ")
        place = f" in {statement.callee.connector.text.replace('_', ' ')}" if statement.callee.connector else ""
        return f"{words[:1].upper()}{words[1:]}{place}"
    first = text[statement.span[0] : statement.span[1]].splitlines()[0].rstrip(" {")
    return f"Write this step by hand: {first[:80]}"

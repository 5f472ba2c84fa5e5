"""Changes of a text that a person may want: all fixes at once, required parameters filled in, steps put into a scope."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.diagnostics import Diagnostic, Edit
from flowquill.grammar.format import STEP
from flowquill.grammar.incremental import Document
from flowquill.server.reading.names import Piece, Reading
from flowquill.server.reading.walking import walk

ROUNDS = 8
"""Fixing one thing may show the next; so often it is looked again."""
CLEAR, APART = 0.8, 0.1
"""How alike a spelling must be, from 0 to 1, and how much more so than the next one, to be taken without asking."""
_LOSING = frozenset({"FQ014", "FQ016"})
"""Their fixes take steps away; a person decides on each."""

_LATER = frozenset({"FQ005", "FQ013", "FQ015"})


@dataclass(frozen=True, slots=True)
class Change:
    """A change with a name."""

    title: str
    edits: tuple[Edit, ...]


def all_fixed(document: Document) -> Edit | None:
    """Everything fixed that has one likely fix and loses nothing, as one edit of the text; None where there is nothing to fix."""
    begun = document.text
    for _ in range(ROUNDS):
        fixable = [d for d in document.diagnostics if d.code not in _LOSING and _clear(d, document.text)]
        # A misspelt parameter is reported as missing, too; so what is missing comes last.
        edits = _together(d for d in fixable if d.code not in _LATER) or _together(fixable)
        if not edits:
            break
        after = document.changed(applied(document.text, edits))
        if _unread(after) > _unread(document):
            break
        document = after
    return difference(begun, document.text)


def _unread(document: Document) -> int:
    """Mistakes of form. Others may well become more: of an operation that is known now, parameters may be missing."""
    return sum(d.code == "FQ001" for d in document.diagnostics)


def _clear(diagnostic: Diagnostic, text: str) -> bool:
    """Whether the first fix is the only one, or of several spellings by far the nearest."""
    if len(diagnostic.fixes) < 2:
        return bool(diagnostic.fixes)
    wrong = text[slice(*diagnostic.span)].lower()
    first, second = (SequenceMatcher(None, wrong, fix.edits[0].text.lower()).ratio() for fix in diagnostic.fixes[:2])
    return first >= CLEAR and first - second >= APART


def _together(diagnostics: Iterable[Diagnostic]) -> tuple[Edit, ...]:
    """The edits of fixes that do not touch each other."""
    taken: list[Edit] = []
    for one in diagnostics:
        edits = one.fixes[0].edits
        if all(e.span[1] < t.span[0] or t.span[1] < e.span[0] for e in edits for t in taken):
            taken += edits
    return tuple(sorted(taken, key=lambda e: e.span))


def applied(text: str, edits: Iterable[Edit]) -> str:
    """A text with edits made that do not overlap."""
    for edit in sorted(edits, key=lambda e: e.span, reverse=True):
        text = text[: edit.span[0]] + edit.text + text[edit.span[1] :]
    return text


def difference(before: str, after: str) -> Edit | None:
    """One edit that makes `after` of `before`; None where they are the same."""
    if before == after:
        return None
    start = 0
    most = min(len(before), len(after))
    while start < most and before[start] == after[start]:
        start += 1
    end = 0
    while end < most - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return Edit((start, len(before) - end), after[start : len(after) - end])


def required(piece: Piece, offset: int, catalog: Catalog) -> Change | None:
    """Adds every required parameter that the call around an offset of a piece lacks, as `name: ?`."""
    for node in reversed(piece.path(offset)):
        if isinstance(node, tree.Call | tree.Trigger) and node.callee is not None:
            break
    else:
        return None
    connector = node.callee.connector
    operation = catalog.find(connector.text if connector else None, node.callee.operation.text)
    given = {a.parameter.text for a in node.arguments}
    missing = [p.name for p in operation.parameters if p.required and p.name not in given] if operation else []
    opening = piece.text.find("(", node.callee.span[1], node.span[1])
    if len(missing) < 2 or opening < 0:
        # One that is missing has its own fix.
        return None
    text = ", ".join(f"{name}: ?" for name in missing)
    edit = Edit((node.arguments[-1].span[1],) * 2, f", {text}") if node.arguments else Edit((opening + 1, opening + 1), text)
    return Change(f"Fill in {len(missing)} required parameters", (edit,))


def extracted(reading: Reading, document: Document, span: tree.Span) -> Change | None:
    """Puts the whole statements that a span touches, neighbours in one block, into a scope; None where that would break something.

    `document`: the same text as the checker read it, so that only what changes is checked again.
    """
    piece, start = reading.at(span[0])
    inner = span[0] - start, span[1] - start
    chosen = _neighbours(piece.parsed.file.flows, inner)
    if not chosen or _waits_across(piece.parsed.file, chosen):
        return None
    begin, end = chosen[0].span[0], chosen[-1].span[1]
    line = piece.text.rfind("\n", 0, begin) + 1
    level = piece.text[line:begin]
    if level.strip():
        return None
    taken = {o.name for o in piece.resolved[0]}
    name = next(n for n in (f"steps_{i}" if i else "steps" for i in range(10_000)) if n not in taken)
    # Texts do not span lines, so every line may be moved.
    body = "\n".join(f"{STEP}{text}" if text.strip() else text for text in piece.text[line:end].split("\n"))
    edit = Edit((line + start, end + start), f"{level}scope {name} {{\n{body}\n{level}}}")
    after = document.changed(applied(document.text, (edit,)))
    if _serious(after.diagnostics) > _serious(document.diagnostics):
        return None
    many = f"{len(chosen)} steps" if len(chosen) > 1 else "this step"
    return Change(f"Put {many} into a scope", (edit,))


def _waits_across(file: tree.File, chosen: tuple[tree.Statement, ...]) -> bool:
    """Whether `after` ties one of the chosen steps to one outside, which a scope would part."""
    names = {n.text for s in chosen for n in (s.label, getattr(s, "name", None)) if isinstance(n, tree.Name)}
    if chosen[0].after:
        return True
    for node in walk(file):
        if isinstance(node, tree.Statement):
            waited = {a.step.text for a in node.after if a.step is not None}
            own = any(node is s for s in chosen)
            if (own and waited - names) or (not own and waited & names):
                return True
    return False


def _serious(diagnostics: Iterable[Diagnostic]) -> int:
    return sum(d.severity != "hint" for d in diagnostics)


def _neighbours(flows: Iterable[tree.Flow], span: tree.Span) -> tuple[tree.Statement, ...]:
    """The statements of the innermost block that a span touches, where it touches nothing outside of them."""
    blocks = [flow.body for flow in flows if flow.span[0] <= span[0] and span[1] <= flow.span[1]]
    found: tuple[tree.Statement, ...] = ()
    while blocks:
        block = blocks.pop()
        touched = tuple(s for s in block if s.span[0] < span[1] and span[0] < s.span[1])
        if not touched:
            continue
        found = touched
        one = touched[0]
        if len(touched) == 1 and one.span[0] < span[0] and span[1] < one.span[1]:
            blocks = [b for b in tree.blocks(one) if b and b[0].span[0] <= span[1] and span[0] <= b[-1].span[1]]
    return found

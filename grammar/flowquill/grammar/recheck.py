"""Checking a text that differs a little from one checked before: what was found in a kept statement is found again by looking it up.

What the checker says of a statement depends on the statement and on what the names in it mean at that place; and, where it names
candidates, on all names that there are. Both are remembered with the statement, together with what it found and what names it gave.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.check import Checker, KnownName, lost_words
from flowquill.grammar.diagnostics import Diagnostic, Fix, Severity
from flowquill.grammar.reparse import Kept, Placed, Reading, step_names

_LISTING = frozenset({"FQ010", "FQ018", "FQ019"})
"""Diagnostics whose messages name candidates among all names or steps."""

Found = tuple[Diagnostic, int]
"""A diagnostic, and how much further on its place is."""


def recheck(reading: Reading, catalog: Catalog) -> list[Found]:
    """All diagnostics of a text: what `check` finds in the same text parsed whole, in the same order but for sorting."""
    found: list[Found] = [(Diagnostic("FQ001", "error", e.message, e.span), 0) for e in reading.errors]
    unknown = lost_words(reading.text, reading.errors)
    seen: set[str] = set()
    for flow in reading.file.flows:
        checker = _Rechecker(reading.text, catalog, unknown, bool(reading.errors))
        checker.flow(flow)
        if flow.name.text in seen:
            checker.again(flow)
        seen.add(flow.name.text)
        found += checker.placed
    return found


class _Names(dict[str, KnownName]):
    """Names in scope, with a journal of what was changed; None: the name was taken away."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.journal: list[tuple[str, KnownName | None]] = []

    def __setitem__(self, name: str, what: KnownName) -> None:
        super().__setitem__(name, what)
        self.journal.append((name, what))

    def pop(self, name: str, *default: Any) -> KnownName:
        """As dict.pop."""
        self.journal.append((name, None))
        return super().pop(name, *default)

    def copy(self) -> _Names:
        """The same names with a journal of their own."""
        return _Names(self)


class _Used(set[str]):
    """Names that are read somewhere, with a journal of them."""

    def __init__(self) -> None:
        super().__init__()
        self.journal: list[str] = []

    def add(self, name: str) -> None:
        """As set.add."""
        super().add(name)
        self.journal.append(name)

    def take(self, names: Iterable[str]) -> None:
        """Adds many."""
        super().update(names)
        self.journal.extend(names)


@dataclass(frozen=True, slots=True)
class _Memo:
    """What the checker did to a statement under a signature. Places and shifts count from the statement's own.

    `names`: the journal's entries; "same" where the name got back what it meant before the statement.
    """

    signature: tuple[Any, ...]
    lists: bool
    found: tuple[Found, ...]
    names: tuple[tuple[str, KnownName | str | None], ...]
    taken: frozenset[str]
    used: frozenset[str]


@dataclass
class _Rechecker(Checker):
    """The checker over a tree of `Placed` statements. `at`: how much further on the text of the present one is than its places say."""

    names: dict[str, KnownName] = field(default_factory=_Names)
    used: set[str] = field(default_factory=_Used)
    placed: list[Found] = field(default_factory=list)
    at: int = 0

    def report(self, code: str, message: str, node: tree.Node | tree.Span, *fixes: Fix, severity: Severity = "error") -> None:
        """Notes a finding."""
        span = node.span if isinstance(node, tree.Node) else node
        self.placed.append((Diagnostic(code, severity, message, span, fixes), self.at))

    def _parenthesis(self, offset: int) -> int | None:
        found = super()._parenthesis(offset + self.at)
        return None if found is None else found - self.at

    def _steps_of(self, block: tree.Block) -> frozenset[str]:
        return frozenset(step_names(block))

    def _bind(self, name: tree.Name, what: KnownName) -> None:
        super()._bind(name, replace(what, at=self.at))

    def _unused(self, name: str, what: KnownName) -> None:
        outer, self.at = self.at, what.at
        super()._unused(name, what)
        self.at = outer

    def _ends(self, statement: tree.Statement) -> bool:
        return super()._ends(statement.kept.node if isinstance(statement, Placed) else statement)

    def _statement(self, node: tree.Statement) -> None:
        if not isinstance(node, Placed):
            super()._statement(node)
            return
        outer = self.at
        self.at += node.shift
        self._kept(node.kept)
        self.at = outer

    def _kept(self, kept: Kept) -> None:
        memo: _Memo | None = kept.memo
        given = tuple(map(self.names.get, kept.reads))
        signature = self._signature(kept, given, memo is not None and memo.lists)
        if memo is not None and memo.signature == signature:
            self._again(kept, memo, given)
        else:
            kept.memo = self._anew(kept, signature, given)

    def _signature(self, kept: Kept, given: tuple[KnownName | None, ...], lists: bool) -> tuple[Any, ...]:
        """All that the findings in a statement depend on beside itself."""
        waits = kept.waits
        return (
            given,
            kept.binds & self.taken,
            kept.items & self.used,
            waits and (waits & self.steps, waits & self.all_steps),
            # Only of a name that means nothing here it matters whether it stands in text that was left out.
            [n for n, w in zip(kept.reads, given, strict=True) if w is None and n in self.unknown] if self.unknown else [],
            # Nor is a name unused, or a step missing, that stands there.
            (kept.binds | kept.items | kept.waits) & self.unknown,
            (tuple(self.names.items()), frozenset(self.steps)) if lists else None,
        )

    def _anew(self, kept: Kept, signature: tuple[Any, ...], given: tuple[KnownName | None, ...]) -> _Memo | None:
        names, used = self.names, self.used
        assert isinstance(names, _Names) and isinstance(used, _Used)
        found_before, names_before, used_before = len(self.placed), len(names.journal), len(used.journal)
        super()._statement(kept.node)
        found = tuple((d, at - self.at) for d, at in self.placed[found_before:])
        lists = any(d.code in _LISTING for d, _ in found)
        if lists and signature[-1] is None:
            # What it depends on is known only now, when it is gone; the next time it is noted beforehand.
            return _Memo((), True, (), (), frozenset(), frozenset())
        before = dict(zip(kept.reads, given, strict=True))
        changes = tuple((n, self._relative(w, before.get(n))) for n, w in names.journal[names_before:])
        return _Memo(signature, lists, found, changes, kept.binds & self.taken, frozenset(used.journal[used_before:]))

    def _relative(self, what: KnownName | None, before: KnownName | None) -> KnownName | str | None:
        if what is None:
            return None
        return "same" if what is before else replace(what, at=what.at - self.at)

    def _again(self, kept: Kept, memo: _Memo, given: tuple[KnownName | None, ...]) -> None:
        at, names = self.at, self.names
        self.placed += [(d, by + at) for d, by in memo.found]
        if memo.names:
            before = dict(zip(kept.reads, given, strict=True))
            for name, what in memo.names:
                if what is None:
                    names.pop(name)
                elif isinstance(what, KnownName):
                    names[name] = KnownName(what.type, what.role, what.declared, what.drop, what.at + at)
                else:
                    same = before[name]
                    assert same is not None
                    names[name] = same
        self.taken -= kept.binds
        self.taken |= memo.taken
        self.steps |= kept.steps
        assert isinstance(self.used, _Used)
        self.used.take(memo.used)

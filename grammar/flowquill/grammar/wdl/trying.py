"""`try` as the readable form of scopes of which one runs where the other failed."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace

from flowquill.grammar import tree
from flowquill.grammar.wdl.names import title_of

_ALWAYS: tuple[tree.Status, ...] = ("succeeded", "failed", "skipped", "timed_out")
_PASSED = (tree.After(None, ("succeeded", "skipped")),)
_SUCCEEDED = (tree.After(None, ("succeeded",)),)


def with_try(block: tree.Block, named: AbstractSet[str], open_end: bool = True) -> tree.Block:
    """The block with `try` where a scope is followed by one for its failure. Both compile to the same.

    `named`: steps that others name, which stay scopes. `open_end`: whether nothing outside waits for the end of the block.
    """
    made: list[tree.Statement] = []
    rest = list(block)
    while rest:
        first = rest.pop(0)
        if isinstance(first, tree.Parallel):
            branches = tuple(with_try(b, named, open_end and not rest) for b in first.branches)
            made.append(replace(first, branches=branches))
            continue
        found = _try(first, rest, named, open_end)
        if found is None:
            made.append(first)
        else:
            made.append(found[0])
            rest = found[1]
    return tuple(made)


def _try(first: tree.Statement, rest: list[tree.Statement], named: AbstractSet[str], open_end: bool) -> tuple[tree.Try, list[tree.Statement]] | None:
    """The `try` that begins with a scope, and what follows it; None where there is none."""
    name = title_of(first.decorators)
    caught = rest[0] if rest else None
    if not isinstance(first, tree.Scope) or name is None or first.name.text in named or not _plain(caught, named) or caught is None:
        return None
    if len(caught.after) != 1 or caught.after[0].step is not None or "succeeded" in caught.after[0].statuses:
        return None
    final = rest[1] if len(rest) > 1 and _plain(rest[1], named) and rest[1].after == (tree.After(None, _ALWAYS),) else None
    following = rest[2:] if final is not None else rest[1:]
    if final is None:
        if not following and not open_end:
            return None
        if following:
            after = _follow(following[0])
            if after is None:
                return None
            following = [after, *following[1:]]
    names = {"catch": (caught, f"{name}_catch"), "finally": (final, f"{name}_finally")}
    special = {k: title_of(s.decorators) for k, (s, derived) in names.items() if s is not None and title_of(s.decorators) != derived}
    if special and any(d.name.text == "meta" for d in first.decorators):
        return None
    decorators = first.decorators
    if special:
        entries = tuple(tree.Entry(tree.Name(k), tree.Literal(v)) for k, v in special.items())
        decorators = (*decorators, tree.Decorator(tree.Name("meta"), (tree.Argument(tree.Name("value"), tree.ObjectExpression(entries)),)))
    statuses = caught.after[0].statuses
    assert isinstance(caught, tree.Scope)
    made = tree.Try(
        first.body,
        caught.body,
        () if statuses == ("failed", "timed_out") else statuses,
        final.body if isinstance(final, tree.Scope) else None,
        after=first.after,
        decorators=decorators,
    )
    return made, following


def _plain(node: tree.Statement | None, named: AbstractSet[str]) -> bool:
    """Whether this is a scope with nothing but a title that no other step names."""
    return isinstance(node, tree.Scope) and node.name.text not in named and all(d.name.text == "title" for d in node.decorators)


def _follow(node: tree.Statement) -> tree.Statement | None:
    """The step after a `try` without `finally`, which by itself runs whether `catch` ran or not; None where that cannot be said."""
    if isinstance(node, tree.Parallel):
        firsts = [b[0] if b else None for b in node.branches]
        if any(f is None or f.after != _PASSED or isinstance(f, tree.Parallel) for f in firsts):
            return None
        return replace(node, branches=tuple((replace(b[0], after=()), *b[1:]) for b in node.branches))
    if node.after == _PASSED:
        return replace(node, after=())
    return replace(node, after=_SUCCEEDED) if not node.after else node

"""The names by which the functions of a run find steps, loops and variables."""

from __future__ import annotations

from flowquill.grammar import tree


def key(name: str) -> str:
    """A step's name as functions find it: whatever its case, blanks like underscores."""
    return "".join(c if c.isalnum() else "_" for c in name).lower()


def names_of(node: tree.Statement) -> tuple[str, ...]:
    """What functions may call a step: its name, its label, the title it had where it came from."""
    found = [n.text for n in (getattr(node, "name", None), node.label) if isinstance(n, tree.Name)]
    for decorator in node.decorators:
        if decorator.name.text == "title":
            found += [a.value.value for a in decorator.arguments if isinstance(a.value, tree.Literal) and isinstance(a.value.value, str)]
    return tuple(found)

"""Expressions in words: `approval.outcome == "Approve"` as `outcome of the approval is "Approve"`."""

from __future__ import annotations

from types import MappingProxyType

from flowquill.grammar import tree
from flowquill.grammar.format import expression as written
from flowquill.grammar.format import quote

LONGEST = 60
"""Code points of an expression; a longer one is cut."""
_COMPARED = MappingProxyType({"==": "is", "!=": "is not", "<": "is less than", "<=": "is at most", ">": "is more than", ">=": "is at least"})
_ARITHMETIC = MappingProxyType({"+": "plus", "-": "minus", "*": "times", "/": "divided by", "%": "modulo"})
_TESTS = MappingProxyType({"empty": "{0} is empty", "contains": "{0} contains {1}", "startsWith": "{0} begins with {1}", "endsWith": "{0} ends with {1}"})
_VALUES = MappingProxyType(
    {"utcNow": "the present time", "length": "the length of {0}", "first": "the first of {0}", "last": "the last of {0}", "toLower": "{0} in small letters", "toUpper": "{0} in capitals"}
)


def words(name: str) -> str:
    """A name as words."""
    return name.replace("_", " ").strip()


def shortened(text: str, longest: int = LONGEST) -> str:
    """A text cut to a length."""
    return text if len(text) <= longest else text[: longest - 3].rstrip() + "..."


def worded(node: tree.Expression) -> str:
    """An expression in words, on one line."""
    match node:
        case tree.Literal(value=str()):
            return quote(shortened(str(node.value)))
        case tree.Hole():
            return "a value to be filled in"
        case tree.Reference():
            return "the element" if node.name == "item" else f"the {words(node.name)}"
        case tree.Member():
            return f"{words(node.name.text)} of {worded(node.base)}"
        case tree.Template():
            parts = (shortened(p) if isinstance(p, str) else f"<{worded(p)}>" for p in node.parts)
            return '"' + shortened(" ".join("".join(parts).split()), 2 * LONGEST) + '"'
        case tree.Function(name=tree.Name(text=text)) if text in _TESTS or text in _VALUES:
            given = [worded(a) for a in node.arguments]
            form = _TESTS.get(text) or _VALUES[text]
            return form.format(*given) if len(given) >= form.count("{") else written(node)
        case tree.Unary(operator="not", operand=tree.Function(name=tree.Name(text="empty"), arguments=(inner,))):
            return f"{worded(inner)} is not empty"
        case tree.Unary(operator="not"):
            return f"not ({worded(node.operand)})"
        case tree.Binary():
            return _binary(node)
        case tree.ListExpression() if node.items and all(isinstance(i, tree.Literal) for i in node.items):
            return listed([worded(i) for i in node.items])
    return shortened(written(node))


def _binary(node: tree.Binary) -> str:
    if node.operator in ("==", "!=") and isinstance(node.right, tree.Literal) and node.right.value is None:
        return f"{worded(node.left)} is {'missing' if node.operator == '==' else 'there'}"
    if node.operator == "??":
        return f"{worded(node.left)}, or else {worded(node.right)}"
    between = _COMPARED.get(node.operator) or _ARITHMETIC.get(node.operator) or node.operator
    sides = []
    for side in (node.left, node.right):
        text = worded(side)
        sides.append(f"({text})" if node.operator == "and" and isinstance(side, tree.Binary) and side.operator == "or" else text)
    return f"{sides[0]} {between} {sides[1]}"


def listed(parts: list[str], joining: str = "and") -> str:
    """Several things with commas and a last `and`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {joining} {parts[-1]}"

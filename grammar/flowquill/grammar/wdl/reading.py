"""From values and expressions of a definition to expressions of a flow."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flowquill.grammar import tree
from flowquill.grammar.catalog import Output
from flowquill.grammar.escapes import UNTYPED, WDL
from flowquill.grammar.functions import FUNCTIONS
from flowquill.grammar.wdl import shapes
from flowquill.grammar.wdl.expressions import (
    Access,
    Constant,
    ExpressionError,
    Invocation,
    Wdl,
    canonical,
    read_string,
    write_expression,
)
from flowquill.grammar.wdl.model import WdlError
from flowquill.grammar.wdl.normalise import condition_expression
from flowquill.grammar.wdl.values import FLAT, OPERATORS

DEEPEST = 60
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_FUNCTIONS = {name.lower(): s for name, s in FUNCTIONS.items()}
_OPERATORS = {function.lower(): operator for operator, function in OPERATORS.items()}
_FLAT = {function: operator for operator, function in FLAT.items()}
_ROOTS = frozenset({"body", "outputs", "items", "variables", "parameters", "triggerbody", "triggeroutputs", "item", "actionbody", "actionoutputs"})


@dataclass
class Reading:
    """Reads expressions. `roots`: names of the flow by the expression they stand for, with their shapes; `used`: those that were read."""

    roots: dict[Wdl, tuple[str, shapes.Root]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    escaped: Callable[[str, str], None] = lambda text, reason: None
    item: int = 0

    def value(self, found: Any, depth: int = 0) -> tree.Expression:
        """The expression that says a JSON value. Raises WdlError where it is nested too deeply or is no JSON."""
        if depth > DEEPEST:
            raise WdlError(f"A value is nested more than {DEEPEST} deep; compose its inner part in a step before.")
        match found:
            case str():
                return self.text(found)
            case None | bool() | int() | float():
                return self.number(found)
            case list():
                return tree.ListExpression(tuple(self.value(v, depth + 1) for v in found))
            case Mapping():
                return tree.ObjectExpression(tuple(tree.Entry(tree.Name(_key(k)), self.value(v, depth + 1)) for k, v in found.items()))
        raise WdlError(f"A value of type {type(found).__name__} is no JSON; mend the definition.")

    def number(self, found: int | float | None) -> tree.Expression:
        """A number, true, false or null as it is written: a negative one with its sign before it."""
        if isinstance(found, float) and (found != found or found in (float("inf"), float("-inf"))):
            raise WdlError("A number of the definition is infinite or no number, which JSON does not have; mend it.")
        if isinstance(found, bool) or found is None or found > 0 or (found == 0 and str(found)[0] != "-"):
            return tree.Literal(found)
        return tree.Unary("-", tree.Literal(-found))

    def text(self, found: str) -> tree.Expression:
        """What a string says."""
        if "@" not in found:
            return tree.Literal(found)
        try:
            said = read_string(found)
        except ExpressionError as error:
            return self._escape(found, str(error))
        if isinstance(said, str):
            return tree.Literal(said)
        try:
            if isinstance(said, tuple):
                return tree.Template(tuple(p if isinstance(p, str) else self.expression(p) for p in said))
            made = self.expression(said)
        except ExpressionError as error:
            return self._escape(found, str(error))
        if isinstance(made, (tree.ListExpression, tree.ObjectExpression)) and isinstance(said, Invocation):
            # Written as a list or an object it would become JSON, and this is a function that makes one.
            name = _FUNCTIONS[said.name.lower()].name
            return tree.Function(tree.Name(name), tuple(self.typed(canonical(a))[0] for a in said.arguments))
        return made

    def _escape(self, found: str, reason: str) -> tree.Expression:
        self.escaped(found, reason)
        return tree.Function(tree.Name(WDL), (tree.Literal(found),))

    def condition(self, found: Any) -> tree.Expression:
        """What a condition says, as JSON or as text."""
        if isinstance(found, str) and not (found.startswith("@") and not found.startswith(("@@", "@{"))):
            return tree.Function(tree.Name(UNTYPED), (self.value(found),))
        try:
            said = canonical(condition_expression(found))
            if isinstance(said, Constant) and isinstance(said.value, str):
                return tree.Function(tree.Name(WDL), (tree.Literal("@" + write_expression(said)),))
            made = self.expression(said)
            if isinstance(made, (tree.ListExpression, tree.ObjectExpression)):
                return tree.Function(tree.Name(WDL), (tree.Literal("@" + write_expression(said)),))
            return made
        except ExpressionError:
            return tree.Function(tree.Name(UNTYPED), (self.value(found),))

    def expression(self, node: Wdl) -> tree.Expression:
        """An expression of the flow. Raises ExpressionError where the language has no such function."""
        return self.typed(canonical(node))[0]

    def typed(self, node: Wdl) -> tuple[tree.Expression, shapes.Shape]:
        """An expression with what is known of its parts."""
        match node:
            case Constant(value=value):
                return (tree.Literal(value) if isinstance(value, str) else self.number(value)), shapes.ANY
            case Invocation():
                root = self._root(node)
                return root if root is not None else (self._call(node), shapes.ANY)
            case Access():
                return self._access(node)

    def _root(self, node: Invocation) -> tuple[tree.Expression, shapes.Shape] | None:
        name = node.name.lower()
        if name == "item" and not node.arguments and self.item:
            return tree.Reference("item"), shapes.ANY
        if name not in _ROOTS:
            return None
        found = self.roots.get(Invocation(name, node.arguments))
        if found is None:
            return None
        flow_name, root = found
        if root.whole == _spelled(node):
            if name in ("body", "triggerbody"):
                whole = _whole_body(root)
                if whole is not None:
                    self.used.add(flow_name)
                    return tree.Member(tree.Reference(flow_name), tree.Name(whole.name)), shapes.below(whole)
            self.used.add(flow_name)
            return tree.Reference(flow_name), root.shape
        whole = _whole_body(root)
        if name in ("body", "triggerbody") and whole is not None:
            self.used.add(flow_name)
            return tree.Member(tree.Reference(flow_name), tree.Name(whole.name)), shapes.below(whole)
        return None

    def _access(self, node: Access) -> tuple[tree.Expression, shapes.Shape]:
        keys: list[tuple[Wdl, bool]] = []
        base: Wdl = node
        while isinstance(base, Access):
            keys.insert(0, (base.key, base.safe))
            base = base.base
        if isinstance(base, Invocation):
            found = self.roots.get(Invocation(base.name.lower(), base.arguments)) if base.name.lower() in _ROOTS else None
            if found is not None:
                made = self._from_root(base, keys, *found)
                if made is not None:
                    return made
        result, shape = self.typed(base)
        return self._below(result, shape, keys)

    def _from_root(
        self, base: Invocation, keys: list[tuple[Wdl, bool]], name: str, root: shapes.Root
    ) -> tuple[tree.Expression, shapes.Shape] | None:
        """A part of a step's result by the catalog's name for it, the longest path first."""
        start = _spelled(base)
        options: list[tuple[int, Output]] = []
        for output in shapes.named(root.shape):
            origin, parts = shapes.steps_of_path(root, output)
            if (origin or root.whole) == start and parts and _fits(parts, keys):
                options.append((len(parts), output))
        if not options:
            return None
        size, output = max(options, key=lambda o: o[0])
        self.used.add(name)
        member = tree.Member(tree.Reference(name), tree.Name(output.name), not keys[0][1])
        return self._below(member, shapes.below(output), keys[size:])

    def _below(self, result: tree.Expression, shape: shapes.Shape, keys: list[tuple[Wdl, bool]]) -> tuple[tree.Expression, shapes.Shape]:
        while keys:
            key, safe = keys[0]
            if shape.kind not in ("any", "object", "list") or (shape.kind == "list" and not _whole(key)):
                # The catalog says that it has no parts, and the definition reads one.
                result, shape = tree.Function(tree.Name(UNTYPED), (result,)), shapes.ANY
            options = [(len(p), o) for o in shapes.named(shape) if (p := shapes.steps_of_path(None, o)[1]) and _fits(p, keys)]
            if options:
                size, output = max(options, key=lambda o: o[0])
                result, shape, keys = tree.Member(result, tree.Name(output.name), not safe), shapes.below(output), keys[size:]
                continue
            if isinstance(key, Constant) and isinstance(key.value, str) and _IDENTIFIER.match(key.value) and not shape.outputs:
                result, shape = tree.Member(result, tree.Name(key.value), not safe), shapes.ANY
            else:
                result = tree.Index(result, self.typed(key)[0], not safe)
                shape = shapes.element(shape) if shape.kind == "list" else shapes.ANY
            keys = keys[1:]
        return result, shape

    def _call(self, node: Invocation) -> tree.Expression:
        name, given = node.name.lower(), node.arguments
        if name in _FLAT and len(given) >= 2:
            made = self.typed(given[0])[0]
            for argument in given[1:]:
                made = tree.Binary(_FLAT[name], made, self.typed(argument)[0])
            return made
        if name in _OPERATORS and len(given) == 2:
            return tree.Binary(_OPERATORS[name], self.typed(given[0])[0], self.typed(given[1])[0])
        if name == "not" and len(given) == 1:
            inner = given[0]
            if isinstance(inner, Invocation) and inner.name.lower() == "equals" and len(inner.arguments) == 2:
                return tree.Binary("!=", self.typed(inner.arguments[0])[0], self.typed(inner.arguments[1])[0])
            return tree.Unary("not", self.typed(inner)[0])
        if name == "createarray" and given:
            return tree.ListExpression(tuple(self.typed(a)[0] for a in given))
        if name == "json" and len(given) == 1 and isinstance(given[0], Constant) and isinstance(given[0].value, str):
            plain = self._plain(given[0].value)
            if plain is not None:
                return plain
        signature = _FUNCTIONS.get(name)
        if signature is None:
            raise ExpressionError(f"there is no function {node.name} here")
        if len(given) < signature.minimum or (signature.maximum is not None and len(given) > signature.maximum):
            raise ExpressionError(f"{signature.name} does not take {len(given)} arguments")
        if signature.name in ("and", "or", "not"):
            raise ExpressionError(f"{signature.name} of {len(given)} values has no form here")
        return tree.Function(tree.Name(signature.name), tuple(self.typed(a)[0] for a in given))

    def _plain(self, text: str) -> tree.Expression | None:
        """The list or object of a `json('...')` that the compiler would write so."""
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(found, (dict, list)) or (isinstance(found, list) and found):
            return None
        if json.dumps(found, separators=(",", ":"), ensure_ascii=False) != text:
            return None
        made = Reading().value(found) if "@" not in text else None
        return made


def _spelled(node: Invocation) -> Invocation:
    spelled = {"triggerbody": "triggerBody", "triggeroutputs": "triggerOutputs"}.get(node.name.lower(), node.name.lower())
    return Invocation(spelled, node.arguments)


def _whole_body(root: shapes.Root) -> Output | None:
    """The output that is the body itself."""
    return next((o for o in shapes.named(root.shape) if o.path == "body"), None) if root.body is not None else None


def _fits(parts: tuple[str, ...], keys: list[tuple[Wdl, bool]]) -> bool:
    """Whether the keys begin with a path, all of them safe or none."""
    if len(parts) > len(keys) or len({safe for _, safe in keys[: len(parts)]}) > 1:
        return False
    return all(isinstance(k, Constant) and str(k.value) == p and isinstance(k.value, int) == p.isdigit() for p, (k, _) in zip(parts, keys, strict=False))


def _whole(key: Wdl) -> bool:
    return not (isinstance(key, Constant) and not (isinstance(key.value, int) and not isinstance(key.value, bool)))


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise WdlError(f"The key {key!r} of an object is no text, which JSON does not have; mend the definition.")
    return key


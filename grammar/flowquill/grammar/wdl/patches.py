"""What an action says beyond its native form: settings where they have a name, the rest for `@meta`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowquill.grammar import tree
from flowquill.grammar.wdl.reading import Reading
from flowquill.grammar.wdl.settings import difference
from flowquill.grammar.words import DECORATORS

_REPLACED = frozenset({("splitOn",), ("kind",), ("recurrence",), ("recurrence", "frequency"), ("recurrence", "interval"), ("inputs", "body", "callback_url")})
"""What a native form writes by default and a definition may have otherwise, or not at all."""


def patch(native: Mapping[str, Any], wanted: Mapping[str, Any], schema: bool = False) -> dict[str, Any] | None:
    """The change that makes the native form the wanted one; None where it would contradict what the arguments say.

    `schema`: descriptions of inputs may be replaced too.
    """
    change = difference(native, wanted)
    if change is None or not _acceptable(change, native, (), schema):
        return None
    return change


def _acceptable(change: Mapping[str, Any], native: Mapping[str, Any], above: tuple[str, ...], schema: bool) -> bool:
    for key, value in change.items():
        place = (*above, key)
        if key not in native or place in _REPLACED or (schema and place[:2] == ("inputs", "schema")):
            continue
        if not isinstance(value, Mapping) or not isinstance(native[key], Mapping):
            return False
        if not _acceptable(value, native[key], place, schema):
            return False
    return True


def decorators(change: dict[str, Any], special: Mapping[str, Any], title: str | None, reading: Reading) -> tuple[tree.Decorator, ...]:
    """The settings that write a change: `@title`, `@description`, `@retry` ... and last `@meta` for what has no name."""
    found: list[tree.Decorator] = []
    if title is not None:
        found.append(decorator("title", text=tree.Literal(title)))
    description = change.get("description")
    if isinstance(description, str) and "@" not in description:
        found.append(decorator("description", text=reading.value(change.pop("description"))))
    _retry(change, found, reading)
    limit = change.get("limit")
    if isinstance(limit, Mapping) and set(limit) == {"timeout"} and isinstance(limit["timeout"], str):
        found.append(decorator("timeout", limit=reading.value(change.pop("limit")["timeout"])))
    _runtime(change, found)
    conditions = change.get("conditions")
    if isinstance(conditions, list) and conditions and all(isinstance(c, Mapping) and set(c) == {"expression"} for c in conditions):
        found += [decorator("when", condition=reading.condition(c["expression"])) for c in change.pop("conditions")]
    rest = {**special, **change}
    if rest:
        found.append(decorator("meta", value=reading.value(rest)))
    return tuple(found)


def decorator(name: str, **arguments: tree.Expression) -> tree.Decorator:
    """A setting with its arguments."""
    return tree.Decorator(tree.Name(name), tuple(tree.Argument(tree.Name(k), v) for k, v in arguments.items()))


def _retry(change: dict[str, Any], found: list[tree.Decorator], reading: Reading) -> None:
    inputs = change.get("inputs")
    policy = inputs.get("retryPolicy") if isinstance(inputs, Mapping) else None
    names = {p.path.split("/")[1]: p for p in DECORATORS["retry"]}
    if not isinstance(policy, Mapping) or not policy or not set(policy) <= set(names):
        return
    if any((names[k].enum and v not in names[k].enum) or isinstance(v, (dict, list)) or v is None for k, v in policy.items()):
        return
    ordered = {p.name: reading.value(policy[k]) for k, p in names.items() if k in policy}
    found.append(decorator("retry", **ordered))
    change["inputs"] = {k: v for k, v in inputs.items() if k != "retryPolicy"} if isinstance(inputs, Mapping) else {}
    if not change["inputs"]:
        del change["inputs"]


def _runtime(change: dict[str, Any], found: list[tree.Decorator]) -> None:
    runtime = change.get("runtimeConfiguration")
    if not isinstance(runtime, Mapping) or not runtime:
        return
    left = dict(runtime)
    secure = left.get("secureData")
    if isinstance(secure, Mapping) and set(secure) == {"properties"} and secure["properties"] in (["inputs"], ["outputs"], ["inputs", "outputs"]):
        found.append(decorator("secure", **{k: tree.Literal(True) for k in left.pop("secureData")["properties"]}))
    runs = left.get("concurrency")
    if isinstance(runs, Mapping) and set(runs) == {"runs"} and type(runs["runs"]) is int and runs["runs"] >= 0:
        found.append(decorator("concurrency", runs=tree.Literal(left.pop("concurrency")["runs"])))
    if left:
        change["runtimeConfiguration"] = left
    else:
        del change["runtimeConfiguration"]

"""The settings before a step (`@retry`, `@timeout`, `@meta` ...) on the wire, and changes to JSON as `@meta` writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowquill.grammar import tree
from flowquill.grammar.wdl.values import Values
from flowquill.grammar.words import DECORATORS

SPECIAL = frozenset({"connection", "via", "form", "variable", "body_name", "workflow", "operation", "cases", "catch", "finally"})
"""Keys of `@meta` that are no part of the action: what names things in the definition that no syntax names."""


def merge(target: Any, change: Any) -> Any:
    """A JSON merge patch (RFC 7386): objects are merged, null takes a key away, all else replaces."""
    if not isinstance(change, Mapping):
        return change
    made = dict(target) if isinstance(target, Mapping) else {}
    for key, value in change.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = merge(made.get(key), value)
    return made


def difference(old: Any, new: Any) -> dict[str, Any] | None:
    """The merge patch from one object to another; None where there is none, because a null would have to be written."""
    change: dict[str, Any] = {}
    for key in old:
        if key not in new:
            change[key] = None
    for key, value in new.items():
        if key in old and old[key] == value and _same_kind(old[key], value):
            continue
        if isinstance(value, Mapping) and isinstance(old.get(key), Mapping) and value:
            inner = difference(old[key], value)
            if inner is None:
                return None
            change[key] = inner
        elif _holds_null(value) or (value == {} and isinstance(old.get(key), Mapping)):
            return None
        else:
            change[key] = value
    return change


def _same_kind(a: Any, b: Any) -> bool:
    if isinstance(a, (list, Mapping)):
        return repr(a) == repr(b) or _deep(a, b)
    return type(a) is type(b)


def _deep(a: Any, b: Any) -> bool:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_deep(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_deep(x, y) for x, y in zip(a, b, strict=True))
    return type(a) is type(b) and a == b


def identical(a: Any, b: Any) -> bool:
    """Whether two JSON values are the same; `1`, `1.0` and `true` are not."""
    return _deep(a, b)


def _holds_null(value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, Mapping) and (not value or any(_holds_null(v) for v in value.values())) and bool(value)


def put(target: dict[str, Any], path: str, value: Any) -> None:
    """Puts a value at a path, as `inputs/host/id`; numbers are places in lists."""
    *above, last = path.split("/")
    place: Any = target
    for number, part in enumerate(above):
        following = [*above[number + 1 :], last][0]
        fresh: Any = [] if following.isdigit() else {}
        if isinstance(place, list):
            while len(place) <= int(part):
                place.append({})
            if not isinstance(place[int(part)], (dict, list)) or not place[int(part)]:
                place[int(part)] = fresh
            place = place[int(part)]
        else:
            if not isinstance(place.get(part), (dict, list)):
                place[part] = fresh
            place = place[part]
    if isinstance(place, list) and last.isdigit():
        while len(place) <= int(last):
            place.append(None)
        place[int(last)] = value
    elif isinstance(place, dict):
        place[last] = value


def meta_of(decorators: tuple[tree.Decorator, ...], values: Values) -> dict[str, Any]:
    """What `@meta` holds, merged where there are several."""
    made: dict[str, Any] = {}
    for decorator in decorators:
        if decorator.name.text == "meta":
            for argument in decorator.arguments:
                found = values.value(argument.value)
                if isinstance(found, Mapping):
                    made = {**made, **found}
    return made


def apply(action: dict[str, Any], decorators: tuple[tree.Decorator, ...], values: Values) -> dict[str, Any]:
    """The action with its settings, `@meta` last."""
    made = action
    for decorator in decorators:
        given = {a.parameter.text: a.value for a in decorator.arguments}
        match decorator.name.text:
            case "retry":
                policy = {p.path.split("/")[1]: values.value(given[p.name]) for p in DECORATORS["retry"] if p.name in given}
                made.setdefault("inputs", {})
                if isinstance(made["inputs"], dict):
                    made["inputs"]["retryPolicy"] = policy
            case "timeout" if "limit" in given:
                put(made, "limit/timeout", values.value(given["limit"]))
            case "secure":
                kinds = [k for k in ("inputs", "outputs") if k in given and values.value(given[k]) is True] if given else ["inputs", "outputs"]
                put(made, "runtimeConfiguration/secureData/properties", kinds)
            case "description" if "text" in given:
                made["description"] = values.value(given["text"])
            case "concurrency" if "runs" in given:
                put(made, "runtimeConfiguration/concurrency/runs", values.value(given["runs"]))
            case "when" if "condition" in given:
                made.setdefault("conditions", []).append({"expression": values.condition(given["condition"])})
    change = {k: v for k, v in meta_of(decorators, values).items() if k not in SPECIAL}
    merged: dict[str, Any] = merge(made, change) if change else made
    return merged

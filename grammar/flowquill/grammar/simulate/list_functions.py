"""The functions of expressions that read and make lists and objects, and those that compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cmp_to_key
from types import MappingProxyType
from typing import Any

from flowquill.grammar.simulate.values import MAX_WEIGHT, Failure, equal, less, property_of, to_text


def chunk(value: Any, length: int) -> list[Any]:
    """Pieces of a list or text. Raises Failure where the length is not positive."""
    if length < 1:
        raise Failure(f"chunk needs a length of 1 or more, and this is {length}.")
    return [value[i : i + length] for i in range(0, len(value), length)]


def contains(value: Any, part: Any) -> bool:
    """A part of a text, an element of a list, a property of an object."""
    if isinstance(value, str):
        return to_text(part) in value
    if isinstance(value, list):
        return any(equal(element, part) for element in value)
    lowered = to_text(part).lower()
    return any(key.lower() == lowered for key in value)


def _ends(value: Any, place: int) -> Any:
    if not value:
        return "" if isinstance(value, str) else None
    return value[place]


def intersection(*values: Any) -> Any:
    """What all lists hold, each once, or the properties that all objects share."""
    _alike("intersection", values)
    first, *others = values
    if isinstance(first, dict):
        return {k: v for k, v in first.items() if all(k in o and equal(o[k], v) for o in others)}
    return _once(e for e in first if all(any(equal(e, f) for f in o) for o in others))


def union(*values: Any) -> Any:
    """What any list holds, each once; of objects, the later one's property wins."""
    _alike("union", values)
    if isinstance(values[0], dict):
        return {k: v for value in values for k, v in value.items()}
    return _once(e for value in values for e in value)


def _alike(name: str, values: Any) -> None:
    if len({type(v) for v in values}) > 1:
        raise Failure(f"{name} takes all lists or all objects, and here are both.")


def _once(elements: Any) -> list[Any]:
    found: list[Any] = []
    seen: set[tuple[type, Any]] = set()
    for element in elements:
        if isinstance(element, str | int | float | bool) or element is None:
            # 1, 1.0 and true are one and the same to `equal`.
            key = (str, element) if isinstance(element, str) else (int, element)
            if key in seen:
                continue
            seen.add(key)
        elif any(equal(element, f) for f in found):
            continue
        found.append(element)
    return found


def join(elements: list[Any], separator: str) -> str:
    """Raises Failure where the text would grow too long."""
    if len(elements) * len(separator) > MAX_WEIGHT:
        raise Failure(f"The text would grow past {MAX_WEIGHT:,} characters; a dry run stops there.", "ValueTooLarge")
    return separator.join(to_text(e) for e in elements)


def sort(elements: list[Any], name: str | None = None) -> list[Any]:
    """In rising order, by a property where one is named. Raises Failure where elements do not compare."""

    def order(left: Any, right: Any) -> int:
        a, b = (left, right) if name is None else (property_of(left, name, True), property_of(right, name, True))
        return 0 if equal(a, b) else -1 if less(a, b, "sort") else 1

    return sorted(elements, key=cmp_to_key(order))


def _skip(elements: list[Any], count: int) -> list[Any]:
    return elements[max(count, 0) :]


def add_property(value: dict[str, Any], name: str, new: Any) -> dict[str, Any]:
    """Raises Failure where the property is there already."""
    if any(key.lower() == name.lower() for key in value):
        raise Failure(f"addProperty finds the property {name} there already; use setProperty to change it.")
    return {**value, name: new}


def _remove_property(value: dict[str, Any], name: str) -> dict[str, Any]:
    return {k: v for k, v in value.items() if k.lower() != name.lower()}


def _set_property(value: dict[str, Any], name: str, new: Any) -> dict[str, Any]:
    key = next((k for k in value if k.lower() == name.lower()), name)
    return {**value, key: new}


FUNCTIONS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "chunk": chunk,
        "contains": contains,
        "empty": lambda value: value is None or len(value) == 0,
        "first": lambda value: _ends(value, 0),
        "intersection": intersection,
        "join": join,
        "last": lambda value: _ends(value, -1),
        "length": len,
        "reverse": lambda elements: elements[::-1],
        "skip": _skip,
        "sort": sort,
        "take": lambda value, count: value[: max(count, 0)],
        "union": union,
        "equals": equal,
        "greater": lambda left, right: less(right, left, "greater"),
        "greaterOrEquals": lambda left, right: not less(left, right, "greaterOrEquals"),
        "less": lambda left, right: less(left, right, "less"),
        "lessOrEquals": lambda left, right: not less(right, left, "lessOrEquals"),
        "addProperty": add_property,
        "removeProperty": _remove_property,
        "setProperty": _set_property,
        "array": lambda value: [value],
        "createArray": lambda *values: list(values),
    }
)


"""Values while a flow runs: JSON values, how they turn into text, compare and open up, and the failure of an expression.

Semantics follow the published behaviour of Azure Logic Apps' expression language: property names are found whatever their case,
text compares by its characters, `true` equals 1.
"""

from __future__ import annotations

import json
import math
from typing import Any, TypeGuard

MAX_WEIGHT = 2_000_000
"""The most characters and elements a value may have. A flow that doubles a text in a loop ends here and not the machine."""


class Failure(Exception):
    """An expression or step that fails as it would on the platform. `code` is the platform's kind of error."""

    def __init__(self, message: str, code: str = "ExpressionEvaluationFailed") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether it is a number; true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def kind(value: Any) -> str:
    """The value's type in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "text"
    return "list" if isinstance(value, list) else "object"


def to_json(value: Any) -> str:
    """Compact JSON, as the platform writes an object into a text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def to_text(value: Any) -> str:
    """A value inside a text: nothing for null, True and False with capitals, lists and objects as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, float):
        return repr(value).replace("e+", "E+").replace("e-", "E-")
    return str(value) if isinstance(value, int) else to_json(value)


def number(value: int | float) -> int | float:
    """A result of arithmetic. Raises Failure where the platform's 64 bits do not hold it."""
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise Failure("The number is too large; whole numbers reach from -2^63 to 2^63 - 1.")
        return value
    if not math.isfinite(value):
        raise Failure("The number is too large; decimal numbers reach to about 1.8E+308.")
    return value


def equal(left: Any, right: Any) -> bool:
    """Whether two values are the same: text by its characters, `true` equals 1, lists and objects by their content."""
    if isinstance(left, bool | int | float) and isinstance(right, bool | int | float):
        return left == right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(equal(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(v, right[k]) for k, v in left.items())
    return type(left) is type(right) and bool(left == right)


def less(left: Any, right: Any, operator: str = "<") -> bool:
    """Whether `left` comes before `right`. Raises Failure where the two do not compare."""
    if (is_number(left) and is_number(right)) or (isinstance(left, str) and isinstance(right, str)):
        return bool(left < right)  # type: ignore[operator]
    raise Failure(f"{operator} compares two numbers or two texts, and here are {kind(left)} and {kind(right)}.")


def property_of(base: Any, name: str, strict: bool) -> Any:
    """A property; null where it is absent and access is not `strict`. Raises Failure on what has no properties."""
    if isinstance(base, dict):
        if name in base:
            return base[name]
        lowered = name.lower()
        for key, value in base.items():
            if key.lower() == lowered:
                return value
        if strict:
            raise Failure(f"There is no property {name}; the object has {', '.join(list(base)[:8]) or 'none'}.")
        return None
    if base is None:
        if strict:
            raise Failure(f"The property {name} is read of null; use . in place of !. where it may be absent.")
        return None
    if isinstance(base, list):
        raise Failure(f"The property {name} is read of a list; take an element first.")
    raise Failure(f"The property {name} is read of {'a text' if isinstance(base, str) else 'a ' + kind(base)}, which has none.")


def part_of(base: Any, index: Any, strict: bool) -> Any:
    """An element of a list, or a property of an object. Raises Failure as `property_of` does."""
    if isinstance(base, list):
        if not isinstance(index, int) or isinstance(index, bool):
            raise Failure(f"An element of a list is named by a whole number, and this is {kind(index)}.")
        if 0 <= index < len(base):
            return base[index]
        if strict or index < 0:
            raise Failure(f"There is no element {index}; the list has {len(base)}, counted from 0.")
        return None
    if isinstance(index, str):
        return property_of(base, index, strict)
    if base is None and not strict:
        return None
    raise Failure(f"[{to_text(index)}] is read of {kind(base)}; numbers name elements of lists, texts properties of objects.")


def weighed(value: Any) -> Any:
    """The value itself. Raises Failure where it has grown past MAX_WEIGHT."""
    left = MAX_WEIGHT
    open_values = [value]
    while open_values:
        one = open_values.pop()
        if isinstance(one, str):
            left -= len(one)
        elif isinstance(one, list):
            left -= len(one)
            open_values.extend(one)
        elif isinstance(one, dict):
            left -= len(one)
            open_values.extend(one.values())
        if left < 0:
            raise Failure(f"The value has grown past {MAX_WEIGHT:,} characters and elements; a dry run stops there.", "ValueTooLarge")
    return value

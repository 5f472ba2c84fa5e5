"""The arithmetic of expressions: whole numbers stay whole, division included, and 64 bits are the end."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from flowquill.grammar.simulate.numerals import decimal_of
from flowquill.grammar.simulate.values import Failure, is_number, number

Number = int | float
MAX_RANGE = 100_000


def add(left: Number, right: Number) -> Number:
    """The sum."""
    return number(left + right) if _whole(left, right) else number(float(decimal_of(left) + decimal_of(right)))


def sub(left: Number, right: Number) -> Number:
    """The difference."""
    return number(left - right) if _whole(left, right) else number(float(decimal_of(left) - decimal_of(right)))


def mul(left: Number, right: Number) -> Number:
    """The product."""
    return number(left * right) if _whole(left, right) else number(float(decimal_of(left) * decimal_of(right)))


def div(left: Number, right: Number) -> Number:
    """The quotient, towards zero where both are whole. Raises Failure on division by zero."""
    if right == 0:
        raise Failure("A division by zero; check the divisor before dividing.")
    if not _whole(left, right):
        return number(left / right)
    quotient = abs(int(left)) // abs(int(right))
    return number(quotient if (left < 0) == (right < 0) else -quotient)


def mod(left: Number, right: Number) -> Number:
    """The remainder, with the sign of the dividend. Raises Failure on division by zero."""
    if right == 0:
        raise Failure("A division by zero; check the divisor before dividing.")
    return number(int(math.copysign(abs(int(left)) % abs(int(right)), left)) if _whole(left, right) else math.fmod(left, right))


def _whole(left: Number, right: Number) -> bool:
    return isinstance(left, int) and isinstance(right, int)


def _among(values: tuple[Any, ...], name: str) -> list[Number]:
    found = values[0] if len(values) == 1 and isinstance(values[0], list) else list(values)
    if not found or not all(is_number(v) for v in found):
        raise Failure(f"{name} takes numbers, or one list of numbers.")
    return list(found)


def sequence(start: int, count: int) -> list[int]:
    """Whole numbers from `start` on. Raises Failure for more than 100,000."""
    if count < 0 or count > MAX_RANGE:
        raise Failure(f"range makes 0 to {MAX_RANGE:,} numbers, and here are {count} asked for.")
    return list(range(start, start + count))


FUNCTIONS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "add": add,
        "sub": sub,
        "mul": mul,
        "div": div,
        "mod": mod,
        "max": lambda *values: max(_among(values, "max")),
        "min": lambda *values: min(_among(values, "min")),
        "range": sequence,
    }
)

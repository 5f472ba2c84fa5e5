"""Calling a function of an expression: its arguments checked against the table, its result kept within bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from flowquill.grammar.functions import FunctionArgument, Signature, function_named
from flowquill.grammar.simulate import conversions, list_functions, number_functions, text_functions
from flowquill.grammar.simulate.moments import Moment
from flowquill.grammar.simulate.time_functions import time_functions
from flowquill.grammar.simulate.values import Failure, is_number, kind, to_text, weighed

_NULLS = frozenset({"empty"})


class Library:
    """The functions whose results depend on their arguments, a clock and a seed only."""

    def __init__(self, now: Callable[[], Moment], random: Random) -> None:
        self._functions: Mapping[str, Callable[..., Any]] = {
            **text_functions.FUNCTIONS,
            **text_functions.random_functions(random),
            **list_functions.FUNCTIONS,
            **number_functions.FUNCTIONS,
            **conversions.FUNCTIONS,
            **time_functions(now),
        }

    def call(self, name: str, arguments: Sequence[Any]) -> Any:
        """The result. Raises Failure where the function is unknown, an argument unfit or the result too large."""
        signature = signature_of(name)
        function = self._functions.get(signature.name)
        if function is None:
            raise Failure(f"{signature.name} has a value only inside a run.")
        checked = checked_arguments(signature, arguments)
        try:
            return weighed(function(*checked))
        except (ValueError, OverflowError, ArithmeticError, TypeError, AttributeError, KeyError) as error:
            raise Failure(f"{signature.name} cannot be computed of these values ({error}).") from None
        except RecursionError:
            raise Failure(f"{signature.name} is given a value that is nested too deep.") from None


def signature_of(name: str) -> Signature:
    """The function of a name, whatever its case. Raises Failure where there is none."""
    signature = function_named(name)
    if signature is None:
        raise Failure(f"There is no function {name}.", "InvalidTemplate")
    return signature


def checked_arguments(signature: Signature, arguments: Sequence[Any]) -> list[Any]:
    """The arguments as the function takes them: numbers become text by themselves. Raises Failure where one does not fit."""
    count = len(arguments)
    if count < signature.minimum or (signature.maximum is not None and count > signature.maximum):
        raise Failure(f"{signature.text} is called with {count} argument{'s' if count != 1 else ''}.", "InvalidTemplate")
    found: list[Any] = []
    for place, value in enumerate(arguments):
        argument = signature.argument(place)
        assert argument is not None
        found.append(_fitted(signature, argument, value))
    return found


def _fitted(signature: Signature, argument: FunctionArgument, value: Any) -> Any:
    types = argument.types
    if "any" in types or kind(value) in types or (value is None and (argument.optional or signature.name in _NULLS)):
        return value
    if "number" in types and is_number(value):
        return value
    if "integer" in types and isinstance(value, float) and value.is_integer():
        return int(value)
    if types == ("text",) and isinstance(value, bool | int | float):
        return to_text(value)
    if types == ("text",) and isinstance(value, dict) and "$content" in value and signature.group == "conversion":
        return value
    name = "further arguments" if argument.name == "..." else argument.name
    raise Failure(f"{signature.name} takes {' or '.join(types)} for {name}, and this is {kind(value)}.", "InvalidTemplate")

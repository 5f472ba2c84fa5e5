"""The text functions of expressions."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType
from typing import Any

from flowquill.grammar.simulate import numerals
from flowquill.grammar.simulate.locales import locale
from flowquill.grammar.simulate.values import MAX_WEIGHT, Failure, to_text


def concat(*values: Any) -> Any:
    """Lists give a list; anything else gives text."""
    if all(isinstance(v, list) for v in values):
        return [element for value in values for element in value]
    return "".join(to_text(v) for v in values)


def _index(text: str, part: str) -> int:
    return text.lower().find(part.lower())


def _nth_index(text: str, part: str, occurrence: int) -> int:
    whole, piece = text.lower(), part.lower()
    if not piece or not occurrence:
        return -1
    places = [m.start() for m in re.finditer(f"(?={re.escape(piece)})", whole)]
    place = occurrence - 1 if occurrence > 0 else len(places) + occurrence
    return places[place] if 0 <= place < len(places) else -1


def replace(text: str, old: str, new: str) -> str:
    """Every occurrence, capitals and small letters told apart. Raises Failure where `old` is empty or the result too long."""
    if not old:
        raise Failure("replace needs some text to look for, and this is empty.")
    if len(text) + text.count(old) * len(new) > MAX_WEIGHT:
        raise Failure(f"The text would grow past {MAX_WEIGHT:,} characters; a dry run stops there.", "ValueTooLarge")
    return text.replace(old, new)


def _slice(text: str, start: int, end: int | None = None) -> str:
    return text[start:] if end is None else text[start:end]


def substring(text: str, start: int, length: int | None = None) -> str:
    """Raises Failure where the part reaches outside the text."""
    end = len(text) if length is None else start + length
    if start < 0 or start > len(text) or end < start or end > len(text):
        raise Failure(f"substring reaches from {start} to {end}, and the text has {len(text)} characters.")
    return text[start:end]


def split(text: str, separator: str) -> list[str]:
    """The parts; the text alone where the separator is empty."""
    return text.split(separator) if separator else [text]


def _is_int(text: str) -> bool:
    return bool(re.fullmatch(r"\s*[+-]?\d+\s*", text)) and -(2**63) <= int(text) < 2**63


def _is_float(text: str, tag: str | None = None) -> bool:
    try:
        numerals.read(text, locale(tag))
    except Failure:
        return False
    return True


def _guid(random: Random, form: str = "D") -> str:
    made = str(uuid.UUID(int=random.getrandbits(128), version=4))
    letter = (form or "D").upper()
    if letter == "X":
        a, b, c, d, e = made.split("-")
        rest = d + e
        pairs = ",".join(f"0x{rest[i : i + 2]}" for i in range(0, 16, 2))
        return f"{{0x{a},0x{b},0x{c},{{{pairs}}}}}"
    shapes = {"D": made, "N": made.replace("-", ""), "B": f"{{{made}}}", "P": f"({made})"}
    if letter not in shapes:
        raise Failure(f'There is no guid format "{form}"; use D, N, B, P or X.')
    return shapes[letter]


FUNCTIONS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "concat": concat,
        "endsWith": lambda text, ending: text.lower().endswith(ending.lower()),
        "formatNumber": lambda number, form, tag=None: numerals.write(number, form, locale(tag)),
        "indexOf": _index,
        "isFloat": _is_float,
        "isInt": _is_int,
        "lastIndexOf": lambda text, part: text.lower().rfind(part.lower()),
        "nthIndexOf": _nth_index,
        "replace": replace,
        "slice": _slice,
        "split": split,
        "startsWith": lambda text, beginning: text.lower().startswith(beginning.lower()),
        "substring": substring,
        "toLower": lambda text: text.lower(),
        "toUpper": lambda text: text.upper(),
        "trim": lambda text: text.strip(),
    }
)


def random_functions(random: Random) -> Mapping[str, Callable[..., Any]]:
    """The functions whose results a run's seed decides."""

    def rand(least: int, limit: int) -> int:
        if limit <= least:
            raise Failure(f"rand goes from {least} to below {limit}, and there is nothing between.")
        return random.randrange(least, limit)

    return {"guid": lambda form="D": _guid(random, form), "rand": rand}

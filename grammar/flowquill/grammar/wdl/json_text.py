"""JSON files of unknown origin as values: encodings told apart, strict syntax, and bounds that hold before any memory is spent."""

from __future__ import annotations

import json
import math
import re
from itertools import islice
from typing import Any, NoReturn

MAX_BYTES = 8_000_000
MAX_DEPTH = 200
# Each value costs its text at least one of these characters, and the process some 60 bytes or more.
MAX_VALUES = 1_000_000

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")


class UnfitText(Exception):
    """A text that is no JSON this product reads. The message is a clause with a lower-case first letter, without a file name."""


def decode(data: bytes) -> str:
    """The text of a file: UTF-8 or UTF-16, with or without a byte order mark. Raises UnfitText."""
    if len(data) > MAX_BYTES:
        raise UnfitText(f"it is larger than {MAX_BYTES // 1_000_000} MB, and a workflow is text of some kilobytes")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding)
    # JSON begins with an ASCII character, so that the place of its zero byte tells UTF-16 without a mark (RFC 4627, section 3).
    if len(data) >= 2 and 0 in data[:2]:
        return _decoded(data, "utf-16-be" if data[0] == 0 else "utf-16-le")
    return _decoded(data, "utf-8")


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnfitText(f"byte {error.start + 1} is not {encoding[:6].upper()}; save it as UTF-8") from None


def parse_json(data: bytes) -> Any:
    """The value of a JSON file.

    Refused with UnfitText beyond what the syntax forbids: keys given twice, NaN and infinite numbers, halves of surrogate pairs,
    more than MAX_DEPTH levels, more than about MAX_VALUES values, more than MAX_BYTES bytes.
    """
    text = decode(data)
    if not text.strip():
        raise UnfitText("it is empty")
    if text.count(",") + text.count("[") + text.count("{") > MAX_VALUES and _values(text) > MAX_VALUES:
        raise UnfitText(f"it has more than {MAX_VALUES:,} values, and a workflow has some thousands")
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
    except json.JSONDecodeError as error:
        raise UnfitText(_syntax(text, error)) from None
    except RecursionError:
        raise UnfitText(f"it is nested more than {MAX_DEPTH} levels deep") from None
    except ValueError:
        # Python refuses whole numbers of more than 4,300 digits.
        raise UnfitText("a number has thousands of digits") from None
    _check(value, surrogates=_HALF_PAIR.search(text) is not None)
    return value


def _values(text: str) -> int:
    """An upper bound of the number of values, characters inside strings left out; counted no further than one beyond the bound."""
    marks = (m for m in re.finditer(r'"(?:[^"\\]|\\.)*+"|([,\[{])', text) if m[1])
    return sum(1 for _ in islice(marks, MAX_VALUES + 1))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise UnfitText(f"the key {_short(twice)} is given twice in one object; keep one")
    return made


def _constant(name: str) -> NoReturn:
    raise UnfitText(f"{name} is no JSON value; write a number or null")


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise UnfitText(f"the number {text[:20]} is too large")
    return value


def _syntax(text: str, error: json.JSONDecodeError) -> str:
    rest = text[error.pos : error.pos + 2]
    place = f"line {error.lineno}, column {error.colno}"
    if not text[error.pos :].strip() or error.msg.startswith("Unterminated string"):
        return f"it ends too early ({place}); the file is not complete"
    if rest in ("//", "/*"):
        return f"there is a comment at {place}; JSON has none, take it out"
    return f"it is no JSON at {place} ({error.msg[0].lower()}{error.msg[1:]})"


def _check(value: Any, surrogates: bool) -> None:
    """Looks through all values, level by level, so that depth costs no stack."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise UnfitText(f"it is nested more than {MAX_DEPTH} levels deep")
        below: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                below.extend(one.values())
                if surrogates:
                    below.extend(one)
            elif isinstance(one, list):
                below.extend(one)
            elif surrogates and isinstance(one, str) and any("\ud800" <= c <= "\udfff" for c in one):
                raise UnfitText("a text holds half of a surrogate pair, which is no character")
        level = [v for v in below if isinstance(v, dict | list) or (surrogates and isinstance(v, str))]


def _short(text: str) -> str:
    return json.dumps(text if len(text) <= 60 else text[:57] + "...", ensure_ascii=False)

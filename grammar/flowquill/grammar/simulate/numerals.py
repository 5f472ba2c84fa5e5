"""Numbers as text in .NET's standard and custom number formats, and numbers read from text in a locale."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from flowquill.grammar.simulate.locales import INVARIANT, Locale
from flowquill.grammar.simulate.values import Failure

_PARTS = re.compile(r"\\.|'[^']*'|\"[^\"]*\"|[0#.,]+|%|.", re.S)


def decimal_of(value: int | float) -> Decimal:
    """The decimal number that a person would write for it."""
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def write(value: int | float, form: str, locale: Locale) -> str:
    """A number in a format such as C2, N0, D5, P1, X or "0,0.00". Raises Failure for an unknown standard format."""
    standard = re.fullmatch(r"([A-Za-z])(\d{0,2})", form)
    if standard is None:
        return _custom(decimal_of(value), form, locale)
    letter, digits = standard[1].upper(), int(standard[2]) if standard[2] else None
    number = decimal_of(value)
    if letter == "C":
        text = locale.currency.format(_grouped(abs(number), 2 if digits is None else digits, locale))
        return f"-{text}" if number < 0 else text
    if letter in "NF":
        text = _grouped(abs(number), 2 if digits is None else digits, locale if letter == "N" else None, locale.point)
        return f"-{text}" if number < 0 else text
    if letter == "P":
        percent = _grouped(abs(number * 100), 2 if digits is None else digits, locale)
        return f"{'-' if number < 0 else ''}{percent}%"
    if letter in "DX" and isinstance(value, int):
        text = f"{abs(value):d}" if letter == "D" else f"{value & 0xFFFFFFFFFFFFFFFF if value < 0 else value:X}"
        text = text.zfill(digits or 1)
        text = text.lower() if standard[1] == "x" else text
        return f"-{text}" if value < 0 and letter == "D" else text
    if letter == "E":
        mantissa, exponent = f"{number:.{6 if digits is None else digits}E}".split("E")
        return f"{mantissa.replace('.', locale.point)}{standard[1]}{exponent[0]}{exponent[1:].zfill(3)}"
    if letter in "GR":
        plain = f"{number:.{digits}g}" if digits else f"{number.normalize():f}"
        return plain.replace(".", locale.point)
    raise Failure(f'There is no number format "{form}" for this number; use one such as "N2" or "0.00".')


def _rounded(number: Decimal, digits: int) -> str:
    try:
        return f"{number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):f}"
    except InvalidOperation:
        return f"{number:.{digits}f}"


def _grouped(number: Decimal, digits: int, locale: Locale | None, point: str = ".") -> str:
    whole, _, fraction = _rounded(number, digits).partition(".")
    if locale is not None:
        whole, point = f"{int(whole):,}".replace(",", locale.group), locale.point
    return f"{whole}{point}{fraction}" if fraction else whole


def _custom(number: Decimal, form: str, locale: Locale) -> str:
    sections = form.split(";")
    if len(sections) > 2 and number == 0:
        return _custom(Decimal(0), sections[2], locale)
    if len(sections) > 1 and number < 0 and sections[1]:
        return _custom(-number, sections[1], locale)
    form = sections[0]
    pieces = _PARTS.findall(form)
    digits = "".join(p for p in pieces if p[0] in "0#.,")
    if "%" in pieces:
        number *= 100
    whole_form, _, fraction_form = digits.partition(".")
    while whole_form.endswith(","):
        whole_form, number = whole_form[:-1], number / 1000
    fraction_form = fraction_form.replace(",", "").replace(".", "")
    whole, _, fraction = _rounded(abs(number), len(fraction_form)).partition(".")
    kept = len(fraction_form.rstrip("#"))
    while len(fraction) > kept and fraction.endswith("0"):
        fraction = fraction[:-1]
    least = len(whole_form.replace(",", "").lstrip("#"))
    whole = whole.lstrip("0").zfill(least) if least else whole.lstrip("0")
    if "," in whole_form:
        first = len(whole) % 3
        whole = locale.group.join(p for p in (whole[:first], *(whole[i : i + 3] for i in range(first, len(whole), 3))) if p)
    body = whole + (locale.point + fraction if fraction else "")
    written, done = "", False
    for piece in pieces:
        if piece[0] in "0#.,":
            written, done = written if done else written + body, True
        elif piece[0] == "\\":
            written += piece[1:]
        elif piece[0] in "'\"" and len(piece) > 1:
            written += piece[1:-1]
        else:
            written += piece
    return f"-{written}" if number < 0 and body.strip("0.,") else written


def read(text: str, locale: Locale = INVARIANT) -> float:
    """A decimal number from text with the locale's separators. Raises Failure."""
    plain = text.strip().replace(locale.group, "").replace("\u00a0", "")
    if locale.group == "\u202f":
        plain = plain.replace(" ", "")
    plain = plain.replace(locale.point, ".")
    if not re.fullmatch(r"[+-]?(\d+(?:\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", plain):
        raise Failure(f'"{text[:40]}" is no decimal number.')
    return float(plain)

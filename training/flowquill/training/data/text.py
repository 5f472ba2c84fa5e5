"""Text that remembers which stretches say a value of the flow, however it is joined, capitalised or misspelt afterwards."""

from __future__ import annotations

import re

from flowquill.training.data.pairs import Mention, Value

OPEN = "\ue000"
CLOSE = "\ue001"
_FIRST = 0xE100
_MARK = re.compile(f"{OPEN}(.)(.*?){CLOSE}", re.DOTALL)
_ANY = re.compile(f"{OPEN}.|{CLOSE}", re.DOTALL)


class Ledger:
    """The values of one request. `mark` wraps a stretch of text; `finish` gives plain text and mentions."""

    def __init__(self) -> None:
        self._values: list[Value | None] = []

    def mark(self, surface: str, value: Value) -> str:
        """`surface`, remembered to say `value`."""
        self._values.append(value)
        return f"{OPEN}{chr(_FIRST + len(self._values) - 1)}{surface}{CLOSE}"

    def span(self, surface: str) -> tuple[str, str]:
        """`surface` protected and its key: `finish` says what the stretch reads in the end."""
        self._values.append(None)
        key = chr(_FIRST + len(self._values) - 1)
        return f"{OPEN}{key}{plain(surface)}{CLOSE}", key

    def finish(self, text: str) -> tuple[str, tuple[Mention, ...], dict[str, str]]:
        """The plain text, the mentions in order, and what each key of `span` reads."""
        out: list[str] = []
        mentions: list[Mention] = []
        spans: dict[str, str] = {}
        length = last = 0
        for found in _MARK.finditer(text):
            before = text[last : found.start()]
            out.append(before)
            length += len(before)
            surface = found[2]
            value = self._values[ord(found[1]) - _FIRST]
            if value is None:
                spans[found[1]] = surface
                value = surface
            mentions.append(Mention(length, length + len(surface), value))
            out.append(surface)
            length += len(surface)
            last = found.end()
        out.append(text[last:])
        return "".join(out), tuple(mentions), spans


def plain(text: str) -> str:
    """Without marks."""
    return _ANY.sub("", text)


def pieces(text: str) -> list[tuple[str, bool]]:
    """The stretches of a marked text, each with whether it is protected."""
    out: list[tuple[str, bool]] = []
    last = 0
    for found in _MARK.finditer(text):
        if found.start() > last:
            out.append((text[last : found.start()], False))
        out.append((found[0], True))
        last = found.end()
    if last < len(text):
        out.append((text[last:], False))
    return out


def capital(text: str) -> str:
    """With a capital first letter, unless a value stands there."""
    for place, letter in enumerate(text):
        if letter == OPEN:
            return text
        if letter.isalpha():
            return text[:place] + letter.upper() + text[place + 1 :]
        if letter not in "\"'(“‘ ":
            return text
    return text


def lower_first(text: str) -> str:
    """With a small first letter, unless the first word is "I", an acronym or a name in capitals inside."""
    first = re.match(r"[A-Za-z']+", text)
    if not first or first[0] == "I" or first[0].startswith("I'") or not first[0][1:].islower():
        return text
    return text[0].lower() + text[1:]


def tidy(text: str) -> str:
    """Without doubled blanks, and no blank before a comma or a stop."""
    text = re.sub(r"[ \t]+([,;:.?!])(?=\s|$)", r"\1", text)
    text = re.sub(r"(?<=\S)  +", " ", text)
    return re.sub(r"([,;:]),", r"\1", text)

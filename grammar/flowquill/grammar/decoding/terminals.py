"""Terminals of a decoding grammar: spans of the request, numbers, words in regular expressions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

_BREAKS = re.compile(r'["\\{}\x00-\x1f\x7f\u0085\u2028\u2029\ud800-\udfff]+')
"""What a string or the text of a template would have to escape: a span never crosses it."""
_SPECIAL = re.compile(r"[\\/.*+?()\[\]{}|^$&~<>\"#@-]")


def literal(text: str) -> str:
    """A Lark string for exactly this text."""
    return json.dumps(text, ensure_ascii=False)


def escaped(text: str) -> str:
    """The text within a regular expression that stands between slashes."""
    return _SPECIAL.sub(lambda match: "\\" + match.group(), text)


def one_of(texts: Iterable[str]) -> str:
    """A regular expression for any of these texts, in parentheses; the longest first."""
    return f"({'|'.join(escaped(t) for t in sorted(set(texts), key=lambda t: (-len(t), t)))})"


def spans(text: str) -> tuple[str, ...]:
    """The stretches of a request that literals may be cut from."""
    # vLLM takes a grammar that holds "::=" for another dialect.
    return tuple(dict.fromkeys(p.strip() for p in _BREAKS.split(text.replace("::=", ":: =")) if p.strip()))


def span_terminals(text: str, chunks: Iterable[str] = ()) -> list[str]:
    """Definitions of SPAN (whole words, no blank at either end) and CHUNK (blanks at the ends allowed; or one of `chunks`) for a request."""
    parts = spans(text)
    lines = [f"WORDS_{n}: %regex {json.dumps({'substring_words': p}, ensure_ascii=False)}" for n, p in enumerate(parts)]
    words = " | ".join(f"WORDS_{n}" for n in range(len(parts))) or '"TEXT"'
    return [
        *lines,
        f"WORDS: {words}",
        "SPAN: /[^ ](.*[^ ])?/ & WORDS",
        f"CHUNK: (/.* ?[^ ].*/ & (WORDS | / / WORDS | WORDS / / | / / WORDS / /)){''.join(f' | {literal(c)}' for c in dict.fromkeys(chunks))}",
    ]


def identifier_terminal(name: str, text: str) -> list[str]:
    """Definitions of a terminal for names made of words of the request: "number_of_days"."""
    words = re.findall(r"[a-z0-9]+", text.lower()) or ["value"]
    joined = [piece for word in words for piece in (word, "_")][:-1]
    return [f"{name}_WORDS: %regex {json.dumps({'substring_chunks': joined})}", f"{name}: /[a-z]([a-z0-9_]*[a-z0-9])?/ & {name}_WORDS"]


def spelled(number: int | float) -> str:
    """A number as the formatter writes it."""
    text = repr(number)
    return text if isinstance(number, int) or any(c in text for c in ".e") else text + ".0"

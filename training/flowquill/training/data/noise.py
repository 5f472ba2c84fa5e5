"""What real requests carry besides their meaning: greetings, purposes, set-up notes, typing mistakes, missing capitals and stops."""

from __future__ import annotations

import re

from flowquill.training.data.draft import Draft
from flowquill.training.data.text import CLOSE, OPEN, capital, pieces

_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk", "k": "jl", "l": "k",
    "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "w", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe", "x": "zc",
    "y": "tu", "z": "x",
}  # fmt: skip


class Noise:
    """Changes a marked text, never inside its values."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft

    def apply(self, text: str) -> str:
        """The text as somebody might really have typed it."""
        draft = self.draft
        listed = "\n" in text
        if draft.chance(0.05) and not listed and text.endswith("."):
            text = f"{text[:-1]} {draft.say('purpose')}."
            draft.tag("purpose")
        roll = draft.rng.random()
        if roll < 0.04:
            text = f"{draft.say('opening')} {capital(text)}"
            draft.tag("greeting")
        elif roll < 0.07:
            text = f"{text}{' ' if not listed else chr(10)}{draft.say('closing')}"
            draft.tag("closing")
        elif roll < 0.11:
            text = self._notes(text)
        if draft.chance(0.12):
            text = "".join(t if kept else _lower(t) for t, kept in pieces(text))
            draft.tag("lower case")
        if draft.chance(0.25) and not listed:
            text = text.rstrip(".")
        if draft.chance(0.04):
            text = "".join(t if kept else t.replace(",", "").replace(";", "") for t, kept in pieces(text))
            draft.tag("no commas")
        if draft.chance(0.06):
            text = self._mistype(text)
            draft.tag("typo")
        return text

    def _notes(self, text: str) -> str:
        draft = self.draft
        connectors = [o.connector for o in draft.operations if o.connector]
        connector = draft.catalog.connectors.get(draft.rng.choice(connectors)) if connectors else None
        title = connector.title if connector else "the service"
        person = str(draft.values.value(draft.rng, "person"))
        draft.tag("notes")
        if draft.chance(0.4):
            return f"{draft.say('noise_before').format(m=title, p=person)} {capital(text)}"
        tail = " ".join(draft.say("noise_after").format(m=title) for _ in range(draft.rng.choice((1, 1, 2))))
        return f"{text}{' ' if draft.chance(0.7) else chr(10)}{tail}"

    def _mistype(self, text: str) -> str:
        """One or two letters wrong in words that carry no value."""
        rng = self.draft.rng
        parts = pieces(text)
        for _ in range(rng.choice((1, 1, 2))):
            free = [(i, m) for i, (t, kept) in enumerate(parts) if not kept for m in re.finditer(r"(?<![\w-])[a-z]{5,}(?![\w-])", t)]
            if not free:
                break
            index, found = rng.choice(free)
            word = found[0]
            place = rng.randrange(1, len(word) - 1)
            kind = rng.random()
            if kind < 0.35:
                word = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
            elif kind < 0.65:
                word = word[:place] + word[place + 1 :]
            elif kind < 0.85:
                word = word[:place] + word[place] + word[place:]
            else:
                word = word[:place] + rng.choice(_NEIGHBOURS[word[place]]) + word[place + 1 :]
            piece = parts[index][0]
            parts[index] = (piece[: found.start()] + word + piece[found.end() :], False)
        return "".join(t for t, _ in parts)


def _lower(text: str) -> str:
    return text if OPEN in text or CLOSE in text else text.lower()

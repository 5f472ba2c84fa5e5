"""What was written as ghost text, kept while the person types it, and how long to wait before more is written."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass

from flowquill.server.documents import Snapshot

KEPT = 16
"""Places whose texts are remembered."""
_CLOSED_BY_EDITOR = re.compile(r"[)\]}\"]*")


@dataclass(frozen=True, slots=True)
class Ghost:
    """Texts for a place, best first; `span`: what they take the place of, within one line."""

    span: tuple[int, int]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    """Texts between what stood before and behind them. None of them: the model had nothing to say there."""

    uri: str
    before: str
    behind: str
    texts: tuple[str, ...]


class Ghosts:
    """The texts of the last places. A character that agrees with a text leaves it valid, one that does not hides it."""

    def __init__(self) -> None:
        self._kept: deque[_Kept] = deque(maxlen=KEPT)

    def keep(self, snapshot: Snapshot, offset: int, texts: tuple[str, ...]) -> None:
        """Remembers the texts for an offset."""
        before, behind = snapshot.text[:offset], snapshot.text[offset:]
        self._kept = deque((k for k in self._kept if (k.uri, k.before, k.behind) != (snapshot.uri, before, behind)), KEPT)
        self._kept.append(_Kept(snapshot.uri, before, behind, texts))

    def at(self, snapshot: Snapshot, offset: int) -> Ghost | None:
        """What is left of the texts at an offset, or None where none were written for this place."""
        text = snapshot.text
        for kept in reversed(self._kept):
            start, end = len(kept.before), len(text) - len(kept.behind)
            if kept.uri != snapshot.uri or not start <= offset <= end or not text.startswith(kept.before) or not text.endswith(kept.behind):
                continue
            typed, rest = text[start:offset], text[offset:end]
            # A bracket that the editor closed by itself is taken into the text, which closes it too.
            if not _CLOSED_BY_EDITOR.fullmatch(rest):
                continue
            texts = tuple(t for t in kept.texts if t.startswith(typed) and t != typed)
            if typed and not texts:
                continue
            line = typed.rfind("\n") + 1
            return Ghost((start + line, end), tuple(t[line:] for t in texts))
        return None


class Pace:
    """How long typing is waited out before a generation begins: the slower generations are and the more are overtaken, the longer."""

    SHORTEST, LONGEST = 0.02, 0.4
    """Seconds."""

    def __init__(self) -> None:
        self._seconds = 0.1
        self._overtaken = 0.0

    @property
    def delay(self) -> float:
        """Seconds."""
        return min(self.LONGEST, max(self.SHORTEST, self._seconds * (0.2 + self._overtaken)))

    def took(self, seconds: float) -> None:
        """A generation was of use."""
        self._seconds += 0.3 * (seconds - self._seconds)
        self._overtaken *= 0.7

    def overtaken(self) -> None:
        """A generation, or the wait for one, was for nothing: the person typed on."""
        self._overtaken += 0.3 * (1.0 - self._overtaken)

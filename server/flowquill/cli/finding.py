"""What the doctor found: one thing looked at, how it stands, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "missing", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `state`: "ok", "missing" (optional, fine without) or "wrong"; `mend` says what to do then."""

    name: str
    state: State
    detail: str
    mend: str = ""


def told(name: str, sentence: str, state: State = "wrong") -> Finding:
    """A finding of one of our sentences, which say what is wrong, then `;`, then what to do."""
    text, _, mend = " ".join(sentence.split()).rstrip(".").rpartition("; ")
    return Finding(name, state, text or mend, mend if text else "")

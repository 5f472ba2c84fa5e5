"""Answers of completion and chat endpoints, streamed or whole, put together from bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

LARGEST = 4_000_000
"""Bytes of an answer; no flow is longer, and a server that sends more sends something else."""


class Unreadable(Exception):
    """Bytes that are no answer. The message goes on after "The model server at HOST"."""


@dataclass
class Answer:
    """One choice. `logprobs` of its tokens, empty where the server gives none; `reason` it ended for, as "stop" or "length"."""

    text: str = ""
    logprobs: list[float] = field(default_factory=list)
    reason: str = ""


class Collected:
    """Collects one response."""

    def __init__(self) -> None:
        self._choices: dict[int, Answer] = {}
        self._rest = b""
        self._size = 0
        self._streamed = False
        self._done = False

    @property
    def begun(self) -> bool:
        """Whether anything came."""
        return self._size > 0

    def feed(self, part: bytes) -> None:
        """Takes the next bytes. Raises Unreadable."""
        self._size += len(part)
        if self._size > LARGEST:
            raise Unreadable("sends far more than a flow; check that it is a model server.")
        *lines, self._rest = (self._rest + part).split(b"\n")
        if not lines:
            return
        if not self._streamed and not lines[0].lstrip().startswith((b"data:", b":", b"event:", b"id:")) and lines[0].strip():
            # A whole answer that spans lines: it is read at the end.
            self._rest = b"\n".join([*lines, self._rest])
            return
        for line in lines:
            self._line(line.strip())

    def answers(self, kind: str) -> list[Answer]:
        """What came, in the order of the choices. Raises Unreadable where it is no answer or not a whole one."""
        rest = self._rest.strip()
        if rest and not self._streamed and not rest.startswith(b"data:"):
            self._whole(rest, kind)
        elif rest:
            self._line(rest)
        if not self._choices:
            raise Unreadable("gave an empty answer; try again." if not self._size else "answers with something that is no completion; check that it is an OpenAI-compatible server.")
        if not self._done and any(not a.reason for a in self._choices.values()):
            raise Unreadable("broke off in the middle of its answer; try again.")
        return [self._choices[i] for i in sorted(self._choices)]

    def _line(self, line: bytes) -> None:
        if not line.startswith(b"data:"):
            return
        self._streamed = True
        data = line[5:].strip()
        if data == b"[DONE]":
            self._done = True
            return
        self._event(_json(data))

    def _whole(self, data: bytes, kind: str) -> None:
        self._event(_json(data))
        self._done = True

    def _event(self, given: Any) -> None:
        if not isinstance(given, dict):
            raise Unreadable("answers with something that is no completion; check that it is an OpenAI-compatible server.")
        if given.get("error"):
            error = given["error"]
            said = error.get("message", "") if isinstance(error, dict) else error
            raise Unreadable(f"failed while it wrote the answer ({' '.join(str(said).split())[:160]}); try again.")
        try:
            for choice in given.get("choices") or ():
                self._choice(choice)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise Unreadable("answers with something that is no completion; check that it is an OpenAI-compatible server.") from None

    def _choice(self, choice: dict[str, Any]) -> None:
        answer = self._choices.setdefault(int(choice.get("index", 0)), Answer())
        message = choice.get("delta") or choice.get("message") or {}
        text = choice.get("text") if "text" in choice else message.get("content")
        answer.text += str(text or "")
        found = choice.get("logprobs") or {}
        tokens = found.get("token_logprobs") or [t["logprob"] for t in found.get("content") or ()]
        answer.logprobs += [float(t) for t in tokens if t is not None]
        answer.reason = str(choice.get("finish_reason") or answer.reason)


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise Unreadable("answers with something that is no completion; check that it is an OpenAI-compatible server.") from None

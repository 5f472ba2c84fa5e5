"""OpenAI fine-tuning files: chats as JSON lines, checked by that format's rules before anything is sent.

Rules: https://platform.openai.com/docs/guides/supervised-fine-tuning (at least 10 examples; roles system, user, assistant; the last message is the
assistant's; content is text) and the size limits of https://platform.openai.com/docs/api-reference/files (512 MB a file).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from flowquill.training.lm.config import ConfigError
from flowquill.training.lm.prompts import Exchange
from flowquill.training.lm.publish import write_text

ROLES: Final = ("system", "user", "assistant")
LEAST: Final = 10
MOST_BYTES: Final = 512 * 1024 * 1024
MOST_TOKENS: Final = 65_536
"""Tokens of one example for gpt-4o-mini; longer ones would be cut, and the answer stands at the end."""
_WEIGHTS: Final = (0, 1)


@dataclass(frozen=True, slots=True)
class Counted:
    """A file that keeps the rules. `tokens` is counted as a token for every four bytes of UTF-8, which English and flows stay below."""

    examples: int
    bytes: int
    tokens: int
    longest: int


def chat(exchange: Exchange) -> dict[str, Any]:
    """One example: the prompt of a chat model and the answer."""
    return {"messages": [*exchange.prompt.messages, {"role": "assistant", "content": exchange.answer}]}


def write(exchanges: Iterable[Exchange], file: Path) -> Counted:
    """Writes a file, exact repetitions left out, and checks it. Raises ConfigError where it breaks a rule, PublishError where it cannot be written."""
    lines: dict[str, None] = {}
    for exchange in exchanges:
        lines[json.dumps(chat(exchange), ensure_ascii=False)] = None
    text = "".join(f"{line}\n" for line in lines)
    counted = check_text(text, file.name)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, text)
    return counted


def check(file: Path) -> Counted:
    """Checks a file that is there. Raises ConfigError naming file and line."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"There is no fine-tuning file at {file}; check the path.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read as UTF-8 text ({error}); write it again.") from None
    return check_text(text, file.name)


def check_text(text: str, name: str) -> Counted:
    """Raises ConfigError for the first rule that is broken."""
    size = len(text.encode())
    if size > MOST_BYTES:
        raise ConfigError(f"{name} has {size / 1e6:.0f} MB, and a fine-tuning file may have 512 MB; take fewer pairs.")
    seen: dict[str, int] = {}
    lengths: list[int] = []
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{name}:{number}"
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise ConfigError(f"{where}: this is no JSON ({error}); one object a line is expected.") from None
        if wrong := "; ".join(_wrong(entry)):
            raise ConfigError(f"{where}: {wrong}.")
        key = json.dumps(entry, sort_keys=True)
        if key in seen:
            raise ConfigError(f"{where}: the same example stands in line {seen[key]}; remove one.")
        seen[key] = number
        lengths.append(_tokens(entry))
        if lengths[-1] > MOST_TOKENS:
            raise ConfigError(f"{where}: about {lengths[-1]} tokens, more than the {MOST_TOKENS} that are read; shorten it or offer fewer operations.")
    if len(lengths) < LEAST:
        raise ConfigError(f"{name} has {len(lengths)} examples; fine-tuning needs at least {LEAST}.")
    return Counted(len(lengths), size, sum(lengths), max(lengths))


def _tokens(entry: dict[str, Any]) -> int:
    # Three more for the frame of each message, three for the start of the answer, as the format counts.
    return sum(-(-len(m["content"].encode()) // 4) + 3 for m in entry["messages"]) + 3


def _wrong(entry: Any) -> Iterator[str]:
    if not isinstance(entry, dict) or not isinstance(entry.get("messages"), list) or not entry["messages"]:
        yield 'an object with a list "messages" is expected'
        return
    if unknown := sorted(set(entry) - {"messages"}):
        yield f"{', '.join(unknown)} is no part of a chat"
    for message in entry["messages"]:
        if not isinstance(message, dict) or not isinstance(message.get("content"), str) or not message["content"].strip():
            yield "a message without content"
            return
        if message.get("role") not in ROLES:
            yield f"the role {message.get('role')!r} is none of {', '.join(ROLES)}"
            return
        if unknown := sorted(set(message) - {"role", "content", "name", "weight"}):
            yield f"{', '.join(unknown)} is no part of a message"
        if message.get("weight", 1) not in _WEIGHTS or ("weight" in message and message["role"] != "assistant"):
            yield "weight is 0 or 1, and only of the assistant's messages"
    roles = [m["role"] for m in entry["messages"]]
    if "system" in roles[1:]:
        yield "the system's message stands first or not at all"
    if roles[-1] != "assistant":
        yield "the last message is not the assistant's"
    if "user" not in roles:
        yield "there is no user's message"


__all__ = ["LEAST", "MOST_TOKENS", "Counted", "chat", "check", "check_text", "write"]

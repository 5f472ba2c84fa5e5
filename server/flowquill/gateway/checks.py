"""What a request may hold, and what becomes of it: fields by an allow-list, the tenant's own model, salt and grammar put in."""

from __future__ import annotations

import json
import math
from typing import Any, Final

from flowquill.gateway.errors import GatewayError, invalid
from flowquill.gateway.settings import Limits

CHAT: Final = "/v1/chat/completions"
TEXT: Final = "/v1/completions"

_NUMBERS: Final = frozenset(
    [
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "repetition_penalty",
        "presence_penalty",
        "frequency_penalty",
        "top_logprobs",
    ]
)
_SWITCHES: Final = frozenset(
    ["stream", "skip_special_tokens", "spaces_between_special_tokens", "include_stop_str_in_output"]
)
_OTHERS: Final = frozenset(
    ["max_tokens", "max_completion_tokens", "n", "stop", "stream_options", "logprobs", "structured_outputs"]
)
_IGNORED: Final = frozenset(["model", "user", "metadata", "store", "seed"])
"""Taken without effect, since clients of OpenAI's API send them; `model` is checked by its own rule. A seed can end vLLM's engine on a CPU for everybody."""
_GRAMMAR_LIMIT: Final = 256 * 1024
_MOST_LOGPROBS: Final = 20
_MOST_NUMBER: Final = 1 << 30
_ROLES: Final = frozenset(["system", "developer", "user", "assistant"])


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object of a body. Raises GatewayError."""
    try:
        table = json.loads(body, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError):
        raise invalid("The body is no JSON; send one object as OpenAI's API describes it.") from None
    if not isinstance(table, dict):
        raise invalid("The body is no JSON object; send one as OpenAI's API describes it.")
    return table


def _finite(text: str) -> float:
    """A number that JSON knows. Raises ValueError for NaN and infinities, which Python reads and a replica might."""
    if not math.isfinite(number := float(text)):
        raise ValueError(text)
    return number


def prepare(
    path: str,
    table: dict[str, Any],
    limits: Limits,
    *,
    names: frozenset[str],
    model: str,
    salt: str,
    grammar: str | None,
) -> dict[str, Any]:
    """The request for a replica. `names`: what the tenant may call its model; `model`: its name on the replica.

    Raises GatewayError where a field is unknown, of the wrong kind, or beyond the tenant's limits.
    """
    asked = table.get("model")
    if asked is not None and not (isinstance(asked, str) and asked in names):
        raise GatewayError(
            404,
            "not_found_error",
            f"There is no model {str(asked)[:80]!r} for this key; leave model out or name one of {', '.join(sorted(names))}.",
        )
    main = "messages" if path == CHAT else "prompt"
    out: dict[str, Any] = {}
    for field, value in table.items():
        if field == main:
            out[field] = _messages(value) if path == CHAT else _prompt(value)
        elif field in _IGNORED or value is None:
            continue
        else:
            out[field] = _checked(field, value)
    if main not in out:
        raise invalid(f"The field {main} is missing; add it.")
    _counts(out, limits, path)
    if "structured_outputs" not in out and grammar is not None:
        out["structured_outputs"] = {"grammar": grammar}
    out["model"] = model
    out["cache_salt"] = salt
    return out


def _checked(field: str, value: Any) -> Any:
    if field in _NUMBERS:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise invalid(f"The field {field} must be a number.")
        if abs(value) > _MOST_NUMBER:
            raise invalid(f"The field {field} is too large a number.")
    elif field in _SWITCHES:
        if not isinstance(value, bool):
            raise invalid(f"The field {field} must be true or false.")
    elif field == "stop":
        stops = [value] if isinstance(value, str) else value
        if (
            not isinstance(stops, list)
            or len(stops) > 16
            or not all(isinstance(s, str) and len(s) <= 200 for s in stops)
        ):
            raise invalid("The field stop must be a text or a list of at most 16 texts.")
    elif field == "stream_options":
        if not isinstance(value, dict) or set(value) - {"include_usage", "continuous_usage_stats"}:
            raise invalid("The field stream_options takes include_usage only.")
    elif field == "structured_outputs":
        if not isinstance(value, dict) or set(value) - {"grammar", "regex", "choice", "json"}:
            raise invalid("The field structured_outputs takes one of grammar, regex, choice and json.")
        if (
            sum(len(rule) if isinstance(rule, str) else len(json.dumps(rule)) for rule in value.values())
            > _GRAMMAR_LIMIT
        ):
            raise invalid(f"The grammar is longer than {_GRAMMAR_LIMIT // 1024} KiB; give it fewer operations.")
    elif field not in _OTHERS:
        raise invalid(f"The field {field[:80]} is not passed on; leave it out.")
    return value


def _prompt(value: Any) -> str:
    # Token ids and lists of prompts could hold more than one request; neither is needed here.
    if not isinstance(value, str) or not value:
        raise invalid("The field prompt must be a text.")
    return value


def _messages(value: Any) -> list[dict[str, str]]:
    if not isinstance(value, list) or not value:
        raise invalid("The field messages must be a list of messages.")
    return [_message(m) for m in value]


def _message(message: Any) -> dict[str, str]:
    if not isinstance(message, dict) or message.get("role") not in _ROLES or set(message) - {"role", "content", "name"}:
        raise invalid("A message has a role (system, user or assistant) and a content, and nothing else.")
    content = message.get("content")
    if isinstance(content, list):
        # Only texts: a part may also name an address that the replica would fetch.
        if not all(isinstance(p, dict) and p.get("type") == "text" and isinstance(p.get("text"), str) for p in content):
            raise invalid("The content of a message must be text.")
        content = "".join(p["text"] for p in content)
    if not isinstance(content, str):
        raise invalid("The content of a message must be text.")
    return {"role": message["role"], "content": content}


def _counts(out: dict[str, Any], limits: Limits, path: str) -> None:
    for field, most in (
        ("max_tokens", limits.max_tokens),
        ("max_completion_tokens", limits.max_tokens),
        ("n", limits.choices),
    ):
        value = out.get(field, 1)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise invalid(f"The field {field} must be a whole number from 1 to {most}.")
    if path == CHAT:
        if not isinstance(out.get("logprobs", False), bool):
            raise invalid("The field logprobs must be true or false.")
    elif not 0 <= _whole(out.get("logprobs", 0)) <= _MOST_LOGPROBS:
        raise invalid(f"The field logprobs must be a whole number from 0 to {_MOST_LOGPROBS}.")
    if not 0 <= _whole(out.get("top_logprobs", 0)) <= _MOST_LOGPROBS:
        raise invalid(f"The field top_logprobs must be a whole number from 0 to {_MOST_LOGPROBS}.")
    if "max_tokens" not in out and "max_completion_tokens" not in out:
        out["max_tokens"] = limits.max_tokens


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else -1

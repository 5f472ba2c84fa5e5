"""Results that a person prescribes for a dry run: by step or by operation, one after the other, failures and time-outs too."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

_KEYS = frozenset({"result", "failed", "timed_out", "code", "status_code"})


class MockError(Exception):
    """Mocks that cannot be used. The message is one sentence that says what and what to do."""


@dataclass(frozen=True, slots=True)
class Mock:
    """One prescribed outcome. `result`: the named parts of a result, or the whole of one that has no named parts."""

    status: Literal["succeeded", "failed", "timed_out"] = "succeeded"
    result: Any = None
    message: str = ""
    code: str = ""
    status_code: int = 0


@dataclass
class Mocks:
    """Prescribed outcomes by step name or `connector.operation`; each list is used up, its last entry stays."""

    entries: Mapping[str, Sequence[Mock]] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)

    def next(self, *names: str) -> Mock | None:
        """The next outcome for the first of these names that has any; None where none has."""
        for name in names:
            listed = self.entries.get(name)
            if listed:
                count = self.used.get(name, 0)
                self.used[name] = count + 1
                return listed[min(count, len(listed) - 1)]
        return None

    def fresh(self) -> Mocks:
        """The same outcomes, none used yet."""
        return Mocks(self.entries)


def read_mocks(text: str) -> Mocks:
    """Mocks from JSON: `{"get_item": {"result": {...}}, "slack.post_message": [{"failed": "busy", "status_code": 429}, {"timed_out": true}]}`.

    A value without any of these keys is taken for the result itself. Raises MockError.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MockError(f"The mocks are no JSON ({error}); mend the file.") from None
    if not isinstance(data, dict):
        raise MockError("The mocks are no JSON object; write step names or connector.operation as its keys.")
    return Mocks({name: tuple(_mock(name, e) for e in (given if isinstance(given, list) else [given])) for name, given in data.items()})


def _mock(name: str, entry: Any) -> Mock:
    if not isinstance(entry, dict) or not entry or not set(entry) <= _KEYS:
        return Mock(result=entry)
    code = entry.get("status_code", 0)
    if not isinstance(code, int):
        raise MockError(f"The status_code of the mock {name} is no whole number; write one such as 404.")
    if entry.get("timed_out"):
        return Mock("timed_out", message="The operation timed out.", code="ActionTimedOut")
    if "failed" in entry:
        return Mock("failed", entry.get("result"), str(entry["failed"]), str(entry.get("code") or "ActionFailed"), code or 500)
    return Mock(result=entry.get("result"), status_code=code)

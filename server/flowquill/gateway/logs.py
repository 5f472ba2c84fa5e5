"""Structured logs: one JSON object a line. Prompts, answers and keys have no field here, so they cannot be logged."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TextIO

Value = str | int | float | bool | None


class Log:
    """Writes events to a stream. Values are short and of plain types."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def write(self, level: str, event: str, **fields: Value) -> None:
        """One line: time, level, event and the fields that are not None."""
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level, "event": event}
        line.update({k: v for k, v in fields.items() if v is not None})  # type: ignore[misc]
        print(json.dumps(line), file=self._stream or sys.stderr, flush=True)

    def info(self, event: str, **fields: Value) -> None:
        """What happens as it should."""
        self.write("info", event, **fields)

    def warn(self, event: str, **fields: Value) -> None:
        """What a person may have to look at."""
        self.write("warning", event, **fields)

"""Requests from a JSON-lines file, results to another: a bad line costs its own result only."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowquill.cli.errors import CommandError
from flowquill.cli.files import read_text
from flowquill.cli.output import dumps, generation_json
from flowquill.generation.pipeline import Generator
from flowquill.generation.request import GenerationError, Request


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the input: a request, or what is wrong with it."""

    identity: Any
    request: Request | None
    error: str = ""


def run_batch(source: str, target: str, open_generator: Callable[[], Generator], number: int) -> int:
    """Generates for every line of `source` into `target`; 1 where any line failed. Each result is on disk before the next begins."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    if os.path.exists(target) and os.path.exists(source) and os.path.samefile(source, target):
        raise CommandError("--out is the same file as --batch; give another one so that the requests are not lost.")
    folder = Path(source).parent
    # split, not splitlines: a text may hold U+2028, which is no line end in JSON lines.
    lines = [_read(number, raw, folder) for number, raw in enumerate(read_text(source).split("\n"), start=1) if raw.strip()]
    if not lines:
        raise CommandError(f'{source} holds no requests; write one {{"id", "text"}} a line.')
    generator = open_generator()
    failed = 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        stream = open(target, "w", encoding="utf-8")  # noqa: SIM115 (the error of opening is told apart from those of writing)
    except OSError as error:
        raise CommandError(f"{target} cannot be written ({error.strerror or error}); check the path.") from None
    with stream, Progress(*columns, console=Console(stderr=True)) as progress:
        for line in progress.track(lines, description="Generating"):
            record = _record(line, generator, number)
            failed += "error" in record
            stream.write(dumps(record, indent=None) + "\n")
            stream.flush()
    if failed:
        Console(stderr=True, highlight=False).print(f"{failed} of {len(lines)} requests failed; their lines in {target} say why.")
    return 1 if failed else 0


def _read(number: int, raw: str, folder: Path) -> _Line:
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        return _Line(None, None, f"Line {number} is not JSON.")
    if not isinstance(data, dict):
        return _Line(None, None, f"Line {number} is not a JSON object.")
    identity = data.get("id")
    text, edit = data.get("text"), data.get("edit")
    if not isinstance(text, str):
        return _Line(identity, None, f'Line {number} has no "text".')
    if edit is not None and not isinstance(edit, str):
        return _Line(identity, None, f'"edit" of line {number} is no text; give a path or a flow.')
    if edit is not None and "{" not in edit and "\n" not in edit:
        try:
            edit = read_text(str(folder / edit))
        except CommandError as error:
            return _Line(identity, None, str(error))
    return _Line(identity, Request(text, edit or None))


def _record(line: _Line, generator: Generator, number: int) -> dict[str, Any]:
    if line.request is None:
        return {"id": line.identity, "error": line.error}
    try:
        generation = generator.generate(line.request, alternatives=number)
        return {"id": line.identity, **generation_json(generation, generator.catalog)}
    except GenerationError as error:
        return {"id": line.identity, "error": str(error)}
    except Exception as error:
        if os.environ.get("FLOWQUILL_DEBUG") == "1":
            raise
        return {"id": line.identity, "error": f"This should not have happened ({type(error).__name__}: {error})."}

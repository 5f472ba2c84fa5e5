"""Imports many files into a folder of connector files: what is done and unchanged is skipped, and the result does not depend on it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowquill.cli.errors import CommandError
from flowquill.cli.files import write_text
from flowquill.grammar.catalog import CatalogError, Connector, load_catalog
from flowquill.grammar.catalog.importing import SUFFIXES, connector_of, read_bytes, source_of
from flowquill.grammar.catalog.importing.found import FoundConnector
from flowquill.grammar.catalog.importing.workflows import Seen
from flowquill.grammar.catalog.written import connector_text

RECORD = ".flowquill-import"
# Raised whenever the same source would give other connectors, so that an older record counts for nothing.
VERSION = 1


@dataclass
class Imported:
    """What an import did. `problems` and `notes`: a sentence each."""

    files: int = 0
    skipped: int = 0
    connectors: int = 0
    operations: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def sources(paths: Iterable[str]) -> tuple[Path, ...]:
    """The files of `paths`, folders searched through, in one order whatever the system's. Raises CommandError."""
    found: list[Path] = []
    for given in paths:
        path = Path(given)
        if path.is_dir():
            inside = sorted(f for f in path.rglob("*") if f.name.endswith(SUFFIXES) and not f.name.startswith(".") and f.is_file())
            if not inside:
                raise CommandError(f"The folder {given} holds no .json, .yaml or .jsonl file; give a folder of definitions.")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise CommandError(f"There is no file or folder {given}; check the path.")
    return tuple(dict.fromkeys(found))


def run_import(files: Sequence[Path], out: Path, *, internal: bool = False, step: Callable[[Path], None] = lambda path: None) -> Imported:
    """Imports `files` into connector files in `out`; `step` is called after each file.

    Raises CommandError where `out` cannot be written. A file that cannot be read is a line in `problems`, and the others go on.
    An interruption leaves the connector files and the record of what was done until then.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"The folder {out} cannot be made ({error.strerror or error}); check the path and your rights to it.") from None
    result, avoided = Imported(), frozenset(load_catalog().builtins)
    record = _record(out / RECORD, internal)
    done: dict[str, Any] = {}
    taken: set[str] = set()
    seen = Seen()
    written: set[str] = set()
    try:
        for path in files:
            result.files += 1
            try:
                entry = _import(path, out, record, taken, avoided, seen, internal, result)
            except CatalogError as error:
                result.problems.append(str(error))
            else:
                if entry is not None:
                    done[_key(path)] = entry
                    written |= set(entry["connectors"])
            step(path)
        # Workflows say together what an operation takes, so they are joined only when all are read.
        for found in seen.connectors():
            connector = connector_of(found, taken, avoided)
            _write(out, connector, result)
            written.add(connector.name)
    finally:
        kept = {k: v for k, v in record.items() if k not in done and not set(v["connectors"]) & written}
        write_text(str(out / RECORD), json.dumps({"version": VERSION, "internal": internal, "sources": {**kept, **done}}, indent=1, sort_keys=True) + "\n")
    return result


def _import(
    path: Path, out: Path, record: dict[str, Any], taken: set[str], avoided: frozenset[str], seen: Seen, internal: bool, result: Imported
) -> dict[str, Any] | None:
    """One file; None for one that belongs to another or was a workflow."""
    data = read_bytes(path)
    digest = hashlib.sha256(data).hexdigest()
    before = record.get(_key(path))
    if before is not None and before["sha256"] == digest and not set(before["connectors"]) & taken and _present(out, before["connectors"]) and _same_names(before, taken):
        taken |= set(before["connectors"])
        result.skipped += 1
        result.connectors += len(before["connectors"])
        result.operations += before["operations"]
        return dict(before)
    source = source_of(path, data, internal=internal)
    if source is None:
        return None
    if source.workflow is not None:
        seen.add(source.workflow)
        return None
    result.notes += [f"{path}: {note}" for note in source.notes]
    made = [_made(found, taken, avoided) for found in source.connectors]
    for _, connector in made:
        _write(out, connector, result)
    return {"sha256": digest, "wanted": [w for w, _ in made], "connectors": [c.name for _, c in made], "operations": sum(len(c.operations) for _, c in made)}


def _made(found: FoundConnector, taken: set[str], avoided: frozenset[str]) -> tuple[str, Connector]:
    """A connector, and the name it would have if it were alone."""
    from flowquill.grammar.catalog.importing.names import connector_name

    return connector_name(found.title, found.api, set(), avoided), connector_of(found, taken, avoided)


def _same_names(before: dict[str, Any], taken: set[str]) -> bool:
    """Whether the connectors would get the names again that the record has: a name with a number only where the plain one is taken."""
    given: set[str] = set(taken)
    for wanted, name in zip(before["wanted"], before["connectors"], strict=True):
        if name != wanted and wanted not in given:
            return False
        given.add(name)
    return True


def _present(out: Path, names: Iterable[str]) -> bool:
    return all((out / f"{n}.json").is_file() for n in names)


def _write(out: Path, connector: Connector, result: Imported) -> None:
    target, text = out / f"{connector.name}.json", connector_text(connector)
    result.connectors += 1
    result.operations += len(connector.operations)
    try:
        if target.read_text(encoding="utf-8") == text:
            return
    except (OSError, ValueError):
        pass
    write_text(str(target), text)


def _record(path: Path, internal: bool) -> dict[str, Any]:
    """What an earlier import noted; nothing where there is none, or it was of another version or with other options."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        entries = data["sources"] if data["version"] == VERSION and data["internal"] is internal else {}
        whole = isinstance(entries, dict) and all({"sha256", "wanted", "connectors", "operations"} <= set(e) for e in entries.values())
        return entries if whole else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _key(path: Path) -> str:
    return path.resolve().as_posix()

"""Tells what kind of source a file is and reads its connectors: OpenAPI, operation list, workflow or our own form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowquill.grammar.catalog.importing.documents import read_bytes, value_of
from flowquill.grammar.catalog.importing.found import FoundConnector
from flowquill.grammar.catalog.importing.lists import (
    is_operation_lines,
    is_plain_list,
    read_operation_lines,
    read_plain_list,
)
from flowquill.grammar.catalog.importing.openapi import is_openapi, read_openapi
from flowquill.grammar.catalog.importing.workflows import definition_of, merged
from flowquill.grammar.catalog.model import CatalogError

# The largest published definition, Microsoft Graph's, has some 15,000 operations.
OPERATIONS = 50_000
# What an import looks for in a folder.
SUFFIXES = (".json", ".yaml", ".yml", ".jsonl", ".json.gz", ".jsonl.gz")


@dataclass(frozen=True, slots=True)
class Source:
    """What a file holds: connectors, or a workflow (its operations are merged with those of the other workflows)."""

    connectors: tuple[FoundConnector, ...] = ()
    workflow: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()


def source_of(path: Path, data: bytes, *, internal: bool = False) -> Source | None:
    """What the bytes of `path` hold; None for a list of connectors' titles, which belongs to the lists beside it.

    Raises CatalogError with one sentence that names the file.
    """
    return source_of_value(path, value_of(path, data), internal=internal)


def source_of_value(path: Path, value: Any, *, internal: bool = False) -> Source | None:
    """The same, from the data of the file."""
    try:
        if (isinstance(value, list) and len(value) > OPERATIONS) or (isinstance(value, Mapping) and _many_paths(value)):
            raise CatalogError(f"it has more than {OPERATIONS:,} operations; give it in parts")
        if is_openapi(value):
            found, notes = read_openapi(value, _stem(path), internal=internal)
            return Source((found,), None, notes)
        if is_operation_lines(value):
            return Source(tuple(read_operation_lines(value, _titles(path), internal=internal)))
        if is_plain_list(value):
            return Source(tuple(read_plain_list(value)))
        if _is_titles(value):
            return None
        definition = definition_of(value)
        if definition is not None:
            return Source((), definition)
        if isinstance(value, list) and value and all(definition_of(v) is not None for v in value[:20]):
            return Source(tuple(merged(d for v in value if (d := definition_of(v)) is not None)))
    except CatalogError as error:
        raise CatalogError(f"{path} cannot be imported: {str(error).rstrip('.')}.") from None
    except RecursionError:
        raise CatalogError(f"{path} is nested too deep to be read; make it flatter.") from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CatalogError(f"{path} cannot be imported: a part of it has an unexpected form ({type(error).__name__}: {str(error)[:80]}); check it against its specification.") from None
    raise CatalogError(f"{path} is no OpenAPI document, operation list or workflow definition; give one of these.")


def _stem(path: Path) -> str:
    return path.name.split(".")[0] or "service"


def _many_paths(document: Mapping[str, Any]) -> bool:
    paths = document.get("paths")
    return isinstance(paths, Mapping) and len(paths) > OPERATIONS


def _is_titles(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(e, Mapping) and "connector" in e and "operationId" not in e for e in value[:50])


def _titles(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """Titles and descriptions of connectors from the file beside an operation list, where there is one."""
    beside = path.with_name(path.name.replace("_operations.", "_connectors."))
    if beside == path or not beside.is_file():
        return {}
    value = value_of(beside, read_bytes(beside))
    return {str(e["connector"]): e for e in value if isinstance(e, Mapping) and "connector" in e} if isinstance(value, list) else {}

"""Reads catalogs: the built-in ones of the package and any others given by path."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from flowquill.grammar.catalog.model import Catalog, CatalogError, Connector, Operation, Output, Parameter

TYPES = frozenset({"text", "integer", "number", "boolean", "list", "object", "any"})
# Dotted names in a folder (as the record of an import) are no catalogs.
_SUFFIXES = (".json", ".yaml", ".yml", ".jsonl", ".json.gz", ".jsonl.gz")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def load_catalog(paths: Iterable[Path | str] = (), *, builtin: bool = True) -> Catalog:
    """The built-in connectors (unless `builtin` is false) and those of the files or folders in `paths`.

    A file is a connector in our own form, a list of such, or whatever `importing` reads: an OpenAPI document as JSON or
    YAML, a list of operations, a workflow definition.

    The built-in triggers and actions (schedule, http, compose ...) belong to the language and are always there.
    Raises CatalogError with one sentence where a file is missing or unfit.
    """
    base = _packaged()
    catalog = base if builtin else Catalog({}, base.builtins)
    added = [connector for path in paths for connector in _read(Path(path))]
    return catalog.merged(added) if added else catalog


@cache
def _packaged() -> Catalog:
    folder = resources.files(__package__).joinpath("data")
    connectors: dict[str, Connector] = {}
    builtins: dict[str, Operation] = {}
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".json"):
            continue
        data = json.loads(file.read_bytes())
        if file.name == "builtin.json":
            builtins = {o["name"]: _operation(None, o) for o in data["operations"]}
        else:
            connectors[data["name"]] = _connector(data)
    return Catalog(connectors, builtins)


def _read(path: Path) -> list[Connector]:
    if path.is_dir():
        files = sorted(f for f in path.iterdir() if f.name.endswith(_SUFFIXES) and not f.name.startswith("."))
        if not files:
            raise CatalogError(f"The catalog folder {path} holds no .json file; give a folder of connector files.")
        return [connector for file in files for connector in _read(file)]
    value = _value(path)
    entries = value if isinstance(value, list) else [value]
    if not all(isinstance(e, dict) and ("operations" in e or "name" in e) for e in entries):
        return _imported(path, value)
    try:
        return [_connector(entry) for entry in entries]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise CatalogError(
            f"The catalog {path} is no connector file ({what}); `flowquill catalog show outlook --json` shows the form."
        ) from None


def _value(path: Path) -> Any:
    if not path.exists():
        raise CatalogError(f"There is no catalog at {path}; check the path.")
    from flowquill.grammar.catalog.importing.documents import read_bytes, value_of

    return value_of(path, read_bytes(path))


def _imported(path: Path, value: Any) -> list[Connector]:
    """Connectors of a file in another form: an OpenAPI document, a list of operations, a workflow."""
    from flowquill.grammar.catalog.importing import connector_of, source_of_value
    from flowquill.grammar.catalog.importing.workflows import merged

    try:
        source = source_of_value(path, value)
    except CatalogError as error:
        if "cannot be imported" in str(error) or "nested" in str(error):
            raise
        raise CatalogError(
            f"The catalog {path} is no connector file, OpenAPI document, operation list or workflow; `flowquill catalog show outlook --json` shows the form of a connector file."
        ) from None
    if source is None:
        return []
    taken: set[str] = set()
    found = source.connectors or (tuple(merged([source.workflow])) if source.workflow is not None else ())
    return [connector_of(one, taken, _packaged().builtins) for one in found]


def _connector(data: Mapping[str, Any]) -> Connector:
    name = _named(data["name"])
    return Connector(
        name=name,
        title=str(data.get("title") or name),
        api=str(data.get("api") or name),
        category=str(data.get("category") or ""),
        summary=str(data.get("summary") or ""),
        operations=tuple(_operation(name, o) for o in data["operations"]),
    )


def _operation(connector: str | None, data: Mapping[str, Any]) -> Operation:
    kind = data["kind"]
    if kind not in ("action", "trigger"):
        raise ValueError(f"kind of {data['name']} is {kind!r}, not 'action' or 'trigger'")
    return Operation(
        connector=connector,
        name=_named(data["name"]),
        id=str(data.get("id") or data["name"]),
        kind=kind,
        title=str(data.get("title") or data["name"]),
        summary=str(data.get("summary") or ""),
        phrases=tuple(data.get("phrases") or ()),
        parameters=tuple(_parameter(p) for p in data.get("parameters") or ()),
        outputs=tuple(_output(o) for o in data.get("outputs") or ()),
        aliases=tuple(data.get("aliases") or ()),
        method=str(data.get("method") or ""),
        path=str(data.get("path") or ""),
        split_on=str(data.get("split_on") or ""),
        body_name=str(data.get("body_name") or "body"),
        offered=bool(data.get("offered", True)),
    )


def _parameter(data: Mapping[str, Any]) -> Parameter:
    return Parameter(
        name=_named(data["name"]),
        path=str(data.get("path") or ""),
        type=_typed(data.get("type") or "any"),
        required=bool(data.get("required")),
        enum=tuple(str(v) for v in data.get("enum") or ()),
        default=data.get("default"),
        summary=str(data.get("summary") or ""),
        format=str(data.get("format") or ""),
    )


def _output(data: Mapping[str, Any]) -> Output:
    return Output(
        name=_named(data["name"]),
        path=str(data.get("path") or ""),
        type=_typed(data.get("type") or "any"),
        properties=tuple(_output(p) for p in data.get("properties") or ()),
        format=str(data.get("format") or ""),
        enum=tuple(str(v) for v in data.get("enum") or ()),
    )


def _named(name: str) -> str:
    if not _NAME.match(name):
        raise ValueError(f"{name!r} is no name; use letters, digits and underscores")
    return name


def _typed(name: str) -> str:
    if name not in TYPES:
        raise ValueError(f"{name!r} is no type; use one of {', '.join(sorted(TYPES))}")
    return name

"""Workflow definitions in whatever they come: bare, as a resource, a template, a project, a package, a solution, or a folder of these."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from flowquill.grammar.wdl import arm
from flowquill.grammar.wdl.json_text import UnfitText, parse_json
from flowquill.grammar.wdl.shelves import Folder, Shelf, UnfitFile, check_file, open_archive, read_file
from flowquill.grammar.wdl.solution import titles

# What stands beside workflows in packages and projects and is none.
_BESIDE = re.compile(
    r"(?:manifest|apismap|connectionsmap|connections|host|local\.settings|package|package-lock|tsconfig|launch|tasks|extensions|settings"
    r"|.*\bparameters)\.json\Z",
    re.IGNORECASE,
)
# Names of files that say nothing of the workflow in them; the folder's name does.
_GENERAL = frozenset({"workflow", "definition", "azuredeploy", "template", "maintemplate", "main", "logicapp", "deploy"})
_GUID = re.compile(r"[-_]?\{?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?\Z")
_API = re.compile(r"(?:managedApis|customApis|apis|serviceProviders)(?:/(?:'\s*,\s*')?|',.*?,\s*')([A-Za-z0-9_.-]+)(?:'\s*\)+\s*\]?)?\Z", re.IGNORECASE | re.DOTALL)
_SECURE = frozenset({"securestring", "secureobject"})


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow that was found. `connections`: connection key to API name ("office365"), where its surroundings tell.

    `source`: the file, and after `!` the place inside it. `title`: what people call it. `notes`: what its surroundings say that the
    definition does not hold, one clause each.
    """

    source: str
    title: str
    definition: Mapping[str, Any]
    connections: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unread:
    """A file, or a part of one, that gave no workflow. `reason`: a clause that begins with a small letter and has no full stop."""

    source: str
    reason: str


Found = Workflow | Unread


def candidates(path: Path) -> tuple[Path, ...]:
    """The files below a folder that may hold workflows, in a fixed order; a file stands for itself. Raises UnfitFile."""
    if not path.is_dir():
        return (path,)
    names = Folder(path).names()
    return tuple(path / n for n in names if n.lower().endswith((".json", ".zip")) and not _BESIDE.match(PurePosixPath(n).name))


def read(path: Path, *, alone: bool = True) -> Iterator[Found]:
    """The workflows of one file, in the order they stand there.

    `alone`: the file was named by itself, so that it is a mistake where it holds none; among others of a folder it is passed over.
    Never raises: what cannot be read is told as Unread, and costs bounded memory and time.
    """
    try:
        if path.is_dir():
            raise UnfitFile("it is a folder; read its files one by one")
        check_file(path)
        if _is_archive(path):
            yield from _archive(path)
        else:
            place = path.absolute()
            yield from _document(str(path), read_file(path), _Place(Folder(place.parent.parent), f"{place.parent.name}/{place.name}", {}), alone)
    except (UnfitFile, UnfitText) as error:
        yield Unread(str(path), str(error))


def _is_archive(path: Path) -> bool:
    if path.suffix.lower() == ".zip":
        return True
    try:
        with path.open("rb") as stream:
            return stream.read(4) == b"PK\x03\x04"
    except OSError:
        return False


def _archive(path: Path) -> Iterator[Found]:
    found = False
    known: dict[str, Any] = {}
    with open_archive(path) as archive:
        for name in archive.names():
            if not name.lower().endswith(".json") or _BESIDE.match(PurePosixPath(name).name):
                continue
            source = f"{path}!{name}"
            try:
                for one in _document(source, archive.read(name), _Place(archive, name, known), False):
                    found = True
                    yield one
            except (UnfitFile, UnfitText) as error:
                found = True
                yield Unread(source, str(error))
                if archive.left < 0:
                    return
    if not found:
        yield Unread(str(path), "it holds no workflow; give a package or a solution that was exported with one")


def _document(source: str, data: bytes, place: _Place, alone: bool) -> Iterator[Found]:
    document = parse_json(data)
    found = False
    for one in _workflows(document, source, place):
        found = True
        yield one
    if not found and alone:
        yield Unread(source, "it holds no workflow; expected a definition with triggers and actions, or a file that has one in it")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a document stands, to find what belongs to it. `known`: what was read of the same archive before."""

    shelf: Shelf
    name: str
    known: dict[str, Any]

    def beside(self, *names: str) -> Any:
        """The first of the files beside the document, or one folder up, that is there and is JSON; else None."""
        folder = PurePosixPath(self.name).parent
        for base in (folder, folder.parent):
            for name in names:
                if (found := self._read((base / name).as_posix(), parse_json)) is not None:
                    return found
        return None

    def title(self) -> str:
        """A title from a solution's files, else from the names of file and folder."""
        path = PurePosixPath(self.name)
        for known in (path.parent.parent / "customizations.xml", path.parent.parent / "Other/Customizations.xml", PurePosixPath(f"{self.name}.data.xml")):
            found = self._read(known.as_posix(), titles) or {}
            key = f"{path.parent.name}/{path.name}".lower()
            if key in found:
                return str(found[key])
        stem = _GUID.sub("", path.stem)
        if stem.lower() in _GENERAL or not stem:
            stem = _GUID.sub("", path.parent.name) or stem
        return stem or "workflow"

    def _read(self, name: str, reader: Callable[[bytes], Any]) -> Any:
        """A file that may be there, read once; None where it is missing or unfit."""
        if name not in self.known:
            try:
                self.known[name] = reader(self.shelf.read(name))
            except (UnfitFile, UnfitText):
                self.known[name] = None
        return self.known[name]


def _workflows(document: Any, source: str, place: _Place) -> Iterator[Found]:
    if not isinstance(document, Mapping):
        return
    if _is_definition(document):
        yield Workflow(source, place.title(), document, _beside(place))
    elif arm.is_template(document):
        yield from _template(document, source, place)
    elif isinstance(document.get("definition"), Mapping) and _is_definition(document["definition"]):
        yield _resource(document, document, source, place)
    else:
        properties = document.get("properties")
        if isinstance(properties, Mapping) and isinstance(properties.get("definition"), Mapping):
            yield _resource(document, properties, source, place)


def _is_definition(document: Mapping[str, Any]) -> bool:
    schema = document.get("$schema")
    if isinstance(schema, str) and re.search(r"workflowdefinition\.json", schema, re.IGNORECASE):
        return True
    return isinstance(document.get("actions"), Mapping) and isinstance(document.get("triggers"), Mapping)


def _resource(document: Mapping[str, Any], properties: Mapping[str, Any], source: str, place: _Place) -> Workflow:
    """A definition with its surroundings: a project's workflow.json, an exported resource, a package's or a solution's flow."""
    title = properties.get("displayName")
    if not isinstance(title, str) or not title.strip():
        name = document.get("name")
        title = name if isinstance(name, str) and name.strip() and not _GUID.match(name) else place.title()
    known = {**_of_values(properties.get("parameters")), **_of_references(properties.get("connectionReferences"))} or _beside(place)
    notes = _notes(properties["definition"], properties.get("parameters"))
    if str(document.get("kind")).lower() == "stateless":
        notes = (*notes, "it is stateless, which a flow does not say")
    return Workflow(source, title, properties["definition"], known, notes)


def _notes(definition: Mapping[str, Any], values: Any) -> tuple[str, ...]:
    """What the values beside a definition say that it does not hold itself."""
    declared = definition.get("parameters")
    if not isinstance(values, Mapping) or not isinstance(declared, Mapping):
        return ()
    lost = [n for n in values if n in declared and isinstance(declared[n], Mapping) and not n.startswith("$") and "defaultValue" not in declared[n]]
    plain = [n for n in lost if str(declared[n].get("type")).lower() not in _SECURE]
    return (f"the value of {', '.join(plain)} stands beside the definition and is not taken over",) if plain else ()


# Connections


def api_name(identity: Any) -> str | None:
    """The API that an id, or the template's expression for one, names: "office365" for ".../managedApis/office365"."""
    if not isinstance(identity, str):
        return None
    match = _API.search(identity.strip()[-500:])
    name = match[1] if match else identity if re.fullmatch(r"[A-Za-z0-9_.-]+", identity) else None
    return name.removeprefix("shared_") if name else None


def _of_values(values: Any) -> dict[str, str]:
    """From `$connections` of a Logic App: {"$connections": {"value": {key: {"id": ...}}}}."""
    holder = values.get("$connections") if isinstance(values, Mapping) else None
    entries = holder.get("value") if isinstance(holder, Mapping) else None
    found: dict[str, str] = {}
    for key, entry in entries.items() if isinstance(entries, Mapping) else ():
        name = api_name(entry.get("id")) if isinstance(entry, Mapping) else None
        found[key] = name or _plain(key)
    return found


def _of_references(references: Any) -> dict[str, str]:
    """From `connectionReferences` of Power Automate: {key: {"api": {"name": ...}}} or {key: {"id": ...}}."""
    found: dict[str, str] = {}
    for key, entry in references.items() if isinstance(references, Mapping) else ():
        if isinstance(entry, Mapping):
            api = entry.get("api")
            name = api_name(api.get("name") or api.get("id")) if isinstance(api, Mapping) else None
            name = name or api_name(entry.get("id")) or api_name(entry.get("apiId"))
            found[key] = name or _plain(key)
    return found


def _beside(place: _Place) -> dict[str, str]:
    """From connections.json of a Standard project, or apisMap.json of a package."""
    found: dict[str, str] = {}
    document = place.beside("connections.json", "apisMap.json")
    if not isinstance(document, Mapping):
        return found
    for group, holder in (("managedApiConnections", "api"), ("serviceProviderConnections", "serviceProvider"), ("apiManagementConnections", "")):
        entries = document.get(group)
        for key, entry in entries.items() if isinstance(entries, Mapping) else ():
            inner = entry.get(holder) if isinstance(entry, Mapping) else None
            found[key] = (api_name(inner.get("id")) if isinstance(inner, Mapping) else None) or _plain(key)
    if not found:
        found = {key: _plain(key) for key, value in document.items() if key.startswith("shared_") and isinstance(value, str)}
    return found


def _plain(key: str) -> str:
    """A connection's key without what tells it from a second one of the same API: "office365" of "shared_office365_1"."""
    return re.sub(r"[-_]\d+\Z", "", key).removeprefix("shared_")


# Templates


def _template(document: Mapping[str, Any], source: str, place: _Place) -> Iterator[Found]:
    for template, resource in arm.resources(arm.Template(document)):
        if arm.type_of(resource) != arm.WORKFLOWS:
            continue
        name = template.resolved(resource.get("name"))
        known = isinstance(name, str) and not name.startswith("[") and bool(name.strip())
        title = name if known else place.title()
        where = f"{source}#{title}"
        properties = template.resolved(resource.get("properties"))
        definition = template.resolved(properties.get("definition")) if isinstance(properties, Mapping) else None
        if not isinstance(properties, Mapping) or not isinstance(definition, Mapping):
            yield Unread(where, "its definition is computed when the template is deployed; deploy it and export the workflow")
            continue
        values = template.resolved(properties.get("parameters"))
        notes = _notes(definition, values)
        yield Workflow(where, str(title), arm.unescaped(definition), _of_template(values, template), notes)


def _of_template(values: Any, template: arm.Template) -> dict[str, str]:
    """Connections of a workflow in a template; ids may be expressions, or parameters that are resolved first."""
    holder = values.get("$connections") if isinstance(values, Mapping) else None
    entries = template.resolved(holder.get("value")) if isinstance(holder, Mapping) else None
    found: dict[str, str] = {}
    for key, entry in entries.items() if isinstance(entries, Mapping) else ():
        identity = template.resolved(entry.get("id")) if isinstance(entry, Mapping) else None
        found[key] = api_name(identity) or _plain(key)
    return found

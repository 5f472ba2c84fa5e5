"""Reads JSON schemas of OpenAPI files: local references, combinations, types; never deeper or larger than its limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flowquill.grammar.catalog.importing.found import FoundOutput, FoundParameter
from flowquill.grammar.catalog.model import CatalogError

# Objects in objects deeper than this stay whole: `address: {...}` in place of a name for each of their parts.
DEPTH = 3
PARAMETERS = 80
OUTPUTS = 400
_COMBINED = 24
# How many schemas one operation may look at. Real ones stay below 3,000.
_LOOKS = 20_000
_TYPES = {"string": "text", "integer": "integer", "number": "number", "boolean": "boolean", "array": "list", "object": "object", "file": "text"}
_FORMATS = {"date-time": "datetime", "datetime": "datetime", "date": "date", "email": "email", "uri": "url", "url": "url", "byte": "file", "binary": "file", "phone": "phone"}
Schema = Mapping[str, Any]
EMPTY: Schema = {}


@dataclass
class Schemas:
    """The schemas of one document. `notes` collects a line for each thing that had to be cut."""

    document: Schema
    notes: list[str] = field(default_factory=list)
    looks: int = 0
    _merged: dict[str, Schema] = field(default_factory=dict)

    def begin(self) -> None:
        """A new operation: its count of schemas starts at nothing."""
        self.looks = 0

    def target(self, reference: object) -> Any:
        """What a local reference (`#/definitions/Pet`) names; None, with a note, where there is no such thing in this file."""
        if not isinstance(reference, str) or not reference.startswith("#"):
            self.note(f"the reference {str(reference)[:80]} leads out of the file and is not followed; put its target into the file")
            return None
        found: Any = self.document
        for part in reference[1:].strip("/").split("/"):
            key = part.replace("~1", "/").replace("~0", "~").replace("%7B", "{").replace("%7D", "}").replace("%20", " ")
            if isinstance(found, Mapping) and key in found:
                found = found[key]
            elif isinstance(found, list) and key.isdigit() and int(key) < len(found):
                found = found[int(key)]
            else:
                self.note(f"the reference {reference[:80]} names nothing; what it stands for is left open")
                return None
        return found

    def note(self, text: str) -> None:
        """Keeps a line, once."""
        if text not in self.notes and len(self.notes) < 50:
            self.notes.append(text)

    def follow(self, node: object) -> Schema:
        """A parameter, response or path with its references followed. Raises CatalogError where they go in a circle."""
        seen: list[object] = []
        while isinstance(node, Mapping) and "$ref" in node:
            if node["$ref"] in seen:
                raise CatalogError(f"the reference {str(node['$ref'])[:80]} leads back to itself; mend the file")
            seen.append(node["$ref"])
            node = self.target(node["$ref"])
        return node if isinstance(node, Mapping) else EMPTY

    def resolved(self, schema: object, inside: tuple[str, ...] = ()) -> tuple[Schema, tuple[str, ...]]:
        """A schema without references and combinations, and the references that led into it. A circle gives an open object."""
        self.looks += 1
        if self.looks > _LOOKS:
            if self.looks == _LOOKS + 1:
                self.note("an operation's schemas branch without end; what goes further is left open")
            return EMPTY, inside
        if not isinstance(schema, Mapping):
            return EMPTY, inside
        reference = schema.get("$ref")
        if isinstance(reference, str):
            if reference in inside or len(inside) > 64:
                self.note(f"the schema {reference.rsplit('/', 1)[-1][:60]} contains itself; the inner one is kept as an open object")
                return {"type": "object"}, inside
            if reference in self._merged:
                return {**self._merged[reference], **_about(schema)}, (*inside, reference)
            found, chain = self.resolved(self.target(reference), (*inside, reference))
            if not any(r in inside for r in chain[len(inside) + 1 :]):
                self._merged[reference] = found
            return {**found, **_about(schema)}, (*inside, reference)
        if any(key in schema for key in ("allOf", "oneOf", "anyOf")):
            return self._combined(schema, inside), inside
        return schema, inside

    def _combined(self, schema: Schema, inside: tuple[str, ...]) -> Schema:
        """One schema for `allOf` (all properties, all required) and `oneOf`/`anyOf` (all properties, none required)."""
        merged = {k: v for k, v in schema.items() if k not in ("allOf", "oneOf", "anyOf")}
        properties: dict[str, Any] = dict(_mapping(merged.get("properties")))
        required = [r for r in _listed(merged.get("required")) if isinstance(r, str)]
        kinds: list[object] = []
        if len(inside) > _COMBINED:
            return {"type": "object"}
        for key in ("allOf", "oneOf", "anyOf"):
            for part in _listed(schema.get(key))[:64]:
                one, _ = self.resolved(part, (*inside, f"{key} {id(part)}"))
                if one.get("type") == "null":
                    continue
                for name, value in _mapping(one.get("properties")).items():
                    properties.setdefault(str(name), value)
                if key == "allOf":
                    required += [r for r in _listed(one.get("required")) if isinstance(r, str)]
                kinds.append(_kind(one))
                for about in ("format", "enum", "items", "default", "title", "description", "x-ms-summary", "x-ms-dynamic-schema"):
                    if about in one and (key == "allOf" or about not in ("enum", "default")):
                        merged.setdefault(about, one[about])
        if properties:
            return {**merged, "type": "object", "properties": properties, "required": required}
        if "type" not in merged and kinds and all(k == kinds[0] for k in kinds) and kinds[0] != "any":
            merged["type"] = kinds[0]
        return merged

    # What a schema means in the language

    def parameters(self, schema: object, place: str, required: bool) -> Iterator[FoundParameter]:
        """The parts of a request body, each a parameter; an object deeper than `DEPTH`, or without properties, as one."""
        yield from self._parts(schema, place, required, 0, ())

    def _parts(self, schema: object, place: str, required: bool, depth: int, inside: tuple[str, ...]) -> Iterator[FoundParameter]:
        found, chain = self.resolved(schema, inside)
        properties = _mapping(found.get("properties"))
        # What the platform fills in, and what its author hides and gives a value for.
        if found.get("x-ms-notification-url") or (found.get("readOnly") is True and depth):
            return
        if hidden(found) and not (required and depth and found.get("default") is None):
            return
        if properties and depth < DEPTH and not found.get("x-ms-dynamic-schema"):
            needed = frozenset(r for r in _listed(found.get("required")) if isinstance(r, str))
            for name, part in properties.items():
                # A key with a stroke in it could not be told from a path.
                if isinstance(name, str) and name and "/" not in name:
                    yield from self._parts(part, f"{place}/{name}", required and name in needed, depth + 1, chain)
            return
        yield self.parameter(found, place, required)

    def parameter(self, found: Schema, place: str, required: bool) -> FoundParameter:
        """One parameter of a resolved schema."""
        kind = type_of(found)
        title = _text(found.get("x-ms-summary")) or _text(found.get("title"))
        default = found.get("default")
        open_values = any(k in found for k in ("x-ms-dynamic-values", "x-ms-dynamic-list"))
        return FoundParameter(
            place,
            kind,
            required,
            title,
            _text(found.get("description")),
            () if open_values else enum_of(found, kind),
            default if isinstance(default, str | int | float | bool) else None,
            format_of(found),
        )

    def output(self, wire: str, schema: object, depth: int = 0, inside: tuple[str, ...] = (), budget: list[int] | None = None) -> FoundOutput | None:
        """A part of a result with its own parts; None for what is hidden or written only."""
        budget = budget if budget is not None else [OUTPUTS]
        budget[0] -= 1
        found, chain = self.resolved(schema, inside)
        if (hidden(found) and depth) or found.get("writeOnly") is True or budget[0] < 0:
            return None
        kind = type_of(found)
        source, within = found, chain
        if kind == "list":
            source, within = self.resolved(found.get("items"), chain)
        parts: list[FoundOutput] = []
        if depth <= DEPTH and kind in ("object", "list"):
            for name, part in _mapping(source.get("properties")).items():
                if isinstance(name, str) and name:
                    one = self.output(name, part, depth + 1, within, budget)
                    if one is not None:
                        parts.append(one)
        return FoundOutput(wire, kind, tuple(parts), format_of(found), enum_of(found, kind))


def hidden(schema: Schema) -> bool:
    """Whether its author keeps it from people; the platform sends its default."""
    return schema.get("x-ms-visibility") == "internal"


def type_of(schema: Schema) -> str:
    """The language's type of a resolved schema; "any" where it is open."""
    kind = _kind(schema)
    if kind in _TYPES:
        return _TYPES[str(kind)]
    return "any"


def format_of(schema: Schema) -> str:
    """The catalog's format of a resolved schema, or ""."""
    given = "binary" if schema.get("type") == "file" else schema.get("format")
    return _FORMATS.get(given.lower(), "") if isinstance(given, str) else ""


def enum_of(schema: Schema, kind: str) -> tuple[str, ...]:
    """The values a text may have; of a list, those of its elements."""
    if kind == "list":
        items = schema.get("items")
        return enum_of(items, "text") if isinstance(items, Mapping) and items.get("type") in ("string", None) else ()
    if kind not in ("text", "any"):
        return ()
    values = _listed(schema.get("enum"))
    if not values or not all(isinstance(v, str | int | float) for v in values) or (kind == "any" and not all(isinstance(v, str) for v in values)):
        return ()
    return tuple(dict.fromkeys(str(v) for v in values if str(v)))[:200]


def _kind(schema: Schema) -> object:
    given = schema.get("type")
    if isinstance(given, list):
        kinds = [k for k in given if k != "null"]
        given = kinds[0] if len(kinds) == 1 else None if kinds else "any"
    if isinstance(given, str):
        return given.lower()
    if isinstance(schema.get("properties"), Mapping):
        return "object"
    if "items" in schema:
        return "array"
    values = _listed(schema.get("enum"))
    return "string" if values and all(isinstance(v, str) for v in values) else "any"


def _about(schema: Schema) -> dict[str, Any]:
    """What stands beside a reference and says more of this use of it."""
    return {k: v for k, v in schema.items() if k in ("description", "title", "x-ms-summary", "x-ms-visibility", "x-ms-notification-url", "default")}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else EMPTY


def _listed(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""

"""Reads an OpenAPI 2.0 or 3.x document with the x-ms- extensions of the platform: one connector with its operations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from flowquill.grammar.catalog.importing.build import version_of
from flowquill.grammar.catalog.importing.found import FoundConnector, FoundOperation, FoundOutput, FoundParameter
from flowquill.grammar.catalog.importing.schemas import PARAMETERS, Schema, Schemas, hidden, type_of
from flowquill.grammar.catalog.model import CatalogError

_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
# The platform's connection and the HTTP client send these; a flow never does.
_SENT = frozenset(["authorization", "content-type", "accept", "connectionid", "x-api-key", "api-key", "apikey", "ocp-apim-subscription-key", "user-agent", "content-length", "cookie"])
_BODIES = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")


def is_openapi(document: object) -> bool:
    """Whether this is meant as an OpenAPI document."""
    return isinstance(document, Mapping) and ("swagger" in document or "openapi" in document)


def read_openapi(document: Mapping[str, Any], fallback: str, *, internal: bool = False) -> tuple[FoundConnector, tuple[str, ...]]:
    """The connector of a document, and a line for each thing in it that could not be kept.

    `fallback`: its name where the document has no title. `internal`: with operations that are marked as internal.
    Raises CatalogError, with a sentence that lacks the file's name, where the document is unfit.
    """
    version = str(document.get("swagger") or document.get("openapi"))
    if not version.startswith(("2.", "3.")) and version not in ("2", "3"):
        raise CatalogError(f"OpenAPI {version[:20]} is not known; give a document of version 2.0 or 3.x")
    paths = document.get("paths")
    if not isinstance(paths, Mapping):
        raise CatalogError("the document has no `paths`; give an OpenAPI document with operations")
    schemas = Schemas(document)
    operations: list[FoundOperation] = []
    for path, item in paths.items():
        if isinstance(path, str) and isinstance(item, Mapping):
            operations += _operations(schemas, path, schemas.follow(item), internal)
    if not operations:
        raise CatalogError("the document has no operations that a flow could call; give one with operations under `paths`")
    about = document.get("info")
    info: Mapping[str, Any] = about if isinstance(about, Mapping) else {}
    title = " ".join(str(info.get("title") or fallback).split())
    api = re.sub(r"[^A-Za-z0-9]", "", title).lower() or fallback
    found = FoundConnector(title, api, tuple(operations), str(info.get("description") or ""), _category(document))
    return found, tuple(schemas.notes)


def _category(document: Mapping[str, Any]) -> str:
    entries = document.get("x-ms-connector-metadata")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping) and entry.get("propertyName") == "Categories":
            return re.split(r"[;,]", str(entry.get("propertyValue") or ""))[0].strip().lower()
    return ""


def _operations(schemas: Schemas, path: str, item: Schema, internal: bool) -> Iterator[FoundOperation]:
    shared = item.get("parameters")
    for method in _METHODS:
        operation = item.get(method)
        if not isinstance(operation, Mapping) or (hidden(operation) and not internal):
            continue
        schemas.begin()
        try:
            yield _operation(schemas, path, method, item, operation, shared)
        except CatalogError as error:
            raise CatalogError(f"{method.upper()} {path[:80]}: {error}") from None


def _operation(schemas: Schemas, path: str, method: str, item: Schema, operation: Schema, shared: object) -> FoundOperation:
    identity = str(operation.get("operationId") or f"{method}_{path.strip('/')}")
    mode = operation.get("x-ms-trigger")
    kind: Literal["action", "trigger"] = "trigger" if isinstance(mode, str) and mode else "action"
    parameters: list[FoundParameter] = []
    for given in _own_first(schemas, operation.get("parameters"), shared):
        parameters += _parameter(schemas, given)
    parameters += _request_body(schemas, operation)
    outputs, whole, split_on = _result(schemas, operation, item, kind, str(mode))
    annotation = operation.get("x-ms-api-annotation")
    family, revision = version_of(identity)
    deprecated = operation.get("deprecated") is True
    if isinstance(annotation, Mapping):
        family = str(annotation.get("family") or family).lower()
        stated = annotation.get("revision")
        revision = stated if isinstance(stated, int) else revision
        deprecated = deprecated or str(annotation.get("status")).lower() == "deprecated"
    called = re.sub(r"^/\{connectionId\}", "", path, flags=re.IGNORECASE)
    description = operation.get("description")
    return FoundOperation(
        identity, kind, str(operation.get("summary") or operation.get("x-ms-summary") or ""), description if isinstance(description, str) else "", method, called,
        tuple(_limited(parameters)), outputs, whole, split_on, deprecated, family, revision,
    )  # fmt: skip


def _limited(parameters: list[FoundParameter]) -> list[FoundParameter]:
    """All that are required, and of the others as many as fit."""
    room = PARAMETERS - sum(p.required for p in parameters)
    kept: list[FoundParameter] = []
    for parameter in parameters:
        if not parameter.required:
            room -= 1
        if parameter.required or room >= 0:
            kept.append(parameter)
    return kept


def _own_first(schemas: Schemas, own: object, shared: object) -> Iterator[Schema]:
    """An operation's parameters with those of its path that it does not give anew."""
    seen: set[tuple[str, str]] = set()
    for group in (own, shared):
        for given in group if isinstance(group, list) else ():
            found = schemas.follow(given)
            key = (str(found.get("name")), str(found.get("in")))
            if found and key not in seen:
                seen.add(key)
                yield found


def _parameter(schemas: Schemas, given: Schema) -> Iterator[FoundParameter]:
    place, name = given.get("in"), given.get("name")
    required = given.get("required") is True or place == "path"
    if place == "body":
        schema = {**_map(given.get("schema")), **{k: given[k] for k in ("x-ms-dynamic-schema",) if k in given}}
        # The body's own summary ("The request") says less than its parts'.
        yield from schemas.parameters(schema, "body", required)
        return
    if not isinstance(name, str) or not name or place not in ("path", "query", "header", "formData") or name.lower() in _SENT:
        return
    stated: object = given.get("schema")
    if stated is None:
        content = list(_map(given.get("content")).values())
        stated = _map(content[0]).get("schema") if content else None
    inner, _ = schemas.resolved(stated)
    merged = {**inner, **{k: v for k, v in given.items() if k not in ("schema", "in", "name", "required")}}
    if hidden(merged) and not (required and merged.get("default") is None):
        return
    if merged.get("x-ms-notification-url"):
        return
    yield schemas.parameter(merged, f"{place}/{name.replace('/', '~1')}", required)


def _request_body(schemas: Schemas, operation: Schema) -> Iterator[FoundParameter]:
    """The body of an OpenAPI 3 operation."""
    body = schemas.follow(operation.get("requestBody"))
    content = _map(body.get("content"))
    if not content:
        return
    kind = next((k for b in _BODIES for k in content if str(k).startswith(b)), None) or next((k for k in content if "json" in str(k)), None) or next(iter(content))
    schema = _map(content[kind]).get("schema")
    required = body.get("required") is True
    if str(kind).startswith(_BODIES[1:]):
        yield from schemas.parameters(schema, "formData", required)
    elif "json" in str(kind):
        yield from schemas.parameters(schema, "body", required)
    else:
        yield FoundParameter("body", "text", required, "content", str(body.get("description") or ""), format="file")


def _result(
    schemas: Schemas, operation: Schema, item: Schema, kind: str, mode: str
) -> tuple[tuple[FoundOutput, ...], FoundOutput | None, str]:
    """Outputs, or what the body as a whole is, and where a batch of events is split."""
    notified = item.get("x-ms-notification-content") or operation.get("x-ms-notification-content")
    schema = _map(notified).get("schema") if kind == "trigger" and notified else _response(schemas, operation)
    if schema is None:
        return (), None, ""
    body = schemas.output("body", schema)
    if body is None:
        return (), None, ""
    if kind == "trigger" and mode.lower() == "batch":
        if body.type == "list":
            return _element(body, "body")
        lists = [o for o in body.properties if o.type == "list"]
        values = [o for o in lists if o.wire == "value"] or lists
        if len(values) == 1 or (values and values[0].wire == "value"):
            return _element(values[0], f"body/{values[0].wire}")
    if body.type == "object":
        return body.properties, None, ""
    return (), body, ""


def _element(source: FoundOutput, split_on: str) -> tuple[tuple[FoundOutput, ...], FoundOutput | None, str]:
    return source.properties, None, split_on


def _response(schemas: Schemas, operation: Schema) -> object:
    responses = _map(operation.get("responses"))
    codes = [c for c in responses if str(c).startswith("2")]
    for code in [*sorted(codes, key=str), *(c for c in responses if c == "default" and not codes)]:
        response = schemas.follow(responses[code])
        if "schema" in response:
            return response["schema"]
        content = _map(response.get("content"))
        kind = next((k for k in content if "json" in str(k)), None) or next(iter(content), None)
        if kind is not None:
            schema = _map(content[kind]).get("schema")
            if "json" in str(kind) or type_of(_map(schema)) != "any":
                return schema
            return {"type": "string", "format": "binary"}
    return None


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}

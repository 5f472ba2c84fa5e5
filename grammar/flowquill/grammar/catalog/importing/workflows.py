"""Reads workflow definitions for the operations they call: each call's id or method and path, with the parameters that were seen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from flowquill.grammar.catalog.importing.found import FoundConnector, FoundOperation, FoundParameter

_CALLS = frozenset(["apiconnection", "apiconnectionwebhook", "apiconnectionnotification", "openapiconnection", "openapiconnectionwebhook", "openapiconnectionnotification", "serviceprovider"])
_NAMED = re.compile(r"\$connections'\)\s*\[\s*'([^']+)'|connections/([A-Za-z0-9_-]+)")
_SEGMENT = re.compile(r"@\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")
_DEPTH = 60
_TYPES: tuple[tuple[type, str], ...] = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "text"), (list, "list"), (dict, "object"))


def definition_of(value: object) -> Mapping[str, Any] | None:
    """The definition in a value, bare or under `definition` or `properties`; None where there is none."""
    for _ in range(4):
        if not isinstance(value, Mapping):
            return None
        if isinstance(value.get("triggers"), Mapping) or isinstance(value.get("actions"), Mapping):
            return value
        value = value.get("definition") if "definition" in value else value.get("properties")
    return None


@dataclass
class Seen:
    """What the definitions read so far have called. `calls`: (api, id) -> operation, in the order of reading."""

    calls: dict[tuple[str, str], FoundOperation] = field(default_factory=dict)

    def add(self, definition: Mapping[str, Any]) -> None:
        """Notes the calls of a definition."""
        for name, node, kind in _nodes(definition):
            call = _call(name, node, kind)
            if call is not None:
                api, found = call
                known = self.calls.get((api, found.id.lower()))
                self.calls[(api, found.id.lower())] = found if known is None else _both(known, found)

    def connectors(self) -> list[FoundConnector]:
        """A connector for each API, sorted by name, its operations by id."""
        groups: dict[str, list[FoundOperation]] = {}
        for (api, _), found in sorted(self.calls.items()):
            groups.setdefault(api, []).append(found)
        return [FoundConnector(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", api).replace("_", " ").replace("-", " ").title(), api, tuple(found)) for api, found in groups.items()]


def _nodes(definition: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], Literal["action", "trigger"]]]:
    triggers = definition.get("triggers")
    for name, node in triggers.items() if isinstance(triggers, Mapping) else ():
        if isinstance(node, Mapping):
            yield str(name), node, "trigger"
    waiting: list[tuple[object, int]] = [(definition.get("actions"), 0)]
    while waiting:
        actions, depth = waiting.pop()
        for name, node in actions.items() if isinstance(actions, Mapping) and depth < _DEPTH else ():
            if not isinstance(node, Mapping):
                continue
            yield str(name), node, "action"
            inner = [node.get("actions"), *(_map(node.get(k)).get("actions") for k in ("else", "default"))]
            inner += [_map(case).get("actions") for case in _map(node.get("cases")).values()]
            waiting += [(i, depth + 1) for i in inner if i]


def _call(name: str, node: Mapping[str, Any], kind: Literal["action", "trigger"]) -> tuple[str, FoundOperation] | None:
    if str(node.get("type")).lower() not in _CALLS:
        return None
    inputs = _map(node.get("inputs"))
    host = _map(inputs.get("host"))
    summary = re.sub(r"_(?:\d+|\(V\d\))$", "", name).replace("_", " ").strip()
    split_on = _split(node.get("splitOn"))
    if "operationId" in host or "serviceProviderConfiguration" in inputs:
        config = _map(inputs.get("serviceProviderConfiguration"))
        identity = str(host.get("operationId") or config.get("operationId") or "")
        api = str(host.get("apiId") or config.get("serviceProviderId") or host.get("connectionName") or "service").rstrip("/").split("/")[-1]
        if not identity:
            return None
        parameters = tuple(_parameter(_flat_place(str(k)), v) for k, v in _map(inputs.get("parameters")).items())
        return _api(api), FoundOperation(identity, kind, summary, parameters=parameters, split_on=split_on)
    path, method = inputs.get("path"), str(inputs.get("method") or "get").lower()
    if not isinstance(path, str):
        return None
    connection = _map(host.get("connection"))
    found = _NAMED.search(str(connection.get("name") or connection.get("referenceName") or ""))
    api = (found[1] or found[2]) if found else str(connection.get("referenceName") or "service")
    template, places = _template(path)
    parameters = (
        *(FoundParameter(f"path/{p}", "text", True) for p in places),
        *(_parameter(f"query/{k}", v) for k, v in _map(inputs.get("queries")).items()),
        *_body(inputs.get("body")),
    )
    return _api(api), FoundOperation(f"{method} {template}", kind, summary, method=method, path=template, parameters=parameters, split_on=split_on)


def _api(name: str) -> str:
    """An API's name without the platform's prefix, the number of the connection, and a workflow's name filled in when it is deployed."""
    plain = re.sub(r"[-_]?#.*$", "", re.sub(r"^shared_", "", name))
    return re.sub(r"(?<=[A-Za-z0-9])[-_]\d+$", "", plain) or "service"


def _template(path: str) -> tuple[str, list[str]]:
    """A path with its expressions as places: /tables/@{encodeURIComponent('x')}/items -> /tables/{table}/items."""
    places: list[str] = []
    parts: list[str] = []
    previous = "value"
    for part in path.split("/") if "@{" not in path else _SEGMENT.sub("\0", path).split("/"):
        if part == "\0":
            base = re.sub(r"[^A-Za-z0-9]", "", previous).lower()
            # The name of a place is what stands before it, in the singular.
            name = base.removesuffix("s") or "value"
            while name in places:
                name += "_2"
            places.append(name)
            part = "{" + name + "}"
        else:
            part = part.replace("\0", "{value}")
            previous = part or previous
        parts.append(part)
    return "/".join(parts), places


def _flat_place(key: str) -> str:
    """Flat parameters do not say where they go; those with a path in their name lie in the body."""
    parent, _, rest = key.partition("/")
    return f"body/{rest}" if rest and parent in ("body", "item", "parameters") else f"body/{key}" if rest else f"query/{key}"


def _body(body: object) -> Iterator[FoundParameter]:
    if isinstance(body, Mapping) and body:
        for key, value in body.items():
            if "/" not in str(key):
                yield _parameter(f"body/{key}", value)
    elif body not in (None, ""):
        yield FoundParameter("body", "any")


def _parameter(place: str, value: object) -> FoundParameter:
    kind = next((name for known, name in _TYPES if isinstance(value, known)), "any")
    # An expression gives what nobody can see here.
    return FoundParameter(place, "any" if kind == "text" and str(value).startswith("@") and not str(value).startswith("@{") else kind)


def _both(one: FoundOperation, other: FoundOperation) -> FoundOperation:
    """An operation seen twice: the parameters of both; of two types neither."""
    merged = {p.place: p for p in one.parameters}
    for parameter in other.parameters:
        known = merged.get(parameter.place)
        differs = known is not None and "any" not in (known.type, parameter.type) and known.type != parameter.type
        wider = FoundParameter(parameter.place, "any", parameter.required) if differs else parameter if known is None or known.type == "any" else known
        merged[parameter.place] = wider
    return FoundOperation(one.id, one.kind, one.summary, one.description, one.method, one.path, tuple(merged.values()), split_on=one.split_on or other.split_on)


def _split(value: object) -> str:
    """Where `splitOn` splits, as a path: "@triggerOutputs()?['body/value']" and "@triggerBody()?['value']" are body/value."""
    if not isinstance(value, str) or not value:
        return ""
    keys = "/".join(re.findall(r"\['([^']+)'\]", value) or re.findall(r"\.([A-Za-z_]\w*)", value))
    return keys if keys.startswith("body") else f"body/{keys}" if keys else "body"


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def merged(definitions: Iterable[Mapping[str, Any]]) -> list[FoundConnector]:
    """The connectors that the definitions call."""
    seen = Seen()
    for definition in definitions:
        seen.add(definition)
    return seen.connectors()

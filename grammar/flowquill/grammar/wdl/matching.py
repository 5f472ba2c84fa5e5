"""Which operation of the catalog an action or trigger calls, and with which arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flowquill.grammar.catalog import Catalog, Operation
from flowquill.grammar.wdl import connectors
from flowquill.grammar.wdl.expressions import (
    Constant,
    ExpressionError,
    Invocation,
    Wdl,
    read_string,
    write_expression,
    write_text,
)
from flowquill.grammar.wdl.settings import identical, put

CONNECTED = frozenset({"ApiConnection", "ApiConnectionWebhook", "OpenApiConnection", "OpenApiConnectionWebhook"})


@dataclass(frozen=True, slots=True)
class Match:
    """An operation with JSON values for its parameters, and the keys of `@meta` that say where the connection is."""

    operation: Operation
    arguments: Mapping[str, Any]
    meta: Mapping[str, Any]


def match(found: Mapping[str, Any], catalog: Catalog, kind: str, target: str, apis: Mapping[str, str]) -> Match | None:
    """The catalog's operation for an action or a trigger, None where it has none. `apis`: connection key to API name."""
    inputs = found.get("inputs")
    if not isinstance(inputs, Mapping) or not isinstance(inputs.get("host"), Mapping):
        return None
    type_ = str(found.get("type"))
    if type_.startswith("OpenApiConnection"):
        made = _open(inputs, catalog, kind, type_.endswith("Webhook"))
        form = "OpenApiConnection"
    else:
        made = _rest(inputs, catalog, kind, type_.endswith("Webhook"), apis)
        form = "ApiConnection"
    if made is None:
        return None
    expected = "ApiConnection" if target == "logicapps" else "OpenApiConnection"
    return made if form == expected else Match(made.operation, made.arguments, {"form": form, **made.meta})


def _open(inputs: Mapping[str, Any], catalog: Catalog, kind: str, webhook: bool) -> Match | None:
    host = inputs["host"]
    api = str(host.get("apiId", "")).rsplit("/", 1)[-1].removeprefix("shared_")
    identity = str(host.get("operationId", ""))
    parameters = inputs.get("parameters")
    given = parameters if isinstance(parameters, Mapping) else {}
    for operation in _by_identity(catalog, api, identity):
        if operation.kind != kind or connectors.is_webhook(operation) != webhook:
            continue
        body_name = _body_name(operation, given)
        arguments = {p.name: given[k] for p in operation.parameters if (k := connectors.flat_key(p, body_name)) in given}
        meta: dict[str, Any] = {}
        if host.get("connectionName") != f"shared_{api}":
            meta["connection"] = host.get("connectionName")
        if identity != operation.id:
            meta["operation"] = identity
        if body_name != operation.body_name:
            meta["body_name"] = body_name
        return Match(operation, arguments, meta)
    return None


def _by_identity(catalog: Catalog, api: str, identity: str) -> list[Operation]:
    """The operations of an API with this id, whatever its case; then those that differ in the version only."""
    exact = [o for o in catalog.by_id(identity) if connectors.api_of(o, catalog) == api]
    if exact or not identity:
        return exact
    plain = _unversioned(identity)
    return [o for c in catalog.connectors.values() if c.api.removeprefix("shared_") == api for o in c.operations if _unversioned(o.id) == plain]


def _unversioned(identity: str) -> str:
    return re.sub(r"_?v\d+$", "", identity.lower())


def _body_name(operation: Operation, given: Mapping[str, Any]) -> str:
    """What the body is called in the flat parameters: the first part of keys whose rest is a part of the body."""
    inner = {p.path[5:] for p in operation.parameters if p.path.startswith("body/")}
    for key in given:
        first, slash, rest = key.partition("/")
        if slash and rest in inner:
            return first
    if any(p.path == "body" for p in operation.parameters) and operation.body_name not in given:
        others = {p.path.partition("/")[2] for p in operation.parameters}
        left = [k for k in given if k not in others and "/" not in k and not k.startswith("$")]
        return left[0] if len(left) == 1 else operation.body_name
    return operation.body_name


def _rest(inputs: Mapping[str, Any], catalog: Catalog, kind: str, webhook: bool, apis: Mapping[str, str]) -> Match | None:
    found_connection = connectors.connection_key(inputs["host"].get("connection"))
    path = inputs.get("path")
    if found_connection is None or not isinstance(path, str):
        return None
    key, via = found_connection
    meta: dict[str, Any] = {"via": via} if via else {}
    method = str(inputs.get("method", "")).lower()
    try:
        said = read_string(path)
    except ExpressionError:
        return None
    pieces = said if isinstance(said, tuple) else (said,) if isinstance(said, str) else None
    if pieces is None:
        return None
    text = "".join(p if isinstance(p, str) else f"\0{n}\0" for n, p in enumerate(pieces))
    apis_named = _apis(key, apis)
    found: list[tuple[Operation, Match]] = []
    for operation in _candidates(catalog, method, kind, webhook):
        parts = _pattern(operation.path).fullmatch(text)
        if parts is None:
            continue
        arguments = _path_values(operation, parts.groups(), pieces)
        if arguments is not None:
            found.append((operation, Match(operation, {**arguments, **_sent(operation, inputs, webhook)}, {})))
    mine = [f for f in found if connectors.api_of(f[0], catalog).lower() in apis_named]
    if not mine:
        others = {connectors.api_of(o, catalog) for o, _ in found}
        known = any(c.api.removeprefix("shared_").lower() in apis_named for c in catalog.connectors.values())
        mine = found if len(others) == 1 and not known and telling(found[0][0].path) else []
    if not mine:
        return None
    operation, made = max(mine, key=lambda f: (len(re.sub(r"\{[^}]*\}", "", f[0].path)), -_missing(f[1]), len(f[1].arguments)))
    if key != connectors.api_of(operation, catalog):
        meta["connection"] = key
    return Match(operation, made.arguments, meta)


def _missing(made: Match) -> int:
    return sum(p.required and p.name not in made.arguments for p in made.operation.parameters)


def _apis(key: str, apis: Mapping[str, str]) -> set[str]:
    """The API names that a connection's key may stand for."""
    known = {apis[key].removeprefix("shared_").lower()} if key in apis else set()
    plain = key.lower().removeprefix("shared_")
    return known or {plain, re.sub(r"[^a-z0-9]", "", plain), re.sub(r"[-_](\d+|#.*)$", "", plain), re.sub(r"[^a-z0-9]", "", re.sub(r"[-_](\d+|#.*)$", "", plain))}


def telling(path: str) -> bool:
    """Whether a path says enough by itself to name its API: the path of an incident does, `/items/{id}` does not."""
    return len([p for p in path.split("/") if p and not p.startswith("{")]) >= 2


def _candidates(catalog: Catalog, method: str, kind: str, webhook: bool) -> list[Operation]:
    return [
        o
        for c in catalog.connectors.values()
        for o in c.operations
        if o.kind == kind and o.path and (o.method.lower() == method or (webhook and not method)) and connectors.is_webhook(o) == webhook
    ]


@lru_cache(maxsize=8192)
def _pattern(path: str) -> re.Pattern[str]:
    """A path's template as a pattern; a name in braces matches one value of the path, or itself.

    Two values tell where the one ends: "any text" side by side would be tried at every place of every other.
    """
    made = "".join(rf"(\0\d+\0|{re.escape(p)})" if p.startswith("{") else re.escape(p) for p in re.split(r"(\{[^}]*\})", path))
    return re.compile(made, re.IGNORECASE)


def _path_values(operation: Operation, groups: tuple[str, ...], pieces: tuple[Any, ...]) -> dict[str, Any] | None:
    """The values in a path; None where one is not written as the compiler would."""
    names = re.findall(r"\{([^}]*)\}", operation.path)
    found: dict[str, Any] = {}
    for name, group in zip(names, groups, strict=True):
        parameter = next((p for p in connectors.placed(operation, "path") if p.path == f"path/{name}"), None)
        number = re.fullmatch(r"\0(\d+)\0", group)
        if parameter is not None and group == "{" + name + "}":
            continue
        if parameter is None or number is None:
            return None
        inner = _decoded(pieces[int(number.group(1))])
        if inner is not None and connectors.double_encoded(operation, name):
            inner = _decoded(inner)
        if inner is None:
            return None
        found[parameter.name] = _json(inner)
    return found


def _decoded(node: Wdl) -> Wdl | None:
    if isinstance(node, Invocation) and node.name.lower() == "encodeuricomponent" and len(node.arguments) == 1:
        return node.arguments[0]
    return None


def _json(node: Wdl) -> Any:
    if isinstance(node, Constant):
        return write_text(node.value) if isinstance(node.value, str) else node.value
    return "@" + write_expression(node)


def _sent(operation: Operation, inputs: Mapping[str, Any], webhook: bool) -> dict[str, Any]:
    """The arguments in queries, headers and body."""
    places = {"query": inputs.get("queries"), "header": inputs.get("headers"), "body": inputs.get("body")}
    if webhook and operation.kind == "action":
        body = places["body"]
        places["body"] = body.get("body") if isinstance(body, Mapping) else None
    found: dict[str, Any] = {}
    for parameter in operation.parameters:
        where, _, key = parameter.path.partition("/")
        value: Any = places.get(where)
        if value is None:
            continue
        for part in key.split("/") if key else ():
            if isinstance(value, Mapping) and part in value:
                value = value[part]
            elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
                value = value[int(part)]
            else:
                break
        else:
            found[parameter.name] = value
    return _once(operation, found)


def _once(operation: Operation, found: dict[str, Any]) -> dict[str, Any]:
    """The arguments without those that say what others say: an object, or the parts of it that have parameters of their own."""
    left = dict(found)
    for parameter in operation.parameters:
        inner = [p for p in operation.parameters if p.name in left and p.path.startswith(f"{parameter.path}/")]
        if parameter.name not in left or not inner:
            continue
        made: dict[str, Any] = {}
        for part in inner:
            put(made, part.path, left[part.name])
        for key in parameter.path.split("/"):
            made = made.get(key, {})
        for name in [parameter.name] if identical(made, left[parameter.name]) else [p.name for p in inner]:
            del left[name]
    return left

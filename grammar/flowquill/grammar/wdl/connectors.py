"""Calls of connectors on the wire: `ApiConnection` of Logic Apps, `OpenApiConnection` of Power Automate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flowquill.grammar.catalog import Catalog, Operation, Parameter
from flowquill.grammar.wdl.expressions import (
    Access,
    Constant,
    ExpressionError,
    Invocation,
    Piece,
    Wdl,
    canonical,
    read_string,
    write_expression,
    write_pieces,
)
from flowquill.grammar.wdl.settings import put

CALLBACK = "@{listCallbackUrl()}"
API_ID = "/providers/Microsoft.PowerApps/apis/shared_"
SCHEMA = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
_DOUBLE = re.compile(r"^(/v\d+)?/datasets/|/datasets/")


def is_webhook(operation: Operation) -> bool:
    """Whether the operation waits to be called back."""
    if operation.kind == "trigger":
        return operation.method.lower() in ("post", "put")
    return "$subscriptions" in operation.path or "subscribe" in operation.path.lower()


def double_encoded(operation: Operation, parameter: str) -> bool:
    """Whether a part of the path is encoded twice, as connectors of tables (SharePoint, SQL) want the dataset and the table."""
    return parameter in ("dataset", "table") and bool(_DOUBLE.search(operation.path))


def native(value: Any) -> Wdl:
    """A JSON value as an expression, for a part of a path."""
    if isinstance(value, str):
        said = read_string(value)
        if isinstance(said, tuple):
            return Invocation("concat", tuple(Constant(p) if isinstance(p, str) else p for p in said))
        return Constant(said) if isinstance(said, str) else said
    return Constant(value if isinstance(value, (int, float, bool)) else str(value))


def path_with(operation: Operation, given: Mapping[str, Any]) -> str:
    """The path with the values in it, each `@{encodeURIComponent(...)}`."""
    pieces: list[Piece] = []
    for part in re.split(r"(\{[^}]*\})", operation.path):
        if part.startswith("{") and part[1:-1] in given:
            inner: Wdl = Invocation("encodeURIComponent", (native(given[part[1:-1]]),))
            pieces.append(Invocation("encodeURIComponent", (inner,)) if double_encoded(operation, part[1:-1]) else inner)
        elif part:
            if pieces and isinstance(pieces[-1], str):
                pieces[-1] += part
            else:
                pieces.append(part)
    return write_pieces(tuple(pieces))


_TOKENS = Invocation(
    "json",
    (Invocation("decodeBase64", (Access(Access(Invocation("triggerOutputs"), Constant("headers"), False), Constant("X-MS-APIM-Tokens"), False),)),),
)


def connection_of(key: str, via: Any = None) -> dict[str, Any]:
    """The connection of a call. `via`: "reference" as in Logic Apps Standard, "tokens" as in old exports of Power Automate, else a parameter."""
    if via == "reference":
        return {"referenceName": key}
    source = Access(_TOKENS, Constant("$connections"), False) if via == "tokens" else Invocation("parameters", (Constant("$connections"),))
    return {"name": "@" + write_expression(Access(Access(source, Constant(key), False), Constant("connectionId"), False))}


def connection_key(found: Any) -> tuple[str, str | None] | None:
    """The key of a call's connection and by which way it is found (see `connection_of`); None where it is none of these."""
    if not isinstance(found, Mapping) or len(found) != 1:
        return None
    reference = found.get("referenceName")
    if isinstance(reference, str):
        return (reference, "reference") if "@" not in reference else None
    name = found.get("name")
    try:
        said = read_string(name) if isinstance(name, str) else ""
    except ExpressionError:
        return None
    if not isinstance(said, Access) or not isinstance(said.base, Access) or not isinstance(said.base.key, Constant):
        return None
    key = said.base.key.value
    if not isinstance(key, str) or "@" in key:
        return None
    for via in (None, "tokens"):
        written = read_string(connection_of(key, via)["name"])
        if not isinstance(written, (str, tuple)) and canonical(written) == canonical(said):
            return key, via
    return None


def rest_inputs(operation: Operation, arguments: Mapping[str, Any], api: str, meta: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of an `ApiConnection`. `arguments`: JSON values by the parameter's name."""
    inputs: dict[str, Any] = {"host": {"connection": connection_of(str(meta.get("connection", api)), meta.get("via"))}}
    webhook = is_webhook(operation)
    if not webhook and operation.method:
        inputs["method"] = operation.method.lower()
    inputs["path"] = path_with(operation, {p.path.split("/", 1)[1]: arguments[p.name] for p in placed(operation, "path") if p.name in arguments})
    if webhook and operation.kind == "trigger":
        inputs["body"] = {"callback_url": CALLBACK}
    elif webhook:
        inputs["body"] = {"notificationUrl": CALLBACK}
    for parameter in operation.parameters:
        if parameter.name not in arguments:
            continue
        where, _, key = parameter.path.partition("/")
        value = arguments[parameter.name]
        match where:
            case "query":
                inputs.setdefault("queries", {})[key] = value
            case "header":
                inputs.setdefault("headers", {})[key] = value
            case "body":
                inside = "body/body" if webhook and operation.kind == "action" else "body"
                put(inputs, f"{inside}/{key}" if key else inside, value)
    return inputs


def placed(operation: Operation, where: str) -> tuple[Parameter, ...]:
    """The parameters of an operation that go to `where`: path, query, header or body."""
    return tuple(p for p in operation.parameters if p.path.split("/", 1)[0] == where and "/" in p.path)


def flat_key(parameter: Parameter, body_name: str) -> str:
    """The key of a parameter in an `OpenApiConnection`."""
    where, _, key = parameter.path.partition("/")
    if where == "body":
        return f"{body_name}/{key}" if key else body_name
    return key or parameter.name


def open_inputs(operation: Operation, arguments: Mapping[str, Any], api: str, meta: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of an `OpenApiConnection`. `arguments`: JSON values by the parameter's name."""
    body_name = str(meta.get("body_name", operation.body_name))
    return {
        "host": {
            "apiId": f"{API_ID}{api}",
            "connectionName": str(meta.get("connection", f"shared_{api}")),
            "operationId": str(meta.get("operation", operation.id)),
        },
        "parameters": {flat_key(p, body_name): arguments[p.name] for p in operation.parameters if p.name in arguments},
        "authentication": "@parameters('$authentication')",
    }


def api_of(operation: Operation, catalog: Catalog) -> str:
    """The managed API of an operation's connector, as "office365"."""
    connector = catalog.connectors.get(operation.connector or "")
    return (connector.api if connector else operation.connector or "").removeprefix("shared_")

"""Connectors as the data of a catalog file, the inverse of reading one."""

from __future__ import annotations

import json
from typing import Any

from flowquill.grammar.catalog.model import Connector, Operation, Output, Parameter


def connector_text(connector: Connector) -> str:
    """The text of a connector's catalog file; the same connector gives the same text."""
    return json.dumps(connector_data(connector), ensure_ascii=False, indent=1) + "\n"


def connector_data(connector: Connector) -> dict[str, Any]:
    """A connector in the form of a catalog file."""
    return {
        "name": connector.name,
        "title": connector.title,
        "api": connector.api,
        "category": connector.category,
        "summary": connector.summary,
        "operations": [operation_data(o) for o in connector.operations],
    }


def operation_data(operation: Operation) -> dict[str, Any]:
    """An operation in the form of a catalog file."""
    entry: dict[str, Any] = {
        "name": operation.name,
        "id": operation.id,
        "aliases": list(operation.aliases),
        "kind": operation.kind,
        "title": operation.title,
        "method": operation.method,
        "path": operation.path,
        "summary": operation.summary,
        "phrases": list(operation.phrases),
        "parameters": [parameter_data(p) for p in operation.parameters],
        "outputs": [output_data(o) for o in operation.outputs],
    }
    if operation.body_name != "body":
        entry["body_name"] = operation.body_name
    return {**entry, "split_on": operation.split_on} if operation.split_on else entry


def parameter_data(parameter: Parameter) -> dict[str, Any]:
    """A parameter in the form of a catalog file."""
    entry: dict[str, Any] = {"name": parameter.name, "path": parameter.path, "type": parameter.type, "required": parameter.required}
    extra = {"enum": list(parameter.enum), "default": parameter.default, "format": parameter.format, "summary": parameter.summary}
    return {**entry, **{k: v for k, v in extra.items() if v is not None and v != "" and v != []}}


def output_data(output: Output) -> dict[str, Any]:
    """An output in the form of a catalog file."""
    entry: dict[str, Any] = {"name": output.name, "path": output.path, "type": output.type}
    extra = {"format": output.format, "enum": list(output.enum), "properties": [output_data(p) for p in output.properties]}
    return {**entry, **{k: v for k, v in extra.items() if v not in ("", [])}}

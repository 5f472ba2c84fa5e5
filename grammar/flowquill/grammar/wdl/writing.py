"""Compiled workflows as the documents that Logic Apps takes: a definition with its connections, and a template that deploys both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flowquill.grammar.wdl import arm
from flowquill.grammar.wdl.model import Connection

_TEMPLATE = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
# Names of the template's own parameters, which none of a workflow may take.
_OWN = re.compile(r"location\Z|workflowName\d*\Z|.*ConnectionName\Z", re.IGNORECASE)
_TEMPLATE_TYPES = {
    "string": "string",
    "securestring": "securestring",
    "int": "int",
    "bool": "bool",
    "array": "array",
    "object": "object",
    "secureobject": "secureObject",
}


@dataclass(frozen=True, slots=True)
class Written:
    """A compiled workflow to be written. `title`: what people call it."""

    title: str
    definition: Mapping[str, Any]
    connections: tuple[Connection, ...] = ()


def logic_app(workflow: Written) -> dict[str, Any]:
    """The document of a Logic App: the definition, and `$connections` with an id for each connection to be filled in.

    `az logic workflow create --definition FILE` and the code view of the portal take this form.
    """
    document: dict[str, Any] = {"definition": dict(workflow.definition)}
    if workflow.connections:
        entries = {c.key: _placeholder(c) for c in workflow.connections}
        document["parameters"] = {"$connections": {"value": entries}}
    return document


def _placeholder(connection: Connection) -> dict[str, str]:
    group = "/subscriptions/{subscription}/resourceGroups/{resourceGroup}"
    return {
        "connectionId": f"{group}/providers/Microsoft.Web/connections/{connection.key}",
        "connectionName": connection.key,
        "id": f"/subscriptions/{{subscription}}/providers/Microsoft.Web/locations/{{location}}/managedApis/{connection.api}",
    }


def template(workflows: Iterable[Written]) -> dict[str, Any]:
    """A template of the Azure Resource Manager with the workflows and one connection resource for each connection they use.

    Its parameters: the location, the name of each workflow and connection, the values of workflow parameters that have no default,
    and those that expressions kept from another template name. `az bicep decompile` reads it.
    """
    made = _Template()
    written = tuple(workflows)
    made.parameters["location"] = {"type": "string", "defaultValue": "[resourceGroup().location]", "metadata": {"description": "Where to deploy."}}
    for number, workflow in enumerate(written):
        made.workflow(workflow, "workflowName" if len(written) == 1 else f"workflowName{number + 1}")
    return {
        "$schema": _TEMPLATE,
        "contentVersion": "1.0.0.0",
        "parameters": made.parameters,
        "resources": [*made.connections.values(), *made.workflows],
    }


class _Template:
    """A template while it is put together."""

    def __init__(self) -> None:
        self.parameters: dict[str, Any] = {}
        self.connections: dict[tuple[str, str], dict[str, Any]] = {}
        self.workflows: list[dict[str, Any]] = []

    def workflow(self, workflow: Written, name: str) -> None:
        """Adds a workflow with what it needs."""
        self.parameters[name] = {"type": "string", "defaultValue": arm.escaped(workflow.title), "metadata": {"description": "Name of the workflow."}}
        definition = arm.escaped(workflow.definition)
        for kept in arm.named_parameters(definition):
            if not any(kept.lower() == p.lower() for p in self.parameters):
                self.parameters[kept] = {"type": "string", "metadata": {"description": "Named by an expression of the workflow."}}
        properties: dict[str, Any] = {"state": "Enabled", "definition": definition}
        resource: dict[str, Any] = {
            "type": "Microsoft.Logic/workflows",
            "apiVersion": "2019-05-01",
            "name": f"[parameters('{name}')]",
            "location": "[parameters('location')]",
            "properties": properties,
        }
        entries = {c.key: self.connection(c) for c in workflow.connections}
        values = self._values(workflow.definition)
        if entries:
            resource["dependsOn"] = [e["connectionId"] for e in entries.values()]
            values = {"$connections": {"value": entries}, **values}
        if values:
            properties["parameters"] = values
        self.workflows.append(resource)

    def connection(self, connection: Connection) -> dict[str, str]:
        """What a workflow's `$connections` says of a connection; adds its resource, once for all workflows."""
        parameter = f"{_camel(connection.key)}ConnectionName"
        name = f"[parameters('{parameter}')]"
        api = f"[subscriptionResourceId('Microsoft.Web/locations/managedApis', parameters('location'), '{connection.api}')]"
        identity = (connection.key, connection.api)
        if identity not in self.connections:
            self.parameters[parameter] = {"type": "string", "defaultValue": connection.key, "metadata": {"description": f"Name of the connection to {connection.api}."}}
            self.connections[identity] = {
                "type": "Microsoft.Web/connections",
                "apiVersion": "2016-06-01",
                "name": name,
                "location": "[parameters('location')]",
                "properties": {"displayName": name, "api": {"id": api}},
            }
        return {"connectionId": f"[resourceId('Microsoft.Web/connections', parameters('{parameter}'))]", "connectionName": name, "id": api}

    def _values(self, definition: Mapping[str, Any]) -> dict[str, Any]:
        """Values of the workflow's parameters that have no default, each from a parameter of the template."""
        found: dict[str, Any] = {}
        declared = definition.get("parameters")
        for name, parameter in declared.items() if isinstance(declared, Mapping) else ():
            if name.startswith("$") or not isinstance(parameter, Mapping) or "defaultValue" in parameter:
                continue
            kind = str(parameter.get("type")).lower()
            given = f"{name}Value" if _OWN.match(name) else name
            # A template knows no fractions: such a number is given as text.
            self.parameters.setdefault(given, {"type": _TEMPLATE_TYPES.get(kind, "string")})
            found[name] = {"value": f"[json(parameters('{given}'))]" if kind == "float" else f"[parameters('{given}')]"}
        return found


def _camel(key: str) -> str:
    first, *rest = [w for w in re.split(r"[^A-Za-z0-9]+", key) if w] or ["connection"]
    return first[:1].lower() + first[1:] + "".join(w[:1].upper() + w[1:] for w in rest)

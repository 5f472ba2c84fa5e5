"""The package that Power Automate's import page takes: a zip with one flow, the APIs and the connections it uses.

The same flow gives the same bytes: ids are derived from its name (UUID version 5), time stamps are fixed, members are stored uncompressed
so that no version of a compressor shows.
"""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from typing import Any

from flowquill.grammar.wdl.model import Connection
from flowquill.grammar.wdl.writing import Written

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://flowquill.example/packages")
_CREATED = "2020-01-01T00:00:00.0000000Z"
# The first moment that a zip file can name.
_STAMP = (1980, 1, 1, 0, 0, 0)
_PROVIDER = "/providers/Microsoft.PowerApps/apis"


def flow_document(workflow: Written) -> dict[str, Any]:
    """The flow as its package has it: `definition.json`."""
    identity = _id("flow", workflow.title)
    return {
        "name": identity,
        "id": f"/providers/Microsoft.Flow/flows/{identity}",
        "type": "Microsoft.Flow/flows",
        "properties": {
            "apiId": f"{_PROVIDER}/shared_logicflows",
            "displayName": workflow.title,
            "definition": dict(workflow.definition),
            "connectionReferences": {c.key: _reference(c) for c in workflow.connections},
            "flowFailureAlertSubscribed": False,
            "isManaged": False,
        },
    }


def _reference(connection: Connection) -> dict[str, str]:
    api = _shared(connection.api)
    return {
        "connectionName": f"{api.replace('_', '-')}-{_id('connection', connection.key)}",
        "source": "Embedded",
        "id": f"{_PROVIDER}/{api}",
        "tier": "NotSpecified",
    }


def package(workflow: Written) -> bytes:
    """The bytes of the package."""
    identity = _id("flow", workflow.title)
    folder = f"Microsoft.Flow/flows/{identity}"
    apis = sorted({c.api for c in workflow.connections})
    files = {
        "manifest.json": _manifest(workflow, identity, apis),
        "Microsoft.Flow/flows/manifest.json": {"packageSchemaVersion": "1.0", "flowAssets": {"assetPaths": [identity]}},
        f"{folder}/apisMap.json": {_shared(a): _id("api", a) for a in apis},
        f"{folder}/connectionsMap.json": {c.key: _id("connection", c.key) for c in workflow.connections},
        f"{folder}/definition.json": flow_document(workflow),
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, _STAMP)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())
    return stream.getvalue()


def _manifest(workflow: Written, identity: str, apis: list[str]) -> dict[str, Any]:
    """What the import page shows: the flow, and for each API and connection whether it is made or chosen."""
    uses = [*(_id("api", a) for a in apis), *(_id("connection", c.key) for c in workflow.connections)]
    resources: dict[str, Any] = {
        identity: {
            "type": "Microsoft.Flow/flows",
            "suggestedCreationType": "New",
            "creationType": "Existing, New, Update",
            "details": {"displayName": workflow.title},
            "configurableBy": "User",
            "hierarchy": "Root",
            "dependsOn": uses,
        }
    }
    for api in apis:
        resources[_id("api", api)] = {
            "id": f"{_PROVIDER}/{_shared(api)}",
            "name": _shared(api),
            "type": "Microsoft.PowerApps/apis",
            "suggestedCreationType": "Existing",
            "details": {"displayName": api},
            "configurableBy": "System",
            "hierarchy": "Child",
            "dependsOn": [],
        }
    for connection in workflow.connections:
        resources[_id("connection", connection.key)] = {
            "type": "Microsoft.PowerApps/apis/connections",
            "suggestedCreationType": "Existing",
            "creationType": "Existing",
            "details": {"displayName": connection.api},
            "configurableBy": "User",
            "hierarchy": "Child",
            "dependsOn": [_id("api", connection.api)],
        }
    description = workflow.definition.get("description")
    return {
        "schema": "1.0",
        "details": {
            "displayName": workflow.title,
            "description": description if isinstance(description, str) else "",
            "createdTime": _CREATED,
            "packageTelemetryId": _id("package", workflow.title),
            "creator": "N/A",
            "sourceEnvironment": "",
        },
        "resources": resources,
    }


def _shared(api: str) -> str:
    return api if api.startswith("shared_") else f"shared_{api}"


def _id(kind: str, name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{kind}/{name}"))

"""Small definitions of our own, and the containers around them."""

from __future__ import annotations

import io
import zipfile
from typing import Any

SCHEMA = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
MAIL = {
    "type": "ApiConnection",
    "runAfter": {"Compose": ["Succeeded"]},
    "inputs": {"host": {"connection": {"name": "@parameters('$connections')['office365']['connectionId']"}}, "method": "post", "path": "/v2/Mail", "body": {"To": "a@b.c"}},
}


def definition(actions: dict[str, Any] | None = None, trigger: dict[str, Any] | None = None, **other: Any) -> dict[str, Any]:
    """A definition with these actions; one Compose where absent."""
    return {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {},
        "triggers": {"manual": trigger or {"type": "Request", "kind": "Button", "inputs": {"schema": {}}}},
        "actions": {"Compose": {"type": "Compose", "inputs": "hello", "runAfter": {}}} if actions is None else actions,
        **other,
    }


def zipped(files: dict[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive with these files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()

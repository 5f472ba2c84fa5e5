"""From a workflow definition to a flow."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flowquill.grammar.catalog import Catalog
from flowquill.grammar.wdl.model import Decompiled, Note, WdlError

__all__ = ["Decompiled", "Note", "WdlError", "decompile"]


def decompile(
    definition: Mapping[str, Any], catalog: Catalog, name: str, connections: Mapping[str, str] = MappingProxyType({})
) -> Decompiled:
    """The flow of a definition. `connections`: connection key to API name, where known. Raises WdlError where it cannot be read."""
    raise WdlError(f"The definition {name} cannot be read yet; wait for the decompiler.")

"""Functions for what was imported and has no expression of its own here. A model is never offered them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from flowquill.grammar.functions import Signature

WDL = "wdl"
UNTYPED = "untyped"
ESCAPES: Mapping[str, Signature] = MappingProxyType(
    {
        WDL: Signature(WDL, 1, 1, "any", "A string of the Workflow Definition Language as it stands, expression and all.", offered=False),
        UNTYPED: Signature(UNTYPED, 1, 1, "any", "The value, taken for whatever type the place wants.", offered=False),
    }
)
"""By name: `wdl("@appsetting('x')")` and `untyped("10")`."""

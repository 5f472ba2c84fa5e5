"""One form for definitions that mean the same, to compare them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def normalise(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The definition without what means nothing."""
    return dict(definition)

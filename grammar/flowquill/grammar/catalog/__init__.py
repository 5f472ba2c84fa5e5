"""What a flow can call: connectors with their operations, and the built-in triggers and actions."""

from flowquill.grammar.catalog.load import load_catalog
from flowquill.grammar.catalog.model import (
    Catalog,
    CatalogError,
    Connector,
    Operation,
    Output,
    Parameter,
)

__all__ = ["Catalog", "CatalogError", "Connector", "Operation", "Output", "Parameter", "load_catalog"]

"""Connectors from what people have: OpenAPI documents, lists of operations, workflow definitions.

Data goes one way: bytes (`documents`) to what is found (`openapi`, `schemas`, `lists`, `workflows`) to named connectors (`build`, `names`).
"""

from flowquill.grammar.catalog.importing.build import connector_of
from flowquill.grammar.catalog.importing.documents import read_bytes
from flowquill.grammar.catalog.importing.read import SUFFIXES, Source, source_of, source_of_value

__all__ = ["SUFFIXES", "Source", "connector_of", "read_bytes", "source_of", "source_of_value"]

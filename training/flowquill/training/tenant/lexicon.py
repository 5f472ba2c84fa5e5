"""Phrases for a tenant's operations, made by rule from the words of its catalog: titles, summaries and the phrases that connector files may list."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from flowquill.grammar.catalog import Catalog, Connector, Operation
from flowquill.training.data.banks import Banks, OperationBank, load_banks, slots
from flowquill.training.data.public import event, imperative

_KINDS = {"email": "email", "url": "url", "date": "date", "datetime": "datetime"}
_WORDS = ("email", "url", "title", "subject", "message", "description", "city", "country", "company", "product", "project", "person", "folder")


def banks_of(catalog: Catalog, own: frozenset[str]) -> Banks:
    """The package's banks with banks by rule for the operations of the connectors `own`."""
    general = load_banks(catalog=catalog)
    return general.merged(bank for name in sorted(own) for bank in _connector(catalog.connectors[name]))


def banks_with(catalog: Catalog) -> Banks:
    """The package's banks, and banks by rule for the connectors that they do not know."""
    known = {b.operation.connector for b in load_banks(catalog=catalog).operations.values()}
    return banks_of(catalog, frozenset(catalog.connectors) - {k for k in known if k})


def _connector(connector: Connector) -> Iterable[OperationBank]:
    for operation in connector.operations:
        says = list(dict.fromkeys(_says(operation, connector.title)))
        values: dict[str, str | tuple[Any, ...]] = {p.name: "enum" if p.enum else _kind(p.name, p.type, p.format) for p in operation.parameters if p.type in ("text", "integer", "number")}
        tails = [f" with {name.replace('_', ' ').strip()} {{{name}}}" for name in list(values)[:3]]
        if operation.kind == "action":
            says += [say + tail for say, tail in zip(says * len(tails), tails, strict=False)]
        says = [s for s in says if all(p in values for p in slots(s))]
        if says:
            yield OperationBank(operation, tuple(says), values, {}, {}, (connector.title,), "in", True)


def _says(operation: Operation, connector: str) -> Iterable[str]:
    texts = [*operation.phrases, operation.title, operation.summary.rstrip(".")]
    plain = operation.name.replace("_", " ")
    for text in (*texts, plain):
        text = re.sub(r"\s*\([^)]*\)", "", text).strip()
        if not 2 < len(text) < 90 or "{" in text or "\n" in text:
            continue
        if operation.kind == "trigger":
            said = event(text) or f"{text[:1].lower() + text[1:] if text[1:2].islower() else text} happens"
        else:
            said = imperative(text) or f"do {text}"
        yield said
        if connector.lower() not in said.lower():
            yield f"{said} in {connector}"


def _kind(name: str, type_: str, format_: str) -> str:
    if type_ in ("integer", "number"):
        return "count"
    return _KINDS.get(format_) or next((w for w in _WORDS if w in name), "id" if name.endswith(("id", "number", "key", "code")) else "title")

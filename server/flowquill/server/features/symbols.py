"""textDocument/documentSymbol and workspace/symbol: flows, their triggers and steps as an outline."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types

from flowquill.server.app import FlowquillServer
from flowquill.server.lines import Lines

if TYPE_CHECKING:
    from flowquill.grammar import tree
    from flowquill.server.documents import Snapshot
    from flowquill.server.reading.names import Reading


def register(server: FlowquillServer) -> None:
    """Adds the handler."""

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def symbols(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        from flowquill.grammar.parse import parse

        snapshot = server.documents.snapshot(params.text_document.uri)
        return await asyncio.to_thread(lambda: [_flow(f, snapshot.lines) for f in parse(snapshot.text).file.flows])

    @server.feature(types.WORKSPACE_SYMBOL)
    async def everywhere(params: types.WorkspaceSymbolParams) -> list[types.WorkspaceSymbol]:
        found: list[types.WorkspaceSymbol] = []
        for uri in server.documents.uris():
            found += await server.read(uri, lambda snapshot, reading: _named(snapshot, reading, params.query))
        return found


def _named(snapshot: Snapshot, reading: Reading, query: str) -> list[types.WorkspaceSymbol]:
    """Flows and the names given in them that hold the letters of `query`."""
    places: list[tuple[str, tuple[int, int], types.SymbolKind, str]] = []
    for piece, start in zip(reading.pieces, reading.starts, strict=True):
        for flow in piece.parsed.file.flows:
            places.append((flow.name.text, (flow.name.span[0] + start, flow.name.span[1] + start), types.SymbolKind.Module, ""))
            given = (o.moved(start) for o in piece.resolved[0] if o.span == o.declared)
            places += [(o.name, o.span, types.SymbolKind.Variable, flow.name.text) for o in given]
    return [
        types.WorkspaceSymbol(types.Location(snapshot.uri, snapshot.lines.range(span)), name, kind, container_name=inside or None)
        for name, span, kind, inside in places
        if query.lower() in name.lower()
    ]


def _flow(flow: tree.Flow, lines: Lines) -> types.DocumentSymbol:
    inner = [
        _symbol(f"on {t.callee.text if t.callee else 'manual'}", types.SymbolKind.Event, t.span, t.span, lines) for t in flow.triggers
    ] + [s for n in flow.body for s in _statement(n, lines)]
    symbol = _symbol(flow.name.text, types.SymbolKind.Module, flow.span, flow.name.span, lines)
    symbol.detail = flow.description or ""
    symbol.children = inner
    return symbol


def _statement(node: tree.Statement, lines: Lines) -> list[types.DocumentSymbol]:
    from flowquill.grammar import tree

    inner = [s for block in tree.blocks(node) for n in block for s in _statement(n, lines)]
    match node:
        case tree.Call():
            name, kind = node.callee.text, types.SymbolKind.Function
            if node.name is not None:
                name = f"{node.name.text} = {name}"
        case tree.Var() | tree.Param():
            name, kind = node.name.text, types.SymbolKind.Variable
        case tree.Scope():
            name, kind = f"scope {node.name.text}", types.SymbolKind.Namespace
        case tree.For():
            name, kind = f"for {node.item.text}", types.SymbolKind.Array
        case tree.Todo() | tree.Refuse():
            name, kind = f"{type(node).__name__.lower()} {node.text}", types.SymbolKind.String
        case tree.If() | tree.Switch() | tree.Until() | tree.Parallel() | tree.Try():
            name, kind = type(node).__name__.lower(), types.SymbolKind.Operator
        case _:
            return inner
    symbol = _symbol(name, kind, node.span, node.span, lines)
    symbol.children = inner
    return [symbol]


def _symbol(name: str, kind: types.SymbolKind, span: tuple[int, int], chosen: tuple[int, int], lines: Lines) -> types.DocumentSymbol:
    return types.DocumentSymbol(name=name, kind=kind, range=lines.range(span), selection_range=lines.range(chosen))

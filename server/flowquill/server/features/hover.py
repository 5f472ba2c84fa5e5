"""textDocument/hover: what an operation, a connector, a parameter, a function, a name or a property is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from flowquill.server.app import FlowquillServer

if TYPE_CHECKING:
    from flowquill.grammar import tree
    from flowquill.grammar.catalog import Catalog
    from flowquill.server.documents import Snapshot
    from flowquill.server.reading.names import Occurrence, Piece, Reading


def register(server: FlowquillServer) -> None:
    """Adds the handler."""

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        def find(snapshot: Snapshot, reading: Reading) -> types.Hover | None:
            from flowquill.server.reading.names import occurrence

            offset = snapshot.lines.offset(params.position)
            piece, start = reading.at(offset)
            found = _at(piece.path(offset - start), reading.catalog)
            if found is not None:
                text, (first, last) = found
                return _shown(text, snapshot.lines.range((first + start, last + start)))
            name = occurrence(reading, offset)
            if name is not None:
                return _shown(name_text(name, _source(piece, name, start)), snapshot.lines.range(name.span))
            member = _member(piece, offset - start)
            if member is None:
                return None
            text, (first, last) = member
            return _shown(text, snapshot.lines.range((first + start, last + start)))

        return await server.read(params.text_document.uri, find)


def _shown(text: str, place: types.Range) -> types.Hover:
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text), place)


def _member(piece: Piece, offset: int) -> tuple[str, tuple[int, int]] | None:
    """The property under the cursor with its type."""
    from flowquill.grammar import tree

    for node in reversed(piece.path(offset)):
        if isinstance(node, tree.Member) and node.name.span[0] <= offset <= node.name.span[1]:
            kind = piece.resolved[1].get(node.span)
            return f"`{node.name.text}`: {kind.name if kind else 'any'}", node.name.span
    return None


def name_text(name: Occurrence, source: str) -> str:
    """A name in Markdown: what it is, where its value comes from, its type and its properties."""
    properties = [f"- `{p.name}`: {p.type}" for p in name.type.properties[:20]]
    return "\n".join([f"`{name.name}`: {name.type.name} ({name.role}{f' of `{source}`' if source else ''})", *(["", *properties] if properties else [])])


def _source(piece: Piece, name: Occurrence, start: int) -> str:
    """The operation, list or value that a name's value comes from; "" where nothing says it."""
    from flowquill.grammar import tree
    from flowquill.grammar.format import expression

    for node in reversed(piece.path(name.declared[0] - start)):
        match node:
            case tree.Call():
                return node.callee.text
            case tree.Trigger():
                return node.callee.text if node.callee else "manual"
            case tree.For():
                return expression(node.source)[:60]
            case tree.Var() | tree.Param():
                return ""
    return ""


def _at(path: list[tree.Node], catalog: Catalog) -> tuple[str, tuple[int, int]] | None:
    from flowquill.grammar import tree
    from flowquill.grammar.functions import FUNCTIONS
    from flowquill.server.reading.describing import connector_text, function_text, operation_text, parameter_text

    node = path[-1]
    for above in reversed(path):
        if isinstance(above, tree.Callee):
            operation = catalog.find(above.connector.text if above.connector else None, above.operation.text)
            if above.connector is not None and node is above.connector:
                connector = catalog.connectors.get(node.text)
                return (connector_text(connector), node.span) if connector else None
            return (operation_text(operation), above.span) if operation else None
        if isinstance(above, tree.Argument) and node is above.parameter:
            call = next((n for n in reversed(path) if isinstance(n, tree.Call | tree.Trigger)), None)
            if call is None or call.callee is None:
                return None
            operation = catalog.find(call.callee.connector.text if call.callee.connector else None, call.callee.operation.text)
            parameter = operation.parameter(node.text) if operation else None
            return (parameter_text(parameter), node.span) if parameter else None
        if isinstance(above, tree.Function) and node is above.name and node.text in FUNCTIONS:
            return function_text(FUNCTIONS[node.text]), node.span
    return None

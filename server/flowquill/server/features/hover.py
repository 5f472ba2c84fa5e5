"""textDocument/hover: what an operation, a connector, a parameter or a function is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from flowquill.server.app import FlowquillServer

if TYPE_CHECKING:
    from flowquill.grammar import tree
    from flowquill.grammar.catalog import Catalog, Connector, Operation, Parameter


def register(server: FlowquillServer) -> None:
    """Adds the handler."""

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        from flowquill.grammar.parse import parse

        snapshot = server.documents.snapshot(params.text_document.uri)
        catalog = await server.catalog()
        offset = snapshot.lines.offset(params.position)
        found = _at(parse(snapshot.text).file, offset, catalog)
        if found is None:
            return None
        text, span = found
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text), snapshot.lines.range(span))


def _at(file: tree.File, offset: int, catalog: Catalog) -> tuple[str, tuple[int, int]] | None:
    from flowquill.grammar import tree
    from flowquill.grammar.functions import FUNCTIONS

    path: list[tree.Node] = [file]
    while True:
        inside = [c for c in tree.children(path[-1]) if c.span[0] <= offset <= c.span[1] and c.span != tree.NOWHERE]
        if not inside:
            break
        path.append(inside[-1])
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
            signature = FUNCTIONS[node.text]
            examples = "".join(f"\n\n`{e.call}`{f' gives `{e.value}`' if e.value is not None else ''}" for e in signature.examples[:2])
            return f"`{signature.text}`\n\n{signature.summary}{examples}", node.span
    return None


def connector_text(connector: Connector) -> str:
    """A connector in Markdown."""
    return f"**{connector.title}** ({connector.category or 'connector'})\n\n{connector.summary}"


def operation_text(operation: Operation) -> str:
    """An operation with its parameters and results in Markdown."""
    lines = [f"**{operation.text}** ({operation.kind})", "", operation.summary or operation.title]
    if operation.parameters:
        lines += ["", *(f"- {parameter_text(p)}" for p in operation.parameters)]
    if operation.outputs:
        lines += ["", "Gives " + ", ".join(f"`{o.name}`" for o in operation.outputs[:12])]
    return "\n".join(lines)


def parameter_text(parameter: Parameter) -> str:
    """A parameter in Markdown."""
    enum = f": {', '.join(parameter.enum[:10])}" if parameter.enum else ""
    return f"`{parameter.name}` {parameter.type}{', required' if parameter.required else ''}{enum}. {parameter.summary}".rstrip()

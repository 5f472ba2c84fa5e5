"""textDocument/codeLens above each flow, and the commands behind it: dry run, export, graph, explanation."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from flowquill.server.app import FlowquillServer

if TYPE_CHECKING:
    from flowquill.grammar import tree
    from flowquill.grammar.catalog import Catalog
    from flowquill.server.documents import Snapshot
    from flowquill.server.reading.names import Reading

RUN, COMPILE, GRAPH = "flowquill.run", "flowquill.compile", "flowquill.graph"


def register(server: FlowquillServer) -> None:
    """Adds the handlers. The commands take `[uri, name of the flow]`; without a name the file's first flow is meant."""

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS)
    async def lenses(params: types.CodeLensParams) -> list[types.CodeLens]:
        return await server.read(params.text_document.uri, _lenses)

    @server.command(RUN)
    async def run(*arguments: Any) -> dict[str, Any]:
        """The dry run as JSON, with `sentence` and the trace as `text`."""
        flow, others, catalog, rest = await _wanted(server, arguments)
        inputs = rest[0] if rest else None

        def work() -> dict[str, Any]:
            from flowquill.grammar.simulate import simulate
            from flowquill.grammar.simulate.trace import lines

            done = simulate(flow, catalog, inputs=inputs, flows=others)
            return {**done.json(), "sentence": done.sentence, "text": "\n".join(lines(done.steps))}

        return await asyncio.to_thread(work)

    @server.command(COMPILE)
    async def compiled(*arguments: Any) -> dict[str, Any]:
        """`{"definition", "connections", "problems"}`; a third argument "powerautomate" or "logicapps" names the platform."""
        flow, _, catalog, rest = await _wanted(server, arguments)
        target = rest[0] if rest and rest[0] in ("logicapps", "powerautomate") else None

        def work() -> dict[str, Any]:
            from flowquill.grammar.wdl.compile import CompileError, compile_flow

            try:
                made = compile_flow(flow, catalog, target)
            except CompileError as error:
                raise JsonRpcInvalidParams(str(error)) from None
            connections = [{"api": c.api, "key": c.key} for c in made.connections]
            return {"definition": made.definition, "connections": connections, "problems": [p.message for p in made.problems]}

        return await asyncio.to_thread(work)

    @server.command(GRAPH)
    async def graph(*arguments: Any) -> dict[str, Any]:
        """Nodes and edges."""
        from flowquill.server.reading import shape

        flow, _, _, _ = await _wanted(server, arguments)
        return shape.graph(flow)


def _lenses(snapshot: Snapshot, reading: Reading) -> list[types.CodeLens]:
    found = []
    for piece, start in zip(reading.pieces, reading.starts, strict=True):
        for flow in piece.parsed.file.flows:
            place = snapshot.lines.range((flow.name.span[0] + start, flow.name.span[1] + start))
            for title, command in (("Dry run", RUN), ("Export to Logic Apps", COMPILE), ("Preview graph", GRAPH)):
                found.append(types.CodeLens(place, types.Command(title, command, arguments=[snapshot.uri, flow.name.text])))
    return found


async def _wanted(server: FlowquillServer, given: tuple[Any, ...]) -> tuple[tree.Flow, tuple[tree.Flow, ...], Catalog, list[Any]]:
    """The flow that a command names, all flows of its file, the catalog, and further arguments. Raises JsonRpcInvalidParams."""
    values = list(given[0]) if len(given) == 1 and isinstance(given[0], list | tuple) else list(given)
    if not values or not isinstance(values[0], str):
        raise JsonRpcInvalidParams("The command names no file; give its URI and the name of a flow.")
    name = values[1] if len(values) > 1 else None

    def find(snapshot: Snapshot, reading: Reading) -> tuple[tree.Flow, ...]:
        from flowquill.grammar.parse import parse

        parsed = parse(snapshot.text)
        if parsed.errors:
            line = snapshot.lines.number(parsed.errors[0].span[0]) + 1
            raise JsonRpcInvalidParams(f"Line {line} does not parse ({parsed.errors[0].message}); mend it first.")
        return parsed.file.flows

    flows = await server.read(values[0], find)
    chosen = next((f for f in flows if name is None or f.name.text == name), None)
    if chosen is None:
        raise JsonRpcInvalidParams(f"The file holds no flow {name or ''}; write one, or name one of {', '.join(f.name.text for f in flows) or 'none'}.")
    return chosen, flows, await server.catalog(), values[2:]

"""textDocument/codeLens above each flow, and the commands behind it: dry run, export, graph."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from flowquill.server.app import FlowquillServer
from flowquill.server.features.flows import Chosen, chosen

if TYPE_CHECKING:
    from flowquill.grammar.simulate.trace import Step
    from flowquill.server.documents import Snapshot
    from flowquill.server.reading.names import Reading

RUN, COMPILE, GRAPH = "flowquill.run", "flowquill.compile", "flowquill.graph"
TITLES = (("Dry run", RUN), ("Export to Logic Apps", COMPILE), ("Preview graph", GRAPH))


def register(server: FlowquillServer) -> None:
    """Adds the handlers. The commands take `[uri, flow]`; server/README.md has their results."""

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS)
    async def lenses(params: types.CodeLensParams) -> list[types.CodeLens]:
        if not server.preferences.code_lens:
            return []
        return await server.read(params.text_document.uri, _lenses)

    @server.command(RUN)
    async def run(*arguments: Any) -> dict[str, Any]:
        found = await chosen(server, arguments)
        done = await asyncio.get_running_loop().run_in_executor(None, _run, found)
        _show(server, done["sentence"], done["text"])
        return done

    @server.command(COMPILE)
    async def compiled(*arguments: Any) -> dict[str, Any]:
        found = await chosen(server, arguments)
        made = await asyncio.get_running_loop().run_in_executor(None, _compile, found)
        problems = len(made["problems"])
        noted = f", with {problems} note{'s' if problems != 1 else ''}" if problems else ""
        _show(server, f"The flow {found.flow.name.text} is compiled{noted}.", json.dumps(made["definition"], indent=2, ensure_ascii=False))
        return made

    @server.command(GRAPH)
    async def graph(*arguments: Any) -> dict[str, Any]:
        found = await chosen(server, arguments, sound=False)
        diagnostics = await asyncio.get_running_loop().run_in_executor(server.checking, server.documents.diagnose, found.snapshot, found.piece.catalog)
        worst: dict[int, str] = {}
        for one in diagnostics:
            if one.severity != "hint":
                worst[one.span[0]] = "error" if "error" in (one.severity, worst.get(one.span[0])) else "warning"
        return _graph(found, worst)


def _lenses(snapshot: Snapshot, reading: Reading) -> list[types.CodeLens]:
    found = []
    for piece, start in zip(reading.pieces, reading.starts, strict=True):
        for flow in piece.parsed.file.flows:
            place = snapshot.lines.range((flow.name.span[0] + start, flow.name.span[1] + start))
            for title, command in TITLES:
                found.append(types.CodeLens(place, types.Command(title, command, arguments=[snapshot.uri, flow.name.text])))
    return found


def _run(found: Chosen) -> dict[str, Any]:
    """The dry run as JSON, each step with its range."""
    from flowquill.grammar.simulate import simulate
    from flowquill.grammar.simulate.trace import lines
    from flowquill.server.reading.traces import located

    inputs = found.rest[0] if found.rest and isinstance(found.rest[0], dict) else None
    done = simulate(found.flow, found.piece.catalog, inputs=inputs, flows=found.everything)
    places = {id(step): _range(found, span) for step, span in located(done.steps, found.flow.body)}
    shown = {**done.json(), "sentence": done.sentence, "text": "\n".join(lines(done.steps))}
    shown["steps"] = [_placed(step, places) for step in done.steps]
    if shown["trigger"] is not None and found.flow.triggers:
        shown["trigger"]["range"] = _range(found, found.flow.triggers[0].span)
    return shown


def _placed(step: Step, places: dict[int, dict[str, Any]]) -> dict[str, Any]:
    shown = step.json()
    if id(step) in places:
        shown["range"] = places[id(step)]
    if step.children:
        shown["steps"] = [_placed(c, places) for c in step.children]
    return shown


def _compile(found: Chosen) -> dict[str, Any]:
    """The definition. Raises JsonRpcInvalidParams where the flow cannot be compiled."""
    from flowquill.grammar.wdl.compile import CompileError, compile_flow

    target = found.rest[0] if found.rest and found.rest[0] in ("logicapps", "powerautomate") else None
    try:
        made = compile_flow(found.flow, found.piece.catalog, target)
    except CompileError as error:
        raise JsonRpcInvalidParams(str(error)) from None
    connections = [{"api": c.api, "key": c.key} for c in made.connections]
    return {"target": target or "logicapps", "definition": made.definition, "connections": connections, "problems": [p.message for p in made.problems]}


def _graph(found: Chosen, worst: dict[int, str]) -> dict[str, Any]:
    """Nodes and edges with ranges; `worst`: the severity of the diagnostics that begin at an offset of the file."""
    from flowquill.server.reading.graph import graph

    made = graph(found.flow)
    nodes = []
    for node in made.nodes:
        begin, end = node.span[0] + found.start, node.span[1] + found.start
        severities = {s for at, s in worst.items() if begin <= at < end} if not node.container else set()
        nodes.append(
            {
                "id": node.id,
                "kind": node.kind,
                "label": node.label,
                "detail": node.detail,
                "parent": node.parent,
                "container": node.container,
                "range": _range(found, node.span),
                "selectionRange": _range(found, node.chosen),
                "diagnostics": "error" if "error" in severities else "warning" if severities else None,
            }
        )
    edges = [{"id": f"{e.start}>{e.end}", "from": e.start, "to": e.end, "label": e.label, "statuses": list(e.statuses)} for e in made.edges]
    snapshot = found.snapshot
    return {"uri": snapshot.uri, "version": snapshot.version, "flow": found.flow.name.text, "range": _range(found, found.flow.span), "nodes": nodes, "edges": edges}


def _range(found: Chosen, span: tuple[int, int]) -> dict[str, Any]:
    """A span of the flow as a range in JSON."""
    lines = found.snapshot.lines
    start, end = lines.position(span[0] + found.start), lines.position(span[1] + found.start)
    return {"start": {"line": start.line, "character": start.character}, "end": {"line": end.line, "character": end.character}}


def _show(server: FlowquillServer, sentence: str, whole: str) -> None:
    """Tells a person whose editor shows no results how it went; the whole goes to the log."""
    if not server.client_can("results"):
        server.tell(sentence)
        server.window_log_message(types.LogMessageParams(types.MessageType.Info, whole))

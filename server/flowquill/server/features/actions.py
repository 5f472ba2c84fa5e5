"""textDocument/codeAction and codeAction/resolve: fixes, fix all, parameters to fill in, a scope around steps, and what the model may write."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from flowquill.server.app import FlowquillServer
from flowquill.server.features import explain, generate
from flowquill.server.features.comments import asked
from flowquill.server.features.diagnostics import diagnose, shown
from flowquill.server.features.writing import text_edit, workspace_edit

if TYPE_CHECKING:
    from flowquill.grammar.diagnostics import Diagnostic
    from flowquill.server.documents import Snapshot
    from flowquill.server.reading.names import Reading

Kind = types.CodeActionKind
FIX_ALL = "source.fixAll.flowquill"
EDIT_TITLE = "Edit flow with an instruction ..."


def register(server: FlowquillServer) -> None:
    """Adds the handlers."""
    kinds = [Kind.QuickFix, Kind.RefactorRewrite, Kind.RefactorExtract, Kind.SourceFixAll]

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=kinds, resolve_provider=True))
    async def actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        snapshot = server.documents.snapshot(params.text_document.uri)
        span = snapshot.lines.offsets(params.range)
        wanted = params.context.only
        diagnostics = await diagnose(server, snapshot)
        found: list[types.CodeAction] = []
        if _asked(Kind.QuickFix, wanted):
            found += _fixes(server, snapshot, diagnostics, span)
        if _asked(FIX_ALL, wanted) and any(d.fixes for d in diagnostics):
            action = types.CodeAction("Fix everything that has one fix", kind=FIX_ALL, data={"uri": snapshot.uri, "version": snapshot.version})
            found.append(action if _resolves(server) else await _with_edit(server, snapshot, action))
        if any(_asked(k, wanted) for k in (Kind.RefactorRewrite, Kind.RefactorExtract, Kind.QuickFix)):
            made = await server.read(snapshot.uri, lambda newest, reading: _changes(server, newest, reading, params.range, span) if newest is snapshot else [])
            found += [a for a in made if a.kind is not None and _asked(a.kind, wanted)]
        return [a for a in found if a.edit is not None or a.command is not None or a.data is not None]

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def resolve(action: types.CodeAction) -> types.CodeAction:
        data: Any = action.data
        uri = data.get("uri") if isinstance(data, dict) else getattr(data, "uri", None)
        snapshot = server.documents.get(uri) if isinstance(uri, str) else None
        return action if snapshot is None else await _with_edit(server, snapshot, action)


def _asked(kind: str, only: Sequence[str] | None) -> bool:
    """Whether a client that asks for `only` these kinds wants `kind`. Fixing all is done only where it is asked for."""
    if not only:
        return not kind.startswith("source")
    return any(kind == o or kind.startswith(f"{o}.") for o in only)


def _resolves(server: FlowquillServer) -> bool:
    document = server.client_capabilities.text_document
    able = document.code_action.resolve_support if document and document.code_action else None
    return able is not None and "edit" in able.properties


async def _with_edit(server: FlowquillServer, snapshot: Snapshot, action: types.CodeAction) -> types.CodeAction:
    """The action to fix all, worked out."""
    catalog = await server.catalog()

    def work() -> Any:
        from flowquill.server.reading.changing import all_fixed

        return all_fixed(server.documents.checked(snapshot, catalog))

    edit = await asyncio.get_running_loop().run_in_executor(server.checking, work)
    action.data = None
    if edit is not None:
        action.edit = workspace_edit(server, snapshot, [text_edit(snapshot, edit)])
    return action


def _fixes(server: FlowquillServer, snapshot: Snapshot, every: Sequence[Diagnostic], span: tuple[int, int]) -> Iterator[types.CodeAction]:
    """What mends the diagnostics at a place."""
    diagnostics = [d for d in every if d.fixes and d.span[0] <= span[1] and span[0] <= d.span[1]]
    for diagnostic, said in zip(diagnostics, shown(snapshot, tuple(diagnostics)), strict=True):
        for number, fix in enumerate(diagnostic.fixes):
            yield types.CodeAction(
                fix.title,
                kind=Kind.QuickFix,
                diagnostics=[said],
                is_preferred=(number == 0 and len(diagnostic.fixes) == 1) or None,
                edit=workspace_edit(server, snapshot, [text_edit(snapshot, e) for e in fix.edits]),
            )


def _changes(server: FlowquillServer, snapshot: Snapshot, reading: Reading, place: types.Range, span: tuple[int, int]) -> list[types.CodeAction]:
    """Changes by rule, and what the model may write here."""
    from flowquill.server.reading.changing import extracted, required
    from flowquill.server.reading.places import todo_at

    found: list[types.CodeAction] = []
    piece, start = reading.at(span[0])
    filling = required(piece, span[0] - start, reading.catalog)
    if filling is not None:
        edits = [text_edit(snapshot, type(e)((e.span[0] + start, e.span[1] + start), e.text)) for e in filling.edits]
        found.append(types.CodeAction(filling.title, kind=Kind.QuickFix, edit=workspace_edit(server, snapshot, edits)))
    scope = extracted(reading, server.documents.checked(snapshot, reading.catalog), span) if span[0] < span[1] else None
    if scope is not None:
        edit = workspace_edit(server, snapshot, [text_edit(snapshot, e) for e in scope.edits])
        found.append(types.CodeAction(scope.title, kind=Kind.RefactorExtract, edit=edit))
    line = place.start.line
    if todo_at(reading, snapshot.lines.span(line)) is not None:
        found.append(_command("Write this step", generate.TODO, snapshot.uri, line))
    comment = asked(snapshot.lines, line)
    if comment is not None:
        found.append(_command("Generate flow from comment", generate.COMMAND, snapshot.uri, line))
    for flow in piece.parsed.file.flows:
        if flow.span[0] <= span[0] - start <= flow.span[1]:
            found.append(_command("Explain this flow", explain.COMMAND, snapshot.uri, flow.name.text))
            if server.client_can("input"):
                found.append(_command(EDIT_TITLE, generate.EDIT, snapshot.uri, flow.name.text))
    below = _flow_below(snapshot, reading, comment.last) if comment is not None else None
    if comment is not None and below is not None:
        found.append(_command(f"Change the flow {below} as this comment says", generate.EDIT, snapshot.uri, below, comment.text))
    return found


def _flow_below(snapshot: Snapshot, reading: Reading, line: int) -> str | None:
    """The name of the flow that begins on the line below."""
    begin, end = snapshot.lines.span(line + 1)
    piece, start = reading.at(end)
    return next((f.name.text for f in piece.parsed.file.flows if begin <= f.span[0] + start <= end), None)


def _command(title: str, command: str, *arguments: Any) -> types.CodeAction:
    return types.CodeAction(title, kind=Kind.RefactorRewrite, command=types.Command(title, command, arguments=list(arguments)))

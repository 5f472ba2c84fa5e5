"""textDocument/codeAction: fixes of diagnostics, and "Generate flow from comment" for editors without ghost text."""

from __future__ import annotations

from lsprotocol import types

from flowquill.server.app import FlowquillServer
from flowquill.server.features.comments import comment_at
from flowquill.server.features.diagnostics import diagnose, shown
from flowquill.server.features.generate import COMMAND


def register(server: FlowquillServer) -> None:
    """Adds the handler."""
    kinds = [types.CodeActionKind.QuickFix, types.CodeActionKind.RefactorRewrite]

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=kinds))
    async def actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        snapshot = server.documents.snapshot(params.text_document.uri)
        lines = snapshot.lines
        start, end = lines.offsets(params.range)
        found: list[types.CodeAction] = []
        diagnostics = [d for d in await diagnose(server, snapshot) if d.fixes and d.span[0] <= end and start <= d.span[1]]
        for diagnostic, said in zip(diagnostics, shown(snapshot, tuple(diagnostics)), strict=True):
            for number, fix in enumerate(diagnostic.fixes):
                edits = [types.TextEdit(lines.range(e.span), e.text.replace("\n", snapshot.line_break)) for e in fix.edits]
                found.append(
                    types.CodeAction(
                        fix.title,
                        kind=types.CodeActionKind.QuickFix,
                        diagnostics=[said],
                        is_preferred=(number == 0 and len(diagnostic.fixes) == 1) or None,
                        edit=types.WorkspaceEdit(changes={snapshot.uri: edits}),
                    )
                )
        line = params.range.start.line
        if comment_at(lines, line) is not None:
            command = types.Command("Generate flow from comment", COMMAND, arguments=[snapshot.uri, line])
            found.append(types.CodeAction("Generate flow from comment", kind=types.CodeActionKind.RefactorRewrite, command=command))
        return found

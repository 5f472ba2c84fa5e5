"""publishDiagnostics and textDocument/diagnostic: the checker's findings as the editor shows them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types

from flowquill.server.documents import Snapshot

if TYPE_CHECKING:
    from flowquill.grammar.diagnostics import Diagnostic
    from flowquill.server.app import FlowquillServer

SOURCE = "flowquill"
_SEVERITIES = {"error": types.DiagnosticSeverity.Error, "warning": types.DiagnosticSeverity.Warning, "hint": types.DiagnosticSeverity.Hint}
_FADED = frozenset({"FQ013", "FQ014"})


def register(server: FlowquillServer) -> None:
    """Adds the handlers."""

    @server.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, types.DiagnosticOptions(inter_file_dependencies=False, workspace_diagnostics=False, identifier=SOURCE))
    async def pull(params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
        snapshot = server.documents.get(params.text_document.uri)
        items = shown(snapshot, await diagnose(server, snapshot)) if snapshot is not None else []
        return types.RelatedFullDocumentDiagnosticReport(items=items)


async def diagnose(server: FlowquillServer, snapshot: Snapshot) -> tuple[Diagnostic, ...]:
    """The diagnostics of a snapshot, worked out in the checking thread; none where no catalog can be loaded."""
    try:
        catalog = await server.catalog()
    except Exception as error:
        server.tell(f"Flowquill cannot check flows: {error}", types.MessageType.Error, once=True)
        return ()
    run = asyncio.get_running_loop().run_in_executor
    for end in server.documents.parts(snapshot, catalog):
        if server.documents.get(snapshot.uri) is snapshot:
            await run(server.checking, server.documents.check_part, snapshot, catalog, end)
    return await run(server.checking, server.documents.diagnose, snapshot, catalog)


def pulls(server: FlowquillServer) -> bool:
    """Whether the client asks for diagnostics by itself; pushed ones would stand beside those a second time."""
    able = server.client_capabilities.text_document
    return able is not None and able.diagnostic is not None


def refresh(server: FlowquillServer) -> None:
    """Has a client that pulls ask again: what it knows came of another catalog."""
    workspace = server.client_capabilities.workspace
    if pulls(server) and workspace and workspace.diagnostics and workspace.diagnostics.refresh_support:
        server.workspace_diagnostic_refresh(None)


async def publish(server: FlowquillServer, uri: str) -> None:
    """Sends the diagnostics of a file's newest version to a client that does not pull; those of an older version are dropped."""
    snapshot = server.documents.get(uri)
    if snapshot is None or pulls(server):
        return
    # Keystrokes that are already waiting come first.
    await asyncio.sleep(0)
    if server.documents.get(uri) is not snapshot:
        return
    found = await diagnose(server, snapshot)
    if server.documents.get(uri) is snapshot:
        server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, shown(snapshot, found), snapshot.version))


def shown(snapshot: Snapshot, found: tuple[Diagnostic, ...]) -> list[types.Diagnostic]:
    """Diagnostics in the protocol's form."""
    return [
        types.Diagnostic(
            range=snapshot.lines.range(d.span),
            message=d.message,
            severity=_SEVERITIES[d.severity],
            code=d.code,
            source=SOURCE,
            tags=[types.DiagnosticTag.Unnecessary] if d.code in _FADED else None,
        )
        for d in found
    ]

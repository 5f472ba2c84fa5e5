"""Definition, references, highlights and rename: the places of one name of a flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from flowquill.server.app import FlowquillServer

if TYPE_CHECKING:
    from flowquill.server.documents import Snapshot
    from flowquill.server.reading.names import Reading


def register(server: FlowquillServer) -> None:
    """Adds the handlers."""

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def definition(params: types.DefinitionParams) -> types.Location | None:
        def find(snapshot: Snapshot, reading: Reading) -> types.Location | None:
            from flowquill.server.reading.names import occurrence

            found = occurrence(reading, snapshot.lines.offset(params.position))
            return types.Location(snapshot.uri, snapshot.lines.range(found.declared)) if found else None

        return await server.read(params.text_document.uri, find)

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    async def references(params: types.ReferenceParams) -> list[types.Location]:
        def find(snapshot: Snapshot, reading: Reading) -> list[types.Location]:
            from flowquill.server.reading.names import occurrences

            found = occurrences(reading, snapshot.lines.offset(params.position))
            return [types.Location(snapshot.uri, snapshot.lines.range(o.span)) for o in found if params.context.include_declaration or o.span != o.declared]

        return await server.read(params.text_document.uri, find)

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    async def highlights(params: types.DocumentHighlightParams) -> list[types.DocumentHighlight]:
        def find(snapshot: Snapshot, reading: Reading) -> list[types.DocumentHighlight]:
            from flowquill.server.reading.names import occurrences

            kinds = types.DocumentHighlightKind
            found = occurrences(reading, snapshot.lines.offset(params.position))
            return [types.DocumentHighlight(snapshot.lines.range(o.span), kinds.Write if o.writes else kinds.Read) for o in found]

        return await server.read(params.text_document.uri, find)

    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    async def prepare(params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
        def find(snapshot: Snapshot, reading: Reading) -> types.PrepareRenamePlaceholder | None:
            from flowquill.server.reading.names import occurrence

            found = occurrence(reading, snapshot.lines.offset(params.position))
            return types.PrepareRenamePlaceholder(snapshot.lines.range(found.span), found.name) if found else None

        return await server.read(params.text_document.uri, find)

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    async def rename(params: types.RenameParams) -> types.WorkspaceEdit | None:
        def change(snapshot: Snapshot, reading: Reading) -> types.WorkspaceEdit | None:
            from flowquill.server.reading.names import RenameError, check_new_name, occurrences

            offset = snapshot.lines.offset(params.position)
            places = occurrences(reading, offset)
            if not places:
                return None
            if places[0].name != params.new_name:
                try:
                    check_new_name(reading, offset, params.new_name)
                except RenameError as error:
                    raise JsonRpcInvalidParams(str(error)) from None
            spans = dict.fromkeys(o.span for o in places)
            return types.WorkspaceEdit(changes={snapshot.uri: [types.TextEdit(snapshot.lines.range(s), params.new_name) for s in spans]})

        return await server.read(params.text_document.uri, change)

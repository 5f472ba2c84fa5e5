"""textDocument/completion and completionItem/resolve: what the forward parser allows at the cursor; the catalog's words when they are shown."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from lsprotocol import types

from flowquill.server.app import FlowquillServer

if TYPE_CHECKING:
    from flowquill.server.documents import Snapshot
    from flowquill.server.reading.cursor import Finished
    from flowquill.server.reading.offers import Offer

Kind = types.CompletionItemKind
_KINDS = MappingProxyType(
    {
        "keyword": Kind.Keyword,
        "connector": Kind.Module,
        "operation": Kind.Method,
        "parameter": Kind.Property,
        "property": Kind.Field,
        "value": Kind.EnumMember,
        "name": Kind.Variable,
        "function": Kind.Function,
        "decorator": Kind.Event,
        "type": Kind.TypeParameter,
    }
)


def register(server: FlowquillServer) -> None:
    """Adds the handlers."""
    options = types.CompletionOptions(trigger_characters=[".", "(", ",", '"', "@", "{"], resolve_provider=True)

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, options)
    async def completion(params: types.CompletionParams) -> list[types.CompletionItem]:
        from flowquill.server.reading.offers import offers

        catalog = await server.catalog()
        snapshot = server.documents.snapshot(params.text_document.uri)
        offset = snapshot.lines.offset(params.position)
        above = await _above(server, snapshot, offset)
        _, end = snapshot.lines.span(params.position.line)
        found = offers(snapshot.text[:offset], snapshot.text[offset:end], server.forward(catalog), above)
        edit = snapshot.lines.range((found.start, offset))
        quoted = snapshot.text[found.start - 1 : found.start] == '"'
        if quoted and '"' in snapshot.text[offset:end]:
            # The rest of the text that stands there already goes with what is chosen.
            edit = snapshot.lines.range((found.start, snapshot.text.index('"', offset)))
        snippets = _snippets(server)
        return [_item(o, edit if quoted else None, snippets) for o in found.offers]

    @server.feature(types.COMPLETION_ITEM_RESOLVE)
    async def resolve(item: types.CompletionItem) -> types.CompletionItem:
        from flowquill.server.reading.offers import described

        if isinstance(item.data, str):
            text = described(item.data, await server.catalog())
            if text is not None:
                item.documentation = types.MarkupContent(types.MarkupKind.Markdown, text)
        return item


async def _above(server: FlowquillServer, snapshot: Snapshot, offset: int) -> list[Finished]:
    """The complete statements above the cursor, from a reading of this or an earlier version that agrees up to the cursor's line."""
    from flowquill.server.reading.cursor import finished

    line = snapshot.lines.starts[snapshot.lines.number(offset)]
    known = server.documents.known(snapshot.uri)
    if known is not None and known.catalog is await server.catalog() and known.text.startswith(snapshot.text[:line]):
        return finished(known, line)
    return await server.read(snapshot.uri, lambda newest, reading: finished(reading, offset) if newest is snapshot else [])


def _snippets(server: FlowquillServer) -> bool:
    """Whether the client takes snippets."""
    document = server.client_capabilities.text_document
    item = document.completion.completion_item if document and document.completion else None
    return bool(item and item.snippet_support)


def _item(offer: Offer, edit: types.Range | None, snippets: bool) -> types.CompletionItem:
    item = types.CompletionItem(offer.label, kind=_KINDS[offer.kind], detail=offer.detail or None, data=offer.about or None, sort_text=offer.rank or None)
    if offer.snippet and snippets:
        item.insert_text, item.insert_text_format = offer.snippet, types.InsertTextFormat.Snippet
    elif offer.insert and edit is None:
        item.insert_text = offer.insert
    if offer.kind == "connector":
        item.commit_characters = ["."]
    if edit is not None:
        item.text_edit = types.TextEdit(edit, offer.insert or offer.label)
    return item

"""textDocument/completion: what the forward parser allows at the cursor, with the catalog's words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lsprotocol import types

from flowquill.server.app import FlowquillServer

if TYPE_CHECKING:
    from flowquill.grammar.forward import Forward, State

_PARTIAL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_QUOTED = re.compile(r'"([^"\n]*)\Z')
_FLOW = re.compile(r"^flow[ \t]", re.MULTILINE)
Kind = types.CompletionItemKind


def register(server: FlowquillServer) -> None:
    """Adds the handler."""

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=[".", "(", ",", '"', "@"]))
    async def completion(params: types.CompletionParams) -> list[types.CompletionItem]:
        snapshot = server.documents.snapshot(params.text_document.uri)
        catalog = await server.catalog()
        before = snapshot.text[: snapshot.lines.offset(params.position)]
        line = before[before.rfind("\n") + 1 :]
        if "#" in re.sub(r'"(?:[^"\\]|\\.)*"?', "", line):
            return []
        return offers(before, server.forward(catalog))


def offers(before: str, forward: Forward) -> list[types.CompletionItem]:
    """What may come at the end of `before`, the text up to the cursor, in place of the word or string that is begun there."""
    quoted = _QUOTED.search(before) if before[before.rfind("\n") + 1 :].count('"') % 2 else None
    partial = quoted or _PARTIAL.search(before)
    state = state_after(before[: partial.start()] if partial else before, forward)
    found: list[types.CompletionItem] = []
    ready = state.ready()
    for terminal in sorted(state.terminals()):
        values = forward.values(terminal, ready[terminal])
        if quoted is not None:
            if terminal == "STRING":
                found += [types.CompletionItem(v, kind=Kind.EnumMember) for v in values.fixed]
        elif terminal in ("NAME", "OPERATION", "PARAMETER", "PROPERTY", "DECORATOR", "TYPE"):
            found += [_item(terminal, v, ready[terminal], forward) for v in values.fixed]
        elif terminal == "STRING":
            found += [types.CompletionItem(f'"{v}"', kind=Kind.EnumMember) for v in values.fixed]
        else:
            word = forward.table.literals.get(terminal, "")
            if word.isidentifier():
                found.append(types.CompletionItem(word, kind=Kind.Keyword, sort_text=f"z{word}"))
    return found


def _item(terminal: str, name: str, state: State, forward: Forward) -> types.CompletionItem:
    from flowquill.grammar.forward import open_call, parameters_of
    from flowquill.grammar.functions import FUNCTIONS
    from flowquill.server.features.hover import connector_text, operation_text, parameter_text

    catalog = forward.catalog
    if terminal == "OPERATION":
        operation = catalog.find(state.entries[-2][1], name)
        return types.CompletionItem(name, kind=Kind.Method, detail=operation.title if operation else None, documentation=_markdown(operation_text(operation)) if operation else None)
    if terminal == "PARAMETER":
        call = open_call(state.entries)
        parameter = next((p for p in parameters_of(call[0]) if p.name == name), None) if call else None
        rank = "a" if parameter is not None and parameter.required else "b"
        return types.CompletionItem(
            name, kind=Kind.Property, insert_text=f"{name}: ", sort_text=rank + name, documentation=_markdown(parameter_text(parameter)) if parameter else None
        )
    if terminal == "PROPERTY":
        return types.CompletionItem(name, kind=Kind.Field)
    if terminal in ("DECORATOR", "TYPE"):
        return types.CompletionItem(name, kind=Kind.Keyword)
    if name in state.scope.names:
        return types.CompletionItem(name, kind=Kind.Variable, detail=state.scope.names[name].type.name, sort_text=f"a{name}")
    if name in catalog.connectors:
        return types.CompletionItem(name, kind=Kind.Module, documentation=_markdown(connector_text(catalog.connectors[name])), sort_text=f"b{name}")
    if name in catalog.builtins:
        return types.CompletionItem(name, kind=Kind.Function, documentation=_markdown(operation_text(catalog.builtins[name])), sort_text=f"b{name}")
    summary = FUNCTIONS[name].summary if name in FUNCTIONS else None
    return types.CompletionItem(name, kind=Kind.Function, detail=summary, sort_text=f"c{name}")


def _markdown(text: str) -> types.MarkupContent:
    return types.MarkupContent(types.MarkupKind.Markdown, text)


def state_after(text: str, forward: Forward) -> State:
    """The forward parser's state after a text, from its last flow on. Lines that cannot be followed are passed over."""
    starts = [m.start() for m in _FLOW.finditer(text)]
    offset = starts[-1] if starts else 0
    state = resting = forward.start
    line = offset
    while True:
        token = forward.table.next_token(text, offset, state.stack[-1])
        if token is not None and token.type == "$END":
            return state
        ready = state.ready().get(token.type) if token is not None else None
        if ready is not None and token is not None and token.type == "OPERATION" and token.text not in forward.values("OPERATION", ready).fixed:
            ready = None
        if token is None or ready is None:
            first = token is not None and not text[text.rfind("\n", 0, token.start) + 1 : token.start].strip()
            if first and state is not resting:
                # The line above was left unfinished; this one is read as if it were not there.
                state = resting
                continue
            offset = text.find("\n", token.start if token is not None else offset)
            if offset < 0:
                return state
            state, line = resting, offset
            offset += 1
            continue
        if "\n" in text[line : token.start] and state.terminals() & {"TODO", "ON"}:
            resting = state
        line = token.start
        value = token.text[1:-1] if token.type == "STRING" else token.text
        state = forward.shifted(token.type, value, ready)
        offset = token.end

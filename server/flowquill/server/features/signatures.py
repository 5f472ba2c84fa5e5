"""textDocument/signatureHelp: the parameters of the operation, or the arguments of the function, that is being written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lsprotocol import types

from flowquill.server.app import FlowquillServer

if TYPE_CHECKING:
    from flowquill.grammar.catalog import Catalog

_TOKEN = re.compile(r'\$?"(?:[^"\\\n]|\\.)*"?|#[^\n]*|[A-Za-z_][\w.]*|.', re.DOTALL)
REACH = 4000
"""Code points before the cursor in which the opening bracket is looked for."""


def register(server: FlowquillServer) -> None:
    """Adds the handler."""

    @server.feature(types.TEXT_DOCUMENT_SIGNATURE_HELP, types.SignatureHelpOptions(["(", ","], [":", " "]))
    async def signature(params: types.SignatureHelpParams) -> types.SignatureHelp | None:
        catalog = await server.catalog()
        snapshot = server.documents.snapshot(params.text_document.uri)
        found = open_bracket(snapshot.text[: snapshot.lines.offset(params.position)])
        return described(*found, catalog) if found else None


def open_bracket(before: str) -> tuple[str, int, str] | None:
    """What is called at the end of a text, how many commas were written since, and the parameter being given ("": none)."""
    start = max(0, len(before) - REACH)
    # From a line's beginning on, a quote opens a text and does not close one.
    start = before.rfind("\n", 0, start) + 1
    stack: list[list[str | int]] = []
    word = ""
    for token in _TOKEN.findall(before, start):
        if token in "([{" and len(token) == 1:
            stack.append([word if token == "(" else "", 0, ""])
            word = ""
        elif token in ")]}" and len(token) == 1:
            if stack:
                stack.pop()
        elif token == "," and stack:
            stack[-1][1] = int(stack[-1][1]) + 1
            stack[-1][2] = ""
        elif token == ":" and stack and word:
            stack[-1][2] = word
        elif token[0].isalpha() or token[0] == "_":
            word = token
            continue
        elif token.isspace():
            continue
        word = ""
    for name, commas, parameter in reversed(stack):
        if name:
            return str(name), int(commas), str(parameter)
    return None


def described(name: str, commas: int, parameter: str, catalog: Catalog) -> types.SignatureHelp | None:
    """The help for a call; None where nothing of this name is known."""
    from flowquill.grammar.functions import function_named

    connector, _, operation_name = name.rpartition(".")
    operation = catalog.find(connector or None, operation_name)
    if operation is not None:
        labels = [f"{p.name}: {p.type}{'' if p.required else '?'}" for p in operation.parameters]
        summaries = [p.summary + (f" One of {', '.join(p.enum[:10])}." if p.enum else "") for p in operation.parameters]
        active = next((n for n, p in enumerate(operation.parameters) if p.name == parameter), min(commas, max(0, len(labels) - 1)))
        label, summary = f"{name}({', '.join(labels)})", operation.summary or operation.title
    else:
        function = function_named(name)
        if function is None:
            return None
        labels = [a.text for a in function.arguments] + ([f"...: {' or '.join(function.rest.types)}"] if function.rest else [])
        summaries = [""] * len(labels)
        active = min(commas, max(0, len(labels) - 1))
        label, summary = function.text, function.summary
    shown = [types.ParameterInformation(one, said or None) for one, said in zip(labels, summaries, strict=True)]
    return types.SignatureHelp([types.SignatureInformation(label, summary, shown)], 0, active)

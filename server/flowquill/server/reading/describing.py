"""What connectors, operations, parameters and functions are, in Markdown."""

from __future__ import annotations

from flowquill.grammar.catalog import Connector, Operation, Parameter
from flowquill.grammar.functions import Signature


def connector_text(connector: Connector) -> str:
    """A connector in Markdown."""
    return f"**{connector.title}** ({connector.category or 'connector'})\n\n{connector.summary}"


def operation_text(operation: Operation) -> str:
    """An operation with its parameters and results in Markdown."""
    lines = [f"**{operation.text}** ({operation.kind})", "", operation.summary or operation.title]
    if operation.parameters:
        lines += ["", *(f"- {parameter_text(p)}" for p in operation.parameters)]
    if operation.outputs:
        lines += ["", "Gives " + ", ".join(f"`{o.name}` {o.type}" for o in operation.outputs[:12])]
    lines += ["", f"Source: {operation.connector or 'built in'}, `{operation.id}`"]
    return "\n".join(lines)


def parameter_text(parameter: Parameter) -> str:
    """A parameter in Markdown."""
    enum = f": {', '.join(parameter.enum[:10])}" if parameter.enum else ""
    return f"`{parameter.name}` {parameter.type}{', required' if parameter.required else ''}{enum}. {parameter.summary}".rstrip()


def function_text(signature: Signature) -> str:
    """A function with examples in Markdown."""
    examples = "".join(f"\n\n`{e.call}`{f' gives `{e.value}`' if e.value is not None else ''}" for e in signature.examples[:2])
    return f"`{signature.text}`\n\n{signature.summary}{examples}"

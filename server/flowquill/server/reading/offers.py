"""What may be written at the cursor, with what an editor shows of it; the words about it are looked up only when asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flowquill.grammar.catalog import Catalog, Operation, Output, Parameter
from flowquill.grammar.format import quote
from flowquill.grammar.forward import Forward, State
from flowquill.grammar.functions import FUNCTIONS
from flowquill.grammar.stack import name_role, need, open_call, parameters_of
from flowquill.grammar.types import ValueType, assignable
from flowquill.grammar.words import DECORATORS
from flowquill.server.reading.cursor import Finished, in_comment, quoted, state_at

_PARTIAL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_IDENTIFIERS = frozenset({"NAME", "OPERATION", "PARAMETER", "PROPERTY", "DECORATOR", "TYPE"})
PROPERTIES = 8
"""Properties of one name that are offered beside it."""
CHOICES = 20
"""Values of an enumeration that a snippet lists."""

_BLOCKS = {
    "flow": "flow ${1:name} {\n  on ${2:manual()}\n  $0\n}",
    "if": "if ${1:condition} {\n  $0\n}",
    "for": "for ${1:element} in ${2:list} {\n  $0\n}",
    "switch": "switch ${1:value} {\n  case ${2:\"value\"} {\n    $0\n  }\n}",
    "do": "do {\n  $0\n} until ${1:condition}",
    "scope": "scope ${1:name} {\n  $0\n}",
    "parallel": "parallel {\n  branch {\n    $1\n  }\n  branch {\n    $0\n  }\n}",
    "try": "try {\n  $1\n} catch {\n  $0\n}",
    "var": "var ${1:name}: ${2|text,integer,number,boolean,list,object,any|} = $0",
    "param": "param ${1:name}: ${2|text,integer,number,boolean,list,object,any|}",
    "todo": 'todo "$0"',
    "set": "set ${1:name} = $0",
    "append": "append ${1:value} to ${2:list}",
    "case": 'case ${1:"value"} {\n  $0\n}',
    "branch": "branch {\n  $0\n}",
}
"""Words of the language as snippets."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that may be written. `kind`: keyword, connector, operation, parameter, property, value, name, function, decorator or type.

    `snippet`: the text with places to fill in, "" where there are none. `about`: what `described` is asked for the words. `rank`: a
    smaller text comes first.
    """

    label: str
    kind: str
    detail: str = ""
    snippet: str = ""
    about: str = ""
    rank: str = ""
    insert: str = ""


@dataclass(frozen=True, slots=True)
class Offers:
    """What may come in place of the text from `start` to the cursor."""

    start: int
    offers: tuple[Offer, ...]


def offers(before: str, after: str, forward: Forward, above: list[Finished] | None = None) -> Offers:
    """What may come at the end of `before`; `after`: the rest of the line behind the cursor."""
    if in_comment(before):
        return Offers(len(before), ())
    text = quoted(before)
    if text is not None and not text.expression:
        if text.template:
            return Offers(len(before), ())
        state = state_at(before[: text.start - 1], forward, above)
        values = forward.values("STRING", state.ready()["STRING"]).fixed if "STRING" in state.terminals() else ()
        return Offers(text.start, tuple(Offer(v, "value", insert=quote(v)[1:-1]) for v in values))
    partial = _PARTIAL.search(before)
    start = partial.start() if partial else len(before)
    state = state_at(before[:start], forward, above)
    found = list(_offers(state, forward, called=after.startswith("(")))
    return Offers(start, tuple(found))


def _offers(state: State, forward: Forward, called: bool) -> Iterator[Offer]:
    ready = state.ready()
    for terminal in sorted(state.terminals()):
        values = forward.values(terminal, ready[terminal])
        if terminal in _IDENTIFIERS:
            yield from _named(terminal, values.fixed, ready[terminal], forward, called)
        elif terminal == "STRING":
            yield from (Offer(quote(v), "value", rank="0" + v) for v in values.fixed)
        else:
            word = forward.table.literals.get(terminal, "")
            if word.isidentifier():
                snippet = _BLOCKS.get(word, "") if terminal != "PARALLEL" or "TODO" in ready else ""
                yield Offer(word, "keyword", snippet=snippet, rank=f"z{word}")


def _named(terminal: str, names: Iterable[str], state: State, forward: Forward, called: bool) -> Iterator[Offer]:
    catalog = forward.catalog
    match terminal:
        case "OPERATION":
            connector = state.entries[-2][1]
            for name in names:
                operation = catalog.find(connector, name)
                if operation is not None:
                    yield Offer(name, "operation", operation.title, "" if called else call_snippet(name, operation.parameters), f"operation:{operation.text}")
        case "PARAMETER":
            call = open_call(state.entries)
            known = {p.name: p for p in parameters_of(call[0])} if call else {}
            owner = call[0].text if call and isinstance(call[0], Operation) else ""
            for name in names:
                parameter = known.get(name)
                if parameter is None:
                    continue
                about = f"parameter:{owner}:{name}" if owner else ""
                detail = parameter.type + ("" if parameter.required else ", optional")
                yield Offer(name, "parameter", detail, f"{name}: {placeholder(parameter, 1)}", about, ("a" if parameter.required else "b") + name, f"{name}: ")
        case "PROPERTY":
            properties = {p.name: p for p in state.entries[-2][1].properties}
            yield from (Offer(n, "property", properties[n].type if n in properties else "") for n in names)
        case "DECORATOR":
            yield from (Offer(n, "decorator", snippet=call_snippet(n, DECORATORS[n])) for n in names)
        case "TYPE":
            yield from (Offer(n, "type") for n in names)
        case _:
            yield from _values(names, state, forward, called)


def _values(names: Iterable[str], state: State, forward: Forward, called: bool) -> Iterator[Offer]:
    """Names: of steps and variables, connectors, built-in operations, functions; and the properties of names that fit."""
    catalog, scope = forward.catalog, state.scope
    role = name_role(state.entries)
    wanted = need(state.entries, forward) if role == "value" else ""
    for name in names:
        bound = scope.names.get(name)
        if bound is not None:
            yield Offer(name, "name", bound.type.name, about="", rank=f"b{name}")
            if wanted:
                yield from _properties(name, bound.type, wanted)
        elif name in catalog.connectors:
            connector = catalog.connectors[name]
            yield Offer(name, "connector", connector.title, about=f"connector:{name}", rank=f"d{name}")
        elif name in catalog.builtins and role != "value":
            operation = catalog.builtins[name]
            yield Offer(name, "operation", operation.title, "" if called else call_snippet(name, operation.parameters), f"operation:{name}", f"c{name}")
        elif name in FUNCTIONS and role == "value":
            signature = FUNCTIONS[name]
            given = ", ".join(f"${{{n}:{a.name}}}" for n, a in enumerate((a for a in signature.arguments if not a.optional), start=1))
            snippet = "" if called else f"{name}({given})$0" if given else f"{name}($0)" if signature.maximum != 0 else f"{name}()$0"
            yield Offer(name, "function", signature.result, snippet, f"function:{name}", f"e{name}")
        else:
            yield Offer(name, "name", "step" if role == "step" else "", rank=f"b{name}")


def _properties(name: str, kind: ValueType, wanted: str) -> Iterator[Offer]:
    """`name.property` for the properties that may stand here."""
    if kind.name != "object":
        return
    takes = {"operand": "any", "boolean": "boolean"}.get(wanted, wanted)
    fitting: list[Output] = [p for p in kind.properties if assignable(p.type, takes)]
    for number, one in enumerate(fitting[:PROPERTIES]):
        yield Offer(f"{name}.{one.name}", "property", one.type, rank=f"a{name}{number:02}")


def call_snippet(name: str, parameters: Iterable[Parameter]) -> str:
    """A call with a place to fill in for each required parameter."""
    required = [p for p in parameters if p.required]
    given = ", ".join(f"{p.name}: {placeholder(p, number)}" for number, p in enumerate(required, start=1))
    return f"{name}({given})$0" if given else f"{name}($0)"


def placeholder(parameter: Parameter, number: int) -> str:
    """A value's place in a snippet, in the form that its type is written in."""
    if parameter.enum:
        return f"${{{number}|{','.join(_choice(quote(v)) for v in parameter.enum[:CHOICES])}|}}"
    match parameter.type:
        case "text":
            return f'"${{{number}:{parameter.name}}}"'
        case "boolean":
            return f"${{{number}:true}}"
        case "integer" | "number":
            return f"${{{number}:1}}"
        case "list":
            return f"${{{number}:[]}}"
        case "object":
            return f"${{{number}:{{\\}}}}"
    return f"${{{number}:?}}"


def _choice(text: str) -> str:
    return re.sub(r"([\\$},|])", r"\\\1", text)


def described(about: str, catalog: Catalog) -> str | None:
    """The words about an offer, in Markdown; None where there are none."""
    from flowquill.server.reading.describing import connector_text, function_text, operation_text, parameter_text

    kind, _, rest = about.partition(":")
    match kind:
        case "connector" if rest in catalog.connectors:
            return connector_text(catalog.connectors[rest])
        case "function" if rest in FUNCTIONS:
            return function_text(FUNCTIONS[rest])
        case "operation" | "parameter":
            name, _, of = rest.partition(":")
            connector, _, operation_name = name.rpartition(".")
            operation = catalog.find(connector or None, operation_name)
            if operation is None or not of:
                return operation_text(operation) if operation is not None else None
            parameter = operation.parameter(of)
            return parameter_text(parameter) if parameter is not None else None
    return None



"""Gives what was found its names and makes a connector of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from flowquill.grammar.catalog.importing.found import FoundConnector, FoundOperation, FoundOutput, FoundParameter
from flowquill.grammar.catalog.importing.names import (
    action_name,
    connector_name,
    free,
    joined,
    parameter_name,
    spoken,
    trigger_name,
    words,
)
from flowquill.grammar.catalog.model import Connector, Operation, Output, Parameter

_VERSION = re.compile(r"[_-]?[vV](\d+)$")
# The longest text that hover and prompts show of a description.
_SUMMARY = 160


def connector_of(found: FoundConnector, taken: set[str] | None = None, avoided: Iterable[str] = ()) -> Connector:
    """A connector with names. `taken`: connector names already given (this one is added); `avoided`: names that must not be used."""
    name = connector_name(found.title, found.api, set() if taken is None else taken, avoided)
    kept, aliases = _newest(found.operations)
    names: dict[int, str] = {}
    used: set[str] = set()
    # Newer revisions choose first, so that the plain name is the newest one's.
    for place in sorted(range(len(kept)), key=lambda i: (-kept[i].revision, i)):
        names[place] = free(_options(kept[place]), used)
    operations = tuple(_operation(name, names[i], o, aliases.get(o.id, ())) for i, o in enumerate(kept))
    return Connector(name, short(found.title, 80) or name, found.api or name, found.category, short(found.summary), operations)


def short(text: str, most: int = _SUMMARY) -> str:
    """The first sentence of a text, on one line, at most `most` letters."""
    line = " ".join(text.split())
    first = re.split(r"(?<=[a-z0-9)])\. (?=[A-Z])", line)[0]
    if len(first) <= most:
        return first
    return first[: most - 3].rsplit(" ", 1)[0] + "..."


def version_of(identity: str) -> tuple[str, int]:
    """An id's family and revision: ("sendemail", 2) for SendEmailV2; revision 1 where it names none."""
    found = _VERSION.search(identity)
    return (identity[: found.start()].lower(), int(found[1])) if found else (identity.lower(), 1)


def _newest(operations: Sequence[FoundOperation]) -> tuple[list[FoundOperation], dict[str, tuple[str, ...]]]:
    """The operations without deprecated ones that a newer one of the family replaces, and the ids each kept one stands for."""
    dated = [o if o.family else replace(o, family=version_of(o.id)[0], revision=version_of(o.id)[1]) for o in operations]
    newest: dict[tuple[str, str], FoundOperation] = {}
    for operation in dated:
        key = (operation.kind, operation.family)
        if not operation.deprecated and (key not in newest or operation.revision > newest[key].revision):
            newest[key] = operation
    kept: list[FoundOperation] = []
    aliases: dict[str, tuple[str, ...]] = {}
    ids: set[str] = set()
    for operation in dated:
        later = newest.get((operation.kind, operation.family))
        if operation.deprecated and later is not None and later.revision > operation.revision:
            aliases[later.id] = (*aliases.get(later.id, ()), operation.id)
        elif operation.id not in ids:
            ids.add(operation.id)
            kept.append(operation)
    return kept, aliases


def _options(found: FoundOperation) -> tuple[str, ...]:
    if found.words:
        return (joined(found.words), joined(words(found.id), 9))
    if found.kind == "trigger":
        return trigger_name(found.summary or found.description, found.id)
    many = found.whole is not None and found.whole.type == "list"
    return action_name(found.summary or found.description, found.id, found.method, many)


def _operation(connector: str, name: str, found: FoundOperation, aliases: tuple[str, ...]) -> Operation:
    title = short(found.summary, 80) or short(found.description, 80) or " ".join(words(found.id)).capitalize() or found.id
    return Operation(
        connector=connector,
        name=name,
        id=found.id,
        kind=found.kind,
        title=title,
        summary=short(found.description or found.summary),
        parameters=_parameters(found.parameters),
        outputs=_outputs(found),
        aliases=aliases,
        method=found.method.lower(),
        path=found.path,
        split_on=found.split_on,
    )


def _parameters(found: Sequence[FoundParameter]) -> tuple[Parameter, ...]:
    leaves = Counter(words(p.place.rsplit("/", 1)[-1]) for p in found)
    taken: set[str] = set()
    made: list[Parameter] = []
    places: set[str] = set()
    for parameter in found:
        if parameter.place in places:
            continue
        places.add(parameter.place)
        name = parameter_name(parameter.place, parameter.title, taken, leaves[words(parameter.place.rsplit("/", 1)[-1])] > 1)
        said = parameter.summary or parameter.title
        made.append(Parameter(name, parameter.place, parameter.type, parameter.required, parameter.enum, parameter.default, short(said), parameter.format))
    # What must be given stands first, as in the connectors that ship.
    return tuple(sorted(made, key=lambda p: not p.required))


def _outputs(found: FoundOperation) -> tuple[Output, ...]:
    if found.whole is not None:
        name = "items" if found.whole.type == "list" else found.whole.wire or "body"
        return (Output(name, "body", found.whole.type, _properties(found.whole.properties), found.whole.format),)
    return _properties(found.outputs, "body/")


def _properties(found: Iterable[FoundOutput], before: str = "") -> tuple[Output, ...]:
    taken: set[str] = set()
    made: list[Output] = []
    wires: set[str] = set()
    for one in found:
        if one.wire in wires:
            continue
        wires.add(one.wire)
        name = free((spoken(joined(words(one.wire))) or "value",), taken)
        made.append(Output(name, before + one.wire, one.type, _properties(one.properties), one.format, one.enum))
    return tuple(made)

"""The catalog's data: connectors, operations, parameters and outputs, as immutable values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal


class CatalogError(Exception):
    """A catalog that cannot be used. The message is one sentence that says which file, what and what to do."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """What an operation takes. `path` is the place on the wire, as "body/Subject" or "query/folderPath"."""

    name: str
    path: str
    type: str
    required: bool = False
    enum: tuple[str, ...] = ()
    default: object = None
    summary: str = ""
    format: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """A named part of a result. `properties`: of an object, or of one element of a list."""

    name: str
    path: str
    type: str
    properties: tuple[Output, ...] = ()
    format: str = ""
    enum: tuple[str, ...] = ()

    def property(self, name: str) -> Output | None:
        """The property called `name`, or None."""
        return next((p for p in self.properties if p.name == name), None)


@dataclass(frozen=True, slots=True)
class Operation:
    """An action or a trigger. `connector` None: built in, written without a connector's name. `body_name`: what Power Automate calls its body.

    `offered` false: known to checker and imports, never proposed by a model, since it stands for what the catalog does not know.
    """

    connector: str | None
    name: str
    id: str
    kind: Literal["action", "trigger"]
    title: str
    summary: str = ""
    phrases: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    outputs: tuple[Output, ...] = ()
    aliases: tuple[str, ...] = ()
    method: str = ""
    path: str = ""
    split_on: str = ""
    body_name: str = "body"
    offered: bool = True

    @property
    def text(self) -> str:
        """As a flow writes it."""
        return f"{self.connector}.{self.name}" if self.connector else self.name

    def parameter(self, name: str) -> Parameter | None:
        """The parameter called `name`, or None."""
        return next((p for p in self.parameters if p.name == name), None)

    def output(self, name: str) -> Output | None:
        """The output called `name`, or None."""
        return next((o for o in self.outputs if o.name == name), None)


@dataclass(frozen=True, slots=True)
class Connector:
    name: str
    title: str
    api: str
    category: str
    summary: str
    operations: tuple[Operation, ...]

    def operation(self, name: str) -> Operation | None:
        """The operation called `name`, or None."""
        return next((o for o in self.operations if o.name == name), None)


@dataclass(frozen=True)
class Catalog:
    """Connectors by name and built-in operations by name, with an index by original operation id."""

    connectors: Mapping[str, Connector]
    builtins: Mapping[str, Operation]
    _by_text: Mapping[str, Operation] = field(init=False, repr=False, compare=False)
    _by_id: Mapping[str, tuple[Operation, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_text: dict[str, Operation] = {}
        by_id: dict[str, tuple[Operation, ...]] = {}
        for operation in (*self.operations(), *(o for o in self.builtins.values() if not o.offered)):
            by_text[operation.text] = operation
            if not operation.offered:
                continue
            for identity in (operation.id, *operation.aliases):
                by_id[identity.lower()] = (*by_id.get(identity.lower(), ()), operation)
        object.__setattr__(self, "_by_text", MappingProxyType(by_text))
        object.__setattr__(self, "_by_id", MappingProxyType(by_id))

    def operations(self) -> Iterator[Operation]:
        """What a model may call: built-in operations first, then connector by connector."""
        yield from (o for o in self.builtins.values() if o.offered)
        for connector in self.connectors.values():
            yield from connector.operations

    def find(self, connector: str | None, name: str) -> Operation | None:
        """The operation written `connector.name` (or `name`, built in), or None."""
        return self._by_text.get(f"{connector}.{name}" if connector else name)

    def by_id(self, identity: str) -> tuple[Operation, ...]:
        """The operations with this original id or alias, whatever its case."""
        return self._by_id.get(identity.lower(), ())

    def merged(self, others: Iterable[Connector]) -> Catalog:
        """This catalog with more connectors; one of the same name replaces."""
        return Catalog({**self.connectors, **{c.name: c for c in others}}, self.builtins)

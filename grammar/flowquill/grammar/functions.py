"""The functions of the Workflow Definition Language: one typed table for checker, hover, completion, simulator and converters.

The table itself is `functions.txt`. Source of the signatures: the published reference of workflow expression functions; the
words are ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType

_HEAD = re.compile(
    r"(?P<name>\w+)\((?P<arguments>[^)]*)\) -> (?P<result>\w+)(?: (?P<rule>like|element) (?P<of>\w+))?(?P<hidden> hidden)?"
)
_ARGUMENT = re.compile(r"(?P<name>\w+|\.\.\.): (?P<types>\w+(?:\|\w+)*)(?P<optional>\?)?")


@dataclass(frozen=True, slots=True)
class FunctionArgument:
    """What a function takes at one place: its name, the types it may have, and whether it may be left out."""

    name: str
    types: tuple[str, ...]
    optional: bool = False

    @property
    def text(self) -> str:
        """As a person reads it."""
        return f"{self.name}: {' or '.join(self.types)}{'?' if self.optional else ''}"


@dataclass(frozen=True, slots=True)
class Example:
    """A call, and the text of the value it gives; None where that depends on a run."""

    call: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """A function. `maximum` None: as many arguments as one likes, all further ones of type `rest`. `result`: the name of a type.

    `offered`: whether a decoder may choose it. `follows` names the argument whose type the result has (or, with `element`,
    whose elements' type).
    """

    name: str
    minimum: int
    maximum: int | None
    result: str
    summary: str
    group: str = ""
    arguments: tuple[FunctionArgument, ...] = ()
    rest: FunctionArgument | None = None
    examples: tuple[Example, ...] = ()
    offered: bool = True
    follows: str = ""
    element: bool = False

    @property
    def text(self) -> str:
        """The signature on one line: `take(value: text or list, count: integer) -> any`."""
        rest = [f"...: {' or '.join(self.rest.types)}"] if self.rest else []
        return f"{self.name}({', '.join([*(a.text for a in self.arguments), *rest])}) -> {self.result}"

    def argument(self, place: int) -> FunctionArgument | None:
        """What stands at a place, counted from 0; None where nothing may."""
        return self.arguments[place] if place < len(self.arguments) else self.rest

    def result_of(self, types: Sequence[str]) -> str:
        """The result's type for arguments of these types; `any` where they do not say."""
        if not self.follows:
            return self.result
        place = next(n for n, a in enumerate(self.arguments) if a.name == self.follows)
        given = types[place] if place < len(types) else "any"
        if self.element:
            return "text" if given == "text" else "any"
        if self.name in ("if", "coalesce") and len(set(types[place:])) > 1:
            return "any"
        return given


def _signatures() -> Mapping[str, Signature]:
    text = resources.files(__package__).joinpath("functions.txt").read_text(encoding="utf-8")
    found: dict[str, Signature] = {}
    group = ""
    for block in re.split(r"\n(?=\S)", text):
        head, *lines = [line.strip() for line in block.strip().splitlines()] or [""]
        if head.startswith("["):
            group = head.strip("[]")
        elif head and not head.startswith("#"):
            signature = _signature(head, lines, group)
            found[signature.name] = signature
    return MappingProxyType(found)


def _signature(head: str, lines: Sequence[str], group: str) -> Signature:
    match = _HEAD.fullmatch(head)
    if match is None:
        raise ValueError(f"functions.txt: {head!r} is no signature; write `name(argument: type) -> type`")
    every = [FunctionArgument(m["name"], tuple(m["types"].split("|")), bool(m["optional"])) for m in _ARGUMENT.finditer(match["arguments"])]
    arguments = tuple(a for a in every if a.name != "...")
    rest = next((a for a in every if a.name == "..."), None)
    # These need two values to say anything; the others are as good with one.
    least = 2 if match["name"] in ("and", "or", "intersection", "union") else sum(not a.optional for a in arguments)
    return Signature(
        name=match["name"],
        minimum=least,
        maximum=None if rest else len(arguments),
        result=match["result"],
        summary=lines[0],
        group=group,
        arguments=arguments,
        rest=rest,
        examples=tuple(_example(line) for line in lines[1:]),
        offered=not match["hidden"],
        follows=match["of"] or "",
        element=match["rule"] == "element",
    )


def _example(line: str) -> Example:
    call, equal, value = line.rpartition(" = ")
    return Example(call, value) if equal else Example(line)


FUNCTIONS: Mapping[str, Signature] = _signatures()
"""By name. The keywords `and`, `or`, `not` and `if` are operators and statements in a flow; their functions exist on import only."""

_BY_LOWER: Mapping[str, Signature] = MappingProxyType({name.lower(): s for name, s in FUNCTIONS.items()})


def function_named(name: str) -> Signature | None:
    """The function of this name whatever its case, as the platforms read names; None where there is none."""
    return _BY_LOWER.get(name.lower())

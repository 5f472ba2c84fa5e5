"""Names of a flow for the actions, variables and parameters of a definition."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from flowquill.grammar.catalog import Catalog
from flowquill.grammar.wdl.model import WdlError
from flowquill.grammar.words import RESERVED

DEEPEST = 20
_WORDS = frozenset(RESERVED) | {"text", "integer", "number", "boolean", "list", "object", "any"}


@dataclass
class Labels:
    """Gives names out, each once. `steps`, `variables` and `variable_types`: by the names of the definition."""

    reserved: frozenset[str]
    taken: set[str]
    steps: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, definition: Mapping[str, Any], catalog: Catalog) -> Labels:
        """Names for all of a definition. Raises WdlError where two actions have one name."""
        reserved = frozenset(_WORDS | set(catalog.connectors) | set(catalog.builtins))
        made = cls(reserved, set(reserved))
        found = list(every_action(definition.get("actions"), 0))
        seen: set[str] = set()
        for name, action in found:
            if name.lower() in seen:
                raise WdlError(f"The definition has two actions called {name}; give one another name.")
            seen.add(name.lower())
            inputs = action.get("inputs")
            declared = inputs.get("variables") if action.get("type") == "InitializeVariable" and isinstance(inputs, Mapping) else None
            for variable in declared if isinstance(declared, list) else ():
                if isinstance(variable, Mapping) and isinstance(variable.get("name"), str) and variable["name"] not in made.variables:
                    made.variables[variable["name"]] = made.give(variable["name"], plain=True)
        for name, _ in found:
            made.steps[name] = made.give(name)
        return made

    def give(self, wanted: str, plain: bool = False) -> str:
        """A free name like `wanted`; `plain`: as it is written, where it can be."""
        base = wanted if plain and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", wanted) and wanted not in self.reserved else identifier(wanted, self.reserved)
        name, number = base, 1
        while name in self.taken:
            number += 1
            name = f"{base}_{number}"
        self.taken.add(name)
        return name


def identifier(text: str, reserved: AbstractSet[str]) -> str:
    """A text as a name in small letters with underscores."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    base = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")[:60].strip("_")
    if not base or base[0].isdigit():
        base = f"n_{base}" if base else "step"
    return f"{base}_step" if base in reserved else base


def has_type(found: Any) -> bool:
    """Whether this is a JSON object with a type, as an action and a trigger must be."""
    return isinstance(found, Mapping) and isinstance(found.get("type"), str) and re.fullmatch(r"[A-Za-z][\w.-]*", found["type"]) is not None


def every_action(actions: Any, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """All actions with their names, those of scopes after their scope. Raises WdlError where one is no object or lies too deep."""
    if actions is None:
        return
    if depth > DEEPEST:
        raise WdlError(f"The actions are nested more than {DEEPEST} deep; move inner ones to a workflow of their own.")
    if not isinstance(actions, Mapping):
        raise WdlError("The actions of a scope are no JSON object; mend the definition.")
    for name, action in actions.items():
        if not isinstance(name, str) or not has_type(action):
            raise WdlError(f"The action {name} is no JSON object with a type; mend it.")
        yield name, action
        yield from every_action(action.get("actions"), depth + 1)
        for key in ("else", "default"):
            inner = action.get(key)
            if isinstance(inner, Mapping):
                yield from every_action(inner.get("actions"), depth + 1)
        cases = action.get("cases")
        for case in cases.values() if isinstance(cases, Mapping) else ():
            if isinstance(case, Mapping):
                yield from every_action(case.get("actions"), depth + 1)

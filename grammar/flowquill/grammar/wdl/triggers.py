"""From a definition's trigger to a flow's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowquill.grammar import tree
from flowquill.grammar.catalog import Output
from flowquill.grammar.naming import result_name
from flowquill.grammar.wdl import shapes
from flowquill.grammar.wdl.compile import SCHEMAS
from flowquill.grammar.wdl.labels import has_type
from flowquill.grammar.wdl.model import Note, WdlError
from flowquill.grammar.wdl.normalise import normalise
from flowquill.grammar.wdl.patches import decorators, patch
from flowquill.grammar.wdl.settings import identical
from flowquill.grammar.wdl.steps import Steps

_TYPES = {v: k for k, v in SCHEMAS.items()}


def trigger_of(title: str, found: Any, about: Mapping[str, Any], steps: Steps) -> tree.Trigger:
    """The trigger called `title`, with `about` the flow kept in its `@meta`. Raises WdlError where it is no object with a type."""
    if not isinstance(title, str) or not has_type(found):
        raise WdlError(f"The trigger {title} is no JSON object with a type; mend it.")
    wanted = _normal(found)
    special = {"workflow": dict(about)} if about else {}
    made = _manual(title, found, wanted, special, steps)
    if made is not None:
        return made
    for called in steps.calls(found, "trigger"):
        operation = called.operation
        native = _normal(steps.compiler.call(operation, called.arguments, called.decorators(steps.reading)))
        change = patch(native, wanted)
        if change is None or (operation.id == "Raw" and change):
            continue
        if operation.id == "Raw":
            steps.notes.append(Note(title, f"the trigger's type {found['type']} has no syntax; it is kept as raw_trigger"))
        name = steps.labels.give(result_name(operation, steps.labels.taken))
        settings = decorators(change, {**special, **called.meta}, title, steps.reading)
        _bind(steps, name, shapes.of_trigger(operation, False))
        callee = tree.Callee(tree.Name(operation.connector) if operation.connector else None, tree.Name(operation.name))
        return tree.Trigger(callee, called.arguments, (), tree.Name(name), settings)
    raise WdlError(f"The trigger {title} has no form here; mend its definition.")


def _normal(found: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = normalise({"triggers": {"t": found}})["triggers"]["t"]
    return made


def _bind(steps: Steps, name: str, root: shapes.Root) -> None:
    for whole in (root.body, root.rest):
        if whole is not None:
            steps.bind(name, whole, root)


def _manual(title: str, found: Mapping[str, Any], wanted: Mapping[str, Any], special: Mapping[str, Any], steps: Steps) -> tree.Trigger | None:
    """A button with inputs, where its schema says nothing else."""
    inputs = found.get("inputs")
    schema = inputs.get("schema") if isinstance(inputs, Mapping) else None
    if found["type"] != "Request" or found.get("kind") != "Button" or not isinstance(schema, Mapping):
        return None
    properties = schema.get("properties", {})
    if not isinstance(properties, Mapping) or not all(isinstance(p, Mapping) for p in properties.values()):
        return None
    required = schema.get("required", [])
    if not isinstance(required, list):
        return None
    given = []
    for name, one in properties.items():
        if not isinstance(name, str) or not name.isidentifier() or not name.isascii():
            return None
        kind = _TYPES.get(str(one.get("type")), "any")
        default = steps.reading.value(one["default"]) if "default" in one and type(one["default"]) in (str, int, bool) else None
        if default is not None and not isinstance(default, tree.Literal):
            default = None
        said = one.get("description")
        given.append(tree.Input(tree.Name(name), kind, name not in required, default, said if isinstance(said, str) else None))  # type: ignore[arg-type]
    trigger = tree.Trigger(None, (), tuple(given))
    native = _normal(next(iter(steps.compiler.trigger(trigger).values())))
    change = patch(native, wanted, schema=True)
    if change is None:
        return None
    if identical(native, wanted):
        change = {}
    name = steps.labels.give("request")
    outputs = tuple(Output(i.name.text, f"body/{i.name.text}", i.type) for i in given)
    settings = decorators(change, special, title, steps.reading)
    _bind(steps, name, shapes.of_trigger(None, True, outputs))
    return tree.Trigger(None, (), tuple(given), tree.Name(name), settings)

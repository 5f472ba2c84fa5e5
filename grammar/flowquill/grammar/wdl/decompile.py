"""From a workflow definition to a flow."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.wdl.finish import finished
from flowquill.grammar.wdl.labels import Labels, identifier
from flowquill.grammar.wdl.model import Decompiled, Note, WdlError
from flowquill.grammar.wdl.normalise import normalise
from flowquill.grammar.wdl.steps import Steps
from flowquill.grammar.wdl.triggers import trigger_of

__all__ = ["Decompiled", "Note", "WdlError", "decompile"]

_KNOWN = frozenset({"parameters", "triggers", "actions"})


def decompile(
    definition: Mapping[str, Any], catalog: Catalog, name: str, connections: Mapping[str, str] = MappingProxyType({})
) -> Decompiled:
    """The flow of a definition, called `name`, with notes of what became an escape.

    `connections`: connection key to API name, where known. Compiled again it is the same definition, as `normalise` sees it.
    Raises WdlError where it cannot be read: no trigger or two, a part that is not what it must be, steps that wait in a circle.
    """
    try:
        return _decompile(definition, catalog, name, connections)
    except RecursionError:
        raise WdlError(f"The definition {name} is nested too deeply; move its inner parts to a workflow of their own.") from None


def _decompile(definition: Mapping[str, Any], catalog: Catalog, name: str, connections: Mapping[str, str]) -> Decompiled:
    triggers = _object(definition, "triggers")
    actions = _object(definition, "actions")
    if len(triggers) != 1:
        raise WdlError(f"The definition has {len(triggers) or 'no'} triggers, and a flow has one; keep one of them.")
    target = _target(definition)
    labels = Labels.of(definition, catalog)
    steps = Steps(catalog, labels, target, dict(connections))
    about = _about(definition, target)
    title, found = next(iter(triggers.items()))
    trigger = trigger_of(title, found, about, steps)
    body = (*steps.parameters(definition["parameters"] if definition.get("parameters") is not None else {}), *steps.block(actions, 0))
    description = definition.get("description")
    flow = tree.Flow(tree.Name(identifier(name, labels.reserved)), description if isinstance(description, str) else None, (trigger,), body)
    return Decompiled(finished(flow, catalog, steps.wire_names), tuple(steps.notes))


def _object(definition: Any, key: str) -> Mapping[str, Any]:
    if not isinstance(definition, Mapping):
        raise WdlError("The definition is no JSON object; give the part that holds triggers and actions.")
    found = definition.get(key)
    if not isinstance(found, Mapping):
        raise WdlError(f"The definition has no {key}; give a whole workflow definition.")
    return found


def _about(definition: Mapping[str, Any], target: str) -> dict[str, Any]:
    """What `workflow` in the trigger's `@meta` keeps: the platform, where it is not Logic Apps, and the parts without syntax."""
    kept = normalise({k: v for k, v in definition.items() if k not in _KNOWN})
    if isinstance(kept.get("description"), str):
        del kept["description"]
    about: dict[str, Any] = {} if target == "logicapps" else {"target": target}
    return {**about, "definition": kept} if kept else about


def _target(definition: Mapping[str, Any]) -> str:
    """The platform by the form of most calls, else by the parameter that only Power Automate declares."""
    counts = {"OpenApiConnection": 0, "ApiConnection": 0}
    stack: list[Any] = [definition.get("triggers"), definition.get("actions")]
    while stack:
        found = stack.pop()
        if isinstance(found, Mapping):
            kind = str(found.get("type", "")).removesuffix("Webhook")
            if kind in counts and isinstance(found.get("inputs"), Mapping):
                counts[kind] += 1
            stack.extend(found.values())
    if counts["OpenApiConnection"] == counts["ApiConnection"]:
        parameters = definition.get("parameters")
        return "powerautomate" if isinstance(parameters, Mapping) and "$authentication" in parameters else "logicapps"
    return "powerautomate" if counts["OpenApiConnection"] > counts["ApiConnection"] else "logicapps"

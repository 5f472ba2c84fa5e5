"""Azure Resource Manager templates: the workflows in one, and the rules of their bracketed expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

WORKFLOWS = "microsoft.logic/workflows"
_MAX_NESTED = 20
_REFERENCE = re.compile(r"\[(parameters|variables)\('([^']+)'\)\]\Z", re.IGNORECASE)
_EXPRESSION = re.compile(
    r"\[\s*(?:parameters|variables|concat|format|resourceId|subscriptionResourceId|tenantResourceId|resourceGroup|subscription|reference|deployment"
    r"|environment|uniqueString|toLower|toUpper|replace|substring|split|json|string|int|bool|base64|guid|newGuid|utcNow|if|equals|list[A-Za-z]*"
    r"|union|createArray|createObject|array|first|last|copyIndex|uri|uriComponent|take|skip|length|empty|coalesce|trim|add|sub|mul|div|mod)\s*\(.*\)[^()]*\]\Z",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Template:
    """A template, or one nested in it. `given`: the values its deployment gives to its parameters."""

    content: Mapping[str, Any]
    given: Mapping[str, Any] = field(default_factory=dict)

    def resolved(self, value: Any) -> Any:
        """A value; where it is `[parameters('x')]` or `[variables('x')]` and the template says what that is, then that."""
        for _ in range(8):
            match = _REFERENCE.match(value) if isinstance(value, str) else None
            if match is None:
                return value
            kind, name = match[1].lower(), match[2]
            found = self._parameter(name) if kind == "parameters" else _lookup(self.content.get("variables"), name)
            if found is None:
                return value
            value = found
        return value

    def _parameter(self, name: str) -> Any:
        given = _lookup(self.given, name)
        if isinstance(given, Mapping) and "value" in given:
            return given["value"]
        declared = _lookup(self.content.get("parameters"), name)
        return declared.get("defaultValue") if isinstance(declared, Mapping) else None


def _lookup(mapping: Any, name: str) -> Any:
    """A value by its name, whatever the case of its letters, as templates look names up."""
    if not isinstance(mapping, Mapping):
        return None
    if name in mapping:
        return mapping[name]
    return next((v for k, v in mapping.items() if str(k).lower() == name.lower()), None)


def is_template(document: Mapping[str, Any]) -> bool:
    """Whether a document is a template: by its schema, or by resources that have types."""
    schema = document.get("$schema")
    if isinstance(schema, str) and re.search(r"deploymenttemplate\.json", schema, re.IGNORECASE):
        return True
    return any("type" in r for r in _listed(document.get("resources")))


def resources(template: Template, depth: int = 0) -> Iterator[tuple[Template, Mapping[str, Any]]]:
    """All resources with the template each stands in: children and nested deployments too, in the order of the file."""
    yield from _below(template, template.content.get("resources"), depth)


def _below(template: Template, found: Any, depth: int) -> Iterator[tuple[Template, Mapping[str, Any]]]:
    if depth > _MAX_NESTED:
        return
    for resource in _listed(found):
        yield template, resource
        properties = resource.get("properties")
        if isinstance(properties, Mapping):
            # Deployments have a template; so have the content templates of Microsoft Sentinel's solutions.
            for inner in (properties.get("template"), properties.get("mainTemplate")):
                if isinstance(inner, Mapping):
                    given = properties.get("parameters")
                    yield from resources(Template(inner, given if isinstance(given, Mapping) else {}), depth + 1)
        yield from _below(template, resource.get("resources"), depth + 1)


def _listed(found: Any) -> list[Mapping[str, Any]]:
    """Resources as a list: templates of language version 2.0 have an object with symbolic names instead."""
    if isinstance(found, Mapping):
        found = list(found.values())
    return [r for r in found if isinstance(r, Mapping)] if isinstance(found, list) else []


def type_of(resource: Mapping[str, Any]) -> str:
    """A resource's type in small letters."""
    kind = resource.get("type")
    return kind.lower() if isinstance(kind, str) else ""


def is_expression(text: str) -> bool:
    """Whether a text is one that the resource manager evaluates, by the functions it may begin with."""
    return _EXPRESSION.match(text) is not None


def unescaped(value: Any) -> Any:
    """A value of a template as it is deployed: `[[text]` is the text `[text]`; expressions stay as they are written."""
    if isinstance(value, str):
        return value[1:] if value.startswith("[[") and value.endswith("]") else value
    if isinstance(value, Mapping):
        return {k: unescaped(v) for k, v in value.items()}
    return [unescaped(v) for v in value] if isinstance(value, list) else value


def escaped(value: Any) -> Any:
    """A value as a template writes it: texts in brackets get a second one unless they are expressions of the resource manager."""
    if isinstance(value, str):
        bracketed = value.startswith("[") and value.endswith("]")
        return f"[{value}" if bracketed and not is_expression(value) else value
    if isinstance(value, Mapping):
        return {k: escaped(v) for k, v in value.items()}
    return [escaped(v) for v in value] if isinstance(value, list) else value


def named_parameters(value: Any) -> Iterator[str]:
    """The template parameters that expressions in a value name."""
    if isinstance(value, str):
        if is_expression(value):
            yield from re.findall(r"\bparameters\('([^']+)'\)", value)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from named_parameters(one)
    elif isinstance(value, list):
        for one in value:
            yield from named_parameters(one)

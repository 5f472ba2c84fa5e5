"""Reads YAML as plain data: JSON's types, no tags, no merge keys; depth, size and what aliases expand to are bounded."""

from __future__ import annotations

import re
from typing import Any

from flowquill.grammar.catalog.model import CatalogError

DEPTH = 200
# Nodes of a document after its aliases are written out. A description of 300 operations has about 60,000.
NODES = 3_000_000
# YAML is read at about 5 MB a second, thirty times slower than JSON.
MAX_BYTES = 16_000_000
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "Null": None, "NULL": None, "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def yaml_value(text: str) -> Any:
    """The one document of a YAML text, its scalars read by YAML 1.2's core rules (`on` and dates stay texts).

    Raises CatalogError, with a sentence that lacks the file's name.
    """
    import yaml

    if len(text) > MAX_BYTES:
        raise CatalogError(f"it is larger than {MAX_BYTES // 1_000_000} MB, more than is read as YAML; convert it to JSON")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _value(yaml.parse(text, Loader=loader), yaml)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
        problem = " ".join(str(getattr(error, "problem", None) or "no YAML").split())[:120]
        raise CatalogError(f"it is no YAML{where}: {problem}; mend that place") from None


def _value(events: Any, yaml: Any) -> Any:
    """Builds the value event by event, with a stack of its own: no depth of input can exhaust the interpreter's."""
    stack: list[tuple[Any, list[Any], str | None, list[int]]] = []
    anchors: dict[str, tuple[Any, int]] = {}
    result: list[Any] = []
    total = 0
    for event in events:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            value, size = _scalar(event), 1
            if event.anchor:
                anchors[event.anchor] = (value, 1)
        elif kind is yaml.AliasEvent:
            if event.anchor not in anchors:
                raise CatalogError(f"the alias *{event.anchor[:40]} stands inside what it names or names nothing; write the value out")
            value, size = anchors[event.anchor]
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            if len(stack) >= DEPTH:
                raise CatalogError(f"it is nested more than {DEPTH} levels deep; make it flatter")
            stack.append(({} if kind is yaml.MappingStartEvent else [], [], event.anchor, [1]))
            continue
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            value, _, anchor, count = stack.pop()
            size = count[0]
            if anchor:
                anchors[anchor] = (value, size)
        elif kind is yaml.DocumentStartEvent and result:
            raise CatalogError("it holds more than one YAML document; give each a file of its own")
        else:
            continue
        total += size if kind is yaml.AliasEvent else 1
        if total > NODES:
            raise CatalogError(f"its aliases stand for more than {NODES:,} values; write less by reference")
        if not stack:
            result.append(value)
            continue
        holder, keys, _, count = stack[-1]
        count[0] += size
        if isinstance(holder, list):
            holder.append(value)
        elif keys:
            holder[keys.pop()] = value
        else:
            if isinstance(value, dict | list):
                raise CatalogError("a key of it is a list or a mapping; use texts as keys")
            # Status codes and version numbers are read as numbers and meant as texts.
            keys.append(event.value if kind is yaml.ScalarEvent else str(value))
    return result[0] if result else None


def _scalar(event: Any) -> Any:
    text = event.value
    if not event.implicit[0] or event.style in ("'", '"', "|", ">"):
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text) and len(text) < 20:
        return int(text)
    if _NUMBER.match(text) and len(text) < 40:
        return float(text)
    return text

"""Made-up results: typed by the catalog and by use, the same for the same seed, operation, arguments and occasion."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from types import MappingProxyType
from typing import Any

from flowquill.grammar.catalog import Operation, Output
from flowquill.grammar.simulate.shapes import Expectations, Shape
from flowquill.grammar.simulate.values import to_json

_PEOPLE = ("ana.silva", "ben.okafor", "chen.wei", "dora.lind", "emil.novak", "fatima.rahman")
_DAY_ZERO = datetime(2025, 1, 6, 9)
_WORDS = MappingProxyType({"email": "email", "mail": "email", "url": "url", "link": "url", "uri": "url", "date": "datetime", "time": "datetime"})
_TOP = MappingProxyType({"status_code": 200, "statusCode": 200})
_SPECIAL = frozenset({"time", "zone", "digits", "base64"})
MAX_DEPTH = 6


@dataclass(frozen=True)
class World:
    """One set of circumstances: a seed, what flows expect of results, and the share of calls that fail."""

    seed: int = 0
    expected: Expectations = field(default_factory=Expectations)
    failing: float = 0.0

    def random(self, *key: str) -> Random:
        """A source of chance that this key and the seed decide."""
        digest = hashlib.sha256("\x1f".join((str(self.seed), *key)).encode("utf-8", "surrogatepass")).digest()
        return Random(int.from_bytes(digest[:8], "big"))

    def fails(self, operation: str, arguments: Mapping[str, Any], occasion: int) -> bool:
        """Whether this call is one that fails here."""
        return self.failing > 0 and self.random("fails", operation, to_json(arguments), str(occasion)).random() < self.failing

    def result(self, text: str, operation: Operation | None, arguments: Mapping[str, Any], occasion: int = 0) -> dict[str, Any]:
        """What a call gives on the wire: `{statusCode, headers, body}` and whatever else the catalog names."""
        key = (text, to_json(arguments), str(occasion))
        shape = self.expected.results.get(text) or Shape()
        wire: dict[str, Any] = {"statusCode": 200, "headers": {"Content-Type": "application/json"}}
        for output in operation.outputs if operation else ():
            if output.name in _TOP or output.path == "headers":
                continue
            inner = shape
            for part in output.path.split("/"):
                inner = inner.properties.get(part) or Shape()
            _put(wire, output.path, self._output(output, inner, key, 0))
        extra = self._shaped(shape, (*key, "more"), "", 0) if shape.properties else {}
        return _merged(wire, extra) if isinstance(extra, dict) else wire

    def value(self, kind: str, name: str, shape: Shape | None = None, form: str = "", enum: tuple[str, ...] = ()) -> Any:
        """A value for an input or a parameter."""
        return self._made(kind, name, form, enum, shape or Shape(), ("input", name), 0)

    def _output(self, output: Output, shape: Shape, key: tuple[str, ...], depth: int) -> Any:
        key = (*key, output.path or output.name)
        if output.properties and output.type in ("object", "list") and depth < MAX_DEPTH:
            if output.type == "object":
                return self._object(output, shape, key, depth)
            return [self._object(output, shape.element or Shape(), (*key, str(n)), depth) for n in range(self._count(key))]
        return self._made(output.type, output.name, output.format, output.enum, shape, key, depth)

    def _object(self, output: Output, shape: Shape, key: tuple[str, ...], depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for part in output.properties:
            path = part.path or part.name
            inner = shape.properties.get(part.name) or shape.properties.get(path) or Shape()
            _put(made, path, self._output(part, inner, key, depth + 1))
        known = {p.name for p in output.properties} | {(p.path or p.name).split("/")[0] for p in output.properties}
        for name, inner in shape.properties.items():
            if name not in known:
                made[name] = self._shaped(inner, (*key, name), name, depth + 1)
        return made

    def _count(self, key: tuple[str, ...]) -> int:
        chance = self.random(*key, "count").random()
        return 2 if self.seed == 0 else 0 if chance < 0.2 else 1 if chance < 0.4 else 2 if chance < 0.75 else 3

    def _made(self, kind: str, name: str, form: str, enum: tuple[str, ...], shape: Shape, key: tuple[str, ...], depth: int) -> Any:
        chance = self.random(*key)
        compared = self.expected.compared.get(name.lower(), [])
        if enum:
            return chance.choice(enum)
        if kind == "any" or (kind in ("object", "list") and (shape.properties or shape.element)):
            return self._shaped(shape, key, name, depth)
        if kind == "boolean":
            return chance.random() < 0.6
        if kind in ("integer", "number"):
            numbers = [v for v in compared if isinstance(v, int | float)]
            if numbers and chance.random() < 0.7:
                return chance.choice(numbers) if kind == "number" else int(chance.choice(numbers))
            return chance.randint(1, 100) if kind == "integer" else round(chance.uniform(1, 500), 2)
        if kind == "text" and (shape.properties or shape.element):
            # Text that a flow reads as JSON.
            return to_json(self._shaped(shape, key, name, depth))
        if kind == "text" and shape.kinds & _SPECIAL:
            return self._special(shape.kinds, chance)
        if kind == "text":
            return self._text(name, form, [v for v in compared if isinstance(v, str)], chance)
        return [] if kind == "list" and self._count(key) == 0 else [f"{name or 'item'} {n + 1}" for n in range(self._count(key))] if kind == "list" else {}

    def _text(self, name: str, form: str, compared: list[str], chance: Random) -> str:
        if compared and chance.random() < (0.5 if len(compared) == 1 else 0.8):
            return chance.choice(compared)
        words = name.lower().replace("_", " ").split() or ["text"]
        form = form or next((_WORDS[w] for w in words if w in _WORDS), "")
        number = chance.randint(1, 999)
        if form == "email":
            return f"{chance.choice(_PEOPLE)}@example.com"
        if form == "url":
            return f"https://example.com/{words[0]}/{number}"
        if form in ("datetime", "date") or words[-1] == "at":
            when = _DAY_ZERO + timedelta(minutes=chance.randint(0, 60 * 24 * 60))
            return when.strftime("%Y-%m-%d" if form == "date" else "%Y-%m-%dT%H:%M:%SZ")
        if words[-1] in ("id", "key") or name.endswith(("Id", "ID")):
            return f"{number:03d}{chance.getrandbits(20):05x}"
        if form == "file":
            return f"{words[0]}-{number}.pdf"
        return f"{' '.join(words)} {number}"

    def _special(self, kinds: set[str], chance: Random) -> str:
        if "time" in kinds:
            return (_DAY_ZERO + timedelta(minutes=chance.randint(0, 60 * 24 * 60))).strftime("%Y-%m-%dT%H:%M:%SZ")
        return "UTC" if "zone" in kinds else str(chance.randint(1, 99)) if "digits" in kinds else "aGVsbG8="

    def _shaped(self, shape: Shape, key: tuple[str, ...], name: str, depth: int) -> Any:
        """A value of the type its use implies; a small object where it is not used at all."""
        if depth > MAX_DEPTH:
            return None
        if shape.element is not None or "list" in shape.kinds:
            element = shape.element or Shape()
            return [self._shaped(element, (*key, str(n)), _single(name), depth + 1) for n in range(self._count(key))]
        if shape.properties:
            return {n: self._shaped(s, (*key, n), n, depth + 1) for n, s in sorted(shape.properties.items())}
        if shape.kinds & _SPECIAL and "text" in shape.kinds:
            return self._special(shape.kinds, self.random(*key))
        for kind in ("boolean", "integer", "number", "text"):
            if kind in shape.kinds:
                return self._made(kind, name, "", (), Shape(), key, depth)
        if shape.kinds & _SPECIAL:
            return self._special(shape.kinds, self.random(*key))
        if "object" in shape.kinds or depth == 0:
            return {"id": self._made("text", "id", "", (), Shape(), (*key, "id"), depth), "name": self._made("text", "name", "", (), Shape(), (*key, "name"), depth)}
        return self._made("text", name, "", (), Shape(), key, depth)


def _single(name: str) -> str:
    return name[:-1] if name.endswith("s") and len(name) > 3 else name


def _put(target: dict[str, Any], path: str, value: Any) -> None:
    *outer, last = (path or "body").split("/")
    for part in outer:
        inner = target.setdefault(part, {})
        if not isinstance(inner, dict):
            return
        target = inner
    target.setdefault(last, value)


def _merged(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """`base` with what only `more` has; where both have an object, both."""
    merged = dict(base)
    for name, value in more.items():
        if name not in merged:
            merged[name] = value
        elif isinstance(merged[name], dict) and isinstance(value, dict):
            merged[name] = _merged(merged[name], value)
    return merged


def view(operation: Operation | None, wire: Mapping[str, Any]) -> Any:
    """A result as a flow names its parts; the body itself where the catalog names none."""
    if operation is None or not operation.outputs:
        return wire.get("body")
    body = wire.get("body")
    named = {o.name: _viewed(o, _get(wire, o.path)) for o in operation.outputs}
    return {**named, **({k: v for k, v in body.items() if k not in named} if isinstance(body, dict) else {})}


def _viewed(output: Output, value: Any) -> Any:
    if not output.properties:
        return value
    if isinstance(value, list):
        return [_viewed(output, one) for one in value]
    if not isinstance(value, dict):
        return value
    named = {p.name: _viewed(p, _get(value, p.path or p.name)) for p in output.properties}
    return {**named, **{k: v for k, v in value.items() if k not in named}}


def _get(value: Any, path: str) -> Any:
    for part in path.split("/") if path else ():
        value = value.get(part) if isinstance(value, dict) else None
    return value


def on_wire(operation: Operation | None, named: Any, made: dict[str, Any]) -> dict[str, Any]:
    """A result given by its named parts, put on the wire in place of what was made up."""
    if operation is None or not operation.outputs or not isinstance(named, dict):
        return {**made, "body": named}
    wire: dict[str, Any] = {}
    for name, value in named.items():
        output = operation.output(name)
        if output is not None:
            _put(wire, output.path, _wired(output, value))
        else:
            _put(wire, name if name in ("body", "headers", "statusCode") else f"body/{name}", value)
    return _merged(wire, made)


def _wired(output: Output, value: Any) -> Any:
    if not output.properties:
        return value
    if isinstance(value, list):
        return [_wired(output, one) for one in value]
    if not isinstance(value, dict):
        return value
    wired: dict[str, Any] = {}
    for name, one in value.items():
        part = output.property(name)
        _put(wired, (part.path or part.name) if part else name, _wired(part, one) if part else one)
    return wired

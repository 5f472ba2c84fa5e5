"""Reads lists of operations: bare ones of id and description, and those with a line for each operation with its parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from flowquill.grammar.catalog.importing.build import version_of
from flowquill.grammar.catalog.importing.found import FoundConnector, FoundOperation, FoundOutput, FoundParameter
from flowquill.grammar.catalog.importing.names import words
from flowquill.grammar.catalog.importing.schemas import PARAMETERS

# App Connect's ids: service, object, version of the connector, verb, object.
_VERSIONED = re.compile(r"(?P<app>.+?)__\d+(?:_\d+)*__(?P<action>.+)", re.DOTALL)
_VERBS = {"retrievewithwhere": "list", "updatewithwhere": "update", "deletewithwhere": "delete", "upsertwithwhere": "upsert", "create": "create"}
_TYPES = {"string": "text", "integer": "integer", "number": "number", "boolean": "boolean", "array": "list", "object": "object", "file": "text"}
_FORMATS = {"date-time": "datetime", "date": "date", "email": "email", "uri": "url", "byte": "file", "binary": "file"}
_SENT = frozenset(["authorization", "content-type", "accept", "connectionid", "x-api-key", "api-key", "apikey", "ocp-apim-subscription-key"])


def is_plain_list(value: object) -> bool:
    """Whether this is a list of {"id", "description"}."""
    return isinstance(value, list) and bool(value) and all(isinstance(e, Mapping) and isinstance(e.get("id"), str) and "name" not in e for e in value[:50])


def is_operation_lines(value: object) -> bool:
    """Whether this is a list of {"connector", "operationId", ...}."""
    return isinstance(value, list) and bool(value) and all(isinstance(e, Mapping) and "connector" in e and "operationId" in e for e in value[:50])


def read_plain_list(entries: Sequence[Mapping[str, Any]]) -> list[FoundConnector]:
    """The connectors of a plain list. Ids of one service stand together; each id stays its operation's `id`."""
    groups: dict[str, list[FoundOperation]] = {}
    for entry in entries:
        identity = str(entry.get("id") or "") if isinstance(entry, Mapping) else ""
        if not identity:
            continue
        service, verb, noun = _parts(identity)
        said = str(entry.get("description") or "")
        description = "" if said == identity else said
        summary = description or f"{verb} {noun}".strip().capitalize()
        many = verb == "list"
        whole = FoundOutput("items", "list") if many else FoundOutput("item", "object")
        groups.setdefault(service, []).append(
            FoundOperation(identity, "action", summary, description or summary, whole=whole, words=(*words(verb), *words(_plural(noun) if many else noun)))
        )
    return [FoundConnector(service.replace("_", " "), service.replace("_", ""), tuple(operations)) for service, operations in groups.items()]


def _parts(identity: str) -> tuple[str, str, str]:
    """Service, verb and object of an id: "Coupa_purchase_orders__4_0_0__create_purchase_orders" -> Coupa, create, purchase orders."""
    found = _VERSIONED.fullmatch(identity)
    if not found:
        for mark in (".", "/", ":", "__", "_", "-"):
            service, cut, rest = identity.partition(mark)
            if cut and service and rest:
                return service, "", " ".join(words(rest))
        return "operations", "", identity
    app, action = found["app"], found["action"]
    ends, starts = app.split("_"), action.split("_")
    # The object ends both halves; what the first has before it is the service.
    common = 0
    while common < min(len(ends) - 1, len(starts) - 1) and ends[-1 - common] == starts[-1 - common]:
        common += 1
    common = max(common, 1 if len(ends) > 1 else 0)
    service, noun = "_".join(ends[: len(ends) - common]), "_".join(ends[len(ends) - common :])
    verb = action.removesuffix(noun).strip("_") or action
    first, _, rest = action.partition("_")
    if verb not in _VERBS and first in _VERBS:
        verb, noun = first, rest or noun
    if verb in _VERBS:
        return service, _VERBS[verb], noun.removesuffix("_model") if noun != "model" else noun
    # An action of its own: "DOWNLOAD_OBJECT", or one long word with the object at its end.
    return service, _spaced(verb, noun), "" if _says(verb, noun) else noun


def _says(verb: str, noun: str) -> bool:
    letters = re.sub(r"[^a-z0-9]", "", verb.lower())
    return re.sub(r"[^a-z0-9]", "", noun.lower()).rstrip("s") in letters or len(letters) > 10


def _spaced(verb: str, noun: str) -> str:
    """ "DOWNLOADFILE" of "File" -> download file: the object and the usual small words cut a word of capitals apart."""
    if "_" in verb:
        return verb.lower()
    if not verb.isupper():
        return verb
    low = verb.lower()
    for piece in sorted({*words(noun), "".join(words(noun)), *_PIECES}, key=lambda p: (-len(p), p)):
        if len(piece) > 1:
            low = re.sub(rf"(?<![ ]){re.escape(piece)}", f" {piece} ", low) if piece not in low.split() and low != piece else low
    return " ".join(low.split())


_PIECES = ("retrieve", "download", "upload", "content", "message", "metadata", "version", "create", "update", "delete", "submit", "publish", "invite", "remove", "cancel", "project", "group", "purge", "queue", "share", "current", "user", "topic", "file", "folder", "copy", "send", "with", "invoke", "function", "attachment", "document", "record", "list", "report", "email", "contact", "move", "search", "convert", "approve", "reject", "close", "assign", "calendar", "event", "invoice", "campaign", "member", "channel", "status")


def _plural(noun: str) -> str:
    """ "card" -> cards, as "list" takes it."""
    low = noun.lower()
    if low.endswith(("s", "data", "people", "staff", "info", "information", "metadata", "news")) or not noun or not noun[-1].isalpha():
        return noun
    if low.endswith("y") and low[-2:-1] not in ("a", "e", "o", "u"):
        return noun[:-1] + "ies"
    return noun + ("es" if low.endswith(("x", "ch", "sh")) else "s")


def read_operation_lines(entries: Sequence[Mapping[str, Any]], about: Mapping[str, Mapping[str, Any]], *, internal: bool = False) -> list[FoundConnector]:
    """The connectors of operation lines. `about`: connector -> {"title", "description", "categories"?}, where the source says it."""
    groups: dict[str, list[FoundOperation]] = {}
    for entry in entries:
        if not isinstance(entry, Mapping) or (entry.get("visibility") == "internal" and not internal):
            continue
        groups.setdefault(str(entry.get("connector")), []).append(_operation(entry))
    connectors = []
    for name, operations in groups.items():
        said = about.get(name, {})
        spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("-", " ").replace("_", " ").title()
        connectors.append(FoundConnector(str(said.get("title") or spaced), name, tuple(operations), str(said.get("description") or "")))
    return connectors


def _operation(entry: Mapping[str, Any]) -> FoundOperation:
    identity = str(entry.get("operationId") or "operation")
    kind: Literal["action", "trigger"] = "trigger" if entry.get("kind") == "trigger" else "action"
    outputs, whole = _outputs(entry.get("outputs"))
    split_on = ""
    if kind == "trigger" and entry.get("x-ms-trigger") == "batch":
        if whole is not None and whole.type == "list":
            outputs, whole, split_on = whole.properties, None, "body"
        elif any(o.wire == "value" and o.type == "list" for o in outputs):
            outputs, split_on = (), "body/value"
    family, revision = version_of(identity)
    parameters = [p for given in _rows(entry.get("parameters")) if (p := _parameter(given)) is not None]
    return FoundOperation(
        identity, kind, str(entry.get("summary") or ""), str(entry.get("description") or ""), str(entry.get("method") or "").lower(),
        re.sub(r"^/\{connectionId\}", "", str(entry.get("path") or ""), flags=re.IGNORECASE), tuple(sorted(parameters, key=lambda p: not p.required)[:PARAMETERS]), outputs, whole, split_on,
        entry.get("deprecated") is True, family, revision,
    )  # fmt: skip


def _rows(value: object) -> list[Mapping[str, Any]]:
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list) else []


def _parameter(given: Mapping[str, Any]) -> FoundParameter | None:
    name, place = str(given.get("name") or ""), str(given.get("in") or "body")
    required = given.get("required") is True or place == "path"
    default = given.get("default")
    if not name or (place != "body" and name.lower() in _SENT) or (given.get("visibility") == "internal" and not (required and default is None)):
        return None
    kind, form = _typed(str(given.get("type") or "any"))
    listed = given.get("enum")
    enum = tuple(dict.fromkeys(str(v) for v in listed if str(v))) if isinstance(listed, list) and kind in ("text", "list") and not given.get("dynamic_values") else ()
    where = "body" if place == "body" and name == "body" else f"{place}/{name}" if place == "body" else f"{place}/{name.replace('/', '~1')}"
    kept = default if isinstance(default, str | int | float | bool) else None
    return FoundParameter(where, kind, required, str(given.get("title") or ""), str(given.get("desc") or given.get("title") or ""), enum, kept, form)


def _outputs(given: object) -> tuple[tuple[FoundOutput, ...], FoundOutput | None]:
    """ ["[]", "id:string"] is a list of objects, ["value:array<object>"] an object."""
    listed = [g for g in given if isinstance(g, str)] if isinstance(given, list) else []
    found: list[FoundOutput] = []
    for text in listed:
        wire, _, kind = text.partition(":")
        if wire and wire != "[]":
            typed, form = _typed(kind or "any")
            found.append(FoundOutput(wire, typed, (), form))
    if "[]" in listed:
        return (), FoundOutput("items", "list", tuple(found))
    return tuple(found), None


def _typed(text: str) -> tuple[str, str]:
    """ "string:date-time" -> text, datetime; "array<object>" -> list."""
    kind, _, form = text.partition(":")
    return ("list", "") if kind.startswith("array") else (_TYPES.get(kind, "any"), _FORMATS.get(form, ""))

"""Connectors and phrases made by rule from catalogs of operations with English summaries, so that a model learns to match."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from flowquill.grammar.catalog import Catalog, Connector, Operation, Output, Parameter, load_catalog
from flowquill.grammar.naming import RESERVED
from flowquill.training.data.banks import Banks, OperationBank, held_out, load_banks, slots
from flowquill.training.data.inflect import VERBS, a
from flowquill.training.data.referents import singular

_TYPES = {"string": "text", "integer": "integer", "number": "number", "boolean": "boolean", "array": "list", "object": "object"}
_TRIGGER = re.compile(r"^(?:this (?:operation |trigger )?)?(?:triggers?|fires?|runs?|starts?)(?: a (?:new )?flow| the flow| the workflow)?(?: is (?:triggered|fired))? (?:when|whenever|if|once) ", re.IGNORECASE)
_WHEN = re.compile(r"^(?:when|whenever|if|once|on) ", re.IGNORECASE)
_NOISE = re.compile(r"\s*(?:\([^)]*\)|\[[^\]]*\]|\bv\d(?:\.\d)?\b|\bpreview\b|\bdeprecated\b)", re.IGNORECASE)
_IRREGULAR = {"gets": "get", "retrieves": "retrieve", "does": "do", "goes": "go", "has": "have", "searches": "search", "fetches": "fetch", "pushes": "push", "publishes": "publish",
              "matches": "match", "patches": "patch", "dispatches": "dispatch", "attaches": "attach", "detaches": "detach", "refreshes": "refresh", "finishes": "finish", "launches": "launch",
              "processes": "process", "passes": "pass", "switches": "switch", "watches": "watch", "queries": "query", "modifies": "modify", "notifies": "notify", "verifies": "verify", "applies": "apply",
              "copies": "copy", "replies": "reply", "classifies": "classify", "identifies": "identify", "specifies": "specify", "tries": "try", "carries": "carry", "establishes": "establish"}  # fmt: skip
_MORE_VERBS = frozenset(
    ["activate", "deactivate", "assign", "unassign", "authenticate", "authorize", "calculate", "capture", "check", "clear", "clone", "close", "compare", "compress", "configure", "connect", "convert", "count", "crop", "decode", "decrypt", "deploy", "destroy", "determine", "disable", "disconnect", "dispatch", "display", "download", "duplicate", "edit", "embed", "enable", "encode", "encrypt", "enroll", "estimate", "evaluate", "execute", "expand", "expire", "extend", "filter", "finalize", "finish", "follow", "format", "geocode", "grant", "import", "index", "initiate", "inspect", "install", "invoke", "issue", "join", "launch", "load", "locate", "lock", "lookup", "look", "manage", "map", "match", "mute", "obtain", "operate", "overwrite", "parse", "patch", "pause", "perform", "poll", "predict", "process", "provide", "provision", "purge", "push", "put", "queue", "rank", "recognize", "redact", "refresh", "reject", "release", "reload", "render", "renew", "repeat", "replace", "replay", "reply", "reprocess", "rerun", "resend", "resize", "resume", "revert", "review", "revoke", "rotate", "scrape", "screen", "select", "shorten", "shorten", "simulate", "skip", "sort", "split", "start", "stop", "store", "stream", "suggest", "summarise", "suspend", "swap", "switch", "terminate", "test", "toggle", "transcribe", "transition", "trigger", "unarchive", "unblock", "unfollow", "unlink", "unlock", "unpublish", "unregister", "unsubscribe", "upsert", "use", "validate", "verify", "view", "void", "watch", "withdraw", "activate", "ingest", "allocate", "archive", "attach", "ask", "bulk", "cancel", "categorize", "claim", "classify", "compose", "crawl", "define", "detach", "detect", "discover", "enqueue", "enrich", "escalate", "explore", "find", "flatten", "fulfill", "gather", "generate", "identify", "infer", "inform", "join"]
)
_KNOWN = VERBS | _MORE_VERBS
_LISTING = re.compile(r"(?:list|get|retrieve|find|search|fetch|query|read|returns?|download)s? (?:for )?(?:all |a list|list|the list|multiple|many|\w+(?: \w+)?s\b)", re.IGNORECASE)
BARE = 0.35
_SKIPPED = frozenset(["api-version", "api_version", "content-type", "accept", "authorization", "x-api-key", "apikey", "api_key", "limit", "offset", "page", "top", "skip"])
_KINDS = (
    ("email", "email"), ("mail", "email"), ("phone", "phone"), ("url", "url"), ("link", "url"), ("subject", "subject"), ("title", "title"), ("message", "message"), ("text", "sentence"),
    ("description", "description"), ("comment", "sentence"), ("note", "sentence"), ("body", "message"), ("file", "file_name"), ("folder", "folder"), ("path", "folder"), ("city", "city"),
    ("country", "country"), ("company", "company"), ("product", "product"), ("project", "project"), ("date", "date"), ("time", "datetime"), ("tag", "tag"), ("status", "status"),
    ("priority", "priority"), ("channel", "channel"), ("team", "team"), ("list", "list_name"), ("table", "table_name"), ("site", "site"), ("query", "keyword"), ("search", "keyword"),
    ("keyword", "keyword"), ("user", "person"), ("owner", "person"), ("assignee", "person"), ("person", "person"), ("name", "title"), ("id", "id"), ("key", "id"), ("number", "id"), ("code", "id"),
)  # fmt: skip


def load_public(folder: Path | str) -> tuple[Catalog, Banks]:
    """The built-in catalog with the connectors of `folder`, and banks for all of them.

    `folder` holds `*_operations.jsonl.gz` with lines of {connector, operationId, kind, summary, description, parameters, outputs} and
    perhaps `*_connectors.jsonl.gz` with {connector, title, description}. Raises OSError where nothing can be read.
    """
    root = Path(folder)
    titles = {e["connector"]: e for file in sorted(root.glob("*_connectors.jsonl.gz")) for e in _lines(file)}
    entries: dict[str, list[Mapping[str, Any]]] = {}
    files = sorted(root.glob("*_operations.jsonl.gz"))
    if not files:
        raise FileNotFoundError(f"There are no *_operations.jsonl.gz files in {root}; give the folder with the catalogs.")
    for file in files:
        for entry in _lines(file):
            entries.setdefault(entry["connector"], []).append(entry)
    catalog = load_catalog()
    own = load_banks(catalog=catalog)
    connectors: list[Connector] = []
    banks: list[OperationBank] = []
    for name, found in entries.items():
        made = connector_of(name, titles.get(name, {}), found, frozenset(catalog.connectors))
        if made is not None:
            connectors.append(made[0])
            banks += made[1]
    return catalog.merged(connectors), own.merged(banks)


def _lines(file: Path) -> Iterator[Mapping[str, Any]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def connector_of(
    name: str, about: Mapping[str, Any], entries: Iterable[Mapping[str, Any]], taken: frozenset[str]
) -> tuple[Connector, list[OperationBank]] | None:
    """A connector and the banks of its operations; None where nothing of it can be said."""
    title = str(about.get("title") or "")
    readable = title or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("-", " ").replace("_", " ").title()
    short = identifier(readable if len(readable) < 30 else name)
    if short in taken:
        short = f"{short}_public"
    mention = re.sub(r"\s*\(.*?\)|\s+(?:connector|api|v\d)\b", "", readable, flags=re.IGNORECASE).strip()
    operations: dict[str, Operation] = {}
    banks: list[OperationBank] = []
    bare = held_out(name, BARE, "bare")
    for entry in entries:
        operation = _operation(short, entry)
        if operation is not None and bare:
            operation = _bare(operation)
        if operation is None or operation.name in operations:
            continue
        operations[operation.name] = operation
        bank = _bank(operation, entry, mention)
        if bank is not None:
            banks.append(bank)
    if not operations:
        return None
    summary = str(about.get("description") or "")[:200]
    return Connector(short, readable, name, "", summary, tuple(operations.values())), banks


def identifier(text: str) -> str:
    """The text as a name of the language."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    name = re.sub(r"[^A-Za-z0-9]+", "_", spaced).strip("_").lower()[:48].strip("_") or "thing"
    if name[0].isdigit():
        name = f"n_{name}"
    return f"{name}_" if name in RESERVED else name


def _operation(connector: str, entry: Mapping[str, Any]) -> Operation | None:
    summary = _NOISE.sub("", str(entry.get("summary") or entry.get("description") or "")).strip()
    if "{" in summary or not summary.isascii():
        return None
    kind: Literal["action", "trigger"] = "trigger" if entry.get("kind") == "trigger" else "action"
    name = identifier(str(entry["operationId"]))
    parameters: dict[str, Parameter] = {}
    for given in entry.get("parameters") or ():
        called = identifier(str(given["name"]).split("/")[-1])
        if called in parameters or str(given["name"]).lower() in _SKIPPED or given.get("in") == "header":
            continue
        enum = tuple(str(v) for v in given.get("enum") or () if str(v)) if given.get("type") in ("string", None) else ()
        typed = _TYPES.get(str(given.get("type")), "any")
        parameters[called] = Parameter(called, f"{given.get('in')}/{given['name']}", typed, bool(given.get("required")), enum, summary=str(given.get("title") or "")[:80])
        if len(parameters) >= 10:
            break
    return Operation(
        connector, name, str(entry["operationId"]), kind, summary[:80], str(entry.get("description") or "")[:160], (), tuple(parameters.values()), _outputs(entry)
    )


def _bare(operation: Operation) -> Operation:
    """As a catalog lists it that knows only names and descriptions: nothing to fill in, and a list where the words promise one."""
    listing = operation.kind == "action" and _LISTING.match(operation.title)
    outputs = (Output("items", "body", "list"),) if listing else (Output("item", "body", "any"),)
    return replace(operation, parameters=(), outputs=outputs)


def _outputs(entry: Mapping[str, Any]) -> tuple[Output, ...]:
    found: dict[str, Output] = {}
    whole = False
    for text in entry.get("outputs") or ():
        if text == "[]":
            whole = True
            continue
        wire, _, kind = str(text).partition(":")
        if not wire or "." in wire or "/" in wire or "[" in wire or "@" in wire:
            continue
        name = identifier(wire)
        typed = "list" if kind.startswith("array") else _TYPES.get(kind, "any")
        found.setdefault(name, Output(name, wire if whole else f"body/{wire}", typed))
        if len(found) >= 12:
            break
    outputs = tuple(found.values())
    return (Output("items", "body", "list", outputs),) if whole and outputs else outputs


def _bank(operation: Operation, entry: Mapping[str, Any], mention: str) -> OperationBank | None:
    texts = [str(entry.get("summary") or ""), str(entry.get("description") or "").split(". ")[0]]
    says: list[str] = []
    for text in texts:
        text = _NOISE.sub("", text).strip().rstrip(".").strip()
        if not 6 < len(text) < 90 or "{" in text or "\n" in text or not text.isascii():
            continue
        made = event(text) if operation.kind == "trigger" else imperative(text)
        if made is not None and made not in says:
            says.append(made)
    if not says:
        return None
    base = list(says)
    named = mention and not any(mention.lower() in s.lower() for s in says)
    for say in base:
        if named:
            says += [f"{say} in {mention}", f"{say} with {mention}" if operation.kind == "action" else f"in {mention} {say}"]
    values: dict[str, str | tuple[Any, ...]] = {}
    usable = [p for p in operation.parameters if _sayable(p)]
    for parameter in usable[:4]:
        words = parameter.name.strip("_").replace("_", " ")
        values[parameter.name] = "enum" if parameter.enum else _kind(parameter)
        slot = "{" + parameter.name + "}"
        tails = (f"with {words} {slot}", f"with the {words} {slot}", f"using {slot} as {words}", f"where the {words} is {slot}", f"for {words} {slot}")
        for say in base:
            says += [f"{say} {tails[len(says) % len(tails)]}", f"{say}{f' in {mention}' if named else ''} {tails[(len(says) + 2) % len(tails)]}"]
    if len(usable) > 1:
        one, two = usable[0].name, usable[1].name
        for say in base:
            says.append(f"{say} with {one.replace('_', ' ')} {{{one}}} and {two.replace('_', ' ')} {{{two}}}")
    noun = _noun(base[0], operation)
    says = [s for s in dict.fromkeys(says) if all(p in values for p in slots(s))]
    return OperationBank(operation, tuple(says), values, {"": (f"the {noun}",)} if noun else {}, {}, (mention,) if named else (), "in", True)


def _sayable(parameter: Parameter) -> bool:
    name = parameter.name
    return parameter.type in ("text", "integer", "number", "any") and len(name) < 24 and name.count("_") < 3 and not re.search(r"\d|version|token|secret|password|header|schema", name)


def _kind(parameter: Parameter) -> str:
    if parameter.type in ("integer", "number"):
        return "count"
    words = parameter.name.split("_")
    for word, kind in _KINDS:
        if word == words[-1] or (word in words and word not in ("id", "name", "key", "number", "code")):
            return kind
    return "title"


def imperative(text: str) -> str | None:
    """ "Lists all rows" -> "list all rows"; None where the text does not begin with a verb."""
    text = re.sub(r"^(?:this (?:operation|action|endpoint|method|api|function|call) (?:is used to |allows you to |lets you |will |can be used to |enables you to )?|use this (?:operation|action) to |operation to |action to |allows you to |used to )", "", text, flags=re.IGNORECASE)
    first, _, rest = text.partition(" ")
    word = first.lower()
    if not word.isalpha() or not rest:
        return None
    verb = _IRREGULAR.get(word) or (word if word in _KNOWN else word[:-1] if word.endswith("s") and word[:-1] in _KNOWN else "")
    if not verb:
        return None
    return f"{verb} {_plain_case(rest)}"


def event(text: str) -> str | None:
    """ "Triggers when a row is added" -> "a row is added"; None where it is no clause."""
    clause = _TRIGGER.sub("", text)
    if clause == text:
        clause = _WHEN.sub("", text)
        if clause == text:
            found = re.fullmatch(r"new ([A-Za-z ]{3,30})", text, re.IGNORECASE)
            return f"there is {a('new ' + found[1].lower())}" if found else None
    clause = _plain_case(clause)
    clause = re.sub(r"^new (\w+)( is|$)", lambda m: f"a new {m[1]}{m[2]}", clause)
    return clause if re.search(r"\b(?:is|are|has|have|was|\w+s|\w+ed)\b", clause) else None


def _plain_case(text: str) -> str:
    """Small letters where every word has a capital ("Get All Rows"), unless they are acronyms."""
    words = text.split(" ")
    capitals = sum(1 for w in words if w[:1].isupper())
    if capitals > len(words) / 2:
        return " ".join(w if w.isupper() and len(w) > 1 else w.lower() for w in words)
    return text[:1].lower() + text[1:] if not text[:2].isupper() else text


def _noun(say: str, operation: Operation) -> str:
    words = [w for w in re.findall(r"[a-z]+", say) if len(w) > 2]
    if operation.kind == "trigger":
        found = re.match(r"(?:an?|the|new)?\s*(?:new |existing )?([a-z]+(?: [a-z]+)?) (?:is|are|has|was|gets|comes|arrives)\b", say)
        return found[1] if found else ""
    found = re.match(r"[a-z]+ (?:an?|the|all|all the|one|new|existing)?\s*(?:new |existing )?([a-z]+)(?:$| (?:in|to|from|by|with|of|for|using|on)\b)", say)
    noun = found[1] if found else ""
    return noun if noun in words and len(singular(noun)) > 2 else ""

"""Names by rule: what a step's result, a loop's element and a flow are called when nobody chose a name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from flowquill.grammar.catalog import Operation

LONGEST_LOOP_NAME = 5
"""Words; a list that is named by more (a column's heading, a sentence) gives its elements no name of its own."""
RESERVED = frozenset(
    ["flow", "on", "as", "param", "var", "set", "append", "to", "increment", "decrement", "by", "if", "else", "switch", "case", "default", "for", "in", "parallel", "do", "until", "limit", "scope", "branch", "try", "catch", "finally", "todo", "refuse", "after", "and", "or", "not", "true", "false", "null", "manual", "item"]
)

TYPES = frozenset(["text", "integer", "number", "boolean", "list", "object", "any"])
_STATUSES = frozenset(["succeeded", "failed", "skipped", "timed_out"])

_BUILTIN = {
    "schedule": "run",
    "sliding_window": "window",
    "http_request": "request",
    "raw_trigger": "event",
    "manual": "request",
    "http": "response",
    "http_webhook": "callback",
    "respond": "answer",
    "terminate": "end",
    "delay": "pause",
    "delay_until": "pause",
    "run_flow": "outcome",
    "compose": "value",
    "parse_json": "parsed",
    "select": "selected",
    "filter": "matches",
    "table": "table_text",
    "join": "joined",
    "run_script": "outcome",
    "call_function": "response",
    "raw": "raw_result",
}

_VARIABLES = {
    "text": "text_value",
    "integer": "count",
    "number": "total",
    "boolean": "flag",
    "list": "collected",
    "object": "record",
    "any": "value",
}

EVENTS = frozenset(
    ["added", "arrives", "arrived", "created", "received", "modified", "updated", "changed", "deleted", "removed", "uploaded", "submitted", "completed", "closed", "opened", "moved", "paid", "posted", "sent", "started", "finished", "ended", "assigned", "failed", "cancelled", "canceled", "approved", "rejected", "published", "signed", "mentioned", "tagged", "flagged", "booked", "registered", "subscribed", "unsubscribed", "triggered", "fires", "fired", "occurs", "occurred", "happens", "due", "overdue", "expires", "expired", "requested", "responded", "replied", "edited", "merged", "pushed", "commented", "reacted", "joined", "left", "shared", "renamed", "archived", "restored", "invited", "answered", "scheduled", "detected", "raised", "resolved", "reopened", "won", "lost", "refunded", "shipped", "delivered", "fulfilled", "clicked", "bounced", "viewed", "visited", "scanned", "enqueued", "queued", "available", "ready", "starts", "ends", "comes", "gets", "is", "was", "has", "logged", "recorded", "ordered", "placed", "selected", "pressed", "entered", "exited", "reached", "exceeded", "crossed", "synced", "imported", "exported", "generated", "processed", "transitioned", "linked", "unlinked", "locked", "unlocked", "enabled", "disabled", "starred", "liked", "followed", "forked", "released", "deployed", "built", "checked", "activated", "deactivated", "qualified", "converted", "voided", "declined", "accepted", "transferred", "called", "appears", "appeared", "succeeded"]
)

VERBS = frozenset(
    ["send", "list", "get", "create", "add", "update", "delete", "remove", "post", "find", "search", "fetch", "read", "write", "copy", "move", "make", "set", "upload", "download", "start", "stop", "run", "call", "check", "invite", "assign", "reply", "forward", "flag", "mark", "close", "open", "cancel", "approve", "reject", "upsert", "insert", "append", "put", "patch", "publish", "subscribe", "unsubscribe", "register", "book", "schedule", "submit", "complete", "finish", "share", "unshare", "rename", "archive", "restore", "convert", "extract", "translate", "summarize", "summarise", "classify", "detect", "analyze", "analyse", "recognize", "recognise", "generate", "predict", "score", "render", "build", "compose", "lookup", "look", "query", "execute", "invoke", "trigger", "push", "pull", "merge", "lock", "unlock", "enable", "disable", "export", "import", "sync", "validate", "verify", "compute", "calculate", "count", "sum", "aggregate", "replace", "respond", "answer", "acknowledge", "resolve", "reopen", "escalate", "refund", "charge", "capture", "void", "issue", "pay", "transfer", "ship", "fulfill", "track", "request", "wait", "retrieve", "show", "describe", "scan", "parse", "encode", "decode", "encrypt", "decrypt", "sign", "compress", "zip", "unzip", "expand", "resize", "crop", "save", "store", "load", "clear", "empty", "purge", "reset", "restart", "reboot", "deallocate", "isolate", "block", "unblock", "allow", "deny", "grant", "revoke", "ban", "kick", "follow", "unfollow", "like", "star", "comment", "react", "mention", "tag", "untag", "pin", "unpin", "enqueue", "dequeue", "peek", "abandon", "defer", "renew", "log", "record", "report", "notify", "alert", "message", "text", "dial", "attach", "detach", "link", "unlink", "connect", "disconnect", "duplicate", "clone", "label", "transition", "change", "edit", "modify", "turn", "switch", "rate", "review", "ask", "prompt", "dispatch", "deliver", "receive", "link_to", "group", "ungroup", "resend", "retweet", "transliterate", "measure", "schedule", "rerun", "redo", "reply", "onboard", "offboard", "provision", "deploy", "activate", "deactivate", "launch", "evaluate", "perform", "process", "apply", "fill"]
)

_KEEP = frozenset(
    ["status", "bonus", "address", "process", "access", "success", "business", "news", "sms", "progress", "analysis", "basis", "series", "gps", "dns"]
)
_GENERIC = frozenset(["value", "values", "items", "item", "list", "data", "body", "array", "collection", "elements", "entities"])


def result_name(operation: Operation, taken: AbstractSet[str]) -> str:
    """What the result of a step with `operation` is called: "file" after file_added, "rows" after list_rows.

    `taken` holds the names in scope (a caller may add others to keep clear of). Never a reserved word, the operation's own
    connector or a name of `taken`: then a number is added.
    """
    if operation.connector is None:
        base = _BUILTIN.get(operation.name, "result")
    else:
        words = _words(operation.name)
        found = _event_noun(words) if operation.kind == "trigger" else _object(words)
        base = "_".join(found) or _singular(_words(operation.connector)[-1])
    return _free(base, taken, ("_result", operation.connector or ""))


def loop_name(source: str, taken: AbstractSet[str]) -> str:
    """What one element of the list called `source` (the last name of its path) is called: "row" of rows, "entry" of value."""
    words = _words(source)
    if len(words) > LONGEST_LOOP_NAME:
        words = []
    last = words[-1] if words else ""
    if last in _GENERIC or not last:
        base = "_".join([*words[:-1], "entry"]) if len(words) > 1 else "entry"
    else:
        one = _singular(last)
        base = "_".join([*words[:-1], one])
        if one == last:
            base = f"each_{base}"
    return _free(base, taken, ("_entry", ""))


def variable_name(kind: str, taken: AbstractSet[str]) -> str:
    """What a variable of a type is called where the request does not name it: "count" for an integer."""
    return _free(_VARIABLES.get(kind, "stored"), taken, ("_value", ""))


def flow_name(trigger: Operation | None, operations: Iterable[Operation], taken: AbstractSet[str]) -> str:
    """What a flow is called: its event and its last step, as "file_added_send_email". `trigger` None: started by hand."""
    steps = [o for o in operations if o.connector is not None] or list(operations)
    parts: list[str] = []
    if trigger is not None:
        parts.append({"schedule": "scheduled", "http_request": "on_request"}.get(trigger.name, trigger.name))
    elif len(steps) > 1:
        parts.append(steps[0].name)
    if steps:
        parts.append(steps[-1].name)
    words = [w for part in parts for w in _words(part)]
    base = ""
    for word in words:
        longer = f"{base}_{word}" if base else word
        if len(longer) > 48:
            break
        base = longer
    if any(o.connector is None and o.name == base for o in steps):
        base = f"{base}_flow"
    return _free(base or "new_flow", taken, ("_flow", ""))


def _event_noun(words: list[str]) -> list[str]:
    kept: list[str] = []
    for word in words:
        if kept and word in EVENTS:
            break
        if word not in ("new", "when", "a", "an", "the", "any", "on", "each"):
            kept.append(word)
    while len(kept) > 1 and kept[-1] in ("or", "and", "is", "was"):
        kept.pop()
    return [] if len(kept) == 1 and kept[0] in EVENTS else kept


def _object(words: list[str]) -> list[str]:
    rest = words[1:] if words and words[0] in VERBS else words
    for place, word in enumerate(rest):
        if place and word in (
            "to",
            "from",
            "in",
            "by",
            "with",
            "for",
            "on",
            "as",
            "of",
            "or",
            "and",
            "at",
            "into",
            "using",
            "via",
        ):
            rest = rest[:place]
            break
    kept = [
        w
        for w in rest
        if w not in ("a", "an", "the", "all", "new", "my", "to", "from", "in", "by", "with", "for", "on", "as")
    ]
    if kept and kept[-1] in ("v2", "v3", "v4", "v5"):
        kept.pop()
    return kept


def _words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return [w for w in re.split(r"[^a-z0-9]+", spaced.lower()) if w]


def _singular(word: str) -> str:
    if word in _KEEP or len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    if word in ("people", "children", "indices", "statuses", "addresses", "aliases"):
        return {"people": "person", "children": "child", "indices": "index"}.get(word, word[:-2])
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word.removesuffix("s")


def _free(base: str, taken: AbstractSet[str], other: tuple[str, str]) -> str:
    suffix, connector = other
    if not base or base[0].isdigit():
        base = f"n_{base}" if base else "result"
    if base == "item":
        base = "entry"
    if base in RESERVED or base in TYPES or base in _STATUSES or base == connector:
        base += suffix
    name, number = base, 1
    while name in taken or name == connector:
        number += 1
        name = f"{base}_{number}"
    return name

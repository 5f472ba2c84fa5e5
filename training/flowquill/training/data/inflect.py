"""English verbs and nouns in the forms that requests need: sends, sending, sent; row and rows."""

from __future__ import annotations

import re
from functools import cache

from flowquill.training.data.text import CLOSE, OPEN

_IRREGULAR = {
    "send": "sent", "write": "written", "find": "found", "get": "fetched", "make": "made", "put": "put", "read": "read", "set": "set",
    "take": "taken", "give": "given", "tell": "told", "run": "run", "keep": "kept", "let": "let", "hold": "held", "build": "built",
    "bring": "brought", "leave": "left", "begin": "begun", "draw": "drawn", "pay": "paid", "say": "said", "see": "seen", "show": "shown",
    "throw": "thrown", "withdraw": "withdrawn", "rewrite": "rewritten", "overwrite": "overwritten", "shut": "shut", "split": "split",
    "cut": "cut", "tag": "tagged", "ban": "banned", "drop": "dropped", "stop": "stopped", "plan": "planned", "log": "logged", "flag": "flagged",
    "pin": "pinned", "scan": "scanned", "ship": "shipped", "submit": "submitted", "grab": "grabbed", "transfer": "transferred",
    "refer": "referred", "trim": "trimmed", "zip": "zipped", "map": "mapped", "swap": "swapped", "commit": "committed", "spin": "spun",
    "hide": "hidden", "feed": "fed", "ring": "rung", "speak": "spoken", "sell": "sold", "lay": "laid", "undo": "undone", "do": "done",
    "go": "gone", "hit": "hit", "unzip": "unzipped", "ping": "pinged", "sync": "synced", "export": "exported", "fill": "filled",
    "wrap": "wrapped", "strip": "stripped", "remit": "remitted", "spot": "spotted", "quit": "quit", "jot": "jotted", "nudge": "nudged",
}  # fmt: skip
_DOUBLE = frozenset(k for k, v in _IRREGULAR.items() if len(v) > len(k) + 2 and v.endswith("ed")) | frozenset(
    ["get", "put", "set", "run", "let", "shut", "split", "cut", "begin", "spin", "hit", "quit"]
)
_THIRD = {"do": "does", "go": "goes", "have": "has", "be": "is", "undo": "undoes", "redo": "redoes"}
# Words that may stand before the verb of an imperative.
_ADVERBS = frozenset(["also", "then", "just", "automatically", "please", "immediately", "finally", "simply", "always", "directly", "instantly", "never"])
VERBS = frozenset(
    ["send", "post", "add", "create", "update", "delete", "remove", "copy", "move", "save", "store", "write", "log", "notify", "email", "mail", "message", "tell", "inform", "let", "put", "make", "set", "get", "fetch", "list", "find", "search", "look", "read", "upload", "download", "start", "run", "call", "check", "ask", "assign", "reply", "forward", "flag", "mark", "close", "open", "cancel", "approve", "reject", "insert", "append", "publish", "subscribe", "register", "book", "schedule", "complete", "finish", "share", "rename", "archive", "convert", "extract", "translate", "summarize", "classify", "detect", "analyze", "generate", "build", "compose", "merge", "pull", "push", "record", "report", "alert", "text", "invite", "attach", "link", "label", "tag", "change", "edit", "modify", "wait", "stop", "end", "give", "show", "return", "take", "tick", "raise", "file", "fill", "enter", "collect", "gather", "retrieve", "grab", "tweet", "comment", "trigger", "kick", "hand", "drop", "leave", "escalate", "ping", "warn", "remind", "transfer", "charge", "refund", "pay", "print", "resolve", "reopen", "track", "sync", "export", "import", "enrich", "block", "isolate", "disable", "enable", "reset", "restart", "scan", "sign", "void", "transcribe", "query", "count", "respond", "answer", "acknowledge", "request", "submit", "place", "dial", "ring", "phone", "announce", "say", "describe", "name", "call"]
)
_VOWELS = "aeiou"


@cache
def third(verb: str) -> str:
    """send -> sends."""
    low = verb.lower()
    if low in _THIRD:
        return _THIRD[low]
    if low.endswith(("s", "x", "z", "ch", "sh")):
        return verb + "es"
    if low.endswith("y") and len(low) > 1 and low[-2] not in _VOWELS:
        return verb[:-1] + "ies"
    return verb + "s"


@cache
def participle(verb: str) -> str:
    """send -> sent, add -> added."""
    low = verb.lower()
    if low in _IRREGULAR:
        return _IRREGULAR[low]
    if low.endswith("e"):
        return verb + "d"
    if low.endswith("y") and len(low) > 1 and low[-2] not in _VOWELS:
        return verb[:-1] + "ied"
    return verb + "ed"


@cache
def gerund(verb: str) -> str:
    """send -> sending, write -> writing."""
    low = verb.lower()
    if low in _DOUBLE:
        return verb + verb[-1] + "ing"
    if low.endswith("ie"):
        return verb[:-2] + "ying"
    if low.endswith("e") and not low.endswith(("ee", "oe", "ye")):
        return verb[:-1] + "ing"
    return verb + "ing"


_AND = re.compile(r"( and | and then | then |, )([a-z]+)(?= |$)")


def inflect(clause: str, form: str) -> str:
    """An imperative clause with its verbs in another form: "third", "gerund" or "base"."""
    if form == "base":
        return clause
    change = third if form == "third" else gerund
    words = clause.split(" ")
    place = 0
    while place < len(words) - 1 and words[place].lower() in _ADVERBS:
        place += 1
    verb = words[place]
    if not verb.isalpha():
        found = re.match(r"([A-Za-z]+)([-,:].*)$", verb)
        if found is None or OPEN in verb:
            return clause
        words[place] = change(found[1]) + found[2]
    else:
        words[place] = change(verb)
    head, rest = " ".join(words[: place + 1]), " ".join(words[place + 1 :])
    if not rest:
        return head

    def again(found: re.Match[str]) -> str:
        inside = rest.rfind(OPEN, 0, found.start()) > rest.rfind(CLOSE, 0, found.start())
        if inside or found[2] not in VERBS or (found[1] == ", " and form == "third"):
            return found[0]
        return found[1] + change(found[2])

    return f"{head} {_AND.sub(again, rest)}"


_PASSIVE = re.compile(
    r"(?P<verb>[a-z]+) (?P<object>(?:a|an|the|all|another|one|every|each|any|its|his|their|our|my) [^,\ue000\ue001]*?)"
    r"(?P<rest> (?:in|to|for|with|on|about|from|named|called|titled|containing|saying|at|as|into|under|through|via|using|by|asking|inside)\b.*)?$"
)
_PASSIVE_VERBS = frozenset(
    ["create", "add", "send", "post", "upload", "delete", "update", "save", "copy", "move", "store", "write", "log", "start", "generate", "archive", "open", "close", "book", "schedule", "register", "publish", "assign", "forward", "translate", "convert", "extract", "mark", "raise", "record", "file", "fetch", "retrieve", "remove", "cancel", "download", "export", "submit", "invite", "insert", "place", "share", "rename", "append", "attach", "transcribe", "trigger", "resolve", "block", "enrich", "list", "collect"]
)


def passive(clause: str) -> str | None:
    """ "create a row in T" -> "a row is created in T"; None where the clause is not of that simple form."""
    found = _PASSIVE.match(clause)
    if not found or found["verb"] not in _PASSIVE_VERBS or " and " in found["object"] or " the " in found["object"][4:]:
        return None
    noun = found["object"].split(" ")[-1]
    first = found["object"].split(" ")[0]
    many = first in ("all",) or (first in ("the", "its", "their", "our", "my") and noun.endswith("s") and not noun.endswith("ss"))
    return f"{found['object']} {'are' if many else 'is'} {participle(found['verb'])}{found['rest'] or ''}"


def plural(noun: str) -> str:
    """row -> rows; the last word of several is changed."""
    head, _, last = noun.rpartition(" ")
    low = last.lower()
    if low.endswith("s") and not low.endswith(("ss", "us")):
        many = last
    elif low in ("person", "child"):
        many = {"person": "people", "child": "children"}[low]
    elif low.endswith(("s", "x", "z", "ch", "sh")):
        many = last + "es"
    elif low.endswith("y") and low[-2:-1] not in _VOWELS:
        many = last[:-1] + "ies"
    else:
        many = last + "s"
    return f"{head} {many}" if head else many


def a(noun: str) -> str:
    """The noun with "a" or "an"."""
    low = noun.lower()
    silent = low.startswith(("hour", "honest", "honour"))
    vowel = low[:1] in _VOWELS and not low.startswith(("uni", "use", "usa", "url", "uri", "one", "eu"))
    acronym = noun[:2].isupper() and noun[0] in "AEFHILMNORSX"
    return f"{'an' if silent or vowel or acronym else 'a'} {noun}"

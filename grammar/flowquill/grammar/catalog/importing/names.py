"""Names for what is imported: words from any spelling, verb_noun for actions, noun_event for triggers, unique in their scope."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from flowquill.grammar.naming import EVENTS, RESERVED, TYPES, VERBS

_ARTICLES = frozenset(["a", "an", "the", "all", "any", "this", "that", "its", "your", "my", "of", "given", "specified", "specific", "particular", "certain"])
_LINKS = frozenset(["to", "from", "in", "by", "with", "for", "on", "as", "into", "using", "via", "at", "and", "or", "that", "which", "based", "within", "under", "through", "if", "per"])
_AUXILIARIES = frozenset(["is", "are", "was", "were", "has", "have", "been", "be", "gets", "get", "becomes"])
_NOISE = re.compile(r"\([^)]*\)|\[[^\]]*\]|\b[vV]\d+(?:\.\d+)*\b|\b(?:preview|deprecated)\b", re.IGNORECASE)
_OPENING = re.compile(
    r"^(?:this (?:operation|action|trigger|endpoint|method|api|flow)(?: is used to| allows you to| lets you| will| can be used to)? |(?:allows|enables) (?:you|users) to |use this (?:operation|action) to |used to |triggers? (?:a (?:new )?(?:flow|workflow) )?when |fires when |when(?:ever)? |once |on )",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ALIKE = {"retrieves": "retrieve", "searches": "search", "fetches": "fetch", "pushes": "push", "matches": "match", "publishes": "publish", "queries": "query", "copies": "copy", "modifies": "modify", "verifies": "verify", "applies": "apply", "returns": "get", "obtains": "get", "gets": "get", "processes": "process", "dispatches": "dispatch", "patches": "patch", "return": "get", "attaches": "attach", "detaches": "detach", "replies": "reply", "identifies": "identify", "classifies": "classify"}
_MORE_VERBS = frozenset(["retrieve", "return", "provide", "obtain", "identify", "authenticate", "authorize", "configure", "initiate", "manage", "match", "suggest", "specify", "display", "crawl", "scrape", "geocode", "install", "trigger", "test", "use", "define", "view", "watch", "embed", "rotate", "mask", "toggle", "transcribe", "categorize", "inspect", "shorten", "ping", "bulk", "refresh", "reload", "reject", "withdraw", "unassign", "unlock", "mute", "redact", "enrich", "poll", "suspend", "resume", "revert", "download"])
_METHODS = {"get": "get", "post": "run", "put": "update", "patch": "update", "delete": "delete", "head": "check", "options": "describe"}
LONGEST = 40


@lru_cache(maxsize=65536)
def words(text: str) -> tuple[str, ...]:
    """The words of a name or sentence in small ASCII letters: "getUserByID" -> get user by id."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = plain.replace("'s ", "s ").replace("'", "")
    return tuple(re.sub(r"[^A-Za-z0-9]+", " ", _CAMEL.sub(" ", plain)).lower().split())


def joined(parts: Sequence[str], most: int = 6) -> str:
    """Words as one name of at most `LONGEST` letters, never starting with a digit; "" where nothing is left."""
    kept: list[str] = []
    for word in parts[:most]:
        if kept and (word == kept[-1] or sum(map(len, kept)) + len(kept) + len(word) > LONGEST):
            if word == kept[-1]:
                continue
            break
        kept.append(word[:LONGEST])
    while len(kept) > 1 and kept[-1] in _LINKS | _ARTICLES:
        kept.pop()
    name = "_".join(kept)
    return f"n_{name}" if name[:1].isdigit() else name


def free(options: Iterable[str], taken: set[str]) -> str:
    """The first of `options` that is not empty and not in `taken`; else the first with a number. It is added to `taken`."""
    given = [o for o in options if o] or ["unnamed"]
    name = next((o for o in given if o not in taken), "")
    number = 2
    while not name:
        name = "" if f"{given[0]}_{number}" in taken else f"{given[0]}_{number}"
        number += 1
    taken.add(name)
    return name


def connector_name(title: str, api: str, taken: set[str], avoided: Iterable[str] = ()) -> str:
    """What a flow calls a connector: its title in short, else its API's name; never a word of the language or one of `avoided`."""
    # Brands keep their spelling as one word: HubSpot is hubspot, not hub_spot.
    of_title = [w for w in words(_NOISE.sub(" ", title).lower()) if w not in ("connector", "api", "the")]
    of_api = words(re.sub(r"^shared_", "", api))
    base = joined(of_title if 0 < len("_".join(of_title)) <= 30 else of_api or of_title, 5) or "service"
    if base in RESERVED | TYPES | frozenset(avoided):
        base += "_api"
    return free((base,), taken)


def parameter_name(place: str, title: str, taken: set[str], common: bool) -> str:
    """What a flow calls a parameter: its title where that is short, else its key; with its parent where it is not the only one (`common`)."""
    steps = place.split("/")
    leaf = words(steps[-1])
    called = tuple(w for w in words(_NOISE.sub(" ", title)) if w not in _ARTICLES or w == "of")
    short = called if 1 <= len(called) <= 3 and len("_".join(called)) <= 24 else leaf
    name = joined(short or leaf or called) or "value"
    by_key = joined(leaf) or name
    # With "body" as its parent where that is all that tells it from another.
    parent = joined((*words(steps[-2]), *leaf)) if len(steps) > 1 else ""
    options = (parent, name, by_key) if common and len(steps) > 2 else (name, by_key, parent)
    return free((spoken(o) for o in options), taken)


def spoken(name: str) -> str:
    """A name that does not read as a value or an operator of the language."""
    return f"{name}_value" if name in ("true", "false", "null", "not", "and", "or") else name


def action_name(summary: str, identity: str, method: str, many: bool) -> tuple[str, ...]:
    """Names for an action, the best first: verb_noun of the summary, of the id, of both."""
    of_id = _versionless(words(identity))
    said = _clause(summary)
    by_summary, by_id = _verb_first(said), _verb_first(of_id)
    names = [joined(_without_articles(w)) for w in (by_summary, by_id) if w and len(w) > 1]
    if by_summary and len(_without_articles(by_summary)) > 5 and by_id and 1 < len(by_id) < 6:
        names.reverse()
    if not names or (not by_summary and not by_id):
        verb = "list" if many and method.lower() == "get" else _METHODS.get(method.lower(), "run")
        noun = _without_articles(said if 0 < len(said) <= 5 else of_id)
        # A POST does anything: "Reverse IP", "Contact Search" say by themselves what.
        alone = method.lower() in ("post", "") and len(noun) > 1
        names.append(joined(noun if alone else (verb, *noun)))
        if by_summary or by_id:
            names.append(joined(by_summary or by_id))
    names += [joined(of_id), joined((*_without_articles(by_summary or said)[:3], *of_id))]
    return tuple(f"{n}_step" if n in RESERVED else n for n in names)


def trigger_name(summary: str, identity: str) -> tuple[str, ...]:
    """Names for a trigger, the best first: "When a new email arrives" -> new_email_arrives."""
    said = [w for w in _without_articles(_clause(summary)) if w not in _AUXILIARIES]
    for place, word in enumerate(said):
        if place and word in EVENTS and place < 5:
            said = said[: place + 1]
            break
    of_id = [w for w in _versionless(words(identity)) if w not in ("trigger", "when")]
    named = joined(said, 5)
    first = named if 0 < len(said) <= 7 else joined(of_id)
    names = (first, joined(of_id), joined((*said[:3], *of_id)))
    return tuple(f"{n}_event" if n in RESERVED else n for n in names)


def _clause(text: str) -> tuple[str, ...]:
    """The words of a summary without its introduction, versions and what stands in brackets."""
    short = _NOISE.sub(" ", text.split("\n")[0].split(". ")[0]).strip(" .-")
    return words(_OPENING.sub("", short))


def _verb_first(given: Sequence[str]) -> tuple[str, ...]:
    """`given` in the imperative where it begins with a verb; else nothing."""
    if not given:
        return ()
    first = given[0]
    verb = _ALIKE.get(first) or (first if first in VERBS | _MORE_VERBS else first[:-1] if first.endswith("s") and first[:-1] in VERBS | _MORE_VERBS else "")
    if verb in ("get", "retrieve", "fetch", "list") and tuple(given[1:4]) in (("a", "list", "of"), ("the", "list", "of")):
        return ("list", *given[4:])
    if verb == "get" and tuple(given[1:3]) == ("list", "of"):
        return ("list", *given[3:])
    if not verb and len(given) > 2 and given[1] in ("a", "an", "the") and first not in _LINKS | _ARTICLES:
        # Only a verb has an article after it: "place an order".
        verb = first
    return (verb, *given[1:]) if verb else ()


def _without_articles(given: Sequence[str]) -> tuple[str, ...]:
    kept = [w for w in given if w not in _ARTICLES]
    for place, word in enumerate(kept):
        # "list rows present in a table" may end before what only says where.
        if place >= 3 and word in _LINKS:
            return tuple(kept[:place])
    return tuple(kept)


def _versionless(given: Sequence[str]) -> tuple[str, ...]:
    return tuple(w for w in given if not re.fullmatch(r"v\d+", w))

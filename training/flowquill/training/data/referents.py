"""What a step may refer to: results, elements of loops, inputs and variables, with their types and the phrases for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from flowquill.grammar import tree
from flowquill.grammar.catalog import Operation, Output
from flowquill.training.data.banks import Banks, ItemBank, OperationBank
from flowquill.training.data.inflect import plural

PRONOUNS = ("its ", "their ", "his ", "her ", "it", "them", "they ", "that ", "where it", "when it", "what they")
_CLAUSES = ("whether ", "how ", "why ")
_PERSONS = frozenset(
    ["from", "from_", "sender", "requester", "reporter", "author", "owner", "assignee", "organizer", "created_by", "modified_by", "user", "user_email", "mail", "manager", "employee", "recipient", "customer_email", "respondent", "responder", "submitted_by", "assigned_to"]
)
_TITLES = frozenset(["subject", "title", "name", "display_name", "summary", "headline", "label", "topic"])
_MESSAGES = frozenset(["body", "description", "text", "message", "comment", "comments", "note", "notes", "content", "caption", "preview", "answer"])
_STATUSES = frozenset(["status", "state", "priority", "severity", "stage", "type", "kind", "category", "importance", "outcome", "currency", "language"])


def output_class(output: Output, operation: str = "") -> str:
    """The sort of value an output holds: email, person, title, message, url, date, id, status, number, list ..."""
    name, kind = output.name, output.type
    if kind in ("list", "object", "boolean"):
        return kind
    if kind in ("integer", "number"):
        return "id" if name == "id" or name.endswith(("_id", "number")) else "number"
    if output.format == "email" or name == "email" or name.endswith("_email") or name.startswith("email"):
        return "email"
    if output.format in ("datetime", "date") or name.endswith(("_at", "_date", "_time")) or name in ("date", "deadline"):
        return "date"
    if output.format == "url" or name.endswith(("url", "link", "uri")):
        return "url"
    if output.format == "file" or "content" in name:
        return "content"
    if name in _PERSONS:
        return "email" if name in ("mail", "user_email") else "person"
    if name == "id" or name.endswith(("_id", "_key", "number")) or name in ("sid", "key", "reference"):
        return "id"
    if name in ("path", "folder", "folder_path"):
        return "path"
    if name in ("file_name", "filename") or (name == "name" and "file" in operation):
        return "file_name"
    if name in _TITLES:
        return "title"
    if name in _MESSAGES:
        return "message"
    if name in _STATUSES:
        return "status"
    if "phone" in name or name == "mobile":
        return "phone"
    for word in ("company", "city", "country", "product"):
        if word in name:
            return word
    if "price" in name or "amount" in name or "total" in name:
        return "amount"
    if name.endswith("name"):
        return "person"
    return "any" if kind == "any" else "text"


TEXTUAL = frozenset(
    ["email", "person", "title", "message", "url", "date", "id", "status", "file_name", "path", "phone", "company", "city", "country", "product", "amount", "text", "number"]
)
# Which classes of values may fill a slot of each kind.
FEEDS: Mapping[str, frozenset[str]] = {
    "email": frozenset(["email", "person"]),
    "person": frozenset(["person", "email"]),
    "subject": frozenset(["title", "id", "status", "file_name", "company", "product", "person"]),
    "title": frozenset(["title", "id", "file_name", "company", "product", "person", "message"]),
    "sentence": TEXTUAL - {"path"},
    "message": TEXTUAL - {"path"},
    "description": TEXTUAL - {"path"},
    "file_name": frozenset(["file_name", "title", "path"]),
    "folder": frozenset(["path"]),
    "url": frozenset(["url"]),
    "phone": frozenset(["phone"]),
    "date": frozenset(["date"]),
    "datetime": frozenset(["date"]),
    "time": frozenset(["date"]),
    "count": frozenset(["number"]),
    "amount": frozenset(["number", "amount"]),
    "percent": frozenset(["number"]),
    "id": frozenset(["id"]),
    "tag": frozenset(["status"]),
    "company": frozenset(["company"]),
    "product": frozenset(["product", "title"]),
    "city": frozenset(["city"]),
    "country": frozenset(["country"]),
    "keyword": frozenset(["title", "email", "person", "company", "id", "status", "phone"]),
    "status": frozenset(["status"]),
    "priority": frozenset(["status"]),
    "boolean": frozenset(["boolean"]),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A property of a result: its path below the result, type, class and phrases. `output` is None for the whole."""

    path: tuple[str, ...]
    type: str
    sort: str
    phrases: tuple[str, ...]
    output: Output | None


@dataclass(frozen=True, slots=True, eq=False)
class Owner:
    """Something with a name in the flow. `key` stands for the name until names are given.

    `open_base`: the path below which columns unknown to the catalog may be read (a row of a sheet, the body of a request);
    `fields`: these are fields of JSON rather than columns of a table; `bare`: they are attributes of an object ("its size").
    """

    key: str
    role: str
    noun: str
    operation: Operation | None
    places: tuple[Place, ...]
    order: int
    open_base: tuple[str, ...] | None = None
    fields: bool = False
    bare: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A place of an owner, with the phrases that are clear at this point and the expression that reads it."""

    owner: Owner
    place: Place
    phrases: tuple[str, ...]

    @property
    def expression(self) -> tree.Expression:
        """As the flow reads it."""
        expression: tree.Expression = tree.Reference(self.owner.key)
        for name in self.place.path:
            expression = tree.Member(expression, tree.Name(name))
        return expression


@dataclass
class Scope:
    """The owners in sight, the newest last, and the one that "it" means."""

    owners: list[Owner] = field(default_factory=list)
    focus: Owner | None = None

    def find(self, types: Iterable[str], sorts: Iterable[str] | None, *, name: str = "") -> list[Found]:
        """Places whose type is in `types` and whose class is in `sorts` (None: any), or that are called `name`."""
        wanted = frozenset(types)
        classes = None if sorts is None else frozenset(sorts)
        found: list[Found] = []
        later: set[str] = set()
        for owner in reversed(self.owners):
            focused = owner is self.focus
            for place in owner.places:
                if place.type not in wanted or not place.phrases or place.output is None:
                    continue
                if classes is not None and place.sort not in classes and place.output.name != name:
                    continue
                phrases = tuple(
                    p
                    for p in place.phrases
                    if p not in later and (focused or not p.startswith(PRONOUNS)) and (not p.startswith(_CLAUSES) or place.type == "boolean")
                )
                if phrases:
                    found.append(Found(owner, place, phrases))
            for place in owner.places:
                later.update(place.phrases)
        return found

    def whole(self, owner: Owner) -> tuple[str, ...]:
        """Phrases for the owner itself."""
        later = {p for o in self.owners if o.order > owner.order for place in o.places for p in place.phrases}
        place = owner.places[0] if owner.places else None
        if place is None or place.output is not None:
            return ()
        return tuple(p for p in place.phrases if p not in later and (owner is self.focus or not p.startswith(PRONOUNS)))


class Places:
    """The places of results and of list elements by operation, computed once."""

    def __init__(self, banks: Banks) -> None:
        self._banks = banks
        self._results: dict[str, tuple[str, tuple[Place, ...]]] = {}
        self._items: dict[tuple[str, tuple[str, ...]], tuple[tuple[str, ...], tuple[Place, ...]]] = {}

    def result(self, operation: Operation) -> tuple[str, tuple[Place, ...]]:
        """The noun for a result ("file") and its places; the first place is the whole."""
        known = self._results.get(operation.text)
        if known is None:
            known = self._results[operation.text] = self._result(operation)
        return known

    def _result(self, operation: Operation) -> tuple[str, tuple[Place, ...]]:
        bank = self._banks.operations.get(operation.text)
        refer = bank.refer if bank else {}
        whole = refer.get("", ())
        noun = _noun(whole) or "result"
        places = [Place((), "object" if operation.outputs else "any", "whole", whole, None)]
        for output in operation.outputs:
            phrases = (*refer.get(output.name, ()), *_automatic(output, noun))
            places.append(Place((output.name,), output.type, output_class(output, operation.name), phrases, output))
            if output.type == "object":
                for inner in output.properties:
                    more = (*refer.get(f"{output.name}.{inner.name}", ()), f"the {_words(inner.name)} of the {_words(output.name)}")
                    places.append(Place((output.name, inner.name), inner.type, output_class(inner, operation.name), more, inner))
        return noun, tuple(places)

    def element(self, operation: Operation, path: tuple[str, ...], output: Output) -> tuple[tuple[str, ...], tuple[Place, ...]]:
        """The nouns for one element of a list output, and its places."""
        known = self._items.get((operation.text, path))
        if known is None:
            bank = self._banks.operations.get(operation.text)
            item = bank.item.get(".".join(path)) if bank else None
            known = self._items[operation.text, path] = _element(item, bank, output, operation.name)
        return known


def _element(item: ItemBank | None, bank: OperationBank | None, output: Output, operation: str) -> tuple[tuple[str, ...], tuple[Place, ...]]:
    names = item.names if item else (singular(_words(output.name)),)
    if names[0] in ("value", "item", "entry", "element", "datum", "body") and bank is not None and item is None:
        names = (singular(_words(operation).split(" ", 1)[-1]),)
    noun = names[0]
    places = [Place((), "object" if output.properties else "any", "whole", (*(f"the {n}" for n in names), "it"), None)]
    for inner in output.properties:
        phrases = (*(item.properties.get(inner.name, ()) if item else ()), *_automatic(inner, noun))
        places.append(Place((inner.name,), inner.type, output_class(inner, operation), phrases, inner))
    return names, tuple(places)


def _automatic(output: Output, noun: str) -> tuple[str, ...]:
    if output.type in ("list", "any") and len(output.name) < 3:
        return ()
    words = _words(output.name)
    if output.type == "list":
        return (f"the {words}",) if words.endswith("s") else ()
    if words.startswith(noun + " "):
        words = words[len(noun) + 1 :]
    return (f"the {words} of the {noun}", f"the {noun}'s {words}", f"its {words}", f"the {noun} {words}")


def _noun(whole: tuple[str, ...]) -> str:
    for phrase in whole:
        if phrase.startswith("the "):
            return phrase[4:]
    return ""


def _words(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.strip("_").replace("_", " "))
    return spaced.lower() if not spaced.isupper() else spaced


def singular(noun: str) -> str:
    """rows -> row; unchanged where it is none."""
    for one in (noun[:-3] + "y" if noun.endswith("ies") else "", noun[:-2], noun[:-1]):
        if one and plural(one) == noun:
            return one
    return noun

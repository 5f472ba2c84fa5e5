"""Catalogs that know no more of an operation than its name and one line: products, their objects, and what is done to them.

Such catalogs are what companies' own lists of integrations look like, and what people automate with in the fewest words ("create a box
folder", "for every salesforce account ..."). The products and their objects stand in `language/products.json`.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path

from flowquill.grammar.catalog import Catalog, Connector, Operation, Output, load_catalog
from flowquill.training.data.banks import Banks, ItemBank, OperationBank, load_banks
from flowquill.training.data.inflect import a, plural
from flowquill.training.data.public import event, identifier, imperative

_CREATE = ("create", "create", "create", "add", "make", "insert", "set up", "enter", "register", "generate")
_LIST = ("retrieve", "get", "get", "fetch", "list", "obtain", "find", "pull", "read", "collect", "look up", "grab", "query", "load")
_UPDATE = ("update", "update", "update", "modify", "edit", "change", "revise", "alter")
_DELETE = ("delete", "delete", "remove", "remove", "erase", "drop", "get rid of", "discard", "clear out")
_READ = ("get", "retrieve", "fetch", "look up", "read", "find")
# Verbs that people use for some objects rather than for others.
_SPECIAL: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "create": {
        "message": ("send", "post", "write"), "mail": ("send", "send", "write", "send out"), "email": ("send",), "comment": ("add", "post", "write", "leave"), "file": ("upload", "save", "add", "put"),
        "object": ("upload", "put", "store", "add"), "document": ("upload", "save", "add"), "blob": ("upload", "save"), "ticket": ("open", "submit", "raise", "file", "log"), "case": ("open", "raise", "log"),
        "incident": ("open", "report", "raise", "log"), "issue": ("open", "raise", "file", "report", "enter"), "event": ("schedule", "book", "put"), "meeting": ("schedule", "book", "set up"), "task": ("add", "assign"),
        "row": ("add", "insert", "append"), "record": ("add", "insert"), "item": ("add", "put"), "member": ("add", "invite"), "user": ("add", "register", "invite"), "order": ("place", "enter"), "call": ("make", "place"),
        "voice call": ("make", "place"), "pull request": ("open", "submit", "raise"), "merge request": ("open",), "post": ("publish", "write"), "page": ("publish", "write"), "invoice": ("issue", "write"), "subscription": ("add", "start"),
        "reminder": ("set", "add"), "time off request": ("submit", "file"), "expense report": ("submit", "file"), "note": ("add", "write", "leave"), "attachment": ("add", "attach", "upload"), "label": ("add", "put"), "tweet": ("post", "send"),
        "direct message": ("send",), "employee": ("add", "register", "onboard"), "contact": ("add", "register"), "lead": ("add", "register", "capture"), "refund": ("issue",), "payment": ("make", "take"), "envelope": ("send",), "agreement": ("send",),
    },
    "delete": {"event": ("cancel", "call off"), "meeting": ("cancel", "call off"), "appointment": ("cancel",), "order": ("cancel",), "subscription": ("cancel", "end"), "member": ("remove", "kick out"), "user": ("remove", "deactivate"), "label": ("take off",)},
    "update": {"ticket": ("change", "revise"), "status": ("set",), "event": ("reschedule", "move"), "meeting": ("reschedule", "move")},
}  # fmt: skip
_NAMED = {"create": ("create",) * 4 + ("add", "insert"), "list": ("list", "list", "list", "get", "retrieve", "search"), "update": ("update",) * 4 + ("modify", "edit"), "delete": ("delete",) * 4 + ("remove",), "read": ("get", "read", "find")}  # fmt: skip
_TITLES = {
    "create": ("Create {a} in {P}", "Create {a}", "Creates a new {s} in {P}", "Add {a} to {P}", "New {s}", "Create {a} in a {P} account"),
    "list": ("Retrieve all {p} from {P}", "Retrieve all {p}", "Retrieve all the {p} in {P}", "List {p}", "Get {p} from {P}", "Returns the {p} of {P}", "Retrieve {p} by using filters"),
    "update": ("Update {a} in {P}", "Update {a}", "Modify {a} in {P}", "Updates an existing {s}", "Select a {s} ID to be updated", "Update or create {a}"),
    "delete": ("Delete {a} from {P}", "Delete {a}", "Removes {a} from {P}", "Delete {s}"),
    "read": ("Get {a} by its ID", "Retrieve a single {s} from {P}", "Get the details of {a}"),
}


def _operations(connector: str, title: str, objects: Sequence[str], rng: random.Random) -> Iterator[tuple[Operation, str, tuple[str, ...]]]:
    """Operations on the objects of a product, each with its verb's family and the nouns that people use."""
    names = {family: rng.choice(_NAMED[family]) for family in _NAMED}
    wordy = rng.random() < 0.7
    for thing in objects:
        nouns = tuple(thing.split("|"))
        for family, share in (("create", 0.85), ("list", 0.9), ("update", 0.6), ("delete", 0.5), ("read", 0.15)):
            if rng.random() > share:
                continue
            noun = plural(nouns[0]) if family == "list" else nouns[0]
            name = identifier(f"{names[family]} {noun}")
            pattern = rng.choice(_TITLES[family][:2] if wordy else _TITLES[family])
            line = pattern.format(a=a(nouns[0]), s=nouns[0], p=plural(nouns[0]), P=title)
            yield plain_operation(connector, name, f"{connector}_{name}", line, family == "list"), family, nouns


def plain_operation(connector: str, name: str, identity: str, line: str, listing: bool) -> Operation:
    """An operation of which one line is known: no parameters, and a list where it promises one."""
    outputs = (Output("items", "body", "list"),) if listing else (Output("item", "body", "object"),)
    return Operation(connector, name, identity, "action", line, line, (), (), outputs)


def says(family: str, nouns: Sequence[str], products: Sequence[str]) -> list[str]:
    """Ways to ask for it, with the product and without."""
    verbs = {"create": _CREATE, "list": _LIST, "update": _UPDATE, "delete": _DELETE, "read": _READ}[family]
    said: list[str] = []
    for noun in nouns:
        own = (*_SPECIAL.get(family, {}).get(noun, ()), *_SPECIAL.get(family, {}).get(noun.split(" ")[-1], ()))
        for verb in dict.fromkeys((*own, *verbs)):
            for product in products:
                said += _sentences(family, verb, noun, product)
    return list(dict.fromkeys(said))


def _sentences(family: str, verb: str, noun: str, product: str) -> list[str]:
    many, lower = plural(noun), product.lower()
    match family:
        case "create":
            into = {"upload": "to", "add": "to", "post": "in", "put": "into", "save": "to", "store": "in"}.get(verb, "in")
            return [f"{verb} {a(noun)}", f"{verb} a new {noun}", f"{verb} {a(f'{product} {noun}')}", f"{verb} a new {product} {noun}", f"{verb} {a(f'{lower} {noun}')}", f"{verb} a new {lower} {noun}",
                    f"{verb} {a(noun)} {into} {product}", f"{verb} a new {noun} {into} {product}", f"{verb} {a(noun)} using {product}", f"{verb} the {noun} {into} {lower}", f"{verb} the {noun}"]  # fmt: skip
        case "list":
            return [f"{verb} all {many}", f"{verb} all {product} {many}", f"{verb} all the {many} from {product}", f"{verb} {many} from {lower}", f"{verb} the {product} {many}", f"{verb} all the {lower} {many}",
                    f"{verb} all available {many} from {product}", f"{verb} my {product} {many}", f"{verb} every {noun} in {product}", f"{verb} the {many}", f"{verb} {product} {many}", f"{verb} the list of {many} in {product}"]  # fmt: skip
        case "update":
            return [f"{verb} the {noun}", f"{verb} the {product} {noun}", f"{verb} {a(f'{lower} {noun}')}", f"{verb} the {noun} in {product}", f"{verb} an existing {noun}", f"{verb} {a(noun)}", f"{verb} the existing {lower} {noun}"]
        case "delete":
            return [f"{verb} the {noun}", f"{verb} the {product} {noun}", f"{verb} {a(f'{lower} {noun}')}", f"{verb} the {noun} from {product}", f"{verb} {a(noun)}", f"{verb} that {noun}"]
        case _:
            return [f"{verb} the {noun}", f"{verb} the details of the {product} {noun}", f"{verb} {a(f'{lower} {noun}')}", f"{verb} one {noun} from {product}"]


def plain_bank(operation: Operation, family: str, nouns: Sequence[str], products: Sequence[str]) -> OperationBank:
    """The bank of such an operation."""
    many = tuple(plural(n) for n in nouns)
    refer = {"": tuple(f"the {n}" for n in nouns)} if family != "list" else {"": tuple(f"the {n}" for n in many), "items": tuple(p for n in many for p in (f"the {n}", f"all {n}", f"the retrieved {n}"))}
    item = {"items": ItemBank(tuple(nouns), {})} if family == "list" else {}
    return OperationBank(operation, tuple(says(family, nouns, products)), {}, refer, item, _mentions(products), "in", True, True)


def _mentions(products: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(m for p in products for m in (p, p.lower())))


def load_plain(folder: Path | str = "", seed: int = 7) -> tuple[Catalog, Banks]:
    """A catalog of bare operations and their banks: the products of the language folder, and the lists of operations in `folder` (`*_operations.json`)."""
    catalog, own = load_catalog(builtin=False), load_banks()
    connectors: dict[str, Connector] = {}
    banks: list[OperationBank] = []
    for file in sorted(Path(folder).glob("*_operations.json")) if folder else ():
        listed = load_catalog([file], builtin=False)
        for connector in listed.connectors.values():
            connectors[connector.name] = connector
            banks += [b for o in connector.operations if (b := _listed_bank(o, connector.title)) is not None]
    products = json.loads(resources.files("flowquill.training").joinpath("language/products.json").read_text(encoding="utf-8"))
    for named, objects in products.items():
        title, *short = named.split("|")
        rng = random.Random(f"{seed}/{title}")
        name = identifier(title.lower())
        # A product that a list has too stands twice, as in a company with two accounts; each pair is offered one of them.
        name = f"{name}_2" if name in connectors else name
        made = list(_operations(name, title, objects, rng))
        connectors[name] = Connector(name, title, name, "", "", tuple({o.name: o for o, _, _ in made}.values()))
        banks += [plain_bank(o, family, nouns, short or [title]) for o, family, nouns in made]
    return catalog.merged(connectors.values()), Banks({b.operation.text: b for b in banks}, own.language, own.values)


_FAMILIES = {"create": "create", "list": "list", "update": "update", "delete": "delete", "upsert": "update", "get": "read"}


def _listed_bank(operation: Operation, title: str) -> OperationBank | None:
    """The bank of an operation of a list, read from its name; of one with a verb of its own, from its line."""
    verb, _, rest = operation.name.partition("_")
    noun = re.sub(r"\d+$", "", rest).replace("_", " ").strip()
    if operation.kind == "trigger":
        said = event(operation.summary or operation.title)
        return OperationBank(operation, (said,), {}, {}, {}, (), "in", True) if said else None
    products = [title, re.sub(r"^(?:Microsoft|Amazon|Google|IBM|AWS) ", "", title)]
    if verb in _FAMILIES and noun and len(noun) < 30:
        from flowquill.training.data.referents import singular

        return plain_bank(operation, _FAMILIES[verb], (singular(noun),), products)
    said = imperative(operation.title)
    return OperationBank(operation, (said, f"{said} in {title}"), {}, {}, {}, _mentions((title,)), "in", True, True) if said else None

"""What people say in a few words that takes several steps: "delete all closed tickets", "copy all leads from Marketo to Salesforce",
"create a folder, a file and a comment in Box", "for every Salesforce account ...". For catalogs of bare operations (`data.plain`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flowquill.grammar import tree
from flowquill.training.data.banks import OperationBank
from flowquill.training.data.inflect import a, plural
from flowquill.training.data.nodes import Act, Condition, Loop, Node
from flowquill.training.data.referents import Found, Owner

if TYPE_CHECKING:
    from flowquill.training.data.planner import Planner

_COPY = ("copy", "copy", "copy over", "sync", "transfer", "migrate", "export", "import", "replicate", "bring")
_EVERY = ("{p}", "all {p}", "all the {p}", "every {s}", "each {s}", "all of the {p}")
_PARENTS = ("folder", "account", "workspace", "project", "list", "team", "org", "instance", "store", "board")
_NUMBERS = ("1. {0} 2. {1}", "1) {0} 2) {1}", "(1) {0} (2) {1}", "a) {0} b) {1}")
_NUMBERS3 = ("1. {0} 2. {1} 3. {2}", "1) {0} 2) {1} 3) {2}", "(1) {0} (2) {1} (3) {2}", "a) {0} b) {1} c) {2}")


def idiom(planner: Planner, budget: int, depth: int) -> Node | None:
    """One of them; None where the draw does not work out."""
    makers = [(each, 3.0), (bulk, 3.0), (copy, 2.0), (several, 3.0), (bulk_known, 4.0)]
    if depth:
        makers = [(several, 3.0), (bulk, 0.5)]
    make = planner.draft.rng.choices([m for m, _ in makers], [w for _, w in makers])[0]
    return make(planner, budget, depth)


_FAMILIES = {
    "create": "create", "add": "create", "insert": "create", "list": "list", "get": "list", "retrieve": "list", "search": "list",
    "update": "update", "modify": "update", "edit": "update", "delete": "delete", "remove": "delete",
}  # fmt: skip


def _family(bank: OperationBank) -> str:
    """What it does to its object, by the first word of its name; "" for what is none of the four."""
    return _FAMILIES.get(bank.operation.name.partition("_")[0], "")


def _noun(bank: OperationBank) -> str:
    """The object that a bare operation is about, in the singular."""
    names = bank.item["items"].names if bank.item else tuple(r.removeprefix("the ") for r in bank.refer.get("", ()))
    return names[0] if names else ""


def _connectors(planner: Planner) -> dict[str | None, list[OperationBank]]:
    return planner.stock.public_actions


def _lists(planner: Planner) -> OperationBank | None:
    pool = planner.stock.public_lists
    found = [b for b in pool[planner.draft.rng.choice(list(pool))] if b.item and _noun(b)]
    return planner.draft.rng.choice(found) if found else None


def _with(planner: Planner, bank: OperationBank, families: Sequence[str]) -> OperationBank | None:
    """An operation on the same object of the same product."""
    noun = _noun(bank)
    kin = [b for b in _connectors(planner)[bank.operation.connector] if _family(b) in families and not b.item and _noun(b) == noun]
    return planner.draft.rng.choice(kin) if kin else None


def _verb(planner: Planner, bank: OperationBank) -> str:
    """One word for what is done; "get rid of" and "clear out" are more than one."""
    verb = planner.draft.rng.choice(bank.says).split(" ", 1)[0]
    return "delete" if verb in ("get", "clear") else verb


def _product(planner: Planner, bank: OperationBank) -> str:
    return planner.draft.rng.choice(bank.mentions) if bank.mentions else ""


def _fetch(planner: Planner, bank: OperationBank) -> tuple[tree.Call, Owner, Owner]:
    """The call that lists, its result and one element, both in scope."""
    draft, operation = planner.draft, bank.operation
    draft.operations.append(operation)
    planner.used.append(operation.connector)
    noun, places = draft.places.result(operation)
    owner = draft.introduce("looped", noun, operation, places)
    name = _noun(bank)
    _, inner = draft.places.element(operation, ("items",), operation.outputs[0])
    item = draft.introduce("item", name, operation, inner, open_base=(), bare=True)
    return tree.Call(name=tree.Name(owner.key), callee=_callee(operation.connector, operation.name), arguments=()), owner, item


def _callee(connector: str | None, name: str) -> tree.Callee:
    return tree.Callee(tree.Name(connector) if connector else None, tree.Name(name))


def _bare_call(planner: Planner, bank: OperationBank) -> tree.Call:
    planner.draft.operations.append(bank.operation)
    planner.used.append(bank.operation.connector)
    return tree.Call(name=None, callee=_callee(bank.operation.connector, bank.operation.name), arguments=())


def _items(owner: Owner) -> tree.Expression:
    return tree.Member(tree.Reference(owner.key), tree.Name("items"))


def each(planner: Planner, budget: int, depth: int) -> Node | None:
    """ "for every retrieved Salesforce account, ..." """
    draft, scope = planner.draft, planner.draft.scope
    bank = _lists(planner)
    if bank is None:
        return None
    owners, focus = list(scope.owners), scope.focus
    call, owner, item = _fetch(planner, bank)
    product, noun = _product(planner, bank), _noun(bank)
    lead = draft.rng.choice(("", "", "retrieved ", "existing "))
    named = draft.rng.choice((f"{lead}{product} {noun}", f"{noun} in {product}", f"{lead}{product} {noun}", f"{noun} from {product}", f"{noun} in my {product} account", f"{noun} in my {product} {draft.rng.choice(_PARENTS)}", f"{noun} of the {product} {draft.rng.choice(_PARENTS)}"))
    many = named.replace(noun, plural(noun), 1)
    loop = Loop(item.key, _items(owner), named, many, f"all {many}", [], fetch=(call,))
    loop.body = planner.block(max(1, min(budget - 1, 2)), depth + 1)
    scope.owners, scope.focus = owners, focus
    draft.tag("for", "implied list")
    return loop if loop.body else None


def _filter(planner: Planner, item: Owner) -> tuple[str, str, Condition]:
    """Which elements are meant: a word before the noun, words after it, and the condition."""
    draft = planner.draft
    state = draft.rng.choice(draft.banks.language["attributes"]["states"])
    base = draft.base_of(item)
    if draft.chance(0.45):
        marked = draft.ledger.mark(state, state)
        before, after = draft.rng.choice(((f"{marked} ", ""), ("", f" that are {marked}"), ("", f" which are {marked}"), ("", f" marked as {marked}"), ("", f" that have been {marked}")))
        return before, after, Condition("", tree.Index(base, tree.Literal(state)))
    column = draft.rng.choice(draft.columns(frozenset(["status", "number", "person"]), item))
    name = column["name"]
    marked = draft.ledger.mark(name, name)
    left = tree.Index(base, tree.Literal(name))
    if column["class"] == "number":
        amount = draft.rng.choice((5, 10, 50, 100, 500, 1000, 5000))
        words, sign = draft.rng.choice((("above", ">"), ("larger than", ">"), ("greater than", ">"), ("over", ">"), ("more than", ">"), ("below", "<"), ("less than", "<"), ("under", "<"), ("at least", ">=")))
        said = draft.number(amount)
        after = draft.rng.choice((f" whose {marked} is {words} {said}", f" with {marked} {words} {said}", f" where the {marked} is {words} {said}"))
        return "", after, Condition("", tree.Binary(sign, left, tree.Literal(amount)))
    value = draft.rng.choice(column["values"]) if column.get("values") else str(draft.values.value(draft.rng, "person"))
    said = draft.quote(value, "status")
    after = draft.rng.choice((f" whose {marked} is {said}", f" with {marked} {said}", f" with the {marked} {said}", f" where the {marked} is {said}", f" that have {marked} {said}", f" of {marked} {said}"))
    return "", after, Condition("", tree.Binary("==", left, tree.Literal(value)))


def _guarded(condition: Condition | None, statements: tuple[tree.Statement, ...]) -> tuple[tree.Statement, ...]:
    return statements if condition is None else (tree.If(condition=condition.expression, then=statements, otherwise=None),)


def bulk(planner: Planner, budget: int, depth: int) -> Node | None:
    """ "delete all closed Jira issues", "retrieve and update all leads from Marketo" """
    draft, scope = planner.draft, planner.draft.scope
    bank = _lists(planner)
    acting = _with(planner, bank, ("delete", "update")) if bank is not None else None
    if bank is None or acting is None:
        return None
    owners, focus = list(scope.owners), scope.focus
    call, owner, item = _fetch(planner, bank)
    verb = _verb(planner, acting)
    before, after, condition = _filter(planner, item) if draft.chance(0.5) else ("", "", None)
    product, noun = _product(planner, bank), _noun(bank)
    many = f"{before}{draft.rng.choice((f'{product} {plural(noun)}{after}', f'{plural(noun)} from {product}{after}', f'{plural(noun)} in {product}{after}', f'{product} {plural(noun)}{after}'))}"
    fetch = draft.rng.choice(("retrieve", "get", "find", "fetch", "list"))
    text = draft.rng.choice((f"{verb} all {many}", f"{verb} all the {many}", f"{verb} every one of the {many}", f"{fetch} and {verb} all {many}", f"{fetch} all {many} and {verb} them", f"{fetch} all the {many} and {verb} each of them"))
    body = _guarded(condition, (_bare_call(planner, acting),))
    scope.owners, scope.focus = owners, focus
    draft.tag("for", "bulk")
    return Act(text, (call, tree.For(item=tree.Name(item.key), source=_items(owner), degree=None, body=body)))


def bulk_known(planner: Planner, budget: int, depth: int) -> Node | None:
    """ "delete those that are closed", of a list that an earlier step brought """
    draft, scope = planner.draft, planner.draft.scope
    lists = [f for f in planner.lists() if f.owner.operation is not None and f.owner.role == "result"]
    if not lists:
        return None
    found: Found = draft.rng.choice(lists)
    bank = planner.draft.banks.operations.get(found.owner.operation.text) if found.owner.operation else None
    acting = _with(planner, bank, ("delete", "update")) if bank is not None and bank.item else None
    if bank is None or acting is None or found.place.output is None:
        return None
    owners, focus = list(scope.owners), scope.focus
    noun = _noun(bank)
    item = draft.introduce("item", noun, bank.operation, (), open_base=(), bare=True)
    planner.looped(found)
    verb = _verb(planner, acting)
    before, after, condition = _filter(planner, item) if draft.chance(0.6) else ("", "", None)
    many = plural(noun)
    which = [f"all {before}{many}{after}", f"the {before}{many}{after}", f"all the {before}{many}{after}", f"each {before}{noun}{after}"]
    if after:
        which += [f"those{after}", f"the ones{after}", f"all{after}"]
    elif not before:
        which += ["all of them", "them all", "each of them"]
    body = _guarded(condition, (_bare_call(planner, acting),))
    scope.owners, scope.focus = owners, focus
    draft.tag("for", "bulk")
    return Act(f"{verb} {draft.rng.choice(which)}", (tree.For(item=tree.Name(item.key), source=found.expression, degree=None, body=body),))


def copy(planner: Planner, budget: int, depth: int) -> Node | None:
    """ "copy all leads from Marketo to Salesforce", "create a Trello card for every Jira issue" """
    draft, scope = planner.draft, planner.draft.scope
    bank = _lists(planner)
    if bank is None:
        return None
    noun = _noun(bank)
    makers = [b for c, banks in _connectors(planner).items() if c != bank.operation.connector for b in banks if _family(b) == "create"]
    same = [b for b in makers if _noun(b).split(" ")[-1] == noun.split(" ")[-1]]
    target = draft.rng.choice(same if same and draft.chance(0.7) else makers)
    owners, focus = list(scope.owners), scope.focus
    call, owner, item = _fetch(planner, bank)
    here, there, other = _product(planner, bank), _product(planner, target), _noun(target)
    what = draft.rng.choice(_EVERY).format(p=plural(noun), s=noun)
    verb = draft.rng.choice(_COPY)
    if other.split(" ")[-1] == noun.split(" ")[-1]:
        text = draft.rng.choice((f"{verb} {what} from {here} to {there}", f"{verb} {what} in {here} to {there}", f"{verb} {here} {plural(noun)} to {there}", f"{verb} {what} of {here} into {there}"))
    else:
        made_of = draft.rng.choice((f"{a(other)} in {there}", f"{a(f'{there} {other}')}", f"a new {there} {other}"))
        text = draft.rng.choice((f"create {made_of} for each {here} {noun}", f"add {made_of} for every {noun} in {here}", f"{verb} {what} from {here} to {there} as {plural(other)}", f"create {made_of} for all {here} {plural(noun)}"))
    body = (_bare_call(planner, target),)
    scope.owners, scope.focus = owners, focus
    draft.tag("for", "copy")
    return Act(text, (call, tree.For(item=tree.Name(item.key), source=_items(owner), degree=None, body=body)))


def several(planner: Planner, budget: int, depth: int) -> Node | None:
    """ "create a folder, a file and a comment in Box", "get all Jira projects and issues" """
    draft = planner.draft
    pool = _connectors(planner)
    banks = pool[draft.rng.choice(list(pool))]
    family = draft.rng.choice(("create", "create", "list", "list", "delete", "update"))
    kin = [b for b in banks if _family(b) == family and bool(b.item) == (family == "list") and _noun(b)]
    kin = list({_noun(b): b for b in kin}.values())
    if len(kin) < 2:
        return None
    chosen = draft.rng.sample(kin, 3 if len(kin) > 2 and draft.chance(0.5) else 2)
    product = _product(planner, chosen[0])
    nouns = [_noun(b) for b in chosen]
    verb = draft.rng.choice({"create": ("create", "add", "make", "set up"), "list": ("get", "retrieve", "fetch", "list", "obtain", "pull"), "delete": ("delete", "remove"), "update": ("update", "modify")}[family])
    things = [plural(n) for n in nouns] if family == "list" else nouns
    roll = draft.rng.random()
    if roll < 0.15:
        numbered = [f"{product} {things[0]}", *things[1:]]
        text = f"{verb} - {draft.rng.choice(_NUMBERS if len(things) == 2 else _NUMBERS3).format(*numbered)}"
    elif roll < 0.25:
        text = f"{verb} the following in {product}: {', '.join(things)}"
    else:
        lead = {"list": ("all ", "all the ", "the ", ""), "create": ("",), "delete": ("the ",), "update": ("the ",)}[family]
        first = draft.rng.choice(lead)
        tail = draft.rng.random() < 0.4
        said = [f"{things[0]}" if tail else f"{product} {things[0]}", *things[1:]]
        if family == "create":
            said = [a(said[0]), *(a(s) if draft.chance(0.7) else s for s in said[1:])]
        joined = f"{', '.join(said[:-1])} and {said[-1]}"
        text = f"{verb} {first}{joined}" + (draft.rng.choice((f" in {product}", f" from {product}" if family == "list" else f" in {product}")) if tail else "")
    draft.tag("shared verb")
    return Act(text, tuple(_bare_call(planner, b) for b in chosen))


def elsewhere(planner: Planner, banks: Sequence[OperationBank | None]) -> tuple[int, Act, str, str] | None:
    """The same step with another product: its place, the new step, and both products as they are called; None where none fits."""
    draft = planner.draft
    found = [(i, b) for i, b in enumerate(banks) if b is not None and b.plain and _family(b) in ("create", "delete", "update") and _noun(b)]
    if not found:
        return None
    index, bank = draft.rng.choice(found)
    last = _noun(bank).split(" ")[-1]
    kin = [b for c, others in _connectors(planner).items() if c != bank.operation.connector for b in others if _family(b) == _family(bank) and not b.item]
    same = [b for b in kin if _noun(b).split(" ")[-1] == last]
    if not same:
        return None
    target = draft.rng.choice(same)
    old, new = _product(planner, bank), _product(planner, target)
    if old.lower() == new.lower():
        return None
    verb = _verb(planner, target)
    say = draft.rng.choice((f"{verb} the {_noun(target)} in {new}", f"{verb} {a(f'{new} {_noun(target)}')}", f"{verb} it in {new}", f"use {new}", f"{verb} the {_noun(target)} with {new}"))
    return index, Act(say, (_bare_call(planner, target),)), old, new

"""Conditions: what is compared, with what, and how people say it."""

from __future__ import annotations

import re

from flowquill.grammar import tree
from flowquill.training.data.draft import Draft
from flowquill.training.data.nodes import Condition
from flowquill.training.data.referents import Found, Owner
from flowquill.training.data.text import CLOSE, OPEN, plain

_KINDS = {
    "email": "email", "person": "person", "title": "keyword", "message": "keyword", "status": "status", "file_name": "file_name",
    "path": "folder", "company": "company", "city": "city", "country": "country", "product": "product", "text": "keyword", "any": "keyword",
    "id": "id", "url": "url", "phone": "phone",
}  # fmt: skip
_TEXT = ("email", "person", "title", "message", "status", "file_name", "path", "company", "city", "country", "product", "text", "any")
_QUOTED_VALUE = re.compile(f"[\"'“`«]?{OPEN}..*?{CLOSE}[\"'”`»]?")
_OPERATORS = {">": ">", "<": "<", ">=": ">=", "<=": "<=", "==": "==", "!=": "!="}


def condition(draft: Draft, *, joined: bool = True, owner: Owner | None = None, element: bool = False) -> Condition | None:
    """A condition on something in scope; None where nothing fits. `owner` limits it to one; `element`: to be said of `item`."""
    if joined and draft.chance(0.13):
        first, second = condition(draft, joined=False, owner=owner), condition(draft, joined=False, owner=owner)
        if first is not None and second is not None and first.expression != second.expression:
            word = draft.rng.choice(("and", "and", "or"))
            draft.tag(word)
            said = draft.rng.choice(draft.banks.language["conditions"][word]).format(a=first.text, b=second.text)
            return Condition(said, tree.Binary(word, first.expression, second.expression))
        return first or second
    opened = owner if owner is not None and owner.open_base is not None else (draft.open_owner() if owner is None else None)
    if opened is not None and draft.chance(0.65):
        return _of_column(draft, opened)
    found = draft.scope.find(("text", "integer", "number", "boolean", "list"), None)
    found = [f for f in found if f.place.sort not in ("content", "url", "object") and (owner is None or f.owner is owner)]
    if not found:
        return None
    decided = [f for f in found if f.place.sort == "status"]
    one = draft.prefer(decided if decided and draft.chance(0.35) else found)
    return _of_place(draft, one)


def other(draft: Draft, first: Condition) -> Condition | None:
    """A condition on the same thing with another value ("... if the type is vendor"); None where the first compares no text."""
    match first.expression:
        case tree.Binary("==", left, tree.Literal(str() as value)):
            said = next((m for m in _QUOTED_VALUE.finditer(first.text) if plain(m[0]).strip("\"'“”`«»") == value), None)
            if said is None:
                return None
            candidates = [v for c in draft.banks.language["attributes"]["named"] for v in c.get("values", ()) if v != value and value in c["values"]]
            fresh = draft.rng.choice(candidates) if candidates else str(draft.values.value(draft.rng, "keyword"))
            text = first.text[: said.start()] + draft.quote(fresh, "status") + first.text[said.end() :]
            return Condition(text, tree.Binary("==", left, tree.Literal(fresh)))
        case _:
            return None


def _of_place(draft: Draft, one: Found) -> Condition | None:
    phrase, expression = draft.rng.choice(one.phrases[:5]), one.expression
    if one.place.output is not None and one.place.output.enum:
        return _listed(draft, phrase, expression, one.place.output.enum)
    match one.place.type:
        case "boolean":
            return _boolean(draft, phrase, expression)
        case "list":
            return _list(draft, one, phrase, expression)
        case "integer" | "number":
            if one.place.sort == "id":
                return _text(draft, phrase, expression, "id", number=True)
            return _number(draft, phrase, expression)
        case _:
            if one.place.sort == "date":
                return _date(draft, phrase, expression)
            return _text(draft, phrase, expression, one.place.sort, values=usual(draft, one))


_USUAL = {
    "severity": ["High", "Medium", "Low", "Critical", "Informational"],
    "priority": ["High", "Medium", "Low", "Urgent", "Critical"],
    "importance": ["high", "normal", "low"],
    "currency": ["USD", "EUR", "GBP", "CHF"],
    "language": ["en", "de", "fr", "es", "English", "German"],
    "media_type": ["application/pdf", "image/png", "text/csv"],
}


def _listed(draft: Draft, phrase: str, expression: tree.Expression, values: tuple[str, ...]) -> Condition:
    """A comparison with one of the values that the catalog lists, whatever form of the word is said."""
    chosen, other = (list(values) * 2)[(at := draft.rng.randrange(len(values))) : at + 2]
    key = draft.rng.choice(("==",) * 7 + ("!=",) * 2 + (("in",) if len(values) > 2 else ()))
    idioms = draft.banks.language["conditions"]["decided"].get(chosen)
    if key == "==" and idioms and draft.chance(0.7):
        return Condition(str(draft.rng.choice(idioms)), tree.Binary("==", expression, tree.Literal(chosen)))

    def said(value: str) -> str:
        form = draft.rng.choice((value, value, plain_words(value), *draft.banks.language["conditions"]["forms"].get(value, ())))
        return draft.quote(form, "status") if form == value else draft.ledger.mark(form, value)

    text = _phrase(draft, "text", key).format(x=phrase, v=said(chosen), w=said(other))
    first = tree.Binary("!=" if key == "!=" else "==", expression, tree.Literal(chosen))
    if key != "in":
        return Condition(text, first)
    draft.tag("or")
    return Condition(text, tree.Binary("or", first, tree.Binary("==", expression, tree.Literal(other))))


def plain_words(value: str) -> str:
    """A value as words: notStarted is "not started", partially_paid "partially paid"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", value).replace("_", " ").lower()


def usual(draft: Draft, one: Found) -> list[str] | None:
    """Values that such a property really takes: what operations of the connector accept under its name, or common ones."""
    if one.place.sort != "status" or not one.place.path:
        return None
    name = one.place.path[-1]
    operation = one.owner.operation
    if operation is not None and operation.connector is not None and operation.connector in draft.catalog.connectors:
        for other in draft.catalog.connectors[operation.connector].operations:
            parameter = other.parameter(name)
            if parameter is not None and parameter.enum:
                return list(parameter.enum)
    return _USUAL.get(name)


def _of_column(draft: Draft, owner: Owner) -> Condition | None:
    if owner.bare and draft.chance(0.25):
        return _of_state(draft, owner)
    column = draft.rng.choice(draft.columns(None, owner))
    phrase, expression = draft.column_of(owner, column["name"])
    draft.tag("column")
    match column["class"]:
        case "number":
            return _number(draft, phrase, expression)
        case "date":
            return _date(draft, phrase, expression)
        case sort:
            return _text(draft, phrase, expression, sort, values=column.get("values"))


def _of_state(draft: Draft, owner: Owner) -> Condition:
    """ "the task is completed", where no attribute is named that could be so."""
    state = draft.rng.choice(draft.banks.language["attributes"]["states"])
    marked = draft.ledger.mark(state, state)
    subject = draft.rng.choice((f"the {owner.noun}", f"the {owner.noun}", "it" if owner is draft.scope.focus else f"that {owner.noun}"))
    expression = tree.Index(draft.base_of(owner), tree.Literal(state))
    if draft.chance(0.2):
        return Condition(draft.rng.choice(("{x} is not {v}", "{x} isn't {v}", "{x} has not been {v}")).format(x=subject, v=marked), tree.Unary("not", expression))
    return Condition(draft.rng.choice(("{x} is {v}", "{x} is {v}", "{x} is marked as {v}", "{x} has been {v}")).format(x=subject, v=marked), expression)


def _phrase(draft: Draft, group: str, key: str) -> str:
    return str(draft.rng.choice(draft.banks.language["conditions"][group][key]))


def _call(name: str, *arguments: tree.Expression) -> tree.Expression:
    return tree.Function(tree.Name(name), arguments)


def _boolean(draft: Draft, phrase: str, expression: tree.Expression) -> Condition:
    if phrase.startswith("whether "):
        return Condition(phrase.removeprefix("whether "), expression)
    if draft.chance(0.7):
        return Condition(_phrase(draft, "boolean", "true").format(x=phrase), expression)
    return Condition(_phrase(draft, "boolean", "false").format(x=phrase), tree.Unary("not", expression))


def _number(draft: Draft, phrase: str, expression: tree.Expression) -> Condition:
    operator = draft.rng.choice((">", ">", ">", "<", "<", ">=", "<=", "==", "!="))
    value = draft.values.value(draft.rng, draft.rng.choice(("count", "count", "amount")))
    if isinstance(value, float):
        value = round(value)
    assert isinstance(value, int)
    said = _phrase(draft, "number", operator).format(x=phrase, v=draft.number(value))
    return Condition(said, tree.Binary(_OPERATORS[operator], expression, tree.Literal(value)))


def _date(draft: Draft, phrase: str, expression: tree.Expression) -> Condition:
    now = _call("utcNow")
    kind = draft.rng.choice(("past", "past", "future", "older", "soon", "empty"))
    if kind == "empty":
        return Condition(_phrase(draft, "text", "empty").format(x=phrase), _call("empty", expression))
    if kind in ("past", "future"):
        return Condition(_phrase(draft, "date", kind).format(x=phrase), tree.Binary("<" if kind == "past" else ">", expression, now))
    days = draft.rng.choice((2, 3, 5, 7, 10, 14, 30, 60, 90))
    number: tree.Expression = tree.Literal(days)
    if kind == "older":
        number = tree.Unary("-", number)
    said = _phrase(draft, "date", kind).format(x=phrase, v=draft.number(days))
    return Condition(said, tree.Binary("<", expression, _call("addDays", now, number)))


def _text(
    draft: Draft, phrase: str, expression: tree.Expression, sort: str, *, values: list[str] | None = None, number: bool = False
) -> Condition | None:
    if number:
        value = draft.rng.randint(100, 99999)
        said = _phrase(draft, "text", "==").format(x=phrase, v=draft.ledger.mark(str(value), value))
        return Condition(said, tree.Binary("==", expression, tree.Literal(value)))
    kind = _KINDS.get(sort, "keyword")
    choices: tuple[str, ...]
    if sort == "status":
        choices = ("==",) * 7 + ("!=",) * 3 + ("in",) * 2 + ("empty", "not empty")
    elif sort in ("title", "message", "path", "file_name"):
        choices = ("contains",) * 7 + ("startsWith", "endsWith", "==", "empty", "not empty", "not contains")
    else:
        choices = ("==",) * 4 + ("contains",) * 4 + ("!=",) * 2 + ("endsWith", "startsWith", "empty", "not empty", "not contains", "in")
    key = draft.rng.choice(choices)
    if key in ("empty", "not empty"):
        empty = _call("empty", expression)
        return Condition(_phrase(draft, "text", key).format(x=phrase), empty if key == "empty" else tree.Unary("not", empty))

    def stated() -> tuple[str, tree.Expression]:
        if key == "endsWith" and sort in ("file_name", "path", "title"):
            text = "." + draft.rng.choice(draft.values.words("extension"))
        elif key == "endsWith" and sort in ("email", "person"):
            text = "@" + draft.rng.choice(draft.values.words("domain"))
        else:
            text = draft.rng.choice(values) if values else str(draft.values.value(draft.rng, kind))
            if key in ("contains", "not contains", "startsWith") and sort == "email":
                text = draft.rng.choice(draft.values.words("domain"))
        quoted = draft.quote(text, "keyword" if kind != "email" else kind)
        return quoted, tree.Literal(text)

    said, literal = stated()
    template = _phrase(draft, "text", key)
    if key == "in":
        other, literal2 = stated()
        if literal2 == literal:
            return None
        draft.tag("or")
        return Condition(
            template.format(x=phrase, v=said, w=other), tree.Binary("or", tree.Binary("==", expression, literal), tree.Binary("==", expression, literal2))
        )
    text = template.format(x=phrase, v=said)
    if key in ("==", "!="):
        return Condition(text, tree.Binary(key, expression, literal))
    called = _call(key.removeprefix("not "), expression, literal)
    return Condition(text, tree.Unary("not", called) if key.startswith("not ") else called)


def _list(draft: Draft, one: Found, phrase: str, expression: tree.Expression) -> Condition | None:
    noun = phrase.removeprefix("the ").removeprefix("all ")
    if not phrase.startswith("the ") or " of " in noun:
        noun = one.place.path[-1].replace("_", " ") if one.place.path else "results"
    from flowquill.training.data.referents import singular

    key = draft.rng.choice(("empty", "empty", "not empty", "not empty", ">", "<", ">="))
    template = _phrase(draft, "list", key)
    if "{s}" in template and singular(noun) == noun:
        template = _phrase(draft, "list", "empty" if key == "empty" else key)
    empty = _call("empty", expression)
    values = {"x": phrase, "n": noun, "s": singular(noun)}
    if key in ("empty", "not empty"):
        return Condition(template.format(**values), empty if key == "empty" else tree.Unary("not", empty))
    count = draft.rng.choice((1, 2, 3, 5, 10, 20, 50, 100))
    return Condition(
        template.format(v=draft.number(count), **values), tree.Binary(key, _call("length", expression), tree.Literal(count))
    )

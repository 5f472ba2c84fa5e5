"""One request in the making: its random numbers, its values, what is in scope, and the filling of templates."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog, Operation, Parameter
from flowquill.grammar.types import assignable
from flowquill.training.data.banks import Banks, OperationBank, slots
from flowquill.training.data.pairs import Value
from flowquill.training.data.referents import FEEDS, TEXTUAL, Found, Owner, Place, Places, Scope
from flowquill.training.data.text import Ledger
from flowquill.training.data.values import BARE, QUOTED, Values, number_word

KEY = "\ue500"
# A reference may stand behind a preposition, a verb at the beginning, or "and"; not behind a noun ("row {id}") or an article.
_BEFORE_REFERENCE = re.compile(
    r"(?:^|\b(?:to|in|into|from|with|for|about|on|onto|of|at|as|by|under|via|using|and|saying|is|are|than|through|inside|between|after|before|"
    r"contains|containing|reads|reading|mentioning|email|tell|notify|message|text|ask|set|titled|called|named|it|them|out|up|off|against))\s$|^\w+ $"
)
_AFTER_REFERENCE = re.compile(
    r"^(?:$|[,.;:)]|\s+(?:in|to|for|with|on|about|from|as|and|into|under|through|via|using|by|at|or|is|are|of|if|when|saying|inside|that|who|whose|"
    r"then|so|until|after|before|within|up|off|out|over|against|between|a|an|the|was|has|gets|named|called|titled)\b)"
)
_QUOTES = (('"', '"'),) * 6 + (("'", "'"),) * 3 + (("“", "”"),) * 2 + (("`", "`"), ("«", "»"))
_PRIMITIVE = ("text", "integer", "number", "boolean", "list", "object", "any")
_ACCEPTS = {t: frozenset(v for v in _PRIMITIVE if assignable(v, t)) for t in _PRIMITIVE}


@dataclass
class Draft:
    """The state of one request. Everything random comes from `rng`."""

    rng: random.Random
    banks: Banks
    catalog: Catalog
    places: Places
    ledger: Ledger = field(default_factory=Ledger)
    scope: Scope = field(default_factory=Scope)
    tags: dict[str, None] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    withheld: dict[str, None] = field(default_factory=dict)
    templates: bool = True
    terse: bool = False
    plain: bool = False
    _count: int = 0
    _last_connector: str | None = None

    @property
    def values(self) -> Values:
        """The literal values."""
        return self.banks.values

    def chance(self, share: float) -> bool:
        """True in `share` of the cases."""
        return self.rng.random() < share

    def tag(self, *names: str) -> None:
        """Notes phenomena of this request."""
        for name in names:
            self.tags[name] = None

    def key(self) -> str:
        """A stand-in for a name, unique in the flow."""
        self._count += 1
        return f"{KEY}{self._count}"

    def say(self, key: str, name: str = "connectives") -> str:
        """A phrase of the banks."""
        return self.banks.say(self.rng, key, name)

    def introduce(self, role: str, noun: str, operation: Operation | None, places: tuple[Place, ...], **rest: Any) -> Owner:
        """A new owner in scope, which "it" now means."""
        owner = Owner(self.key(), role, noun, operation, places, self._count, **rest)
        self.scope.owners.append(owner)
        self.scope.focus = owner
        return owner

    # Numbers and literals

    def number(self, value: float) -> str:
        """A number as it is said, marked."""
        word = number_word(int(value)) if isinstance(value, int) and self.chance(0.25) else None
        return self.ledger.mark(word or f"{value:g}" if not isinstance(value, int) else word or str(value), value)

    def literal(self, kind: str | Sequence[Any], parameter: Parameter | None) -> tuple[str, tree.Expression] | None:
        """A value as it is said, marked and perhaps quoted, and as the flow writes it."""
        wanted = parameter.type if parameter else "any"
        if kind == "boolean" or wanted == "boolean":
            truth = self.chance(0.7)
            return ("true" if truth else "false"), tree.Literal(truth)
        if parameter is not None and parameter.enum and (kind == "enum" or wanted == "text"):
            chosen = self.rng.choice(parameter.enum)
            said = chosen if self.chance(0.5) else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", chosen).lower()
            surface = self.ledger.mark(said, chosen)
            one: tree.Expression = tree.Literal(chosen)
            return surface, tree.ListExpression((one,)) if wanted == "list" else one
        if kind == "enum" or wanted == "object":
            return None
        if wanted == "list":
            return self._several(kind)
        value = self._value(kind)
        if wanted in ("integer", "number"):
            if isinstance(value, str) and not re.fullmatch(r"\d+(\.\d+)?", value):
                return None
            number = float(value)
            amount = int(number) if wanted == "integer" or number.is_integer() else number
            return self.number(amount), tree.Literal(amount)
        if not isinstance(value, str):
            text = f"{value:g}"
            return self.ledger.mark(text, text), tree.Literal(text)
        return self.quote(value, kind if isinstance(kind, str) else "list"), tree.Literal(value)

    def _value(self, kind: str | Sequence[Any]) -> Value:
        value = self.values.value(self.rng, kind) if isinstance(kind, str) else self.rng.choice(kind)
        return value if isinstance(value, (int, float, str)) else str(value)

    def _several(self, kind: str | Sequence[Any]) -> tuple[str, tree.Expression]:
        count = self.rng.choice((1, 1, 2, 2, 3))
        said: list[str] = []
        items: list[tree.Expression] = []
        quoted = self.chance(0.3)
        for _ in range(count):
            value = str(self._value(kind))
            items.append(tree.Literal(value))
            marked = self.ledger.mark(value, value)
            said.append(f'"{marked}"' if quoted and '"' not in value else marked)
        return (said[0] if count == 1 else ", ".join(said[:-1]) + " and " + said[-1]), tree.ListExpression(tuple(items))

    def quote(self, value: str, kind: str) -> str:
        """The value marked, in quotes as often as people put values of this kind in quotes."""
        marked = self.ledger.mark(value, value)
        if kind in BARE:
            share = 0.08
        elif kind in QUOTED or re.search(r"[.!?,:;]", value):
            share = 0.92
        elif value[:1].islower() and " " in value:
            share = 0.8
        else:
            share = 0.35
        if not self.chance(share):
            return marked
        fitting = [q for q in _QUOTES if q[0] not in value and q[1] not in value]
        left, right = self.rng.choice(fitting or [("“", "”")])
        return f"{left}{marked}{right}"

    # Filling templates

    def clause(self, bank: OperationBank, *, references: float = 0.5) -> tuple[str, tuple[tree.Argument, ...]] | None:
        """A template of the operation with its slots filled, and the arguments; None where no template can be filled."""
        says = bank.says
        if bank.plain and (self._last_connector != bank.operation.connector or self.chance(0.4)):
            says = tuple(s for s in says if any(m in s for m in bank.mentions)) or says
        first = self.rng.choice(says)
        if self._last_connector == bank.operation.connector and bank.mentions and any(m in first for m in bank.mentions) and self.chance(0.6):
            first = self.rng.choice(says)
        tries = [first, self.rng.choice(says), self.rng.choice(says), *says]
        for template in tries:
            if self.terse and len(slots(template)) > 1:
                continue
            made = self._fill(template, bank, references)
            if made is not None:
                self._last_connector = bank.operation.connector
                return made
        return None

    def _fill(self, template: str, bank: OperationBank, references: float) -> tuple[str, tuple[tree.Argument, ...]] | None:
        text, rest = "", template
        arguments: list[tree.Argument] = []
        for name in slots(template):
            before, rest = rest.split("{" + name + "}", 1)
            text += before
            parameter = bank.operation.parameter(name)
            kind = bank.values.get(name)
            if parameter is None or kind is None or any(a.parameter.text == name for a in arguments):
                return None
            made = self._slot(bank, parameter, kind, text, rest, references)
            if made is None:
                return None
            surface, expression = made
            text += surface
            arguments.append(tree.Argument(tree.Name(name), expression))
        text += rest
        order = {p.name: i for i, p in enumerate(bank.operation.parameters)}
        arguments.sort(key=lambda a: order[a.parameter.text])
        return text, tuple(arguments)

    def _slot(
        self, bank: OperationBank, parameter: Parameter, kind: str | Sequence[Any], before: str, after: str, references: float
    ) -> tuple[str, tree.Expression] | None:
        possible = self.scope.owners and _BEFORE_REFERENCE.search(before) and _AFTER_REFERENCE.search(after)
        if possible and not parameter.enum and self.chance(references):
            made = self.reference(bank.operation, parameter, kind)
            if made is not None:
                self.tag("reference")
                return made
        if self.templates and possible and kind in ("subject", "message", "sentence", "title", "description") and self.chance(0.1):
            mixed = self.mixture(kind)
            if mixed is not None:
                self.tag("interpolation")
                return mixed
        return self.literal(kind, parameter)

    def reference(self, operation: Operation, parameter: Parameter, kind: str | Sequence[Any]) -> tuple[str, tree.Expression] | None:
        """A phrase for something in scope that may stand for the parameter, and the expression that reads it."""
        whole = self._whole_as_id(operation, parameter)
        if whole is not None and self.chance(0.5):
            return whole
        types = _ACCEPTS[parameter.type]
        sorts: frozenset[str]
        if isinstance(kind, str):
            sorts = FEEDS.get(kind, frozenset())
            if "content" in parameter.name or parameter.format == "file":
                sorts = sorts | {"content"}
        else:
            sorts = frozenset()
        if parameter.type == "list":
            sorts = sorts | {"list"}
        if parameter.type == "object":
            sorts = sorts | {"object"}
        if parameter.type == "any":
            sorts = sorts | {"content", "any", "object"}
        column = self._column(sorts) if parameter.type not in ("list", "object") else None
        found = self.scope.find(types, sorts, name=parameter.name)
        if column is not None and (not found or self.chance(0.5)):
            self.tag("column")
            return column
        if not found:
            return whole
        one = self.prefer(found)
        return self.rng.choice(one.phrases[:5]), one.expression

    def prefer(self, found: Sequence[Found]) -> Found:
        """One of the places, mostly of what was mentioned last."""
        focus = self.scope.focus
        near = [f for f in found if f.owner is focus]
        if near and self.chance(0.7):
            found = near
        told = [f for f in found if len(f.phrases) > 2]
        return self.rng.choice(told if told and self.chance(0.6) else found)

    def _whole_as_id(self, operation: Operation, parameter: Parameter) -> tuple[str, tree.Expression] | None:
        """ "the file" or "it", where an id of that thing is asked for by an operation of the same connector."""
        for owner in reversed(self.scope.owners):
            if owner.operation is None or owner.operation.connector != operation.connector:
                continue
            nouns = (owner.noun.split(" ")[-1], "item", "row", "message", "file", "record")
            fits = parameter.name == "id" or any(parameter.name in (f"{n}_id", n, f"{n}_path") for n in nouns)
            if not fits or parameter.type not in ("text", "any", "integer"):
                continue
            for name in (parameter.name, "id", "path" if "path" in parameter.name else "id"):
                place = next((p for p in owner.places if p.path == (name,)), None)
                if place is not None and place.type in _ACCEPTS[parameter.type]:
                    phrases = self.scope.whole(owner)
                    if phrases:
                        self.tag("whole")
                        phrase = self.rng.choice((*phrases, "it") if owner is self.scope.focus else phrases)
                        return phrase, Found(owner, place, ()).expression
        return None

    def columns(self, sorts: frozenset[str] | None, owner: Owner | None = None) -> list[Mapping[str, Any]]:
        """Columns, or attributes of an object of which nothing else is known, whose values are of these classes."""
        known = self.banks.language["attributes"]["named"] if owner is not None and owner.bare else self.banks.language["columns"]
        return [c for c in known if sorts is None or c["class"] in sorts]

    def open_owner(self) -> Owner | None:
        """Something in scope with columns or fields that the catalog does not know."""
        owners = [o for o in self.scope.owners if o.open_base is not None]
        return self.scope.focus if self.scope.focus in owners else (owners[-1] if owners else None)

    def _column(self, sorts: frozenset[str]) -> tuple[str, tree.Expression] | None:
        owner = self.open_owner()
        if owner is None:
            return None
        fitting = self.columns(sorts, owner)
        if not fitting:
            return None
        return self.column_of(owner, self.rng.choice(fitting)["name"])

    def column_of(self, owner: Owner, name: str) -> tuple[str, tree.Expression]:
        """ "the Email column" of a row, "the customerEmail field" of a body, "the file's size" where only an object is known."""
        if owner.bare:
            return self._attribute_of(owner, name)
        if owner.fields:
            words = name.split(" ")
            name = self.rng.choice((words[0].lower() + "".join(w.capitalize() for w in words[1:]), "_".join(words).lower()))
        elif self.chance(0.1):
            name = name.replace(" ", "")
        marked = self.ledger.mark(name, name)
        if self.chance(0.15):
            marked = self.rng.choice(('"{}"', "'{}'")).format(marked)
        forms = ["the {c} field", "the field {c}", "the {c} in the body", "{c} from the body"] if owner.fields else ["the {c} column", "the {c}", "the value in {c}", "the column {c}"]
        if not owner.fields:
            forms += [f"the {owner.noun}'s {{c}}", f"the {{c}} of the {owner.noun}", f"the {owner.noun} {{c}}"]
            if owner is self.scope.focus:
                forms += ["its {c}", "its {c}", "its {c} column"]
        return self.rng.choice(forms).format(c=marked), tree.Index(self.base_of(owner), tree.Literal(name))

    def _attribute_of(self, owner: Owner, name: str) -> tuple[str, tree.Expression]:
        marked = self.ledger.mark(name, name)
        noun = owner.noun
        forms = [f"the {noun}'s {{c}}", f"the {noun} {{c}}", f"the {{c}} of the {noun}", f"{noun} {{c}}", "the {c}"]
        if owner is self.scope.focus:
            forms += ["its {c}", "its {c}"]
        return self.rng.choice(forms).format(c=marked), tree.Index(self.base_of(owner), tree.Literal(name))

    @staticmethod
    def base_of(owner: Owner) -> tree.Expression:
        """The expression below which an owner's columns are read."""
        expression: tree.Expression = tree.Reference(owner.key)
        for part in owner.open_base or ():
            expression = tree.Member(expression, tree.Name(part))
        return expression

    def mixture(self, kind: str) -> tuple[str, tree.Expression] | None:
        """A literal followed by something in scope ("New order" and the order number), or two things joined by "and"."""
        found = self.scope.find(("text", "integer", "number"), TEXTUAL)
        if not found:
            return None
        one = self.prefer(found)
        phrase = self.rng.choice(one.phrases[:4])
        if self.chance(0.4):
            others = [f for f in found if f.owner is one.owner and f.place is not one.place]
            if others:
                other = self.rng.choice(others)
                joint = self.ledger.mark("and", "and")
                return (
                    f"{phrase} {joint} {self.rng.choice(other.phrases[:4])}",
                    tree.Template((one.expression, " and ", other.expression)),
                )
        words = str(self.values.value(self.rng, "subject" if kind in ("subject", "title") else "sentence")).rstrip(".!?")
        left, right = self.rng.choice((('"', '"'), ("'", "'"), ("“", "”"), ("", "")))
        if left in words and left:
            return None
        joint = self.rng.choice((" and ", " followed by ", " plus ", " and then ", " with "))
        return f"{left}{self.ledger.mark(words, words)}{right}{joint}{phrase}", tree.Template((f"{words} ", one.expression))

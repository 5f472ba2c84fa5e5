"""What a decoder chooses at each step: the forward parser's terminals, with everything that is forced left out.

A `Step` is one decision: a class ("if", "call", "text" ...) and, where the class points at something, what it points at. One
step may write several tokens: calling an operation writes `name = connector.operation(`, a reference writes its whole path.
Names of results, loops and variables are derived by rule, never decided.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flowquill.grammar import types
from flowquill.grammar.catalog import Catalog, Operation, Output
from flowquill.grammar.forward import Forward, State
from flowquill.grammar.functions import FUNCTIONS
from flowquill.grammar.lalr import END
from flowquill.grammar.naming import result_name
from flowquill.grammar.stack import (
    Binding,
    argument_in_progress,
    item_in_scope,
    name_role,
    need,
    open_call,
    open_object,
)
from flowquill.grammar.types import ANY, ValueType, assignable

Token = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """One decision. `value`, by class: an Operation, a parameter's name, a Path, a Span, an enum's text, a Number, a Kept."""

    kind: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the request, as code point offsets [start, end)."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Number:
    """A number the request mentions, `value` as it is meant; `hour` when it is a time of day (17 for "5 pm")."""

    start: int
    end: int
    value: int | float
    hour: int | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """A name in scope with up to two properties."""

    name: str
    properties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """A piece of the flow that is being edited, taken over as it is: its tokens and where it stands in that flow's text.

    `kind`: "trigger", "statement", "argument", "expression", "case", or "head": a loop or condition up to the brace that opens it.
    """

    kind: str
    start: int
    end: int
    tokens: tuple[Token, ...] = field(compare=False, repr=False, default=())


@dataclass(frozen=True, slots=True)
class Request:
    """What a flow is written from: the text, the numbers in it, and the pieces of a flow that may be kept."""

    text: str
    numbers: tuple[Number, ...] = ()
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """A legal reference: where it points and of which type it is."""

    path: Path
    type: ValueType
    binding: Binding
    output: Output | None


@dataclass(frozen=True, slots=True)
class Options:
    """The legal steps of a state. Classes without a value are complete in `kinds`; the others list what they point at."""

    kinds: frozenset[str]
    operations: str = ""
    parameters: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    enum: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()
    callee: Operation | None = None

    @property
    def forced(self) -> Step | None:
        """The only step there is, where there is only one and it points at nothing open."""
        if len(self.kinds) != 1:
            return None
        kind = next(iter(self.kinds))
        return Step(kind) if kind not in POINTING else None


POINTING = frozenset({"call", "trigger", "parameter", "reference", "variable", "step", "enum", "text", "number", "keep", "chunk", "key", "input"})
_WORDS = {
    "IF": "if", "SWITCH": "switch", "FOR": "for", "DO": "do", "SCOPE": "scope", "PARALLEL": "parallel", "TRY": "try",
    "TODO": "todo", "REFUSE": "refuse", "VAR": "var", "SET": "set", "APPEND": "append", "INCREMENT": "increment",
    "DECREMENT": "decrement", "AFTER": "after", "RBRACE": "close", "LBRACE": "open", "ELSE": "else", "CASE": "case",
    "DEFAULT": "default", "BRANCH": "branch", "CATCH": "catch", "FINALLY": "finally", "UNTIL": "until", "LIMIT": "limit",
    "HOLE": "hole", "TRUE": "true", "FALSE": "false", "NULL": "null", "TEMPLATE_OPEN": "template", "TEMPLATE_CLOSE": "end_template",
    "LSQB": "bracket", "RSQB": "end_bracket", "LPAR": "group", "RPAR": "end", "COMMA": "next", "COLON": "colon", "AND": "and",
    "OR": "or", "NOT": "not", "BY": "by", "TO": "to", "SUCCEEDED": "succeeded", "FAILED": "failed", "SKIPPED": "skipped",
    "TIMED_OUT": "timed_out", "EQUAL": "equal", "MANUAL": "manual",
}  # fmt: skip
_VALUED = ("TYPE", "COMPARISON", "SIGN", "FACTOR")
_SPELLED = {"TYPE": tuple(f"type:{name}" for name in types.SIMPLE), "COMPARISON": ("==", "!=", "<=", ">=", "<", ">"), "SIGN": ("+", "-"), "FACTOR": ("*", "/", "%")}
FUNCTION_CHOICES = tuple(sorted(name for name, signature in FUNCTIONS.items() if signature.offered))
KINDS: tuple[str, ...] = (
    *dict.fromkeys(_WORDS.values()),
    *(t for name in _VALUED for t in _SPELLED[name]),
    "??",
    *sorted(POINTING),
    "empty",
    "zero",
    "one",
    "stop",
    *(f"function:{name}" for name in FUNCTION_CHOICES),
)
_ONCE = frozenset({"statement", "head", "case"})
_NOT_OFFERED = frozenset({"AT", "DOT", "PARAM", "FLOW", "OPTIONAL"})
_TERMINAL = {word: terminal for terminal, word in _WORDS.items()}
_SPELLING = {text: name for name in _VALUED for text in _SPELLED[name]}


class IllegalStep(Exception):
    """A step that the state does not allow."""


@dataclass(frozen=True)
class Writer:
    """A flow being written: the parser's state, the tokens so far, and how deep the block is in which writing began."""

    state: State
    request: Request
    tokens: tuple[Token, ...] = ()
    base: int = 0
    done: bool = False

    @classmethod
    def create(cls, forward: Forward, request: Request) -> Writer:
        """A new flow; its name is a placeholder for the caller to replace."""
        return cls(forward.start, request)._feed(("FLOW", "flow"), ("NAME", "new_flow"), ("LBRACE", "{"))

    @classmethod
    def resume(cls, state: State, request: Request) -> Writer:
        """Statements to be put where `state` stands: writing stops where the block would be closed."""
        return cls(state, request, (), _depth(state))

    @property
    def catalog(self) -> Catalog:
        return self.state.forward.catalog

    def options(self) -> Options:
        """What may come next."""
        ready = self.state.ready()
        terminals = self.state.terminals()
        kinds: set[str] = set()
        found: dict[str, Any] = {}
        for terminal in terminals:
            if terminal in _NOT_OFFERED:
                continue
            context = ready[terminal]
            if terminal == "NAME":
                self._name(context, kinds, found)
            elif terminal == "ON":
                kinds.add("trigger")
                found["operations"] = "trigger"
            elif terminal == "PARAMETER":
                self._parameter(context, kinds, found)
            elif terminal == "STRING":
                self._string(context, kinds, found)
            elif terminal == "NUMBER":
                if self.request.numbers:
                    kinds.add("number")
                kinds.update(("zero", "one"))
            elif terminal == "CHUNK":
                kinds.add("chunk")
            elif terminal == "COMMA":
                self._comma(context, kinds, found)
            elif terminal == "COLON":
                if context.entries[-1][0] != "NAME":
                    kinds.add("colon")
            elif terminal in _VALUED:
                kinds.update(_SPELLED[terminal])
            elif terminal == self.state.forward.coalesce:
                kinds.add("??")
            elif terminal == "RBRACE" and self._at_base(context):
                kinds.add("stop")
            elif terminal == "LSQB" and context.entries[-1][1] is not None and isinstance(context.entries[-1][1], ValueType):
                if context.entries[-1][1].name in ("any", "object", "list"):
                    kinds.add("bracket")
            elif terminal in _WORDS:
                kinds.add(_WORDS[terminal])
        if self.request.kept:
            self._keep(terminals, ready, kinds, found)
        return Options(frozenset(kinds), **found)

    def _at_base(self, context: State) -> bool:
        return bool(self.base) and _depth(context) == self.base

    def _name(self, context: State, kinds: set[str], found: dict[str, Any]) -> None:
        role = name_role(context.entries)
        if role == "start":
            kinds.add("call")
            found["operations"] = "action"
        elif role == "variable":
            kinds.add("variable")
            found["references"] = tuple(
                Reference(Path(n), context.scope.names[n].type, context.scope.names[n], None)
                for n in context.forward.values("NAME", context).fixed
            )
        elif role == "step":
            kinds.add("step")
            found["references"] = tuple(
                Reference(Path(n), ANY, context.scope.names.get(n, Binding(n, ANY, "result")), None) for n in sorted(context.scope.steps)
            )
        elif role == "value":
            wanted = need(context.entries, context.forward)
            references = tuple(_references(context, wanted))
            if references:
                kinds.add("reference")
                found["references"] = references
            for name in context.forward.values("NAME", context).fixed:
                if name in FUNCTIONS and FUNCTIONS[name].offered and name not in context.scope.names:
                    kinds.add(f"function:{name}")

    def _parameter(self, context: State, kinds: set[str], found: dict[str, Any]) -> None:
        values = context.forward.values("PARAMETER", context)
        if values.free:
            kinds.add("input")
        elif values.fixed:
            kinds.add("parameter")
            found["parameters"] = values.fixed
            call = open_call(context.entries)
            found["callee"] = call[0] if call and isinstance(call[0], Operation) else None

    def _comma(self, context: State, kinds: set[str], found: dict[str, Any]) -> None:
        """In an argument list the comma belongs to the parameter that follows it."""
        following = context.forward.shifted("COMMA", ",", context)
        terminals = following.terminals()
        if "PARAMETER" in terminals:
            self._parameter(following.ready()["PARAMETER"], kinds, found)
        else:
            kinds.add("next")

    def _string(self, context: State, kinds: set[str], found: dict[str, Any]) -> None:
        values = context.forward.values("STRING", context)
        top = context.entries[-1][0]
        if top == "NAME" or (top in ("TYPE", "OPTIONAL") and not values.fixed):
            return
        if values.fixed:
            kinds.add("enum")
            found["enum"] = values.fixed
        if values.spans and top != "REFUSE":
            if _key_next(context):
                kinds.add("key")
            else:
                kinds.add("text")
                if top not in ("TODO", "REFUSE", "LSQB", "CASE"):
                    kinds.add("empty")

    def _keep(self, terminals: frozenset[str], ready: dict[str, State], kinds: set[str], found: dict[str, Any]) -> None:
        wanted: tuple[str, ...] = ()
        if "ON" in terminals:
            wanted = ("trigger",)
        elif "TODO" in terminals:
            wanted = ("statement", "head")
        elif "CASE" in terminals:
            wanted = ("case",)
        elif "PARAMETER" in terminals or ("COMMA" in terminals and "parameter" in kinds):
            wanted = ("argument",)
        elif "HOLE" in terminals:
            wanted = ("expression",)
        if not wanted:
            return
        given = set(found.get("parameters", ()))
        kept = tuple(k for k in self.request.kept if k.kind in wanted and (k.kind != "argument" or k.tokens[0][1] in given))
        if kept:
            kinds.add("keep")
            found["kept"] = kept

    def choose(self, step: Step) -> Writer:
        """The flow after one step. Raises IllegalStep where the state does not allow it."""
        kind, value = step.kind, step.value
        if kind == "stop":
            return replace(self, done=True)
        if kind == "call":
            return self._call(value)
        if kind == "trigger":
            return self._trigger(value)
        if kind == "parameter":
            comma = (("COMMA", ","),) if "COMMA" in self.state.terminals() else ()
            return self._feed(*comma, ("PARAMETER", value), ("COLON", ":"))
        if kind == "input":
            comma = (("COMMA", ","),) if "COMMA" in self.state.terminals() else ()
            return self._feed(*comma, ("PARAMETER", self._identifier(value)), ("COLON", ":"))
        if kind in ("reference", "variable", "step"):
            tokens = [("NAME", value.name)]
            for name in value.properties:
                tokens += [("DOT", "."), ("PROPERTY", name)]
            return self._feed(*tokens)
        if kind in ("text", "enum", "key", "empty"):
            text = "" if kind == "empty" else value if kind == "enum" else self.text(value)
            writer = self._feed(("STRING", text))
            return writer._feed(("COLON", ":")) if kind == "key" else writer
        if kind == "chunk":
            return self._feed(("CHUNK", self._chunk(value)))
        if kind in ("number", "zero", "one"):
            return self._feed(("NUMBER", {"zero": "0", "one": "1"}.get(kind) or _spell(self.number(value))))
        if kind == "keep":
            comma = (("COMMA", ","),) if value.kind == "argument" and "COMMA" in self.state.terminals() else ()
            return self._apart(value)._without(value)._feed(*comma, *value.tokens, naming=False)
        if kind.startswith("function:"):
            return self._feed(("NAME", kind[9:]), ("LPAR", "("))
        if kind == "??":
            return self._feed((self.state.forward.coalesce, "??"))
        if kind in _SPELLING:
            return self._feed((_SPELLING[kind], kind.removeprefix("type:")))
        if kind == "for":
            return self._feed(("FOR", "for"), ("NAME", self._fresh("element")), ("IN", "in"))
        if kind == "var":
            return self._feed(("VAR", "var"), ("NAME", self._fresh("variable")), ("COLON", ":"))
        if kind == "set":
            return self._feed(("SET", "set"))
        if kind == "scope":
            return self._feed(("SCOPE", "scope"), ("NAME", self._fresh("steps")))
        if kind == "limit":
            return self._feed(("LIMIT", "limit"), ("LPAR", "("))
        if kind == "end_template" and self.tokens and self.tokens[-1][0] == "CHUNK":
            trimmed = (*self.tokens[:-1], ("CHUNK", self.tokens[-1][1].rstrip()))
            return replace(self, tokens=trimmed)._feed(("TEMPLATE_CLOSE", '"'))
        terminal = _TERMINAL[kind]
        return self._feed((terminal, self.state.forward.table.literals.get(terminal, kind)))

    def settled(self) -> tuple[Writer, tuple[Step, ...]]:
        """The flow after all steps that leave no choice, and those steps."""
        writer, taken = self, []
        while not writer.done:
            forced = writer.options().forced
            if forced is None:
                break
            writer = writer.choose(forced)
            taken.append(forced)
        return writer, tuple(taken)

    def called_bare(self) -> frozenset[str]:
        """Operations, "connector.operation", that the block in progress has called without any argument: once more would be the same again."""
        found: set[str] = set()
        depth = 0
        tokens = self.tokens
        for at in range(len(tokens) - 1, 3, -1):
            kind = tokens[at][0]
            if kind == "RBRACE":
                depth += 1
            elif kind == "LBRACE":
                depth -= 1
                if depth < 0:
                    break
            elif kind == "RPAR" and not depth and [t for t, _ in tokens[at - 4 : at]] == ["NAME", "DOT", "OPERATION", "LPAR"]:
                found.add(f"{tokens[at - 4][1]}.{tokens[at - 2][1]}")
        return frozenset(found)

    def text(self, span: Span) -> str:
        """The request's words of a span."""
        return self.request.text[span.start : span.end]

    def number(self, number: Number) -> int | float:
        """The number as this place means it: the hour of a day where hours are asked for."""
        parameter = argument_in_progress(self.state.ready()["NUMBER"].entries)
        if parameter is not None and parameter.name == "hours" and number.hour is not None:
            return number.hour
        return number.value

    def _chunk(self, span: Span) -> str:
        """A chunk of a template, with the blanks that keep it apart from the values beside it."""
        text = self.text(span)
        inside = self.tokens and self.tokens[-1][0] == "RBRACE"
        return (" " if inside and text[:1].isalnum() else "") + text + " "

    def _identifier(self, span: Span) -> str:
        words = re.findall(r"[A-Za-z0-9]+", self.text(span).lower())
        name = "_".join(words) or "value"
        if not name[0].isalpha():
            name = "value_" + name
        return self._fresh(name)

    def _fresh(self, name: str) -> str:
        number, candidate = 1, name
        taken = self._taken()
        while candidate in taken or not self.state.forward.unused(candidate, self.state):
            number += 1
            candidate = f"{name}_{number}"
        return candidate

    def _taken(self) -> set[str]:
        """Names in use. The tokens count too, since the last statement is bound only when the next one begins."""
        return set(self.state.scope.names) | set(self.state.scope.steps) | {n for t, n in self.tokens if t == "NAME"}

    def _call(self, operation: Operation) -> Writer:
        callee = _callee(operation)
        name = result_name(operation, self._taken() | set(self.catalog.connectors) | set(self.catalog.builtins))
        return self._feed(("NAME", name), ("EQUAL", "="), *callee, ("LPAR", "("))

    def _trigger(self, operation: Operation | None) -> Writer:
        if operation is None:
            return self._feed(("ON", "on"), ("MANUAL", "manual"), ("LPAR", "("))
        return self._feed(("ON", "on"), *_callee(operation), ("LPAR", "("))

    def _without(self, kept: Kept) -> Writer:
        """This flow, where a statement that is kept cannot be kept again, nor what it is part of."""
        if kept.kind not in _ONCE:
            return self
        rest = tuple(k for k in self.request.kept if k.end <= kept.start or k.start >= kept.end)
        return replace(self, request=replace(self.request, kept=rest))

    def _apart(self, kept: Kept) -> Writer:
        """This flow, where names that `kept` binds too are given other names: what is kept stays as it is."""
        bound = [n for (t, n), (after, _) in zip(kept.tokens, kept.tokens[1:], strict=False) if t == "NAME" and after in ("EQUAL", "IN")]
        clashing = [n for n in bound if n in self._taken()]
        if kept.kind not in _ONCE or not clashing or self.base:
            return self
        tokens = self.tokens
        for name in clashing:
            fresh = self._fresh(name + "_new")
            tokens = tuple((t, fresh if t == "NAME" and text == name else text) for t, text in tokens)
        return replace(self, state=self.state.forward.start, tokens=())._feed(*tokens, naming=False)

    def _feed(self, *tokens: Token, naming: bool = True) -> Writer:
        state = self.state
        written = list(self.tokens)
        for terminal, text in tokens:
            following = state.shift(terminal, text)
            if following is None and terminal == "NAME" and state.stack:
                ready = state.ready().get(terminal)
                following = state.forward.shifted(terminal, text, ready) if ready is not None and name_role(ready.entries) in ("new", "start") else None
            if following is None:
                raise IllegalStep(f"{terminal} {text!r} may not come after {' '.join(t for _, t in written[-8:])}")
            state = following
            written.append((terminal, text))
            if naming and terminal == "RPAR" and "AS" in state.terminals():
                named = self._trigger_name(state)
                if named:
                    for extra in (("AS", "as"), ("NAME", named)):
                        state = state.forward.shifted(extra[0], extra[1], state.ready()[extra[0]])
                        written.append(extra)
        finished = "FLOW" in state.terminals() and END in state.terminals() and bool(written)
        return replace(self, state=state, tokens=tuple(written), done=self.done or finished)

    def _trigger_name(self, state: State) -> str | None:
        entries = state.ready()["AS"].entries
        event = entries[-1][1]
        if isinstance(event, Operation):
            if not event.outputs:
                return None
            return result_name(event, set(state.scope.names) | set(self.catalog.connectors) | set(self.catalog.builtins))
        return "request"

    def source(self) -> str:
        """The tokens as text; to be parsed and formatted by the caller."""
        return write(self.tokens)


def write(tokens: Sequence[Token]) -> str:
    """Tokens as text that parses to the same tree."""
    parts: list[str] = []
    template = 0
    for terminal, text in tokens:
        if terminal == "STRING":
            parts.append(" " + _quote(text))
        elif terminal == "CHUNK":
            parts.append(_quote(text)[1:-1].replace("{", "\\{").replace("}", "\\}"))
        elif terminal == "TEMPLATE_OPEN":
            template += 1
            parts.append(' $"')
        elif terminal == "TEMPLATE_CLOSE":
            template -= 1
            parts.append('"')
        elif (template and parts and terminal in ("LBRACE", "RBRACE")) or terminal in ("DOT", "PROPERTY", "OPERATION", "COMMA"):
            parts.append(text)
        else:
            parts.append(" " + text)
    return "".join(parts)


def _quote(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _callee(operation: Operation) -> tuple[Token, ...]:
    if operation.connector is None:
        return (("NAME", operation.name),)
    return (("NAME", operation.connector), ("DOT", "."), ("OPERATION", operation.name))


def _spell(number: int | float) -> str:
    return str(number) if isinstance(number, int) else repr(number)


def _depth(state: State) -> int:
    """Braces open at `state`; one just closed may still stand on the stack beside its opening one."""
    symbols = [symbol for symbol, _ in state.entries]
    return symbols.count("LBRACE") - symbols.count("RBRACE")


def _key_next(context: State) -> bool:
    return context.entries[-1][0] in ("LBRACE", "COMMA") and open_object(context.entries)


def _references(context: State, wanted: str) -> list[Reference]:
    """Names and their properties, two deep, that may stand where `wanted` is the type."""
    found: list[Reference] = []
    bindings = list(context.scope.names.values())
    if item_in_scope(context.entries):
        bindings.append(Binding("item", ANY, "loop"))

    def fits(kind: ValueType) -> bool:
        return wanted in ("any", "boolean", "operand") or kind.name == "any" or assignable(kind.name, wanted) or (kind.name == "object" and not kind.properties)

    for binding in bindings:
        if fits(binding.type) or binding.type.name in ("any", "object"):
            found.append(Reference(Path(binding.name), binding.type, binding, None))
        if binding.type.name != "object":
            continue
        for output in binding.type.properties:
            kind = types.of_output(output)
            if fits(kind):
                found.append(Reference(Path(binding.name, (output.name,)), kind, binding, output))
            if kind.name == "object":
                for inner in output.properties:
                    if fits(types.of_output(inner)):
                        found.append(Reference(Path(binding.name, (output.name, inner.name)), types.of_output(inner), binding, inner))
    return found

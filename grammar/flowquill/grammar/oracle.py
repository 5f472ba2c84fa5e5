"""A flow as the steps that write it: what a decoder is trained on, and the proof that a flow can be reached at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flowquill.grammar import tree
from flowquill.grammar.choices import IllegalStep, Kept, Path, Span, Step, Writer, write
from flowquill.grammar.pieces import emptied, piece_tree
from flowquill.grammar.rename import bound_names, rename
from flowquill.grammar.stack import argument_in_progress


class Unreachable(Exception):
    """A flow that no steps write: a text the request does not hold, a construct that decoders do not choose."""


@dataclass(frozen=True, slots=True)
class Move:
    """One decision of a written flow: the writer before it, the step taken, and whether it was forced."""

    before: Writer
    step: Step
    forced: bool


def moves(writer: Writer, steps: Iterator[Step]) -> tuple[list[Move], Writer]:
    """Takes `steps` one by one. Raises Unreachable where one is not legal."""
    taken: list[Move] = []
    for step in steps:
        options = writer.options()
        if step.kind not in options.kinds:
            raise Unreachable(f"{step.kind} {step.value!r} is not among {sorted(options.kinds)[:12]} after {write(writer.tokens)[-80:]}")
        forced = options.forced
        taken.append(Move(writer, step, forced == step))
        try:
            writer = writer.choose(step)
        except IllegalStep as error:
            raise Unreachable(str(error)) from None
    return taken, writer


class Oracle:
    """Turns trees into steps. `names` maps the tree's names to those the writer derives, as they come."""

    def __init__(self, writer: Writer, names: Mapping[str, str] | None = None) -> None:
        self.writer = writer
        self.request = writer.request
        self.catalog = writer.catalog
        self.names: dict[str, str] = dict(names or {})
        self.used: list[Span] = []

    def run(self, steps: Iterator[Step]) -> list[Move]:
        """The moves of `steps`, taken one by one so that each may depend on what is written so far."""
        taken: list[Move] = []
        for step in steps:
            done, self.writer = moves(self.writer, iter((step,)))
            taken += done
        return taken

    def flow(self, flow: tree.Flow, old: tree.Flow | None = None) -> Iterator[Step]:
        """The steps of a whole flow; pieces of `old` (its text in the request's kept pieces) are kept where they are equal."""
        if len(flow.triggers) != 1:
            raise Unreachable("a flow has one trigger")
        yield from self.trigger(flow.triggers[0], old is not None)
        yield from self.block(flow.body)
        yield Step("close")

    def insertion(self, statements: Sequence[tree.Statement]) -> Iterator[Step]:
        """The steps of statements put inside a flow."""
        yield from self.block(statements)
        yield Step("stop")

    def _kept(self, kind: str, node: tree.Node) -> Kept | None:
        offered = self.writer.request.kept
        if not offered:
            return None
        wanted = rename(node, {old: new for old, new in self.names.items() if old != new})
        for piece in offered:
            if piece.kind == kind and piece_tree(piece) == wanted:
                return piece
        return None

    def _head(self, statement: tree.Statement) -> Kept | None:
        """The head of a loop or condition that may be kept though what is in it changes."""
        if statement.decorators or statement.label is not None or statement.after:
            return None
        return self._kept("head", emptied(statement))

    def trigger(self, trigger: tree.Trigger, editing: bool) -> Iterator[Step]:
        kept = self._kept("trigger", trigger) if editing else None
        if kept is not None:
            yield Step("keep", kept)
        else:
            if trigger.decorators:
                raise Unreachable("decorators are not chosen")
            operation = None
            if trigger.callee is not None:
                operation = self.catalog.find(trigger.callee.connector.text if trigger.callee.connector else None, trigger.callee.operation.text)
                if operation is None or operation.kind != "trigger":
                    raise Unreachable(f"no trigger {trigger.callee.text}")
            yield Step("trigger", operation)
            yield from self.arguments(trigger.arguments)
            for given in trigger.inputs:
                if given.optional or given.default is not None or given.description is not None:
                    raise Unreachable("inputs are chosen with their type only")
                yield Step("input", self._words(given.name.text))
                yield Step(f"type:{given.type}")
            yield Step("end")
        tokens = self.writer.tokens
        if trigger.name is not None and tokens[-2][0] == "AS":
            self.names[trigger.name.text] = tokens[-1][1]

    def block(self, block: Sequence[tree.Statement]) -> Iterator[Step]:
        for statement in block:
            yield from self.statement(statement)

    def statement(self, statement: tree.Statement) -> Iterator[Step]:
        kept = self._kept("statement", statement)
        if kept is not None:
            yield Step("keep", kept)
            for name in bound_names(statement):
                self.names[name] = name
            return
        if statement.decorators or statement.label is not None:
            raise Unreachable("decorators and labels are not chosen")
        if statement.after:
            yield Step("after")
            for position, clause in enumerate(statement.after):
                if position:
                    yield Step("and")
                if clause.step is not None:
                    yield Step("step", Path(self.names.get(clause.step.text, clause.step.text)))
                for number, status in enumerate(clause.statuses):
                    if number:
                        yield Step("next")
                    yield Step(status)
            yield Step("colon")
        yield from self._action(statement)

    def _action(self, statement: tree.Statement) -> Iterator[Step]:
        match statement:
            case tree.Call():
                callee = statement.callee
                operation = self.catalog.find(callee.connector.text if callee.connector else None, callee.operation.text)
                if operation is None or operation.kind != "action":
                    raise Unreachable(f"no action {callee.text}")
                before = list(self.writer.tokens)
                yield Step("call", operation)
                derived = self.writer.tokens[len(before)][1]
                yield from self.arguments(statement.arguments)
                yield Step("end")
                if statement.name is not None:
                    self.names[statement.name.text] = derived
            case tree.Var():
                yield Step("var")
                derived = self.writer.tokens[-2][1]
                yield Step(f"type:{statement.type}")
                self.names[statement.name.text] = derived
                if statement.value is not None:
                    yield Step("equal")
                    yield from self.expression(statement.value)
            case tree.Set():
                yield Step("set")
                yield Step("variable", Path(self.names.get(statement.name.text, statement.name.text)))
                yield Step("equal")
                yield from self.expression(statement.value)
            case tree.Append():
                yield Step("append")
                yield from self.expression(statement.value)
                yield Step("to")
                yield Step("variable", Path(self.names.get(statement.name.text, statement.name.text)))
            case tree.Increment():
                yield Step("decrement" if statement.negative else "increment")
                yield Step("variable", Path(self.names.get(statement.name.text, statement.name.text)))
                if statement.by is not None:
                    yield Step("by")
                    yield from self.expression(statement.by)
            case tree.If():
                if (head := self._head(statement)) is not None:
                    yield Step("keep", head)
                    yield from self.rest(statement.then)
                else:
                    yield Step("if")
                    yield from self.condition(statement.condition)
                    yield from self.braces(statement.then)
                yield from self._otherwise(statement.otherwise)
            case tree.Switch():
                if (head := self._head(statement)) is not None:
                    yield Step("keep", head)
                else:
                    yield Step("switch")
                    yield from self.condition(statement.subject)
                    yield Step("open")
                for case in statement.cases:
                    kept = self._kept("case", case)
                    if kept is not None:
                        yield Step("keep", kept)
                        continue
                    yield Step("case")
                    yield from self.expression(case.value)
                    yield from self.braces(case.body)
                if statement.default is not None:
                    yield Step("default")
                    yield from self.braces(statement.default)
                yield Step("close")
            case tree.For() if (head := self._head(statement)) is not None:
                yield Step("keep", head)
                self.names[statement.item.text] = statement.item.text
                yield from self.rest(statement.body)
            case tree.For():
                yield Step("for")
                derived = self.writer.tokens[-2][1]
                yield from self.condition(statement.source)
                if statement.degree is not None:
                    yield Step("parallel")
                    if statement.degree:
                        yield from self._number(statement.degree)
                shadowed = self.names.get(statement.item.text)
                self.names[statement.item.text] = derived
                yield from self.braces(statement.body)
                self.names.pop(statement.item.text, None)
                if shadowed is not None:
                    self.names[statement.item.text] = shadowed
            case tree.Until():
                yield Step("do")
                yield from self.braces(statement.body)
                yield Step("until")
                yield from self.condition(statement.condition)
                if statement.limits:
                    yield Step("limit")
                    yield from self.arguments(statement.limits)
                    yield Step("end")
            case tree.Scope():
                yield Step("scope")
                self.names[statement.name.text] = self.writer.tokens[-1][1]
                yield from self.braces(statement.body)
            case tree.Parallel():
                yield Step("parallel")
                yield Step("open")
                for branch in statement.branches:
                    yield Step("branch")
                    yield from self.braces(branch)
                yield Step("close")
            case tree.Try():
                yield Step("try")
                yield from self.braces(statement.body)
                if statement.catch is not None:
                    yield Step("catch")
                    for number, status in enumerate(statement.statuses):
                        if number:
                            yield Step("next")
                        yield Step(status)
                    yield from self.braces(statement.catch)
                if statement.final is not None:
                    yield Step("finally")
                    yield from self.braces(statement.final)
            case tree.Todo():
                yield Step("todo")
                yield Step("text", self._span(statement.text))
            case tree.Refuse():
                yield Step("refuse")
                yield from self._text(statement.text)
            case _:
                raise Unreachable(f"{type(statement).__name__} is not chosen")

    def _otherwise(self, block: tree.Block | None) -> Iterator[Step]:
        if block is None:
            return
        yield Step("else")
        if len(block) == 1 and isinstance(block[0], tree.If) and not (block[0].label or block[0].after or block[0].decorators):
            yield from self._action(block[0])
        else:
            yield from self.braces(block)

    def braces(self, block: tree.Block) -> Iterator[Step]:
        yield Step("open")
        yield from self.rest(block)

    def rest(self, block: tree.Block) -> Iterator[Step]:
        """A block behind the brace that opens it."""
        yield from self.block(block)
        yield Step("close")

    def arguments(self, arguments: Sequence[tree.Argument]) -> Iterator[Step]:
        for argument in arguments:
            kept = self._kept("argument", argument)
            if kept is not None:
                yield Step("keep", kept)
                continue
            yield Step("parameter", argument.parameter.text)
            yield from self.expression(argument.value)

    def condition(self, expression: tree.Expression) -> Iterator[Step]:
        kept = self._kept("expression", expression)
        if kept is not None:
            yield Step("keep", kept)
        else:
            yield from self.expression(expression)

    def expression(self, expression: tree.Expression, above: int = 0) -> Iterator[Step]:
        """The steps of an expression inside one that binds with strength `above`."""
        strength = _strength(expression)
        if strength < above:
            yield Step("group")
            yield from self.expression(expression)
            yield Step("end")
            return
        match expression:
            case tree.Hole():
                yield Step("hole")
            case tree.Literal(value=bool() as value):
                yield Step("true" if value else "false")
            case tree.Literal(value=None):
                yield Step("null")
            case tree.Literal(value=str() as value):
                yield from self._text(value)
            case tree.Literal(value=value):
                assert isinstance(value, (int, float))
                yield from self._number(value)
            case tree.Reference() | tree.Member():
                yield from self._path(expression)
            case tree.Index():
                if expression.strict:
                    raise Unreachable("strict indexes are not chosen")
                yield from self.expression(expression.base, 8)
                yield Step("bracket")
                yield from self.expression(expression.index)
                yield Step("end_bracket")
            case tree.Function():
                yield Step(f"function:{expression.name.text}")
                for number, argument in enumerate(expression.arguments):
                    if number:
                        yield Step("next")
                    yield from self.expression(argument)
                yield Step("end")
            case tree.ListExpression():
                yield Step("bracket")
                for number, part in enumerate(expression.items):
                    if number:
                        yield Step("next")
                    yield from self.expression(part)
                yield Step("end_bracket")
            case tree.ObjectExpression():
                yield Step("open")
                for number, entry in enumerate(expression.entries):
                    if number:
                        yield Step("next")
                    yield Step("key", self._span(entry.key.text))
                    yield from self.expression(entry.value)
                yield Step("close")
            case tree.Unary():
                yield Step(expression.operator)
                yield from self.expression(expression.operand, strength)
            case tree.Binary():
                yield from self.expression(expression.left, strength + (1 if expression.operator in _COMPARISONS else 0))
                yield Step(expression.operator)
                yield from self.expression(expression.right, strength + 1)
            case tree.Template():
                yield Step("template")
                for piece in expression.parts:
                    if isinstance(piece, str):
                        yield Step("chunk", self._span(piece.strip()))
                    else:
                        yield Step("open")
                        yield from self.expression(piece)
                        yield Step("close")
                yield Step("end_template")
            case _:
                raise Unreachable(f"{type(expression).__name__} is not chosen")

    def _path(self, expression: tree.Expression) -> Iterator[Step]:
        properties: list[str] = []
        base = expression
        while isinstance(base, tree.Member) and not base.strict:
            properties.append(base.name.text)
            base = base.base
        if not isinstance(base, tree.Reference):
            raise Unreachable("properties of computed values are not chosen")
        properties.reverse()
        name = self.names.get(base.name, base.name)
        options = self.writer.options()
        paths = {r.path for r in options.references}
        for length in range(min(2, len(properties)), -1, -1):
            path = Path(name, tuple(properties[:length]))
            if path in paths:
                break
        else:
            raise Unreachable(f"{name}.{'.'.join(properties)} is not in scope or of another type")
        yield Step("reference", path)
        for rest in properties[length:]:
            yield Step("bracket")
            yield Step("text", self._span(rest))
            yield Step("end_bracket")

    def _text(self, value: str) -> Iterator[Step]:
        options = self.writer.options()
        if value in options.enum:
            yield Step("enum", value)
        elif value == "" and "empty" in options.kinds:
            yield Step("empty")
        else:
            yield Step("text", self._span(value))

    def _number(self, value: int | float) -> Iterator[Step]:
        for number in self.request.numbers:
            hours = number.hour == value and number.hour is not None and self._at_hours()
            if hours or (number.value == value and not (number.hour is not None and self._at_hours())):
                yield Step("number", number)
                return
        if value in (0, 1) and isinstance(value, int):
            yield Step("one" if value else "zero")
            return
        raise Unreachable(f"the request mentions no {value}")

    def _at_hours(self) -> bool:
        ready = self.writer.state.ready().get("NUMBER")
        parameter = argument_in_progress(ready.entries) if ready else None
        return parameter is not None and parameter.name == "hours"

    def _span(self, text: str) -> Span:
        """Where the request says `text`: whole words, an occurrence not used before if there is one."""
        wanted = text.strip()
        if not wanted:
            raise Unreachable("an empty text is no piece of the request")
        found: list[Span] = []
        for match in re.finditer(re.escape(wanted), self.request.text):
            start, end = match.span()
            before = self.request.text[start - 1 : start]
            after = self.request.text[end : end + 1]
            if not (before.isalnum() and wanted[0].isalnum()) and not (after.isalnum() and wanted[-1].isalnum()):
                found.append(Span(start, end))
        if not found:
            raise Unreachable(f"the request does not say {wanted!r}")
        fresh = [s for s in found if s not in self.used]
        chosen = (fresh or found)[0]
        self.used.append(chosen)
        return chosen

    def _words(self, name: str) -> Span:
        """Where the request says the words of an identifier."""
        pattern = r"[^A-Za-z0-9]+".join(re.escape(w) for w in name.split("_") if w)
        match = re.search(rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])", self.request.text, re.IGNORECASE)
        if match is None:
            raise Unreachable(f"the request does not say {name!r}")
        return Span(*match.span())


_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})


def _strength(expression: tree.Expression) -> int:
    match expression:
        case tree.Binary(operator="or"):
            return 1
        case tree.Binary(operator="and"):
            return 2
        case tree.Unary(operator="not"):
            return 3
        case tree.Binary(operator=("+" | "-")):
            return 5
        case tree.Binary(operator=("*" | "/" | "%")):
            return 6
        case tree.Unary():
            return 7
        case tree.Binary(operator="??"):
            return 8
        case tree.Binary():
            return 4
        case _:
            return 9

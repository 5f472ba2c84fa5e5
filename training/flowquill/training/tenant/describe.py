"""A request for a flow that is already there: what somebody would have asked for, by rule.

The words come from the catalog (titles and summaries) and every value of the flow is said, so that the pair teaches what to copy. A flow's own
description is used instead where it has one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog, Operation
from flowquill.grammar.format import expression
from flowquill.training.data.public import event, imperative

_SIGNS = {"==": "is", "!=": "is not", ">": "is more than", ">=": "is at least", "<": "is less than", "<=": "is at most", "and": "and", "or": "or"}
_TESTS = {"contains": "contains", "startsWith": "starts with", "endsWith": "ends with", "equals": "is"}


def describe(flow: tree.Flow, catalog: Catalog) -> str:
    """The request, one paragraph of imperatives."""
    if flow.description and len(flow.description.split()) > 3:
        return flow.description.strip()
    return _Words(flow, catalog).said()


class _Words:
    """Says one flow. `owners`: what each name of a result is called."""

    def __init__(self, flow: tree.Flow, catalog: Catalog) -> None:
        self.flow = flow
        self.catalog = catalog
        self.owners: dict[str, str] = {}

    def said(self) -> str:
        trigger = next(iter(self.flow.triggers), None)
        start = self._trigger(trigger) if trigger else ""
        steps = self._block(self.flow.body)
        text = f"{start}, {steps}" if start and steps else start or steps
        return text[:1].upper() + text[1:] + "."

    def _trigger(self, trigger: tree.Trigger) -> str:
        if trigger.callee is None:
            for one in trigger.inputs:
                self.owners[one.name.text] = _spaced(one.name.text)
            names = ", ".join(_spaced(i.name.text) for i in trigger.inputs)
            return f"by hand, asking for {names}" if names else ""
        operation = self._operation(trigger.callee)
        if trigger.name is not None:
            self.owners[trigger.name.text] = _spaced(trigger.callee.operation.text.rsplit("_", 1)[0])
        given = {a.parameter.text: a.value for a in trigger.arguments}
        if trigger.callee.text == "schedule":
            unit, every = given.pop("frequency", None), given.pop("interval", None)
            often = f"every {self._value(every) + ' ' if every else ''}{self._value(unit).strip(chr(34)).lower() if unit else 'day'}{'s' if every else ''}"
            return often + self._given(given)
        said = self._when(operation) if operation else f"{_spaced(trigger.callee.operation.text)} happens"
        return f"when {said}{self._where(operation, said)}{self._given(given)}"

    def _operation(self, callee: tree.Callee) -> Operation | None:
        return self.catalog.find(callee.connector.text if callee.connector else None, callee.operation.text)

    def _when(self, operation: Operation) -> str:
        for text in (*operation.phrases, operation.title, operation.summary.rstrip(".")):
            if found := event(text):
                return found
        return f"{_lower(operation.title)} happens"

    def _where(self, operation: Operation | None, said: str) -> str:
        connector = self.catalog.connectors.get(operation.connector) if operation and operation.connector else None
        return f" in {connector.title}" if connector and connector.title.lower() not in said.lower() else ""

    def _given(self, arguments: dict[str, tree.Expression]) -> str:
        parts = [f"{_spaced(name)} {self._value(value)}" for name, value in arguments.items() if not isinstance(value, tree.Hole)]
        return f" with {_joined(parts)}" if parts else ""

    def _block(self, block: Sequence[tree.Statement]) -> str:
        said = [s for statement in block if (s := self._statement(statement))]
        return said[0] if len(said) == 1 else ", then ".join(said)

    def _statement(self, statement: tree.Statement) -> str:
        said = self._plain(statement)
        if said and statement.after:
            status = statement.after[0].statuses[0] if statement.after[0].statuses else "failed"
            how = {"failed": "if that fails", "timed_out": "if that times out", "skipped": "if that is skipped"}.get(status, "afterwards")
            return f"{how}, {said}"
        return said

    def _plain(self, statement: tree.Statement) -> str:
        match statement:
            case tree.Call():
                return self._call(statement)
            case tree.If():
                rest = f", otherwise {self._block(statement.otherwise)}" if statement.otherwise else ""
                return f"if {self._condition(statement.condition)}, {self._block(statement.then)}{rest}"
            case tree.For():
                self.owners[statement.item.text] = _spaced(statement.item.text)
                return f"for each {_spaced(statement.item.text)} of {self._value(statement.source)}, {self._block(statement.body)}"
            case tree.Until():
                return f"{self._block(statement.body)} again and again until {self._condition(statement.condition)}"
            case tree.Switch():
                cases = [f"for {self._value(c.value)} {self._block(c.body)}" for c in statement.cases]
                cases += [f"otherwise {self._block(statement.default)}"] if statement.default else []
                return f"depending on {self._value(statement.subject)}: {'; '.join(cases)}"
            case tree.Parallel():
                return "at the same time " + " and ".join(self._block(b) for b in statement.branches)
            case tree.Try():
                parts = [f"try to {self._block(statement.body)}"]
                parts += [f"if that fails, {self._block(statement.catch)}"] if statement.catch else []
                return "; ".join(parts + ([f"in any case {self._block(statement.final)}"] if statement.final else []))
            case tree.Scope():
                return self._block(statement.body)
            case tree.Todo(text=text):
                return text.rstrip(".")
            case tree.Var() | tree.Set():
                value = f" to {self._value(statement.value)}" if statement.value is not None else ""
                return f"set {_spaced(statement.name.text)}{value}"
            case tree.Append():
                return f"add {self._value(statement.value)} to {_spaced(statement.name.text)}"
            case tree.Increment():
                return f"{'decrease' if statement.negative else 'increase'} {_spaced(statement.name.text)}"
            case _:
                return ""

    def _call(self, call: tree.Call) -> str:
        operation = self._operation(call.callee)
        if call.name is not None:
            self.owners[call.name.text] = _spaced(call.name.text).removesuffix(" result")
        said = _spaced(call.callee.operation.text)
        if operation is not None:
            texts = (*operation.phrases, operation.title, operation.summary.rstrip("."), said)
            said = next((f for t in texts if (f := imperative(t))), f"do {_lower(operation.title)}")
        return f"{said}{self._where(operation, said)}{self._given({a.parameter.text: a.value for a in call.arguments})}"

    def _condition(self, node: tree.Expression) -> str:
        match node:
            case tree.Binary(operator=sign) if sign in _SIGNS:
                inner = self._condition if sign in ("and", "or") else self._value
                return f"{inner(node.left)} {_SIGNS[sign]} {inner(node.right)}"
            case tree.Unary(operator="not"):
                return f"it is not so that {self._condition(node.operand)}"
            case tree.Function(name=name, arguments=(one,)) if name.text == "empty":
                return f"{self._value(one)} is empty"
            case tree.Function(name=name, arguments=(one, other)) if name.text in _TESTS:
                return f"{self._value(one)} {_TESTS[name.text]} {self._value(other)}"
            case _:
                return self._value(node)

    def _value(self, node: tree.Expression) -> str:
        match node:
            case tree.Literal(value=str() as value):
                return f'"{value}"' if '"' not in value else value
            case tree.Literal(value=bool() as value):
                return "true" if value else "false"
            case tree.Literal(value=value):
                return "nothing" if value is None else str(value)
            case tree.Reference(name=name):
                return f"the {self.owners.get(name, _spaced(name))}"
            case tree.Member(base=base, name=name):
                return f"the {_spaced(name.text)} of {self._value(base)}"
            case tree.ListExpression(items=items):
                return _joined([self._value(i) for i in items])
            case tree.Template(parts=parts):
                return "".join(p if isinstance(p, str) else self._value(p) for p in parts)
            case _:
                return expression(node)


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").strip().lower()


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


__all__ = ["describe"]

"""What a run knows while it goes on: names, variables, elements of loops, finished steps, the clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog, Operation
from flowquill.grammar.simulate import expressions
from flowquill.grammar.simulate.fake import World, on_wire
from flowquill.grammar.simulate.library import Library
from flowquill.grammar.simulate.limits import Budget
from flowquill.grammar.simulate.mocks import Mock, Mocks
from flowquill.grammar.simulate.moments import Moment, iso, read
from flowquill.grammar.simulate.naming import key, names_of
from flowquill.grammar.simulate.trace import Step
from flowquill.grammar.simulate.values import Failure, part_of, to_json

_START = read("2025-03-10T09:00:00Z")


class Ended(Exception):
    """The run is over: a terminate, or a refusal."""

    def __init__(self, status: str, code: str, message: str, step: Step) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.step = status, code, message, step


@dataclass
class Finished:
    """A step as `outputs`, `actions` and `result` see it. `wire`: `{statusCode, headers, body}`, or the value itself for a compose."""

    step: Step
    wire: Any = None
    whole: bool = False


@dataclass
class State:
    """One run. Implements the frame that expressions are evaluated in."""

    catalog: Catalog
    world: World
    mocks: Mocks
    budget: Budget
    names: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    finished: dict[str, Finished] = field(default_factory=dict)
    elements: list[tuple[str, Any]] = field(default_factory=list)
    rounds: list[tuple[str, int]] = field(default_factory=list)
    occasions: dict[str, int] = field(default_factory=dict)
    responses: list[Any] = field(default_factory=list)
    trigger: Any = None
    trigger_name: str = "manual"
    clock: Moment = _START
    library: Library = field(init=False)

    def __post_init__(self) -> None:
        self.library = Library(lambda: self.clock, self.world.random("library"))

    def announce(self, flow: tree.Flow) -> None:
        """Every step of the flow counts as skipped until it runs, its result as null: that is what a way not taken leaves."""
        for node in tree.walk(flow):
            if isinstance(node, tree.Call) and node.name is not None:
                self.names.setdefault(node.name.text, None)
            if isinstance(node, tree.Statement):
                for name in names_of(node):
                    self.finished.setdefault(key(name), Finished(Step(name, "step", "Skipped")))

    # Expressions

    def value(self, node: tree.Expression, wanted: str = "any") -> Any:
        """The value of an expression. Raises Failure."""
        return expressions.evaluate(node, self, wanted)

    def arguments(self, given: Iterable[tree.Argument], operation: Operation | None) -> dict[str, Any]:
        """Arguments by name. Raises Failure."""
        found: dict[str, Any] = {}
        for argument in given:
            parameter = operation.parameter(argument.parameter.text) if operation else None
            found[argument.parameter.text] = self.value(argument.value, parameter.type if parameter else "any")
        return found

    def holds(self, decorator: tree.Decorator) -> bool:
        """Whether the condition of a `@when` holds. Raises Failure."""
        return all(expressions.condition(a.value, self) for a in decorator.arguments)

    def lookup(self, name: str) -> Any:
        """The value of a name."""
        if name == "item":
            if not self.elements:
                raise Failure("`item` stands for an element only inside a loop, select or filter.")
            return self.elements[-1][1]
        for table in (self.variables, self.names, self.parameters):
            if name in table:
                return table[name]
        raise Failure(f"{name} has no value here; the step that gives it did not run.", "InvalidTemplate")

    def ask(self, name: str, arguments: list[Any]) -> Any:
        """The functions of the run."""
        text = str(arguments[0]) if arguments else ""
        match name:
            case "variables":
                return _named(self.variables, text, "variable")
            case "parameters":
                return self._parameter(text)
            case "items" | "item":
                return self._element(text)
            case "iterationIndexes":
                return next((n for k, n in reversed(self.rounds) if k == key(text)), self.rounds[-1][1] if self.rounds else 0)
            case "triggerBody":
                return _part(self.trigger, "body")
            case "triggerOutputs":
                return self.trigger
            case "trigger":
                return {"name": self.trigger_name, "status": "Succeeded", "code": "OK", "startTime": iso(_START), "endTime": iso(_START), "outputs": self.trigger}
            case "triggerFormDataValue" | "triggerFormDataMultiValues":
                return _form(_part(self.trigger, "body"), text, name.endswith("MultiValues"))
            case "triggerMultipartBody":
                return _multipart(_part(self.trigger, "body"), int(arguments[0]))
            case "workflow":
                run = f"{self.world.random('run').getrandbits(64):016X}"
                return {"id": f"/workflows/{run}", "name": "dry-run", "type": "Microsoft.Logic/workflows", "location": "local", "tags": {}, "run": {"id": f"/runs/{run}", "name": run}}
            case "listCallbackUrl":
                return "https://example.com/triggers/manual/invoke"
            case "wdl":
                # An expression that has no form in a flow; its value is made up.
                return self.world.value("text", "value")
            case "appsetting" | "agentParameters":
                return self.world.value("text", text)
            case "action":
                return {"name": "", "status": "Running"}
        return self._of_step(name, text, arguments)

    def _of_step(self, name: str, text: str, arguments: list[Any]) -> Any:
        found = self.finished.get(key(text))
        if found is None:
            raise Failure(f"{name} names the step {text}, which did not run before.", "InvalidTemplate")
        wire, skipped = found.wire, found.step.status == "Skipped"
        match name:
            case "outputs" | "actionOutputs":
                return None if skipped else wire
            case "body" | "actionBody":
                return None if skipped else wire if found.whole else _part(wire, "body")
            case "result":
                return [self._record(s) for s in found.step.children]
            case "actions":
                return self._record(found.step)
            case "formDataValue" | "formDataMultiValues":
                return _form(_part(wire, "body"), str(arguments[1]), name.endswith("MultiValues"))
            case "multipartBody":
                return _multipart(_part(wire, "body"), int(arguments[1]))
        raise Failure(f"{name} has no value in a dry run.")

    def _record(self, step: Step) -> dict[str, Any]:
        done = self.finished.get(key(step.name))
        found: dict[str, Any] = {"name": step.name, "status": step.status, "startTime": step.started, "endTime": step.ended, "inputs": step.inputs}
        found["outputs"] = done.wire if done else step.outputs
        found["code"] = step.problem.code if step.problem else "OK"
        if step.problem is not None:
            found["error"] = {"code": step.problem.code, "message": step.problem.message}
        return found

    def _parameter(self, name: str) -> Any:
        try:
            return _named(self.parameters, name, "parameter")
        except Failure:
            # A deployment may give it; a dry run makes it up.
            return {} if name.startswith("$") else self.world.value("text", name)

    def _element(self, name: str) -> Any:
        for known, value in reversed(self.elements):
            if known and known == key(name):
                return value
        if not self.elements:
            raise Failure(f"items names the loop {name}, and no loop is running.", "InvalidTemplate")
        return self.elements[-1][1]

    # Results

    def made(self, text: str, operation: Operation | None, arguments: Mapping[str, Any], mock: Mock | None) -> dict[str, Any]:
        """What a call gives on the wire: made up, with what a mock prescribes in its place."""
        mark = f"{text}\x1f{to_json(arguments)}"
        occasion = self.occasions.get(mark, 0)
        self.occasions[mark] = occasion + 1
        wire = self.world.result(text, operation, arguments, occasion)
        if mock is not None and mock.result is not None:
            wire = on_wire(operation, mock.result, wire)
        if mock is not None and mock.status_code:
            wire["statusCode"] = mock.status_code
        return wire

    def given(self, text: str, operation: Operation | None, inputs: Any, made: dict[str, Any]) -> dict[str, Any]:
        """A trigger's result with what a person gives in its place."""
        if text in ("http_request", "raw_trigger") and not (isinstance(inputs, dict) and set(inputs) <= {"body", "headers", "queries"}):
            return {**made, "body": inputs}
        return on_wire(operation, inputs, made)


def _part(wire: Any, name: str) -> Any:
    return wire.get(name) if isinstance(wire, dict) else None


def _named(table: Mapping[str, Any], name: str, what: str) -> Any:
    for known, value in table.items():
        if key(known) == key(name):
            return value
    raise Failure(f"There is no {what} {name}.", "InvalidTemplate")


def _form(body: Any, name: str, several: bool) -> Any:
    value = body.get(name) if isinstance(body, dict) else None
    if several:
        return value if isinstance(value, list) else [] if value is None else [value]
    return value[0] if isinstance(value, list) and value else value


def _multipart(body: Any, index: int) -> Any:
    parts = body.get("$multipart") if isinstance(body, dict) else None
    return part_of(parts, index, False) if isinstance(parts, list) else body

"""Running calls: built-in operations as they are defined, connectors by made-up or prescribed results."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from flowquill.grammar import tree
from flowquill.grammar.catalog import Operation
from flowquill.grammar.simulate import expressions
from flowquill.grammar.simulate.conversions import from_json
from flowquill.grammar.simulate.fake import view
from flowquill.grammar.simulate.list_functions import join
from flowquill.grammar.simulate.moments import read
from flowquill.grammar.simulate.state import Ended, State
from flowquill.grammar.simulate.trace import Problem, Step
from flowquill.grammar.simulate.values import Failure, is_number, kind, property_of, to_text, weighed

MAX_RETRIES = 90
MAX_CHILDREN = 5


class Caller:
    """Runs calls in a state. `flows`: those that `run_flow` may run; `depth`: how many such calls are open."""

    def __init__(self, state: State, flows: Sequence[tree.Flow], depth: int) -> None:
        self.state = state
        self.flows = flows
        self.depth = depth

    def call(self, node: tree.Call, step: Step, retries: Any) -> Any:
        """Runs one call: sets status, inputs, outputs and problem of `step`, gives the result on the wire. Raises Failure and Ended."""
        callee, state = node.callee, self.state
        operation = state.catalog.find(callee.connector.text if callee.connector else None, callee.operation.text)
        if callee.connector is None and callee.text in ("select", "filter"):
            return self._elements(node, step, operation)
        if callee.connector is None and callee.text == "table":
            return self.table(node, step, operation)
        arguments = state.arguments(node.arguments, operation)
        step.inputs = weighed(arguments) or None
        if callee.connector is None and callee.text in _BUILT_IN:
            return _BUILT_IN[callee.text](self, arguments, step, operation)
        names = (*((node.label.text,) if node.label else ()), *((node.name.text,) if node.name else ()), callee.text)
        attempts = 1 + (min(max(retries, 0), MAX_RETRIES) if isinstance(retries, int) else 0)
        for attempt in range(attempts):
            wire = self._attempt(names, callee.text, operation, arguments, step)
            if attempt:
                step.note = f"tried {attempt + 1} times"
            if not step.failed:
                break
        return wire

    def _attempt(
        self, names: tuple[str, ...], text: str, operation: Operation | None, arguments: Mapping[str, Any], step: Step
    ) -> Any:
        state = self.state
        mock = state.mocks.next(*names)
        step.status, step.problem = "Running", None
        if mock is None and text == "run_flow":
            child = next((f for f in self.flows if f.name.text == arguments.get("flow")), None)
            if child is not None:
                return self._child(child, arguments, step, operation)
        failing = mock is None and state.world.fails(text, arguments, 0)
        wire = state.made(text, operation, arguments, mock)
        if (mock is not None and mock.status != "succeeded") or failing:
            code, message = (
                (mock.code, mock.message) if mock else ("ActionFailed", "The service answered with an error.")
            )
            step.status = "TimedOut" if mock is not None and mock.status == "timed_out" else "Failed"
            step.problem = Problem(code, message)
            body = (
                mock.result
                if mock is not None and mock.result is not None
                else {"error": {"code": code, "message": message}}
            )
            return {
                "statusCode": (mock.status_code if mock else 0) or (408 if step.status == "TimedOut" else 500),
                "headers": {},
                "body": body,
            }
        step.outputs = weighed(view(operation, wire))
        return wire

    def _child(self, child: tree.Flow, arguments: Mapping[str, Any], step: Step, operation: Operation | None) -> Any:
        from flowquill.grammar.simulate.run import run_in

        if self.depth >= MAX_CHILDREN:
            raise Failure(f"Flows run one another more than {MAX_CHILDREN} deep; a dry run stops there.")
        state = self.state
        inner = State(state.catalog, state.world, state.mocks, state.budget)
        done = run_in(inner, child, arguments.get("body"), self.flows, self.depth + 1)
        step.children += done.steps
        wire = done.responses[0] if done.responses else {"statusCode": 200, "headers": {}, "body": None}
        if done.status in ("Failed", "Cancelled", "Stopped"):
            raise Failure(f"The flow {child.name.text} ended as {done.status}: {done.sentence}", "ActionFailed")
        step.outputs = view(operation, wire)
        return wire

    def _elements(self, node: tree.Call, step: Step, operation: Operation | None) -> Any:
        state = self.state
        given = {a.parameter.text: a.value for a in node.arguments}
        source = state.value(given["from_"], "list") if "from_" in given else None
        if not isinstance(source, list):
            raise Failure(f"{node.callee.text} goes through a list, and this is {kind(source)}.", "InvalidTemplate")
        step.inputs = {"from_": source}
        made: list[Any] = []
        for element in source:
            state.budget.step()
            state.elements.append(("", element))
            try:
                if node.callee.text == "filter":
                    if "where" not in given or expressions.condition(given["where"], state):
                        made.append(element)
                else:
                    made.append(state.value(given["values"]) if "values" in given else element)
            finally:
                state.elements.pop()
        wire = {"body": weighed(made)}
        step.outputs = view(operation, wire)
        return wire

    def compose(self, arguments: Mapping[str, Any], step: Step, operation: Operation | None) -> Any:
        """The value itself."""
        step.outputs = arguments.get("value")
        return step.outputs

    def parse_json(self, arguments: Mapping[str, Any], step: Step, operation: Operation | None) -> Any:
        """Content that is text is read; anything else is taken as it is."""
        content = arguments.get("content")
        if content is None:
            raise Failure("parse_json is given nothing to read.", "InvalidTemplate")
        wire = {"body": weighed(from_json(content))}
        step.outputs = view(operation, wire)
        return wire

    def join(self, arguments: Mapping[str, Any], step: Step, operation: Operation | None) -> Any:
        """The elements as one text."""
        wire = {"body": weighed(join(_list(arguments, "join"), to_text(arguments.get("separator"))))}
        step.outputs = view(operation, wire)
        return wire

    def table(self, node: tree.Call, step: Step, operation: Operation | None) -> Any:
        """A CSV or HTML table, of the given columns (`item` is the row) or of all properties."""
        state = self.state
        given = {a.parameter.text: a.value for a in node.arguments}
        rows = state.value(given["from_"], "list") if "from_" in given else None
        if not isinstance(rows, list):
            raise Failure(f"table goes through a list, and this is {kind(rows)}.", "InvalidTemplate")
        form = to_text(state.value(given["format"], "text")).upper() if "format" in given else "CSV"
        step.inputs = {"from_": rows, "format": form}
        lines: list[list[tuple[str, Any]]] = []
        names = dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row)
        for row in rows:
            state.budget.step()
            state.elements.append(("", row))
            try:
                columns = state.value(given["columns"], "list") if "columns" in given else None
            finally:
                state.elements.pop()
            lines.append(_cells(columns, row, list(names)))
        heads = [h for h, _ in lines[0]] if lines else []
        cells = [[to_text(c) for _, c in line] for line in lines]
        if form == "HTML":
            head = "".join(f"<th>{html.escape(h)}</th>" for h in heads)
            body = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in line) + "</tr>" for line in cells)
            text = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        else:
            stream = io.StringIO()
            csv.writer(stream).writerows([heads, *cells])
            text = stream.getvalue()
        wire = {"body": weighed(text)}
        step.outputs = view(operation, wire)
        return wire

    def delay(self, arguments: Mapping[str, Any], step: Step, operation: Operation | None) -> Any:
        """Moves the run's clock on."""
        count = arguments.get("count")
        if isinstance(count, str) and count.strip().isdigit():
            count = int(count)
        if not is_number(count):
            raise Failure(f"delay takes a number for count, and this is {kind(count)}.", "InvalidTemplate")
        self.state.clock = self.state.clock.moved(count, to_text(arguments.get("unit")))
        return None

    def delay_until(self, arguments: Mapping[str, Any], step: Step, operation: Operation | None) -> Any:
        """Moves the run's clock to a moment, if that is ahead."""
        moment = read(to_text(arguments.get("timestamp")))
        if moment.ticks > self.state.clock.ticks:
            self.state.clock = type(moment)(moment.ticks)
        return None

    def respond(self, arguments: Mapping[str, Any], step: Step, operation: Operation | None) -> Any:
        """Notes the answer; the flow goes on."""
        answer = {
            "statusCode": arguments.get("status", 200),
            "headers": arguments.get("headers") or {},
            "body": arguments.get("body"),
        }
        self.state.responses.append(answer)
        return answer

    def terminate(self, arguments: Mapping[str, Any], step: Step, operation: Operation | None) -> Any:
        """Ends the run."""
        wanted = to_text(arguments.get("status")).lower()
        status = {"failed": "Failed", "cancelled": "Cancelled"}.get(wanted, "Succeeded")
        message = to_text(arguments.get("message")) or (
            "The flow ended itself as failed." if status == "Failed" else ""
        )
        step.status = "Succeeded"
        if status == "Failed":
            step.problem = Problem(to_text(arguments.get("code")) or "Terminated", message)
        raise Ended(status, to_text(arguments.get("code")), message, step)


_Built = Callable[[Caller, Mapping[str, Any], Step, Operation | None], Any]
_BUILT_IN: Mapping[str, _Built] = MappingProxyType(
    {
        "compose": Caller.compose,
        "parse_json": Caller.parse_json,
        "join": Caller.join,
        "delay": Caller.delay,
        "delay_until": Caller.delay_until,
        "respond": Caller.respond,
        "terminate": Caller.terminate,
    }
)


def _list(arguments: Mapping[str, Any], name: str) -> list[Any]:
    value = arguments.get("from_")
    if not isinstance(value, list):
        raise Failure(f"{name} goes through a list, and this is {kind(value)}.", "InvalidTemplate")
    return value


def _cells(columns: Any, row: Any, names: list[str]) -> list[tuple[str, Any]]:
    """Heads and values of one row. A column is `{header, value}`, or the name of a property."""
    if isinstance(columns, list) and columns:
        return [(to_text(c.get("header")), c.get("value")) if isinstance(c, dict) else (to_text(c), property_of(row, to_text(c), False)) for c in columns]
    if not isinstance(row, dict):
        return [("Value", row)]
    return [(n, row.get(n)) for n in names]

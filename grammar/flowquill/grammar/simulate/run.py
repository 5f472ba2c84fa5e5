"""The dry run of one flow: its trigger, its steps one by one, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.simulate.fake import World, view
from flowquill.grammar.simulate.limits import Budget, Limits, Stopped
from flowquill.grammar.simulate.mocks import Mocks
from flowquill.grammar.simulate.shapes import expectations
from flowquill.grammar.simulate.state import Ended, State
from flowquill.grammar.simulate.steps import Runner
from flowquill.grammar.simulate.trace import Problem, Step, culprit
from flowquill.grammar.simulate.values import Failure


@dataclass(frozen=True)
class Run:
    """A finished run. `status`: Succeeded, Failed, Cancelled, Skipped (the trigger's condition did not hold) or Stopped."""

    flow: str
    status: str
    trigger: Step | None
    steps: list[Step]
    problem: Problem | None = None
    failed: Step | None = None
    responses: list[Any] = field(default_factory=list)
    variables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """How it ended, for a person."""
        if self.status == "Failed" and self.failed is not None:
            why = self.failed.problem.message if self.failed.problem else "it failed"
            return f"The run failed at {self.failed.name}: {why}"
        if self.problem is not None:
            return self.problem.message
        return f"The run ended: {self.status}."

    def json(self) -> dict[str, Any]:
        """The run as JSON values."""
        found: dict[str, Any] = {"flow": self.flow, "status": self.status}
        if self.problem is not None:
            found["error"] = {"code": self.problem.code, "message": self.problem.message}
        if self.failed is not None:
            found["failed_step"] = self.failed.name
        found["trigger"] = self.trigger.json() if self.trigger else None
        found["steps"] = [s.json() for s in self.steps]
        return {**found, "responses": self.responses, "variables": dict(self.variables)}


def simulate(
    flow: tree.Flow,
    catalog: Catalog,
    *,
    inputs: Any = None,
    mocks: Mocks | None = None,
    seed: int = 0,
    world: World | None = None,
    limits: Limits | None = None,
    flows: Sequence[tree.Flow] = (),
    cancelled: Callable[[], bool] = lambda: False,
) -> Run:
    """Runs a flow. `inputs`: what the trigger gives, by name; `flows`: others that it may run as child flows.

    Never raises for what a flow holds: a failing step, and a bound that is reached, are in the result.
    """
    world = world or World(seed, expectations([flow], catalog))
    state = State(catalog, world, (mocks or Mocks()).fresh(), Budget(limits or Limits(), cancelled))
    return run_in(state, flow, inputs, flows)


def run_in(state: State, flow: tree.Flow, inputs: Any, flows: Sequence[tree.Flow], depth: int = 0) -> Run:
    """Runs a flow in a state made for it."""
    root = Step(flow.name.text, "flow")
    trigger: Step | None = None
    state.announce(flow)
    try:
        trigger = _trigger(state, flow, inputs)
        if trigger is not None and trigger.status == "Skipped":
            return Run(flow.name.text, "Skipped", trigger, [], Problem("Conditions", "The trigger's condition does not hold, so the flow does not start."))
        status: str = Runner(state, flows, depth).block(flow.body, root)
    except Ended as ended:
        step = ended.step
        failed = step if ended.status == "Failed" else None
        problem = Problem(ended.code, ended.message) if ended.message or ended.status == "Failed" else None
        return Run(flow.name.text, ended.status, trigger, root.children, problem, failed, state.responses, state.variables)
    except Stopped as stopped:
        return Run(flow.name.text, "Stopped", trigger, root.children, Problem("Stopped", str(stopped)), None, state.responses, state.variables)
    except Failure as failure:
        failed = Step(flow.triggers[0].callee.text if flow.triggers and flow.triggers[0].callee else "trigger", "trigger", "Failed", problem=Problem(failure.code, failure.message))
        return Run(flow.name.text, "Failed", failed, [], failed.problem, failed)
    except RecursionError:
        return Run(flow.name.text, "Stopped", trigger, root.children, Problem("Stopped", "The flow is nested too deep for a dry run; move the inner part to a flow of its own."))
    failed_step = culprit(root.children) if status == "Failed" else None
    return Run(flow.name.text, "Succeeded" if status == "Skipped" else status, trigger, root.children, failed_step.problem if failed_step else None, failed_step, state.responses, state.variables)


def _trigger(state: State, flow: tree.Flow, inputs: Any) -> Step | None:
    if not flow.triggers:
        return None
    trigger = flow.triggers[0]
    given = inputs if isinstance(inputs, dict) else {}
    text = trigger.callee.text if trigger.callee else "manual"
    step = Step(trigger.name.text if trigger.name else text, "trigger", "Succeeded", text)
    if trigger.callee is None:
        named = {i.name.text: _input(state, i, given) for i in trigger.inputs}
        value: Any = {**given, **named}
        state.trigger = {"statusCode": 200, "headers": {}, "body": value}
    else:
        operation = state.catalog.find(trigger.callee.connector.text if trigger.callee.connector else None, trigger.callee.operation.text)
        step.inputs = state.arguments(trigger.arguments, operation) or None
        mock = state.mocks.next(step.name, text)
        state.trigger = state.made(text, operation, step.inputs or {}, mock)
        if inputs is not None:
            state.trigger = state.given(text, operation, inputs, state.trigger)
        value = view(operation, state.trigger)
    step.outputs = value
    state.trigger_name = step.name
    if trigger.name is not None:
        state.names[trigger.name.text] = value
    for decorator in trigger.decorators:
        if decorator.name.text == "when" and not state.holds(decorator):
            step.status = "Skipped"
    return step


def _input(state: State, given: tree.Input, values: Mapping[str, Any]) -> Any:
    if given.name.text in values:
        return values[given.name.text]
    if given.default is not None:
        return state.value(given.default, given.type)
    shape = state.world.expected.results.get("manual")
    body = shape.properties.get("body") if shape else None
    return state.world.value(given.type, given.name.text, body.properties.get(given.name.text) if body else None)

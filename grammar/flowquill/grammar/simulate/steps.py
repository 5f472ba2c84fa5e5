"""Running statements: what each kind does, when one is skipped, and how a block ends.

Rules of the platforms: a step runs when what it waits for ended as it asks for, else it is skipped; a skipped step skips those that
wait for its success; a block fails when one of its last steps failed, and a skipped last step passes the question to what it waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from flowquill.grammar import tree
from flowquill.grammar.simulate import expressions
from flowquill.grammar.simulate.calls import Caller
from flowquill.grammar.simulate.limits import Stopped
from flowquill.grammar.simulate.moments import duration, iso
from flowquill.grammar.simulate.naming import key, names_of
from flowquill.grammar.simulate.number_functions import add, sub
from flowquill.grammar.simulate.state import Ended, Finished, State
from flowquill.grammar.simulate.trace import Problem, Status, Step, block_status
from flowquill.grammar.simulate.values import Failure, equal, is_number, kind, to_text, weighed

_STATUSES = MappingProxyType({"succeeded": "Succeeded", "failed": "Failed", "skipped": "Skipped", "timed_out": "TimedOut"})
_EMPTY: Mapping[str, Callable[[], Any]] = MappingProxyType({"text": str, "integer": int, "number": int, "boolean": bool, "list": list, "object": dict, "any": lambda: None})
_INNER = Problem("ActionFailed", "An action failed. No dependent actions succeeded.")
DEFAULT_ROUNDS = 60


class Runner:
    """Runs blocks in a state."""

    def __init__(self, state: State, flows: Sequence[tree.Flow], depth: int) -> None:
        self.state = state
        self.caller = Caller(state, flows, depth)

    def block(self, block: tree.Block, parent: Step) -> Status:
        """Runs a block, its steps becoming children of `parent`. Raises Ended and Stopped."""
        own: list[Step] = []
        names: dict[str, Step] = {}
        for statement in block:
            step = Step(_name(statement), _kind(statement), operation=statement.callee.text if isinstance(statement, tree.Call) else "")
            parent.children.append(step)
            ready = self._ready(statement, step, own, names)
            if ready:
                self._run(statement, step)
            else:
                self._skip(statement, step)
            own.append(step)
            for name in (_name(statement), *((statement.label.text,) if statement.label else ())):
                names[name] = step
        return block_status(own)

    def _ready(self, statement: tree.Statement, step: Step, own: list[Step], names: dict[str, Step]) -> bool:
        previous = own[-1] if own else None
        ready = True
        for after in statement.after or (tree.After(None, ("succeeded",)),):
            awaited = previous if after.step is None else names.get(after.step.text)
            if awaited is None and after.step is not None:
                found = self.state.finished.get(key(after.step.text))
                awaited = found.step if found else None
                if awaited is None:
                    step.note = f"waits for {after.step.text}, which is no step above"
                    return False
            if awaited is None:
                continue
            if any(awaited is s for s in own):
                step.after.append(awaited)
            ready = ready and awaited.status in {_STATUSES[s] for s in after.statuses}
        return ready

    def _skip(self, statement: tree.Statement, step: Step) -> None:
        step.status = "Skipped"
        self._finish(statement, step, None)
        for inner in tree.walk(statement):
            # Whatever the step would have named exists and is null.
            if isinstance(inner, tree.Call) and inner.name is not None:
                self.state.names.setdefault(inner.name.text, None)
            if isinstance(inner, tree.Var | tree.Param):
                table = self.state.variables if isinstance(inner, tree.Var) else self.state.parameters
                table.setdefault(inner.name.text, _EMPTY[inner.type]())

    def _run(self, statement: tree.Statement, step: Step) -> None:
        state = self.state
        state.budget.step()
        began = state.clock
        step.started = iso(began)
        settings = {d.name.text: {a.parameter.text: a.value for a in d.arguments} for d in statement.decorators}
        wire: Any = None
        try:
            if any(d.name.text == "when" and not state.holds(d) for d in statement.decorators):
                self._skip(statement, step)
                step.note = "its condition does not hold"
                return
            wire = self._perform(statement, step, settings)
            if step.status == "Running":
                step.status = "Succeeded"
            limit = settings.get("timeout", {}).get("limit")
            if limit is not None and not step.failed and state.clock.ticks - began.ticks > duration(to_text(state.value(limit, "text"))):
                step.status = "TimedOut"
                step.problem = Problem("ActionTimedOut", "The step took longer than its @timeout allows.")
        except Failure as failure:
            step.status = "Failed"
            step.problem = Problem(failure.code, failure.message)
        except (Ended, Stopped):
            step.status = step.status if step.status != "Running" else "Cancelled"
            raise
        step.ended = iso(state.clock)
        self._finish(statement, step, wire)
        for part in ("inputs", "outputs"):
            hidden = settings.get("secure", {}).get(part)
            if hidden is not None and state.value(hidden) is True:
                setattr(step, part, "(secure)")

    def _finish(self, statement: tree.Statement, step: Step, wire: Any) -> None:
        if isinstance(statement, tree.Call):
            if statement.name is not None:
                self.state.names[statement.name.text] = None if step.status != "Succeeded" else step.outputs
            whole = statement.callee.text == "compose"
            if step.failed and wire is None:
                problem = step.problem or _INNER
                wire = {"statusCode": 500, "headers": {}, "body": {"error": {"code": problem.code, "message": problem.message}}}
            done = Finished(step, wire, whole and not step.failed)
        else:
            done = Finished(step, {"body": step.outputs})
        for name in (_name(statement), *names_of(statement)):
            self.state.finished[key(name)] = done

    def _perform(self, node: tree.Statement, step: Step, settings: dict[str, dict[str, tree.Expression]]) -> Any:
        state = self.state
        match node:
            case tree.Call():
                retry = settings.get("retry", {}).get("count")
                return self.caller.call(node, step, state.value(retry, "integer") if retry is not None else 0)
            case tree.Param() | tree.Var():
                table = state.parameters if isinstance(node, tree.Param) else state.variables
                if node.value is not None:
                    value = state.value(node.value, node.type)
                elif isinstance(node, tree.Param):
                    value = state.world.value(node.type, node.name.text)
                else:
                    value = _EMPTY[node.type]()
                step.outputs = table[node.name.text] = weighed(value)
            case tree.Set():
                self._variable(node.name.text)
                step.outputs = state.variables[node.name.text] = weighed(state.value(node.value))
            case tree.Append():
                step.outputs = state.variables[node.name.text] = self._appended(node)
            case tree.Increment():
                old = self._variable(node.name.text)
                by = state.value(node.by, "number") if node.by is not None else 1
                if not is_number(old) or not is_number(by):
                    raise Failure(f"{node.name.text} is {kind(old)} and the amount {kind(by)}; both must be numbers.")
                step.outputs = state.variables[node.name.text] = sub(old, by) if node.negative else add(old, by)
            case tree.If():
                truth = expressions.condition(node.condition, state)
                step.note = "true" if truth else "false"
                self._inside(step, node.then if truth else node.otherwise or ())
            case tree.Switch():
                self._switch(node, step)
            case tree.For():
                self._for(node, step)
            case tree.Until():
                self._until(node, step)
            case tree.Scope():
                self._inside(step, node.body)
            case tree.Parallel():
                self._parallel(node, step)
            case tree.Try():
                self._try(node, step)
            case tree.Todo():
                step.note = "a person does this"
            case tree.Refuse():
                step.status = "Cancelled"
                raise Ended("Cancelled", "Refused", node.text, step)
        return None

    def _variable(self, name: str) -> Any:
        if name not in self.state.variables:
            raise Failure(f"There is no variable {name}; declare it with `var` above.", "InvalidTemplate")
        return self.state.variables[name]

    def _appended(self, node: tree.Append) -> Any:
        old, value = self._variable(node.name.text), self.state.value(node.value)
        if isinstance(old, list):
            return weighed([*old, value])
        if old is None or isinstance(old, str):
            return weighed((old or "") + to_text(value))
        raise Failure(f"append changes lists and texts, and {node.name.text} is {kind(old)}.")

    def _inside(self, step: Step, block: tree.Block) -> None:
        self._end(step, self.block(block, step))

    def _end(self, step: Step, status: Status) -> None:
        step.status = "Succeeded" if status == "Skipped" else status
        if status == "Failed":
            step.problem = _INNER

    def _switch(self, node: tree.Switch, step: Step) -> None:
        subject = self.state.value(node.subject)
        step.inputs = subject
        for case in node.cases:
            if equal(subject, self.state.value(case.value)):
                step.note = f"case {to_text(self.state.value(case.value))}"
                return self._inside(step, case.body)
        step.note = "default"
        return self._inside(step, node.default or ())

    def _for(self, node: tree.For, step: Step) -> None:
        state = self.state
        elements = state.value(node.source, "list")
        if not isinstance(elements, list):
            raise Failure(f"`for` goes through a list, and this is {kind(elements)}.", "ExpressionEvaluationFailed")
        step.unordered = node.degree is not None
        step.note = f"{len(elements)} element{'' if len(elements) == 1 else 's'}"
        outer = state.names.get(node.item.text)
        loop = key(node.label.text if node.label else node.item.text)
        statuses: list[Status] = []
        for number, element in enumerate(elements):
            state.budget.step()
            state.names[node.item.text] = element
            state.elements.append((loop, element))
            turn = Step(f"{node.item.text} {number + 1}", "turn", inputs=element)
            step.children.append(turn)
            try:
                turn.status = self.block(node.body, turn)
            finally:
                state.elements.pop()
            statuses.append(turn.status)
        state.names[node.item.text] = outer
        self._end(step, "Failed" if "Failed" in statuses else "Succeeded")

    def _until(self, node: tree.Until, step: Step) -> None:
        state = self.state
        limits = {a.parameter.text: state.value(a.value, "integer" if a.parameter.text == "count" else "text") for a in node.limits}
        count = limits.get("count", DEFAULT_ROUNDS)
        most = count if isinstance(count, int) and not isinstance(count, bool) else DEFAULT_ROUNDS
        most = max(1, min(most, state.budget.limits.rounds))
        span = duration(to_text(limits.get("timeout") or "PT1H"))
        began, name = state.clock.ticks, key(_name(node))
        status: Status = "Succeeded"
        for number in range(most):
            state.budget.step()
            turn = Step(f"round {number + 1}", "turn")
            step.children.append(turn)
            state.rounds.append((name, number))
            try:
                status = turn.status = self.block(node.body, turn)
                done = expressions.condition(node.condition, state)
            finally:
                state.rounds.pop()
            if done:
                step.note = f"{number + 1} round{'' if number == 0 else 's'}"
                break
            if state.clock.ticks - began > span:
                step.note = "its time ran out before the condition held"
                break
        else:
            step.note = f"the limit of {most} rounds was reached before the condition held"
        # Rounds before the last may fail: the loop is how a flow tries again.
        self._end(step, status)

    def _parallel(self, node: tree.Parallel, step: Step) -> None:
        step.unordered = True
        statuses: list[Status] = []
        for number, branch in enumerate(node.branches):
            inner = Step(f"branch {number + 1}", "turn")
            step.children.append(inner)
            inner.status = self.block(branch, inner)
            statuses.append(inner.status)
        self._end(step, "Failed" if "Failed" in statuses else "Succeeded")
        if not step.failed and any(b.children and b.children[-1].status == "Skipped" for b in step.children):
            # What follows waits for the last step of each branch, and one of them did not run.
            step.status = "Skipped"
            step.note = "a branch ends with a skipped step"

    def _try(self, node: tree.Try, step: Step) -> None:
        body = Step("try", "turn")
        step.children.append(body)
        status = body.status = self.block(node.body, body)
        wanted = {_STATUSES[s] for s in node.statuses or ("failed", "timed_out")}
        if node.catch is not None:
            # Whatever timed out inside made the block fail, so either word catches it.
            caught = status in wanted or (status == "Failed" and "TimedOut" in wanted and any(s.status == "TimedOut" for s in body.children))
            handler = Step("catch", "turn", "Skipped", after=[body])
            step.children.append(handler)
            if caught:
                status = handler.status = self.block(node.catch, handler)
        if node.final is not None:
            final = Step("finally", "turn", after=[step.children[-1]])
            step.children.append(final)
            final.status = self.block(node.final, final)
            # What follows waits for the last part only: a failure before `finally` ends there.
            status = final.status
        self._end(step, status)


def _name(node: tree.Statement) -> str:
    if node.label is not None and not (isinstance(node, tree.Call) and node.name is not None):
        return node.label.text
    match node:
        case tree.Call():
            return node.name.text if node.name else node.callee.text
        case tree.Param() | tree.Var() | tree.Set() | tree.Append() | tree.Increment() | tree.Scope():
            return node.name.text
        case tree.For():
            return node.item.text
        case tree.Todo() | tree.Refuse():
            return node.text
    return _kind(node)


def _kind(node: tree.Statement) -> str:
    if isinstance(node, tree.Increment) and node.negative:
        return "decrement"
    return {"Call": "call", "If": "if", "For": "for", "Until": "until", "Try": "try"}.get(type(node).__name__, type(node).__name__.lower())

"""From a flow to a workflow definition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog, Operation, Output
from flowquill.grammar.diagnostics import Diagnostic
from flowquill.grammar.wdl import connectors, shapes
from flowquill.grammar.wdl.expressions import Constant, Invocation
from flowquill.grammar.wdl.model import Compiled, CompileError, Connection, Target
from flowquill.grammar.wdl.names import assign, in_order, title_of, trigger_name, wire_name
from flowquill.grammar.wdl.settings import apply, meta_of, put
from flowquill.grammar.wdl.values import Values

__all__ = ["CompileError", "Compiled", "Connection", "Target", "compile_flow"]

STATUSES: dict[str, str] = {"succeeded": "Succeeded", "failed": "Failed", "skipped": "Skipped", "timed_out": "TimedOut"}
VARIABLES = {"text": "string", "integer": "integer", "number": "float", "boolean": "boolean", "list": "array", "object": "object", "any": "object"}
PARAMETERS = {"text": "String", "integer": "Int", "number": "Float", "boolean": "Bool", "list": "Array", "object": "Object", "any": "Object"}
SECURE = {"String": "SecureString", "Object": "SecureObject"}
SCHEMAS = {"text": "string", "integer": "integer", "number": "number", "boolean": "boolean", "list": "array", "object": "object"}
TYPES = {"WaitUntil": "Wait"}
"""Types of actions that two built-in operations share, by the operation's id."""
ALL = ("Succeeded", "Failed", "Skipped", "TimedOut")
AFTER = {"Succeeded": ("Succeeded",)}
Frontier = tuple[tuple[str, tuple[str, ...]], ...]
"""What a next step waits for: names of actions with the statuses."""


def compile_flow(flow: tree.Flow, catalog: Catalog, target: Target | None = None) -> Compiled:
    """The definition of a flow for Logic Apps or Power Automate.

    Without `target` it is the platform that the flow was imported from (`workflow` in its trigger's `@meta`), else Logic Apps.
    Raises CompileError where the flow cannot be written: no trigger, an unknown operation, a `refuse`.
    """
    if len(flow.triggers) != 1:
        raise CompileError(f"The flow {flow.name.text} has {len(flow.triggers) or 'no'} triggers; give it one with `on`.")
    trigger = flow.triggers[0]
    meta = meta_of(trigger.decorators, Values()).get("workflow")
    about = meta if isinstance(meta, dict) else {}
    chosen: Target = target or ("powerautomate" if about.get("target") == "powerautomate" else "logicapps")
    return Compiler(flow, catalog, chosen, assign(flow, catalog)).definition(trigger, about)


@dataclass
class Compiler:
    """Writes one flow. `names`: the actions' names by the identity of their statements."""

    flow: tree.Flow
    catalog: Catalog
    target: Target
    names: dict[int, str]
    values: Values = field(default_factory=Values)
    connections: dict[str, str] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    stepnames: dict[str, str] = field(default_factory=dict)
    hoisted: dict[str, Any] = field(default_factory=dict)

    def definition(self, trigger: tree.Trigger, about: dict[str, Any]) -> Compiled:
        """The whole definition."""
        self.values.hole = lambda node: self.problem("a value is still to be filled in; it is left empty", node)
        self._declare()
        triggers = self.trigger(trigger)
        actions: dict[str, Any] = {}
        self.block(self.flow.body, actions, ())
        actions = self._with_hoisted(actions)
        made: dict[str, Any] = {
            "$schema": connectors.SCHEMA,
            "contentVersion": "1.0.0.0",
            "parameters": self._all_parameters(),
            "triggers": triggers,
            "actions": actions,
            "outputs": {},
        }
        if self.flow.description is not None:
            made["description"] = self.flow.description
        kept = about.get("definition")
        made.update(kept if isinstance(kept, dict) else {})
        found = tuple(Connection(api, key) for key, api in self.connections.items())
        return Compiled(made, found, tuple(self.problems))

    def problem(self, message: str, node: tree.Node) -> None:
        """Notes what could not be said exactly."""
        self.problems.append(Diagnostic("FQ021", "warning", message, node.span))

    def _all_parameters(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if self.connections or self.target == "powerautomate":
            made["$connections"] = {"defaultValue": {}, "type": "Object"}
        if self.target == "powerautomate":
            made["$authentication"] = {"defaultValue": {}, "type": "SecureObject"}
        return {**made, **self.parameters}

    def _declare(self) -> None:
        """Parameters, variables and labelled steps can be named anywhere."""
        for statement in in_order(self.flow.body):
            match statement:
                case tree.Param():
                    wire = title_of(statement.decorators) or statement.name.text
                    self.values.roots[statement.name.text] = shapes.Root(Invocation("parameters", (Constant(wire),)), shapes.ANY)
                case tree.Var():
                    wire = str(meta_of(statement.decorators, self.values).get("variable", statement.name.text))
                    self.variables[statement.name.text] = wire
                    self.kinds[statement.name.text] = statement.type
                    self.values.roots[statement.name.text] = shapes.Root(Invocation("variables", (Constant(wire),)), shapes.ANY)
                case tree.Call(name=tree.Name(text=name)):
                    self.values.roots[name] = shapes.of_step(self.names[id(statement)], self.operation(statement.callee, "action"))
                    self.stepnames[name] = self.names[id(statement)]
                case tree.Scope():
                    self.stepnames[statement.name.text] = self.names[id(statement)]
                    self.values.roots[statement.name.text] = shapes.of_step(self.names[id(statement)], None)
                case _:
                    pass
            if statement.label is not None and id(statement) in self.names:
                self.stepnames[statement.label.text] = self.names[id(statement)]

    # The trigger

    def trigger(self, trigger: tree.Trigger) -> dict[str, Any]:
        """The trigger under its name."""
        operation: Operation | None = None
        inputs: tuple[Output, ...] = ()
        if trigger.callee is None:
            made: dict[str, Any] = {"type": "Request", "kind": "Button", "inputs": {"schema": self._schema(trigger.inputs)}}
            inputs = tuple(Output(i.name.text, f"body/{i.name.text}", i.type) for i in trigger.inputs)
        else:
            operation = self.operation(trigger.callee, "trigger")
            made = self.call(operation, trigger.arguments, trigger.decorators)
        if trigger.name is not None:
            self.values.roots[trigger.name.text] = shapes.of_trigger(operation, trigger.callee is None, inputs)
        return {title_of(trigger.decorators) or trigger_name(trigger, self.catalog): apply(made, trigger.decorators, self.values)}

    def _schema(self, inputs: tuple[tree.Input, ...]) -> dict[str, Any]:
        properties: dict[str, Any] = {}
        for given in inputs:
            one: dict[str, Any] = {"title": given.name.text}
            if given.type in SCHEMAS:
                one["type"] = SCHEMAS[given.type]
            if given.default is not None:
                one["default"] = self.values.value(given.default)
            if given.description is not None:
                one["description"] = given.description
            properties[given.name.text] = one
        return {"type": "object", "properties": properties, "required": [i.name.text for i in inputs if not i.optional]}

    # Blocks

    def block(self, block: tree.Block, actions: dict[str, Any], frontier: Frontier) -> Frontier:
        """Writes the steps into `actions`; gives what the next step would wait for."""
        for statement in block:
            if isinstance(statement, tree.Param):
                self.parameters[title_of(statement.decorators) or statement.name.text] = self.param(statement)
            elif isinstance(statement, tree.Parallel):
                ends: dict[str, tuple[str, ...]] = {}
                start = self._after(statement, frontier)
                for branch in statement.branches:
                    ends.update(self.block(branch, actions, start))
                frontier = tuple(ends.items()) if statement.branches else start
            elif isinstance(statement, tree.Try):
                frontier = self._try(statement, actions, frontier)
            else:
                name = self.names[id(statement)]
                made = self.action(statement)
                if made is None:
                    continue
                actions[name] = {"runAfter": {k: list(v) for k, v in self._after(statement, frontier)}, **made}
                frontier = ((name, ("Succeeded",)),)
        return frontier

    def _after(self, statement: tree.Statement, frontier: Frontier) -> Frontier:
        if not statement.after:
            return frontier
        found: dict[str, tuple[str, ...]] = {}
        for clause in statement.after:
            statuses = tuple(STATUSES[s] for s in clause.statuses)
            for name in [n for n, _ in frontier] if clause.step is None else [self.stepnames.get(clause.step.text, clause.step.text)]:
                found[name] = tuple(dict.fromkeys((*found.get(name, ()), *statuses)))
        return tuple(found.items())

    def _try(self, statement: tree.Try, actions: dict[str, Any], frontier: Frontier) -> Frontier:
        name = self.names[id(statement)]
        meta = meta_of(statement.decorators, self.values)
        made = apply(self._scope(statement.body), statement.decorators, self.values)
        actions[name] = {"runAfter": {k: list(v) for k, v in self._after(statement, frontier)}, **made}
        last: Frontier = ((name, ("Succeeded",)),)
        if statement.catch is not None:
            caught = str(meta.get("catch", f"{name}_catch"))
            statuses = [STATUSES[s] for s in statement.statuses or ("failed", "timed_out")]
            actions[caught] = {"runAfter": {name: statuses}, **self._scope(statement.catch)}
            last = ((caught, ("Succeeded", "Skipped")),)
        if statement.final is not None:
            final = str(meta.get("finally", f"{name}_finally"))
            actions[final] = {"runAfter": {last[0][0]: list(ALL)}, **self._scope(statement.final)}
            last = ((final, ("Succeeded",)),)
        return last

    def _scope(self, block: tree.Block) -> dict[str, Any]:
        return {"type": "Scope", "actions": self.inner(block)}

    def inner(self, block: tree.Block) -> dict[str, Any]:
        """The actions of a block inside a step."""
        actions: dict[str, Any] = {}
        self.block(block, actions, ())
        return actions

    def _with_hoisted(self, actions: dict[str, Any]) -> dict[str, Any]:
        """Variables declared inside blocks come first at the top level, as the platforms require."""
        if not self.hoisted:
            return actions
        last = list(self.hoisted)[-1]
        for made in actions.values():
            if not made["runAfter"]:
                made["runAfter"] = {last: ["Succeeded"]}
        return {**self.hoisted, **actions}

    # Steps

    def action(self, statement: tree.Statement) -> dict[str, Any] | None:
        """The action of a step, without `runAfter`; None where it became a variable at the top."""
        if isinstance(statement, tree.Var) and not any(statement is s for s in _top(self.flow.body)):
            return self._nested_var(statement)
        made = self.step(statement)
        return apply(made, statement.decorators, self.values)

    def step(self, statement: tree.Statement) -> dict[str, Any]:
        """The action of a step without its settings."""
        values = self.values
        match statement:
            case tree.Call():
                return self.call(self.operation(statement.callee, "action"), statement.arguments, statement.decorators)
            case tree.Var():
                variable: dict[str, Any] = {"name": self.variables[statement.name.text], "type": VARIABLES[statement.type]}
                if statement.value is not None:
                    variable["value"] = values.value(statement.value)
                made: dict[str, Any] = {"type": "InitializeVariable", "inputs": {"variables": [variable]}}
                return {**made, "metadata": {"flowquill": {"type": "any"}}} if statement.type == "any" else made
            case tree.Set():
                return {"type": "SetVariable", "inputs": {"name": self._variable(statement.name), "value": values.value(statement.value)}}
            case tree.Append():
                kind = "String" if self._kind(statement.name.text) == "text" else "Array"
                return {
                    "type": f"AppendTo{kind}Variable",
                    "inputs": {"name": self._variable(statement.name), "value": values.value(statement.value)},
                }
            case tree.Increment():
                word = "Decrement" if statement.negative else "Increment"
                by = 1 if statement.by is None else values.value(statement.by)
                return {"type": f"{word}Variable", "inputs": {"name": self._variable(statement.name), "value": by}}
            case tree.If():
                made = {"type": "If", "expression": values.condition(statement.condition), "actions": self.inner(statement.then)}
                return made if statement.otherwise is None else {**made, "else": {"actions": self.inner(statement.otherwise)}}
            case tree.Switch():
                return self._switch(statement)
            case tree.For():
                return self._for(statement)
            case tree.Until():
                made = {"type": "Until", "actions": self.inner(statement.body), "expression": values.condition(statement.condition)}
                limit = {a.parameter.text: values.value(a.value) for a in statement.limits}
                return {**made, "limit": limit} if limit else made
            case tree.Scope():
                return self._scope(statement.body)
            case tree.Todo():
                return {"type": "Compose", "inputs": f"TODO: {statement.text}", "metadata": {"flowquill": {"todo": statement.text}}}
            case _:
                raise CompileError(f"The flow {self.flow.name.text} refuses its request; there is nothing to compile.")

    def _switch(self, statement: tree.Switch) -> dict[str, Any]:
        listed = meta_of(statement.decorators, self.values).get("cases")
        titles = listed if isinstance(listed, list) and len(listed) == len(statement.cases) else [None] * len(statement.cases)
        cases: dict[str, Any] = {}
        for title, case in zip(titles, statement.cases, strict=True):
            value = self.values.value(case.value)
            base = title if isinstance(title, str) else case_name(value)
            name, count = base, 1
            while name in cases:
                count += 1
                name = f"{base}_{count}"
            cases[name] = {"case": value, "actions": self.inner(case.body)}
        made: dict[str, Any] = {"type": "Switch", "expression": self.values.value(statement.subject), "cases": cases}
        return made if statement.default is None else {**made, "default": {"actions": self.inner(statement.default)}}

    def _for(self, statement: tree.For) -> dict[str, Any]:
        outer = self.values.roots.get(statement.item.text)
        source = self.values.value(statement.source)
        name = Invocation("items", (Constant(self.names[id(statement)]),))
        shape = shapes.ANY
        if isinstance(statement.source, (tree.Member, tree.Index, tree.Reference)):
            shape = shapes.element(self.values.typed(statement.source)[1])
        self.values.roots[statement.item.text] = shapes.Root(name, shape)
        made: dict[str, Any] = {"type": "Foreach", "foreach": source, "actions": self.inner(statement.body)}
        del self.values.roots[statement.item.text]
        if outer is not None:
            self.values.roots[statement.item.text] = outer
        if statement.degree != 0:
            made["runtimeConfiguration"] = {"concurrency": {"repetitions": statement.degree or 1}}
        return made

    def _variable(self, name: tree.Name) -> str:
        return self.variables.get(name.text, name.text)

    def _kind(self, name: str) -> str:
        return self.kinds.get(name, "list")

    def param(self, statement: tree.Param) -> dict[str, Any]:
        """The declaration of a parameter."""
        kind = PARAMETERS[statement.type]
        made: dict[str, Any] = {"type": kind}
        if any(d.name.text == "secure" for d in statement.decorators):
            made["type"] = SECURE.get(kind, kind)
        if statement.value is not None:
            made["defaultValue"] = self.values.value(statement.value)
        if statement.type == "any":
            made["metadata"] = {"flowquill": {"type": "any"}}
        plain = tuple(d for d in statement.decorators if d.name.text != "secure")
        return apply(made, plain, self.values)

    def _nested_var(self, statement: tree.Var) -> dict[str, Any] | None:
        """Declares at the top level; sets the value, where there is one, in its place."""
        wire = self.variables[statement.name.text]
        name = self.names[id(statement)]
        before = list(self.hoisted)
        declared = {"name": wire, "type": VARIABLES[statement.type]}
        hoisted = f"{name}_declared" if statement.value is not None else name
        self.hoisted[hoisted] = {
            "runAfter": {before[-1]: ["Succeeded"]} if before else {},
            "type": "InitializeVariable",
            "inputs": {"variables": [declared]},
        }
        if statement.value is None:
            return None
        return {"type": "SetVariable", "inputs": {"name": wire, "value": self.values.value(statement.value)}}

    # Calls

    def operation(self, callee: tree.Callee, kind: str) -> Operation:
        """The operation of a call. Raises CompileError where the catalog has none."""
        found = self.catalog.find(callee.connector.text if callee.connector else None, callee.operation.text)
        if found is None or found.kind != kind:
            raise CompileError(f"The catalog has no {kind} {callee.text}; give the catalog that has it, or mend the name.")
        return found

    def call(self, operation: Operation, arguments: tuple[tree.Argument, ...], decorators: tuple[tree.Decorator, ...]) -> dict[str, Any]:
        """The action or trigger of a call."""
        meta = meta_of(decorators, self.values)
        given = self._given(arguments)
        if operation.connector is None:
            return self._builtin(operation, given, meta)
        api = connectors.api_of(operation, self.catalog)
        written = {k: self.values.value(v) for k, v in given.items()}
        form = meta.get("form", "ApiConnection" if self.target == "logicapps" else "OpenApiConnection")
        webhook = "Webhook" if connectors.is_webhook(operation) else ""
        if form == "OpenApiConnection":
            inputs = connectors.open_inputs(operation, written, api, meta)
            self.connections.setdefault(inputs["host"]["connectionName"], api)
        else:
            inputs = connectors.rest_inputs(operation, written, api, meta)
            if meta.get("via") != "reference":
                self.connections.setdefault(str(meta.get("connection", api)), api)
        made: dict[str, Any] = {"type": f"{form}{webhook}", "inputs": inputs}
        if operation.kind == "trigger" and not webhook:
            made["recurrence"] = {"frequency": "Minute", "interval": 3}
        if operation.split_on:
            where = operation.split_on.split("/")[1:]
            made["splitOn"] = "@triggerBody()" + "".join(f"?['{p}']" for p in where)
        return made

    def _given(self, arguments: tuple[tree.Argument, ...]) -> dict[str, tree.Expression]:
        """The arguments that have a value; one still to be filled in is left out."""
        found: dict[str, tree.Expression] = {}
        for argument in arguments:
            if isinstance(argument.value, tree.Hole):
                self.problem(f"the value of {argument.parameter.text} is still to be filled in; it is left out", argument.value)
            else:
                found[argument.parameter.text] = argument.value
        return found

    def _builtin(self, operation: Operation, given: dict[str, tree.Expression], meta: dict[str, Any]) -> dict[str, Any]:
        if operation.id == "Raw":
            definition = self.values.value(given["definition"]) if "definition" in given else {}
            kind = self.values.value(given["type"]) if "type" in given else None
            if not isinstance(kind, str) or "@" in kind or not kind:
                raise CompileError(f"A call of {operation.name} has no type; give it one, as \"Http\".")
            return {"type": kind, **(definition if isinstance(definition, dict) else {})}
        made: dict[str, Any] = {"type": TYPES.get(operation.id, operation.id)}
        if operation.id == "Request":
            made["kind"] = "Http"
        for parameter in operation.parameters:
            if parameter.name not in given:
                continue
            value = self._argument(operation, parameter.name, given[parameter.name])
            if parameter.name == "connection" and operation.name.startswith("api_"):
                if meta.get("via") != "reference":
                    self.connections.setdefault(str(value), str(value).removeprefix("shared_"))
                put(made, "inputs/host/connection", connectors.connection_of(str(value), meta.get("via")))
                continue
            put(made, parameter.path, value)
        if operation.id in ("Recurrence", "SlidingWindow") and "interval" not in given:
            put(made, "recurrence/interval", 1)
        return made

    def _argument(self, operation: Operation, name: str, node: tree.Expression) -> Any:
        if operation.id == "Query" and name == "where":
            return self.values.condition(node)
        return self.values.value(node)


def case_name(value: Any) -> str:
    """What a case without a name of its own is called."""
    return wire_name(f"Case_{value}" if isinstance(value, (str, int)) and "@" not in str(value) else "Case")


def _top(block: tree.Block) -> Iterator[tree.Statement]:
    """The steps at the top level; branches of `parallel` are no level of their own."""
    for statement in block:
        yield statement
        if isinstance(statement, tree.Parallel):
            for branch in statement.branches:
                yield from _top(branch)

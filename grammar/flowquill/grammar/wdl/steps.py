"""From the actions of a definition to the steps of a flow: the native form where it says all, else the next best."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog, Operation, Parameter
from flowquill.grammar.naming import loop_name
from flowquill.grammar.wdl import connectors, graph, shapes
from flowquill.grammar.wdl.compile import PARAMETERS, STATUSES, TYPES, VARIABLES, Compiler, case_name
from flowquill.grammar.wdl.expressions import Constant, Invocation, Wdl
from flowquill.grammar.wdl.labels import Labels
from flowquill.grammar.wdl.matching import CONNECTED, match
from flowquill.grammar.wdl.model import Note, WdlError
from flowquill.grammar.wdl.normalise import action as normal_action
from flowquill.grammar.wdl.normalise import run_after
from flowquill.grammar.wdl.patches import decorators, patch
from flowquill.grammar.wdl.reading import Reading
from flowquill.grammar.wdl.trying import with_try

_STATUSES = {wire: name for name, wire in STATUSES.items()}
_VARIABLES = {wire: name for name, wire in VARIABLES.items() if name != "any"}
_PARAMETERS = {**{wire.lower(): name for name, wire in PARAMETERS.items() if name != "any"}, "securestring": "text", "secureobject": "object"}
_NESTED = {"If": ("actions", "else"), "Switch": ("cases", "default"), "Foreach": ("actions",), "Until": ("actions", "expression"), "Scope": ("actions",)}


@dataclass(frozen=True, slots=True)
class Called:
    """One way to write an action or a trigger as a call. `meta`: special keys of `@meta` that it needs."""

    operation: Operation
    arguments: tuple[tree.Argument, ...]
    meta: Mapping[str, Any] = field(default_factory=dict)

    def decorators(self, reading: Reading) -> tuple[tree.Decorator, ...]:
        """The settings that the call cannot be compiled without."""
        return decorators({}, self.meta, None, reading)


@dataclass
class Steps:
    """Reads actions in the order of the flow; what has been read can be named by what follows."""

    catalog: Catalog
    labels: Labels
    target: str
    apis: dict[str, str]
    notes: list[Note] = field(default_factory=list)
    wire_names: dict[str, str] = field(default_factory=dict)
    astray: dict[str, dict[str, Any]] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading)

    def __post_init__(self) -> None:
        empty = tree.Flow(tree.Name("flow"), None, (), ())
        self.compiler = Compiler(empty, self.catalog, "powerautomate" if self.target == "powerautomate" else "logicapps", {})
        self.place = ""
        self.reading.escaped = lambda text, reason: self.notes.append(Note(self.place, f"{text[:60]} is kept as it is: {reason}"))

    def bind(self, name: str, whole: Wdl, root: shapes.Root) -> None:
        """Makes a name known, for reading and for writing."""
        key = Invocation(whole.name.lower(), whole.arguments) if isinstance(whole, Invocation) else whole
        self.reading.roots[key] = (name, root)
        self.compiler.values.roots[name] = root

    # Parameters

    def parameters(self, found: Any) -> Iterator[tree.Statement]:
        """The declared parameters. Raises WdlError where they are no objects."""
        if not isinstance(found, Mapping):
            raise WdlError("The parameters of the definition are no JSON object; mend them.")
        for wire, declared in found.items():
            if wire in ("$connections", "$authentication"):
                continue
            if not isinstance(declared, Mapping) or not isinstance(wire, str):
                raise WdlError(f"The parameter {wire} is no JSON object; mend it.")
            yield self._param(wire, declared)

    def _param(self, wire: str, declared: Mapping[str, Any]) -> tree.Statement:
        self.place = wire
        name = self.labels.give(wire, plain=True)
        kind = str(declared.get("type", "")).lower()
        if kind not in _PARAMETERS:
            raise WdlError(f"The parameter {wire} has no type that parameters have; give it one, as String.")
        value = self.reading.value(declared["defaultValue"]) if "defaultValue" in declared else None
        any_type = _is_any(declared)
        secure = (tree.Decorator(tree.Name("secure")),) if kind.startswith("secure") else ()
        made = tree.Param(tree.Name(name), "any" if any_type else _PARAMETERS[kind], value, decorators=secure)  # type: ignore[arg-type]
        native = _parameter(self.compiler.param(made))
        change = patch(native, _parameter(declared))
        title = (tree.Literal(wire),) if wire != name else ()
        settings = decorators(change if change is not None else dict(_parameter(declared)), {}, wire if title else None, self.reading)
        root = shapes.Root(Invocation("parameters", (Constant(wire),)), shapes.ANY)
        self.bind(name, root.whole, root)
        return replace(made, decorators=(*settings[:1], *secure, *settings[1:]) if title else (*secure, *settings))

    # Blocks

    def block(self, actions: Any, depth: int) -> tuple[tree.Statement, ...]:
        """The steps of one scope. Raises WdlError where they wait in a circle or for what is not there."""
        if actions is None:
            return ()
        waits = {name: self._waits(name, action, actions) for name, action in actions.items()}
        nodes = graph.arrange(waits)
        named = set(_named(nodes))
        return with_try(tuple(self._nodes(nodes, actions, named, depth)), {self.labels.steps[n] for n in named})

    def _waits(self, name: str, action: Mapping[str, Any], actions: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """What a step waits for among those of its scope; what is not there is kept in `@meta`."""
        found = run_after(action.get("runAfter"))
        if not isinstance(found, Mapping) or not all(isinstance(s, list) and all(re.fullmatch(r"\w+", w) for w in s) for s in found.values()):
            raise WdlError(f"The runAfter of the action {name} is malformed; it maps names of actions to lists of statuses.")
        if any(k not in actions or not s or not set(s) <= set(_STATUSES) for k, s in found.items()):
            self.astray[name] = dict(found)
            self.notes.append(Note(name, "it runs after what is not in its scope or by no known status; its runAfter is kept in @meta"))
        return {k: tuple(s for s in v if s in _STATUSES) or ("Succeeded",) for k, v in found.items() if k in actions}

    def _nodes(self, nodes: tuple[graph.Node, ...], actions: Mapping[str, Any], named: set[str], depth: int) -> Iterator[tree.Statement]:
        for node in nodes:
            if isinstance(node, graph.Branches):
                outer = dict(self.reading.roots)
                added: dict[Wdl, tuple[str, shapes.Root]] = {}
                branches = []
                for branch in node.branches:
                    self.reading.roots = dict(outer)
                    branches.append(tuple(self._nodes(branch, actions, named, depth)))
                    added.update(self.reading.roots)
                self.reading.roots = {**outer, **added}
                yield tree.Parallel(tuple(branches))
                continue
            self.place = node.name
            made = self.step(node.name, actions[node.name], depth)
            after = self._after(node)
            label = tree.Name(self.labels.steps[node.name]) if node.name in named and not isinstance(made, (tree.Call, tree.Scope)) else None
            self.wire_names[self.labels.steps[node.name]] = node.name
            yield replace(made, label=label, after=after) if label or after else made

    def _after(self, node: graph.Step) -> tuple[tree.After, ...]:
        if node.after is None:
            return ()
        if node.relative:
            return (tree.After(None, _statuses(next(iter(node.after.values())))),)
        return tuple(tree.After(tree.Name(self.labels.steps[n]), _statuses(s)) for n, s in node.after.items())

    # Steps

    def step(self, name: str, action: Mapping[str, Any], depth: int) -> tree.Statement:
        """The step of one action."""
        wanted = _shell(normal_action(action))
        made = self._special(name, action, wanted, depth)
        if made is not None:
            return made
        for called in self.calls(action, "action"):
            operation = called.operation
            native = _shell(normal_action(self.compiler.call(operation, called.arguments, called.decorators(self.reading))))
            whole = operation.id == "Raw"
            change = patch(native, _shell(normal_action(action), keep=whole))
            if whole:
                change = {}
                self.notes.append(Note(name, f"the action's type {action['type']} has no syntax here; it is kept as raw"))
            if change is None:
                continue
            settings = decorators({**change, **self._order(name)}, called.meta, name, self.reading)
            return self._called(name, called, settings)
        raise WdlError(f"The action {name} has no form here; mend its definition.")

    def _order(self, name: str) -> dict[str, Any]:
        return {"runAfter": self.astray[name]} if name in self.astray else {}

    def _called(self, name: str, called: Called, settings: tuple[tree.Decorator, ...]) -> tree.Call:
        operation = called.operation
        callee = tree.Callee(tree.Name(operation.connector) if operation.connector else None, tree.Name(operation.name))
        given = self.labels.steps[name]
        root = shapes.of_step(name, operation)
        for whole in (root.body, root.rest):
            if whole is not None:
                self.bind(given, whole, root)
        return tree.Call(tree.Name(given), callee, called.arguments, decorators=settings)

    def calls(self, found: Mapping[str, Any], kind: str) -> Iterator[Called]:
        """The ways to write an action or trigger as a call, the best first; the last is `raw`."""
        type_ = str(found["type"])
        if type_ in CONNECTED:
            matched = match(found, self.catalog, kind, self.target, self.apis)
            if matched is not None:
                values = {k: self.reading.value(v) for k, v in matched.arguments.items()}
                yield Called(matched.operation, _ordered(matched.operation, values), matched.meta)
        builtins = [o for o in self.catalog.builtins.values() if o.kind == kind and TYPES.get(o.id, o.id) == type_ and o.id != "Raw"]
        called = [c for o in builtins if (c := self._builtin(o, found)) is not None]
        yield from sorted(called, key=lambda c: any(isinstance(a.value, tree.Hole) for a in c.arguments))
        raw = self.catalog.builtins["raw" if kind == "action" else "raw_trigger"]
        definition = {k: v for k, v in found.items() if k not in ("type", "runAfter")}
        yield Called(raw, (_argument("type", tree.Literal(type_)), _argument("definition", self.reading.value(definition))))

    def _builtin(self, operation: Operation, found: Mapping[str, Any]) -> Called | None:
        """The call of a built-in operation; None where an argument that it needs is missing."""
        made: dict[str, tree.Expression] = {}
        meta: dict[str, Any] = {}
        for parameter in operation.parameters:
            held, value = _at(found, parameter.path)
            if parameter.name == "connection" and operation.name.startswith("api_"):
                key = connectors.connection_key(_at(found, "inputs/host/connection")[1])
                if key is None:
                    return None
                held, value = True, key[0]
                meta = {"via": key[1]} if key[1] else {}
            if not held:
                continue
            if parameter.name == "interval" and value == 1 and operation.id in ("Recurrence", "SlidingWindow"):
                continue
            if operation.id == "Query" and parameter.name == "where":
                self.reading.item += 1
                written = self.reading.condition(value)
                self.reading.item -= 1
            else:
                if not _fitting(parameter, value):
                    continue
                self.reading.item += operation.id in ("Select", "Query")
                written = self.reading.value(value)
                self.reading.item -= operation.id in ("Select", "Query")
            made[parameter.name] = written
        return Called(operation, _ordered(operation, made), meta)

    def _special(self, name: str, action: Mapping[str, Any], wanted: Mapping[str, Any], depth: int) -> tree.Statement | None:
        """Steps with syntax of their own; None where the action has none or says more than that."""
        made = self._simple(action)
        special: dict[str, Any] = {}
        if isinstance(made, tree.Var):
            wire = action["inputs"]["variables"][0]["name"]
            self.compiler.variables[made.name.text] = wire
            self.compiler.kinds[made.name.text] = made.type
            if wire != made.name.text:
                special["variable"] = wire
        if made is None:
            made, special = self._shell(name, action)
        if made is None:
            return None
        self.compiler.names[id(made)] = name
        shown = made
        if special:
            shown = replace(made, decorators=decorators({}, special, None, self.reading))
            self.compiler.names[id(shown)] = name
        change = patch(_shell(normal_action(self.compiler.step(shown))), wanted)
        if change is None:
            return None
        settings = decorators({**change, **self._order(name)}, special, name, self.reading)
        if isinstance(made, tree.Var):
            root = shapes.Root(Invocation("variables", (Constant(action["inputs"]["variables"][0]["name"]),)), shapes.ANY)
            self.bind(made.name.text, root.whole, root)
        return replace(self._filled(made, name, action, depth), decorators=settings)

    def _simple(self, action: Mapping[str, Any]) -> tree.Statement | None:
        inputs = action.get("inputs")
        reading = self.reading
        metadata = action.get("metadata")
        own = metadata.get("flowquill") if isinstance(metadata, Mapping) else None
        if isinstance(own, Mapping) and isinstance(own.get("todo"), str):
            return tree.Todo(own["todo"])
        if not isinstance(inputs, Mapping):
            return None
        type_ = action["type"]
        if type_ == "InitializeVariable":
            listed = inputs.get("variables")
            one = listed[0] if isinstance(listed, list) and len(listed) == 1 else None
            if not isinstance(one, Mapping) or not isinstance(one.get("name"), str):
                return None
            kind = "any" if _is_any(action) else _VARIABLES.get(str(one.get("type", "")).lower())
            name = self.labels.variables.get(one["name"])
            if kind is None or name is None or name in self.compiler.kinds:
                return None
            return tree.Var(tree.Name(name), kind, reading.value(one["value"]) if "value" in one else None)  # type: ignore[arg-type]
        variable = self._variable(inputs.get("name"))
        if variable is None:
            return None
        kind = self.compiler.kinds[variable.text]
        held = "value" in inputs
        if type_ == "SetVariable" and held:
            return tree.Set(variable, reading.value(inputs["value"]))
        if type_ == "AppendToArrayVariable" and held and kind in ("list", "any"):
            return tree.Append(reading.value(inputs["value"]), variable)
        if type_ == "AppendToStringVariable" and held and kind == "text":
            return tree.Append(reading.value(inputs["value"]), variable)
        if type_ in ("IncrementVariable", "DecrementVariable") and kind in ("integer", "number"):
            if not held:
                return None
            by = None if inputs["value"] == 1 and type(inputs["value"]) is int else reading.value(inputs["value"])
            return tree.Increment(variable, by, type_ == "DecrementVariable")
        return None

    def _variable(self, name: Any) -> tree.Name | None:
        """The declared variable of this name that can be named here."""
        if not isinstance(name, str):
            return None
        found = self.reading.roots.get(Invocation("variables", (Constant(name),)))
        return tree.Name(found[0]) if found else None

    def _shell(self, name: str, action: Mapping[str, Any]) -> tuple[tree.Statement | None, dict[str, Any]]:
        """A step with blocks, its blocks still empty, and the special keys it needs."""
        reading = self.reading
        match action["type"]:
            case "Scope" if isinstance(action.get("actions", {}), Mapping):
                return tree.Scope(tree.Name(self.labels.steps[name]), ()), {}
            case "If" if "expression" in action and _only_actions(action.get("else")):
                otherwise = () if (action.get("else") or {}).get("actions") else None
                return tree.If(reading.condition(action["expression"]), (), otherwise), {}
            case "Switch" if "expression" in action and _only_actions(action.get("default")) and _cases(action.get("cases", {})):
                cases = action.get("cases", {})
                made = tuple(tree.Case(reading.value(c["case"]), ()) for c in cases.values())
                default = () if (action.get("default") or {}).get("actions") else None
                derived = [case_name(c["case"]) for c in cases.values()]
                special = {} if derived == list(cases) else {"cases": list(cases)}
                return tree.Switch(reading.value(action["expression"]), made, default), special
            case "Foreach" if "foreach" in action:
                return self._loop(action), {}
            case "Until" if "expression" in action:
                limit = action.get("limit")
                given = limit if isinstance(limit, Mapping) else {}
                limits = tuple(tree.Argument(tree.Name(k), reading.value(given[k])) for k in ("count", "timeout") if given.get(k) is not None)
                return tree.Until((), tree.Literal(True), limits), {}
        return None, {}

    def _loop(self, action: Mapping[str, Any]) -> tree.For:
        source = self.reading.value(action["foreach"])
        runtime = action.get("runtimeConfiguration")
        concurrency = runtime.get("concurrency") if isinstance(runtime, Mapping) else None
        repetitions = concurrency.get("repetitions") if isinstance(concurrency, Mapping) else None
        degree: int | None = 0
        if type(repetitions) is int and repetitions > 0:
            degree = None if repetitions == 1 else repetitions
        item = loop_name(_last(source), self.labels.taken)
        self.labels.taken.add(item)
        return tree.For(tree.Name(item), source, degree, ())

    def _filled(self, made: tree.Statement, name: str, action: Mapping[str, Any], depth: int) -> tree.Statement:
        """The step with what is inside it."""
        match made:
            case tree.Scope():
                return replace(made, body=self.block(action.get("actions"), depth + 1))
            case tree.If():
                then = self.block(action.get("actions"), depth + 1)
                otherwise = None if made.otherwise is None else self.block(action["else"]["actions"], depth + 1)
                return replace(made, then=then, otherwise=otherwise)
            case tree.Switch():
                bodies = [self.block(c.get("actions"), depth + 1) for c in action.get("cases", {}).values()]
                cases = tuple(replace(c, body=b) for c, b in zip(made.cases, bodies, strict=True))
                default = None if made.default is None else self.block(action["default"]["actions"], depth + 1)
                return replace(made, cases=cases, default=default)
            case tree.For():
                key = Invocation("items", (Constant(name),))
                shape = shapes.element(self.compiler.values.typed(made.source)[1]) if isinstance(made.source, (tree.Member, tree.Index, tree.Reference)) else shapes.ANY
                self.bind(made.item.text, key, shapes.Root(key, shape))
                body = self.block(action.get("actions"), depth + 1)
                self.reading.roots.pop(key, None)
                return replace(made, body=body)
            case tree.Until():
                body = self.block(action.get("actions"), depth + 1)
                return replace(made, body=body, condition=self.reading.condition(action["expression"]))
        return made


def _shell(action: Any, keep: bool = False) -> dict[str, Any]:
    """An action without what is inside it and without its order."""
    inside = () if keep else _NESTED.get(action.get("type"), ())
    return {k: v for k, v in action.items() if k != "runAfter" and k not in inside}


def _parameter(declared: Mapping[str, Any]) -> dict[str, Any]:
    return {k: str(v).lower() if k == "type" else v for k, v in sorted(declared.items())}


def _argument(name: str, value: tree.Expression) -> tree.Argument:
    return tree.Argument(tree.Name(name), value)


def _is_any(found: Mapping[str, Any]) -> bool:
    metadata = found.get("metadata")
    own = metadata.get("flowquill") if isinstance(metadata, Mapping) else None
    return isinstance(own, Mapping) and own.get("type") == "any"


def _statuses(found: tuple[str, ...]) -> tuple[tree.Status, ...]:
    return tuple(_STATUSES[s] for s in found)  # type: ignore[misc]


def _named(nodes: tuple[graph.Node, ...]) -> Iterator[str]:
    """The steps that others name to say what they wait for."""
    for node in nodes:
        if isinstance(node, graph.Branches):
            for branch in node.branches:
                yield from _named(branch)
        elif node.after is not None and not node.relative:
            yield from node.after


def _at(found: Any, path: str) -> tuple[bool, Any]:
    for part in path.split("/"):
        if not isinstance(found, Mapping) or part not in found:
            return False, None
        found = found[part]
    return True, found


def _ordered(operation: Operation, values: Mapping[str, tree.Expression]) -> tuple[tree.Argument, ...]:
    """Arguments in the catalog's order; `?` for one that is needed and missing."""
    needed = {p.name: values.get(p.name, tree.Hole()) for p in operation.parameters if p.name in values or p.required}
    return tuple(tree.Argument(tree.Name(name), value) for name, value in needed.items())


def _fitting(parameter: Parameter, value: Any) -> bool:
    """Whether a value can stand for a parameter with a list of values; others are kept in `@meta`."""
    if not parameter.enum or not isinstance(value, str) or "@" in value:
        return True
    return value in parameter.enum or parameter.required


def _only_actions(found: Any) -> bool:
    return found is None or (isinstance(found, Mapping) and set(found) <= {"actions"})


def _cases(found: Any) -> bool:
    return isinstance(found, Mapping) and all(isinstance(c, Mapping) and "case" in c and set(c) <= {"case", "actions"} for c in found.values())


def _last(source: tree.Expression) -> str:
    match source:
        case tree.Member():
            return source.name.text
        case tree.Index(index=tree.Literal(value=str() as text)):
            return text
        case tree.Reference():
            return source.name
        case _:
            return "items"

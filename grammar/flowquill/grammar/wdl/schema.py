"""The checks of the Workflow Definition Language (schema 2016-06-01) that decide whether a platform takes a definition.

Sources: "Schema reference guide for the Workflow Definition Language", "Schema reference guide for trigger and action types" and
"Limits and configuration reference" of Azure Logic Apps, Microsoft Learn.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flowquill.grammar.wdl import action_rules as rules
from flowquill.grammar.wdl.model import Target
from flowquill.grammar.wdl.references import Reference, Unparsed, longest_expression, read_references
from flowquill.grammar.wdl.violations import (
    MAX_ACTIONS,
    MAX_CASES,
    MAX_EXPRESSION,
    MAX_NAME,
    MAX_NESTING,
    MAX_OUTPUTS,
    MAX_PARAMETERS,
    MAX_TRIGGERS,
    MAX_VARIABLES,
    Findings,
    Violation,
)

_KEYS = frozenset(["$schema", "contentVersion", "parameters", "triggers", "actions", "outputs", "staticResults", "description", "metadata"])
_TYPES = frozenset(["string", "securestring", "int", "float", "bool", "array", "object", "secureobject"])
_VARIABLES = frozenset(["boolean", "integer", "float", "string", "array", "object"])
_CHANGES = {
    "incrementvariable": ("integer", "float"),
    "decrementvariable": ("integer", "float"),
    "appendtoarrayvariable": ("array",),
    "appendtostringvariable": ("string",),
    "setvariable": tuple(_VARIABLES),
}
_STATUSES = frozenset(["succeeded", "failed", "skipped", "timedout"])
# Longer texts are not searched: that costs time, and their expressions are too long or do not matter.
_LONGEST = 200_000
_FORBIDDEN = re.compile(r"[<>%&\\?/\x00-\x1f]")


def check_definition(definition: Mapping[str, Any], target: Target | None = None) -> tuple[Violation, ...]:
    """What a definition breaks of the rules, in the order of its parts. `target`: also what only that platform asks for. Never raises."""
    return _Checker(target).check(definition)


@dataclass
class _Scope:
    """Actions side by side. `owner`: the action around them, () at the top."""

    names: frozenset[str]
    owner: str | None
    outer: _Scope | None
    loops: frozenset[str]


@dataclass
class _Action:
    fields: Mapping[str, Any]
    kind: str
    place: str
    scope: _Scope
    inner: list[str] = field(default_factory=list)


@dataclass
class _Checker:
    """Checks one definition: first what there is, then what each part says."""

    target: Target | None
    findings: Findings = field(default_factory=Findings)
    actions: dict[str, _Action] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    parameters: frozenset[str] = frozenset()
    before: dict[str, frozenset[str]] = field(default_factory=dict)

    def check(self, definition: Mapping[str, Any]) -> tuple[Violation, ...]:
        """All violations."""
        self._head(definition)
        triggers = self._object(definition, "triggers", "", required=False)
        self._triggers(triggers)
        top = self._object(definition, "actions", "", required=False)
        self._scope(top, "actions", None, None, 0, frozenset())
        if len(self.actions) > MAX_ACTIONS:
            self.findings.error("WD09", "actions", f"there are {len(self.actions)} actions; a workflow has up to {MAX_ACTIONS}")
        self._declared_variables()
        kinds = {str(t.get("type")).lower() for t in triggers.values() if isinstance(t, Mapping)}
        for name, action in self.actions.items():
            self._action(name, action, kinds)
        for name, trigger in triggers.items():
            if isinstance(trigger, Mapping):
                self._references(trigger, f"triggers/{name}", None)
        return tuple(self.findings.found)

    # The whole

    def _head(self, definition: Mapping[str, Any]) -> None:
        for key in definition:
            if key not in _KEYS:
                self.findings.warning("WD01", str(key), f"the language has no {key} in a definition")
        schema = definition.get("$schema")
        if not isinstance(schema, str):
            self.findings.warning("WD02", "$schema", "the schema of the language is not named")
        elif "workflowdefinition.json" not in schema.lower():
            self.findings.error("WD03", "$schema", "the schema is not that of a workflow definition")
        if not isinstance(definition.get("contentVersion", ""), str):
            self.findings.error("WD01", "contentVersion", "contentVersion is no text")
        self._parameters(self._object(definition, "parameters", "", required=False))
        outputs = self._object(definition, "outputs", "", required=False)
        if len(outputs) > MAX_OUTPUTS:
            self.findings.error("WD09", "outputs", f"there are {len(outputs)} outputs; a workflow has up to {MAX_OUTPUTS}")

    def _parameters(self, declared: Mapping[str, Any]) -> None:
        self.parameters = frozenset(n.lower() for n in declared)
        if len(declared) > MAX_PARAMETERS:
            self.findings.error("WD09", "parameters", f"there are {len(declared)} parameters; a workflow has up to {MAX_PARAMETERS}")
        for name, parameter in declared.items():
            place = f"parameters/{name}"
            if not isinstance(parameter, Mapping):
                self.findings.error("WD01", place, "a parameter is no object")
                continue
            kind = parameter.get("type")
            if kind is None:
                self.findings.error("WD02", place, "the parameter has no type")
            elif not rules.is_expression(kind) and str(kind).lower() not in _TYPES:
                self.findings.error("WD03", place, f"the type {kind} is not known; expected String, Int, Float, Bool, Array, Object, SecureString or SecureObject")
            elif "defaultValue" in parameter and not _of_type(parameter["defaultValue"], str(kind).lower()):
                self.findings.error("WD03", place, f"the default is no value of type {kind}")
            allowed = parameter.get("allowedValues")
            if allowed is not None and not isinstance(allowed, list):
                self.findings.error("WD01", place, "allowedValues is no list")

    def _triggers(self, triggers: Mapping[str, Any]) -> None:
        if not triggers:
            self.findings.warning("WD02", "triggers", "there is no trigger, so that nothing starts the workflow")
        if len(triggers) > MAX_TRIGGERS:
            self.findings.error("WD09", "triggers", f"there are {len(triggers)} triggers; a workflow has up to {MAX_TRIGGERS}")
        if self.target == "powerautomate" and len(triggers) > 1:
            self.findings.error("WD09", "triggers", "a flow of Power Automate has one trigger")
        for name, trigger in triggers.items():
            place = f"triggers/{name}"
            self._name(str(name), place)
            if not isinstance(trigger, Mapping):
                self.findings.error("WD01", place, "a trigger is no object")
                continue
            kind = self._kind(trigger, place)
            if kind in rules.CONTAINERS or trigger.get("runAfter"):
                self.findings.error("WD10", place, "a trigger neither contains actions nor waits for any")
            polls = kind in ("apiconnection", "openapiconnection", "http")
            if polls and "recurrence" not in trigger:
                self.findings.error("WD02", place, "the trigger asks again and again, and says not how often; add a recurrence")
            self._required(trigger, kind, place)
            rules.recurrence(trigger, place, self.findings)
            rules.settings(trigger, place, self.findings, True)
            conditions = trigger.get("conditions")
            if conditions is not None and not (isinstance(conditions, list) and all(isinstance(c, Mapping) and "expression" in c for c in conditions)):
                self.findings.error("WD01", place, "conditions are a list of objects with an expression")
            if "splitOn" in trigger and not isinstance(trigger["splitOn"], (str, list)):
                self.findings.error("WD01", place, "splitOn is no expression")

    # Names and scopes

    def _scope(self, found: Mapping[str, Any], place: str, owner: str | None, outer: _Scope | None, depth: int, loops: frozenset[str]) -> list[str]:
        """Takes up the actions of a scope and those inside them; returns all their names."""
        if depth == MAX_NESTING + 1 and found:
            self.findings.error("WD09", place, f"actions are nested more than {MAX_NESTING} levels deep; move the inner part to a workflow of its own")
        scope = _Scope(frozenset(str(n) for n in found), owner, outer, loops)
        names: list[str] = []
        for name, fields in found.items():
            here = f"{place}/{name}"
            self._name(str(name), here)
            if not isinstance(fields, Mapping):
                self.findings.error("WD01", here, "an action is no object")
                continue
            if name.lower() in self.actions:
                self.findings.error("WD05", here, "there is already an action of this name in the workflow")
                continue
            action = _Action(fields, self._kind(fields, here), here, scope)
            self.actions[name.lower()] = action
            below = loops | {name.lower()} if action.kind in ("foreach", "until") else loops
            for key, inner in self._inner(fields, action.kind, here):
                action.inner += self._scope(inner, f"{here}/{key}", name.lower(), scope, depth + 1, below)
            names += [name.lower(), *action.inner]
        self._order(found, place)
        return names

    def _inner(self, fields: Mapping[str, Any], kind: str, place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The scopes inside an action, by their path."""
        if kind in ("foreach", "until", "if", "scope"):
            yield "actions", self._object(fields, "actions", place, required=kind != "scope")
        elif isinstance(fields.get("actions"), Mapping):
            yield "actions", fields["actions"]
        for key in ("else", "default"):
            branch = fields.get(key)
            if isinstance(branch, Mapping):
                yield f"{key}/actions", self._object(branch, "actions", f"{place}/{key}", required=False)
            elif branch is not None:
                self.findings.error("WD01", f"{place}/{key}", f"{key} is no object with actions")
        for key in ("cases", "tools"):
            for name, branch in self._object(fields, key, place, required=False).items():
                if isinstance(branch, Mapping):
                    yield f"{key}/{name}/actions", self._object(branch, "actions", f"{place}/{key}/{name}", required=False)
                else:
                    self.findings.error("WD01", f"{place}/{key}/{name}", "a case is no object")

    def _order(self, found: Mapping[str, Any], place: str) -> None:
        """Checks runAfter among actions side by side, and notes for each which run before it."""
        names = {str(n).lower(): str(n) for n in found}
        waits: dict[str, list[str]] = {}
        for name, fields in found.items():
            after = fields.get("runAfter") if isinstance(fields, Mapping) else None
            here = f"{place}/{name}"
            waits[name.lower()] = []
            if after is None or after == []:
                continue
            if not isinstance(after, Mapping):
                self.findings.error("WD01", here, "runAfter is no object")
                continue
            for step, statuses in after.items():
                if step.lower() not in names:
                    self.findings.error("WD06", here, f"it runs after {step}, which is no action of the same block")
                    continue
                waits[name.lower()].append(step.lower())
                if not isinstance(statuses, list) or not statuses:
                    self.findings.error("WD03", here, f"runAfter names no status of {step}")
                    continue
                for status in statuses:
                    if str(status).lower() not in _STATUSES:
                        self.findings.error("WD03", here, f"{step} cannot end as {status}; expected Succeeded, Failed, Skipped or TimedOut")
        self._settle(waits, place)

    def _settle(self, waits: dict[str, list[str]], place: str) -> None:
        done: dict[str, frozenset[str]] = {}
        left = dict(waits)
        while left:
            ready = [n for n, after in left.items() if all(a in done for a in after)]
            if not ready:
                self.findings.error("WD06", place, f"the actions {', '.join(sorted(left)[:5])} wait for each other in a circle")
                done.update(dict.fromkeys(left, frozenset(waits)))
                break
            for name in ready:
                done[name] = frozenset().union(*(done[a] | {a} for a in left.pop(name)))
        for name, earlier in done.items():
            self.before.setdefault(name, earlier)

    def _name(self, name: str, place: str) -> None:
        if not name.strip():
            self.findings.error("WD05", place, "the name is empty")
        elif len(name) > MAX_NAME:
            self.findings.error("WD05", place, f"the name has {len(name)} characters; up to {MAX_NAME} are allowed")
        elif match := _FORBIDDEN.search(name):
            self.findings.error("WD05", place, f"the name holds {match[0]!r}, which names may not")

    def _kind(self, fields: Mapping[str, Any], place: str) -> str:
        kind = fields.get("type")
        if not isinstance(kind, str) or not kind:
            self.findings.error("WD02", place, "it has no type")
            return ""
        if kind.lower() not in rules.KNOWN:
            self.findings.warning("WD04", place, f"the type {kind} is not known")
        elif self.target == "logicapps" and kind.lower().startswith("openapiconnection"):
            self.findings.error("WD04", place, f"Logic Apps has no {kind}; compile for Power Automate, or call an operation of the catalog")
        elif self.target == "powerautomate" and kind.lower() == "serviceprovider":
            self.findings.error("WD04", place, f"Power Automate has no {kind}; compile for Logic Apps, or call an operation of the catalog")
        elif self.target == "powerautomate" and kind.lower().startswith("apiconnection"):
            self.findings.warning("WD04", place, f"Power Automate knows {kind} from old flows only; call an operation of the catalog")
        return kind.lower()

    def _object(self, fields: Mapping[str, Any], key: str, place: str, required: bool) -> Mapping[str, Any]:
        found = fields.get(key)
        if found is None:
            if required:
                self.findings.error("WD02", place, f"it has no {key}")
            return {}
        if not isinstance(found, Mapping):
            self.findings.error("WD01", f"{place}/{key}".strip("/"), f"{key} is no object")
            return {}
        return found

    # One action

    def _action(self, name: str, action: _Action, triggers: set[str]) -> None:
        fields, kind, place = action.fields, action.kind, action.place
        self._required(fields, kind, place)
        rules.settings(fields, place, self.findings, False)
        if kind in rules.RULES_OF:
            rules.RULES_OF[kind](fields, place, self.findings)
        if kind == "switch":
            self._cases(fields, place)
        if kind == "initializevariable" and action.scope.owner is not None:
            self.findings.error("WD10", place, "variables are declared at the top of the workflow, never inside another action")
        if kind == "response":
            if triggers and "request" not in triggers:
                self.findings.warning("WD10", place, "a response answers a request, and no request starts this workflow")
            if action.scope.loops:
                self.findings.error("WD10", place, "a response may not stand in a loop")
        if kind == "terminate" and action.scope.loops:
            self.findings.error("WD10", place, "the run may not be ended inside a loop")
        if kind in _CHANGES:
            self._change(fields, kind, place)
        self._references({k: v for k, v in fields.items() if k not in ("actions", "else", "cases", "default", "runAfter", "tools")}, place, (name, action))
        for key, case in self._object(fields, "cases", place, required=False).items():
            if isinstance(case, Mapping):
                self._references(case.get("case"), f"{place}/cases/{key}", (name, action))

    def _required(self, fields: Mapping[str, Any], kind: str, place: str) -> None:
        for path in rules.missing(fields, kind):
            self.findings.error("WD02", place, f"a step of type {fields.get('type')} needs {path.replace('|', ' or ')}")

    def _cases(self, fields: Mapping[str, Any], place: str) -> None:
        cases = self._object(fields, "cases", place, required=False)
        if len(cases) > MAX_CASES:
            self.findings.error("WD09", place, f"there are {len(cases)} cases; a switch has up to {MAX_CASES}")
        seen: Counter[str] = Counter()
        for name, case in cases.items():
            if isinstance(case, Mapping):
                if "case" not in case:
                    self.findings.error("WD02", f"{place}/cases/{name}", "a case has no value")
                elif isinstance(case["case"], (dict, list)) or case["case"] is None:
                    self.findings.error("WD01", f"{place}/cases/{name}", "the value of a case is a text or a number")
                seen[str(case.get("case"))] += 1
        for value, count in seen.items():
            if count > 1 and value != "None":
                self.findings.error("WD08", place, f"two cases have the value {value}")

    # Variables and references

    def _declared_variables(self) -> None:
        for action in self.actions.values():
            if action.kind != "initializevariable":
                continue
            declared = rules.get(action.fields, "inputs.variables")
            if not isinstance(declared, list) or not declared:
                self.findings.error("WD01", action.place, "inputs.variables is a list of variables")
                continue
            for variable in declared:
                self._variable(variable, action.place)
        if len(self.variables) > MAX_VARIABLES:
            self.findings.error("WD09", "actions", f"there are {len(self.variables)} variables; a workflow has up to {MAX_VARIABLES}")

    def _variable(self, variable: Any, place: str) -> None:
        if not isinstance(variable, Mapping) or not isinstance(variable.get("name"), str):
            self.findings.error("WD02", place, "a variable has no name")
            return
        name, kind = variable["name"], str(variable.get("type")).lower()
        if kind not in _VARIABLES and not rules.is_expression(variable.get("type")):
            self.findings.error("WD03", place, f"the variable {name} is of type {variable.get('type')}; expected Boolean, Integer, Float, String, Array or Object")
        if name.lower() in self.variables:
            self.findings.error("WD08", place, f"the variable {name} is declared twice")
        self.variables[name.lower()] = kind

    def _change(self, fields: Mapping[str, Any], kind: str, place: str) -> None:
        name = rules.get(fields, "inputs.name")
        if not isinstance(name, str) or rules.is_expression(name):
            return
        declared = self.variables.get(name.lower())
        if declared is None:
            self.findings.error("WD08", place, f"the variable {name} is not declared")
        elif declared in _VARIABLES and declared not in _CHANGES[kind]:
            self.findings.error("WD03", place, f"{fields.get('type')} does not go with {name}, which is of type {declared}")

    def _references(self, value: Any, place: str, at: tuple[str, _Action] | None) -> None:
        longest = longest_expression(value)
        if longest > MAX_EXPRESSION:
            self.findings.error("WD09", place, f"an expression has {longest} characters; up to {MAX_EXPRESSION} are allowed")
        told: set[Reference] = set()
        for reference in read_references(value, _LONGEST):
            if isinstance(reference, Unparsed):
                self.findings.error("WD01", place, f"{_short(reference.text)} does not parse: {reference.reason}")
            elif reference not in told:
                told.add(reference)
                self._reference(reference, place, at)

    def _reference(self, reference: Reference, place: str, at: tuple[str, _Action] | None) -> None:
        name = reference.name.lower()
        match reference.kind:
            case "variable" if name not in self.variables:
                self.findings.error("WD08", place, f"it reads the variable {reference.name}, which is not declared")
            case "parameter" if name not in self.parameters:
                self.findings.warning("WD08", place, f"it reads the parameter {reference.name}, which the definition does not declare")
            case "loop" if at is not None and name not in at[1].scope.loops | {at[0]}:
                self.findings.error("WD08", place, f"it reads the element of {reference.name}, which is no loop around it")
            case "step" if at is not None:
                if name not in self.actions:
                    self.findings.error("WD07", place, f"it reads {reference.name}, and there is no such action")
                elif name not in self._visible(*at):
                    self.findings.error("WD07", place, f"it reads {reference.name}, which is not among the actions that run before it")

    def _visible(self, name: str, action: _Action) -> set[str]:
        """The actions whose results an action may read: those before it and before all around it, with what is in them."""
        found: set[str] = set(action.inner)
        scope: _Scope | None = action.scope
        step: str | None = name
        while scope is not None and step is not None:
            for earlier in self.before.get(step, frozenset()):
                found.add(earlier)
                if earlier in self.actions:
                    found.update(self.actions[earlier].inner)
            step, scope = scope.owner, scope.outer
        return found


def _of_type(value: Any, kind: str) -> bool:
    if rules.is_expression(value) or value is None:
        return True
    match kind:
        case "string" | "securestring":
            return isinstance(value, str)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "bool":
            return isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case _:
            return isinstance(value, (dict, list, str, int, float))


def _short(text: str) -> str:
    return repr(text) if len(text) <= 60 else repr(text[:57] + "...")

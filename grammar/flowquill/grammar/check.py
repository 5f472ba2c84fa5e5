"""The checker: everything about a flow that the grammar alone cannot say, judged by the rules the forward parser follows.

`forward.py` states the same rules as masks; a property test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import chain

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog, Operation, Output, Parameter
from flowquill.grammar.diagnostics import Diagnostic, Edit, Fix, Severity
from flowquill.grammar.escapes import ESCAPES
from flowquill.grammar.format import expression as written
from flowquill.grammar.functions import FUNCTIONS
from flowquill.grammar.parse import Parsed, ParseError
from flowquill.grammar.types import (
    ANY,
    BOOLEAN,
    INTEGER,
    LIST,
    NUMBER,
    OBJECT,
    SIMPLE,
    TEXT,
    ValueType,
    assignable,
    of_properties,
    of_result,
)
from flowquill.grammar.words import DECORATORS, LIMITS, RESERVED

_SECRETS = re.compile(
    r"AccountKey=[A-Za-z0-9+/]{20,}|SharedAccessKey=[A-Za-z0-9+/]{20,}|\bsk_live_[A-Za-z0-9]{10,}|\bAKIA[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}|-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.|[?&]sig=[A-Za-z0-9%]{20,}"
    r"|(?i:\b(?:password|pwd|client_secret)\s*=\s*[^\s;]{6,})"
)
_WORD = re.compile(r"[A-Za-z_]\w*")
# Nothing is given back: a line of number signs could be read as comments in as many ways as it has signs, doubled by each.
_PARENTHESIS = re.compile(r"(?:[ \t\r\n]|#[^\n]*+)*+\(")
_ARITHMETIC = frozenset("+-*/%")
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})


def check(parsed: Parsed, catalog: Catalog) -> tuple[Diagnostic, ...]:
    """All diagnostics of a file in the order of their places. Never raises."""
    found = [Diagnostic("FQ001", "error", e.message, e.span) for e in parsed.errors]
    unknown = lost_words(parsed.text, parsed.errors)
    seen: set[str] = set()
    for flow in parsed.file.flows:
        checker = Checker(parsed.text, catalog, unknown, bool(parsed.errors))
        try:
            checker.flow(flow)
        except RecursionError:
            checker.found = [Diagnostic("FQ001", "error", "the flow is nested too deeply to be checked; move a part of it to a flow of its own", flow.name.span)]
        if flow.name.text in seen:
            checker.again(flow)
        seen.add(flow.name.text)
        found += checker.found
    return tuple(sorted(found, key=lambda d: d.span))


def lost_words(text: str, errors: Iterable[ParseError]) -> frozenset[str]:
    """The words of text that was left out because of mistakes; what they name may well exist."""
    return frozenset(chain.from_iterable(_WORD.findall(text, *e.skipped) for e in errors))


@dataclass(frozen=True, slots=True)
class KnownName:
    """A name in scope; two are equal where they mean the same to what uses them.

    `declared`: where, to say that nothing uses it; `at`: how much further on that place is now (see `recheck`).
    """

    type: ValueType
    role: str
    declared: tree.Name | None = field(default=None, compare=False)
    drop: Edit | None = field(default=None, compare=False)
    at: int = field(default=0, compare=False)


@dataclass
class Checker:
    """Checks one flow. `unknown`: words of text that could not be read; what they name may well exist."""

    text: str
    catalog: Catalog
    unknown: frozenset[str]
    damaged: bool
    found: list[Diagnostic] = field(default_factory=list)
    names: dict[str, KnownName] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    steps: set[str] = field(default_factory=set)
    all_steps: frozenset[str] = frozenset()
    used: set[str] = field(default_factory=set)
    item: int = 0

    def report(self, code: str, message: str, node: tree.Node | tree.Span, *fixes: Fix, severity: Severity = "error") -> None:
        """Notes a finding."""
        span = node.span if isinstance(node, tree.Node) else node
        self.found.append(Diagnostic(code, severity, message, span, fixes))

    def _parenthesis(self, offset: int) -> int | None:
        """The offset behind the parenthesis that opens next; None where something else stands there (a setting may have none)."""
        found = _PARENTHESIS.match(self.text, offset)
        return found.end() if found else None

    def _steps_of(self, block: tree.Block) -> frozenset[str]:
        return frozenset(_step_names(block))

    # The flow

    def again(self, flow: tree.Flow) -> None:
        """Says that another flow of the file has the same name."""
        self.report("FQ012", f"there is already a flow {flow.name.text} in this file; give this one another name", flow.name)

    def flow(self, flow: tree.Flow) -> None:
        """Checks trigger and body."""
        self._reserved(flow.name)
        self.all_steps = self._steps_of(flow.body)
        if flow.description:
            self._secret(flow.description, flow.name.span)
        for number, trigger in enumerate(flow.triggers):
            if number:
                self.report("FQ016", "a flow has one trigger, and this is a second; remove one", trigger, Fix("Remove this trigger", (Edit(trigger.span, ""),)))
            self._trigger(trigger)
        if not flow.triggers and not self.damaged:
            brace = self.text.find("{", flow.name.span[1]) + 1
            fix = Fix("Start the flow by hand", (Edit((brace, brace), "\n  on manual()"),)) if brace else None
            self.report("FQ015", f"the flow {flow.name.text} has no trigger; expected `on` with an event", flow.name, *((fix,) if fix else ()))
        self._block(flow.body)
        for name, what in self.names.items():
            self._unused(name, what)

    def _unused(self, name: str, what: KnownName) -> None:
        if name in self.used or what.declared is None or name in self.unknown:
            return
        fix = (Fix(f"Remove the name {name}", (what.drop,)),) if what.drop else ()
        kind = {"variable": "variable", "parameter": "parameter", "loop": "element"}.get(what.role, "result")
        self.report("FQ013", f"the {kind} {name} is never used", what.declared, *fix, severity="hint")

    def _trigger(self, trigger: tree.Trigger) -> None:
        self._decorators(trigger.decorators)
        kind = ANY
        if trigger.callee is None:
            inputs: list[Output] = []
            for given in trigger.inputs:
                if given.default is not None:
                    self._wanted(given.default, given.type, f"the input {given.name.text}")
                if any(o.name == given.name.text for o in inputs):
                    self.report("FQ017", f"the input {given.name.text} is given twice", given.name)
                inputs.append(Output(given.name.text, "body/" + given.name.text, given.type))
            kind = of_properties(inputs)
        else:
            operation = self._callee(trigger.callee, "trigger")
            self._arguments(trigger.arguments, operation.parameters if operation else None, trigger.callee.text, trigger.callee.span[1])
            kind = of_result(operation) if operation else ANY
        if trigger.name is not None:
            drop = Edit((self.text.rfind(")", 0, trigger.name.span[0]) + 1, trigger.name.span[1]), "")
            self._bind(trigger.name, KnownName(kind, "trigger", trigger.name, drop))

    # Names

    def _bind(self, name: tree.Name, what: KnownName) -> None:
        if not self._reserved(name) and name.text in self.taken:
            self.report("FQ012", f"the name {name.text} is already given in this flow; choose another", name)
        self.taken.add(name.text)
        self.names[name.text] = what

    def _reserved(self, name: tree.Name) -> bool:
        if name.text in RESERVED:
            self.report("FQ012", f"{name.text} is a word of the language and cannot be a name; choose another", name)
        elif name.text in self.catalog.connectors:
            self.report("FQ012", f"{name.text} is a connector and cannot be a name; choose another", name)
        elif name.text in self.catalog.builtins:
            self.report("FQ012", f"{name.text} is a built-in operation and cannot be a name; choose another", name)
        else:
            return False
        return True

    def _step(self, name: tree.Name, bound: bool = False) -> None:
        if not bound:
            if not self._reserved(name) and name.text in self.taken:
                self.report("FQ012", f"the name {name.text} is already given in this flow; choose another", name)
            self.taken.add(name.text)
        self.steps.add(name.text)

    # Statements

    def _block(self, block: tree.Block) -> None:
        ended: tree.Statement | None = None
        for statement in block:
            if ended is not None and not statement.after:
                end = block[-1].span[1]
                fix = Fix("Remove the steps that are never reached", (Edit((ended.span[1], end), ""),))
                self.report("FQ014", "this step is never reached: the one before ends the flow", statement, fix, severity="warning")
                ended = None
            self._statement(statement)
            if self._ends(statement):
                ended = statement

    def _ends(self, statement: tree.Statement) -> bool:
        return isinstance(statement, tree.Call) and statement.callee.connector is None and statement.callee.operation.text == "terminate"

    def _statement(self, node: tree.Statement) -> None:
        self._decorators(node.decorators)
        for after in node.after:
            if after.step is not None:
                self.used.add(after.step.text)
                if after.step.text not in self.steps and after.step.text not in self.unknown:
                    later = after.step.text in self.all_steps
                    problem = "stands further down" if later else "does not exist"
                    self.report("FQ019", f"the step {after.step.text} {problem}; expected a step above{_list(self.steps)}", after.step, *self._near(after.step, self.steps))
        if node.label is not None:
            self._step(node.label)
        match node:
            case tree.Call():
                self._call(node)
            case tree.Param() | tree.Var():
                if node.value is not None:
                    self._wanted(node.value, node.type, node.name.text)
                role = "parameter" if isinstance(node, tree.Param) else "variable"
                self._bind(node.name, KnownName(SIMPLE[node.type], role, node.name))
            case tree.Set():
                variable = self._variable(node.name, tuple(SIMPLE))
                self._wanted(node.value, variable.name, node.name.text)
            case tree.Append():
                self._type(node.value)
                self._variable(node.name, ("list", "text", "any"))
            case tree.Increment():
                self._variable(node.name, ("integer", "number"))
                if node.by is not None:
                    self._wanted(node.by, "number", "the amount")
            case tree.If():
                self._condition(node.condition)
                self._block(node.then)
                self._block(node.otherwise or ())
            case tree.Switch():
                subject = self._type(node.subject)
                for case in node.cases:
                    self._type(case.value)
                    if subject.enum:
                        self._never(written(node.subject), subject.enum, case.value)
                    self._block(case.body)
                self._block(node.default or ())
            case tree.For():
                self._for(node)
            case tree.Until():
                self._block(node.body)
                self._condition(node.condition)
                self._arguments(node.limits, LIMITS, "limit", node.span[1])
            case tree.Scope():
                self._block(node.body)
                self._step(node.name)
            case tree.Parallel():
                self._parallel(node)
            case tree.Try():
                for block in tree.blocks(node):
                    self._block(block)
            case tree.Todo() | tree.Refuse():
                self._secret(node.text, node.span)

    def _call(self, node: tree.Call) -> None:
        operation = self._callee(node.callee, "action")
        element = operation is not None and operation.connector is None and operation.name in ("select", "filter")
        self.item += element
        self._arguments(node.arguments, operation.parameters if operation else None, node.callee.text, node.callee.span[1])
        self.item -= element
        if node.name is not None:
            drop = Edit((node.name.span[0], node.callee.span[0]), "")
            self._bind(node.name, KnownName(of_result(operation) if operation else ANY, "result", node.name, drop))
            self._step(node.name, bound=True)

    def _for(self, node: tree.For) -> None:
        source = self._type(node.source)
        if not assignable(source.name, "list"):
            self.report("FQ007", f"`for` goes through a list, and this is {_a(source)}", node.source)
        outer = self.names.get(node.item.text)
        self._bind(node.item, KnownName(source.element() or ANY, "loop", node.item))
        self._block(node.body)
        what = self.names.pop(node.item.text)
        self._unused(node.item.text, what)
        self.taken.discard(node.item.text)
        if outer is not None:
            self.names[node.item.text] = outer
            self.taken.add(node.item.text)

    def _parallel(self, node: tree.Parallel) -> None:
        outer = self.names
        added: dict[str, KnownName] = {}
        for branch in node.branches:
            self.names = outer.copy()
            self._block(branch)
            added.update({n: w for n, w in self.names.items() if n not in outer})
        self.names = outer
        for name, what in added.items():
            self.names[name] = what

    def _condition(self, node: tree.Expression) -> None:
        kind = self._type(node)
        if not assignable(kind.name, "boolean"):
            self.report("FQ007", f"a condition is true or false, and this is {_a(kind)}; compare it with something", node)

    def _variable(self, name: tree.Name, kinds: Sequence[str]) -> ValueType:
        what = self.names.get(name.text)
        if what is None:
            if name.text not in self.unknown:
                variables = self._variables(kinds)
                self.report("FQ010", f"there is no variable {name.text}; expected one declared with `var`{_list(variables)}", name, *self._near(name, variables))
            return ANY
        if what.role != "variable" or what.type.name not in kinds:
            variables = self._variables(kinds)
            one = " or ".join(k for k in kinds if k != "any") if len(kinds) < len(SIMPLE) else ""
            self.report("FQ018", f"{name.text} is no variable{' of type ' + one if one else ''}; expected one declared with `var`{_list(variables)}", name, *self._near(name, variables))
        return what.type

    def _variables(self, kinds: Sequence[str]) -> list[str]:
        return [n for n, w in self.names.items() if w.role == "variable" and w.type.name in kinds]

    # Calls

    def _callee(self, callee: tree.Callee, kind: str) -> Operation | None:
        name = callee.operation
        if callee.connector is None:
            operation = self.catalog.builtins.get(name.text)
            if operation is None:
                offered = [o.name for o in self.catalog.builtins.values() if o.kind == kind and o.offered]
                if name.text in self.catalog.connectors:
                    self.report("FQ003", f"{name.text} is a connector; expected one of its operations after a point", callee)
                else:
                    self.report("FQ003", f"there is no built-in operation {name.text}{_perhaps(name.text, offered)}", name, *self._near(name, offered))
        else:
            connector = self.catalog.connectors.get(callee.connector.text)
            if connector is None:
                offered = list(self.catalog.connectors)
                self.report(
                    "FQ002", f"there is no connector {callee.connector.text}{_perhaps(callee.connector.text, offered)}", callee.connector, *self._near(callee.connector, offered)
                )
                return None
            operation = connector.operation(name.text)
            if operation is None:
                offered = [o.name for o in connector.operations if o.kind == kind]
                self.report("FQ003", f"{connector.name} has no {kind} {name.text}{_perhaps(name.text, offered)}", name, *self._near(name, offered, always=True))
        if operation is not None and operation.kind != kind:
            if kind == "action":
                self.report("FQ022", f"{callee.text} is a trigger; it can only stand after `on`", callee)
            else:
                self.report("FQ022", f"{callee.text} is an action and starts no flow; expected a trigger after `on`", callee)
            return None
        return operation

    def _decorators(self, decorators: Iterable[tree.Decorator]) -> None:
        for decorator in decorators:
            parameters = DECORATORS.get(decorator.name.text)
            if parameters is None:
                self.report("FQ023", f"there is no setting @{decorator.name.text}; expected one of {', '.join(DECORATORS)}", decorator.name, *self._near(decorator.name, DECORATORS))
            self._arguments(decorator.arguments, parameters, f"@{decorator.name.text}", decorator.name.span[1])

    def _arguments(self, arguments: Sequence[tree.Argument], parameters: Sequence[Parameter] | None, owner: str, at: int) -> None:
        known = {p.name: p for p in parameters or ()}
        given: set[str] = set()
        for argument in arguments:
            name = argument.parameter
            parameter = known.get(name.text)
            if parameters is not None and parameter is None:
                free = [p for p in known if p not in given]
                self.report("FQ004", f"{owner} has no parameter {name.text}{_perhaps(name.text, free) or _list(known)}", name, *self._near(name, free))
            if name.text in given:
                self.report("FQ017", f"the parameter {name.text} is given twice; keep one", name)
            given.add(name.text)
            if parameter is None:
                self._type(argument.value)
            else:
                self._wanted(argument.value, parameter.type, f"the parameter {name.text}")
                if parameter.enum:
                    self._among(argument.value, parameter)
        missing = [p for p in parameters or () if p.required and p.name not in given]
        for parameter in missing:
            self.report("FQ005", f"{owner} needs the parameter {parameter.name}", self._head(at, owner), *self._insertion(arguments, parameter, at))

    def _head(self, at: int, owner: str) -> tree.Span:
        return max(0, at - len(owner.rsplit(".", 1)[-1])), at

    def _insertion(self, arguments: Sequence[tree.Argument], parameter: Parameter, at: int) -> tuple[Fix, ...]:
        title = f"Add {parameter.name} to be filled in"
        if arguments:
            place = arguments[-1].span[1]
            return (Fix(title, (Edit((place, place), f", {parameter.name}: ?"),)),)
        opened = self._parenthesis(at)
        if opened is None:
            return (Fix(title, (Edit((at, at), f"({parameter.name}: ?)"),)),)
        return (Fix(title, (Edit((opened, opened), f"{parameter.name}: ?"),)),)

    def _among(self, value: tree.Expression, parameter: Parameter) -> None:
        for node in value.items if isinstance(value, tree.ListExpression) else (value,):
            if isinstance(node, tree.Literal) and isinstance(node.value, str) and node.value not in parameter.enum:
                near = _nearest(node.value, parameter.enum)
                fixes = tuple(Fix(f'Change to "{n}"', (Edit(node.span, written(tree.Literal(n))),)) for n in near)
                shown = ", ".join(parameter.enum[:8]) + (" ..." if len(parameter.enum) > 8 else "")
                self.report("FQ006", f"the parameter {parameter.name} cannot be {written(node)}; expected one of {shown}", node, *fixes)

    def _never(self, what: str, enum: Sequence[str], value: tree.Expression) -> None:
        """Warns of a comparison with a text that a value, whose texts the catalog knows, never has."""
        if isinstance(value, tree.Literal) and isinstance(value.value, str) and value.value not in enum:
            fixes = tuple(Fix(f'Change to "{n}"', (Edit(value.span, written(tree.Literal(n))),)) for n in _nearest(value.value, enum))
            self.report("FQ024", f"{what} is never {written(value)}; it is one of {', '.join(enum)}", value, *fixes, severity="warning")

    def _near(self, name: tree.Name, offered: Iterable[str], always: bool = False) -> tuple[Fix, ...]:
        near = _nearest(name.text, offered, 0.3 if always else 0.65)
        return tuple(Fix(f"Change to {n}", (Edit(name.span, n),)) for n in near)

    # Expressions

    def _wanted(self, node: tree.Expression, kind: str, what: str) -> None:
        found = self._type(node)
        if not assignable(found.name, kind):
            fix: tuple[Fix, ...] = ()
            if kind in ("integer", "number") and isinstance(node, tree.Literal) and isinstance(node.value, str) and re.fullmatch(r"-?\d+(\.\d+)?", node.value):
                fix = (Fix(f"Write the number {node.value}", (Edit(node.span, node.value),)),)
            self.report("FQ007", f"{what} takes {_a(SIMPLE[kind])}, and this is {_a(found)}", node, *fix)

    def _type(self, node: tree.Expression) -> ValueType:
        match node:
            case tree.Literal():
                return self._literal(node)
            case tree.Hole():
                self.report("FQ021", "this value is still to be filled in", node, severity="hint")
                return ANY
            case tree.ListExpression():
                for one in node.items:
                    self._type(one)
                return LIST
            case tree.ObjectExpression():
                for entry in node.entries:
                    self._type(entry.value)
                return OBJECT
            case tree.Template():
                for part in node.parts:
                    if isinstance(part, str):
                        self._secret(part, node.span)
                    else:
                        self._type(part)
                return TEXT
            case tree.Reference():
                return self._reference(node)
            case tree.Member():
                return self._member(node)
            case tree.Index():
                base, index = self._type(node.base), self._type(node.index)
                if base.name == "list":
                    if not assignable(index.name, "integer"):
                        self.report("FQ007", f"an element of a list is named by a whole number, and this is {_a(index)}", node.index)
                    return base.element() or ANY
                if base.name not in ("object", "any"):
                    self.report("FQ007", f"only lists and objects have parts, and this is {_a(base)}", node.base)
                return ANY
            case tree.Function():
                return self._function(node)
            case tree.Unary():
                kind = self._type(node.operand)
                if node.operator == "not":
                    return self._operands("boolean", (kind,), (node.operand,), "not", BOOLEAN)
                return self._operands("number", (kind,), (node.operand,), node.operator, kind)
            case tree.Binary():
                return self._binary(node)

    def _literal(self, node: tree.Literal) -> ValueType:
        if node.value is None:
            return ANY
        if isinstance(node.value, bool):
            return BOOLEAN
        if isinstance(node.value, int):
            return INTEGER
        if isinstance(node.value, float):
            return NUMBER
        self._secret(node.value, node.span)
        return TEXT

    def _secret(self, text: str, span: tree.Span) -> None:
        if len(text) > 10 and _SECRETS.search(text):
            self.report("FQ020", "this looks like a secret; keep it in a key vault or a parameter, not in the flow", span, severity="warning")

    def _reference(self, node: tree.Reference) -> ValueType:
        self.used.add(node.name)
        what = self.names.get(node.name)
        if what is not None:
            return what.type
        if node.name == "item":
            if not self.item:
                self.report("FQ010", "`item` stands for an element only inside select and filter", node)
            return ANY
        if node.name not in self.unknown:
            self.report("FQ010", f"there is no {node.name} here{_perhaps(node.name, self.names) or _list(self.names)}", node, *self._near(tree.Name(node.name, span=node.span), self.names))
        return ANY

    def _member(self, node: tree.Member) -> ValueType:
        base = self._type(node.base)
        if base.name not in ("object", "any"):
            hint = "; go through it with `for` or take [0] first" if base.name == "list" else ""
            self.report("FQ011", f"{_a(base)} has no property {node.name.text}{hint}".capitalize(), node.name)
            return ANY
        found = base.member(node.name.text)
        known = [p.name for p in base.properties]
        if known and node.name.text not in known:
            self.report("FQ011", f"there is no property {node.name.text} known{_perhaps(node.name.text, known) or _list(known)}", node.name, *self._near(node.name, known), severity="warning")
        return found or ANY

    def _function(self, node: tree.Function) -> ValueType:
        for argument in node.arguments:
            self._type(argument)
            if isinstance(argument, tree.Literal) and isinstance(argument.value, str):
                # outputs("step"), body("step") and variables("name") use what they name.
                self.used.add(argument.value)
        signature = FUNCTIONS.get(node.name.text) or ESCAPES.get(node.name.text)
        if signature is None:
            self.report("FQ008", f"there is no function {node.name.text}{_perhaps(node.name.text, FUNCTIONS)}", node.name, *self._near(node.name, FUNCTIONS))
            return ANY
        count = len(node.arguments)
        if count < signature.minimum or (signature.maximum is not None and count > signature.maximum):
            most = signature.maximum
            wanted = f"{signature.minimum}" if most == signature.minimum else f"at least {signature.minimum}" if most is None else f"{signature.minimum} to {most}"
            self.report("FQ009", f"{signature.name} takes {wanted} arguments, and here are {count}", node)
        return SIMPLE[signature.result]

    def _binary(self, node: tree.Binary) -> ValueType:
        left, right = self._type(node.left), self._type(node.right)
        both, nodes = (left, right), (node.left, node.right)
        if node.operator in _COMPARISONS:
            if left.enum and node.operator in ("==", "!="):
                self._never(written(node.left), left.enum, node.right)
            return BOOLEAN
        if node.operator in ("and", "or"):
            return self._operands("boolean", both, nodes, node.operator, BOOLEAN)
        if node.operator == "??":
            if left.name == "any":
                return right
            if not assignable(right.name, left.name):
                self.report("FQ007", f"the value after ?? stands in for {_a(left)}, and this is {_a(right)}", node.right)
            return left
        kinds = {left.name, right.name}
        result = ANY if "any" in kinds else INTEGER if kinds == {"integer"} else NUMBER
        return self._operands("number", both, nodes, node.operator, result)

    def _operands(self, wanted: str, kinds: Iterable[ValueType], nodes: Iterable[tree.Expression], operator: str, result: ValueType) -> ValueType:
        for kind, node in zip(kinds, nodes, strict=True):
            if not assignable(kind.name, wanted):
                hint = "; join texts with concat or a template" if operator == "+" and kind.name == "text" else ""
                self.report("FQ007", f"{operator} takes {_a(SIMPLE[wanted])}, and this is {_a(kind)}{hint}", node)
        return result


def _step_names(block: tree.Block) -> Iterator[str]:
    for node in block:
        if node.label is not None:
            yield node.label.text
        if isinstance(node, (tree.Call, tree.Scope)) and node.name is not None:
            yield node.name.text
        for inner in tree.blocks(node):
            yield from _step_names(inner)


def _nearest(text: str, offered: Iterable[str], cutoff: float = 0.65) -> list[str]:
    """Up to three of `offered` that look like `text`, the nearest first."""
    lowered: Mapping[str, str] = {o.lower(): o for o in offered}
    return [lowered[m] for m in get_close_matches(text.lower(), lowered, 3, cutoff)]


def _perhaps(text: str, offered: Iterable[str]) -> str:
    near = _nearest(text, offered)
    return f"; did you mean {near[0]}?" if near else ""


def _list(offered: Iterable[str]) -> str:
    shown = sorted(offered)
    if not shown:
        return ""
    return f" ({', '.join(shown[:8])}{' ...' if len(shown) > 8 else ''})"


def _a(kind: ValueType) -> str:
    return {"integer": "a whole number", "number": "a number", "list": "a list", "object": "an object", "boolean": "true or false", "any": "anything"}.get(kind.name, kind.name)



"""Puts a decoding grammar together: triggers, calls, statements level by level, since the one spelling indents."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog, Operation, Parameter
from flowquill.grammar.decoding import names
from flowquill.grammar.decoding.terminals import escaped, identifier_terminal, literal, one_of, span_terminals, spelled
from flowquill.grammar.decoding.values import OFFERED, value_rules
from flowquill.grammar.format import expression, quote
from flowquill.grammar.refusals import REASONS
from flowquill.grammar.spelling import ELEMENT, SCOPE, STEP, VARIABLE, spell
from flowquill.grammar.types import SIMPLE
from flowquill.grammar.words import LIMITS

DEPTH = 6
"""Blocks within blocks a grammar allows; 99 % of real workflows have fewer."""
Place = Literal["new", "edit", "completion"]


@dataclass(frozen=True, slots=True)
class Scene:
    """What a grammar is made for.

    `text`: the request as the model reads it. `operations`: those of the tags. `numbers`: what the request mentions.
    `placeholders`: numbers that masking replaced (NUMBER_1). `flow`: the flow of an edit or around a completion.
    """

    text: str
    operations: tuple[Operation, ...]
    numbers: tuple[int | float, ...] = ()
    placeholders: tuple[str, ...] = ()
    flow: tree.Flow | None = None
    place: Place = "new"


def decoding_grammar(scene: Scene, catalog: Catalog) -> str:
    """The grammar as text. The operations of `scene.flow` may be called too."""
    operations = _with_flow(scene, catalog)
    known = names.names(operations, scene.flow, catalog)
    lines = [
        *_start(scene),
        *_triggers(scene, operations),
        *_simple(scene, operations, catalog),
        *_levels(scene),
        *value_rules(names.reference_patterns(known), "" if scene.place == "completion" else '"request." INPUT'),
        *_enumerations(operations),
        *_terminals(scene, operations),
    ]
    return "\n".join(lines) + "\n"


def _with_flow(scene: Scene, catalog: Catalog) -> tuple[Operation, ...]:
    found = list(scene.operations)
    if scene.flow is not None:
        callees = [n.callee for n in tree.walk(scene.flow) if isinstance(n, tree.Call | tree.Trigger) and n.callee is not None]
        found += [o for c in callees if (o := names.find(c, catalog)) is not None]
    return tuple(dict.fromkeys(found))


def _start(scene: Scene) -> list[str]:
    refusal = f"refusal: {' | '.join(literal(f'refuse {quote(r)}') for r in REASONS)}"
    if scene.place == "completion":
        triggered = scene.flow is not None and bool(scene.flow.triggers)
        head = "" if triggered else '(trigger "\\n")? '
        return [f'start: {head}statement_0 ("\\n" statement_0)* | refusal', refusal]
    several = "*" if scene.place == "edit" else "+"
    return [f'start: trigger ("\\n" statement_0){several} | refusal', refusal]


def _triggers(scene: Scene, operations: Sequence[Operation]) -> list[str]:
    choices = ["manual"]
    old = scene.flow.triggers if scene.flow is not None else ()
    inputs = [i.name.text for t in old for i in t.inputs]
    lines = [f"INPUT: {' | '.join(['NEW_INPUT', *([f'/{one_of(inputs)}/'] if inputs else [])])}"]
    lines += ['manual: "on manual(" (INPUT_TYPED (", " INPUT_TYPED)*)? ")" " as request"?', 'INPUT_TYPED: INPUT ": " TYPE']
    for number, operation in enumerate(operations):
        if operation.kind == "trigger":
            choices.append(f"event_{number}")
            lines.append(f'event_{number}: {literal(f"on {operation.text}(")} arguments_{number} ")" (" as " EVENT_NAME_{number})?')
            given = "|".join([names.rule_name(operation), *(escaped(t.name.text) for t in old if t.name is not None)])
            lines.append(f"EVENT_NAME_{number}: /{given}/")
            lines += _arguments(str(number), operation.parameters)
    return [f"trigger: {' | '.join(choices)}", *lines]


def _arguments(key: str, parameters: Sequence[Parameter]) -> list[str]:
    """Rules for arguments in order, each at most once, commas between them."""
    if not parameters:
        return [f'arguments_{key}: ""']
    count = len(parameters)
    rest = [f"more_{key}_{n}" if n < count else "" for n in range(count + 1)]
    first = " | ".join(f"argument_{key}_{n} {rest[n + 1]}".strip() for n in range(count))
    lines = [f"arguments_{key}: some_{key}?", f"some_{key}: {first}"]
    for n, parameter in enumerate(parameters):
        lines.append(f"argument_{key}_{n}: {literal(parameter.name + ': ')} {_value(parameter)}")
        if n:
            lines.append(f'more_{key}_{n}: (", " argument_{key}_{n})? {rest[n + 1]}'.strip())
    return lines


def _value(parameter: Parameter) -> str:
    if parameter.enum:
        name = _enumeration(parameter)
        if parameter.type == "list":
            return f'("[" {name} (", " {name})* "]" | reference_list)'
        return f"({name} | reference_{parameter.type})"
    return f"value_{parameter.type}"


def _enumeration(parameter: Parameter) -> str:
    """The terminal of an enumeration: the same one wherever the same values are taken."""
    return f"ENUM_{zlib.crc32('|'.join(parameter.enum).encode())}"


def _enumerations(operations: Iterable[Operation]) -> list[str]:
    found = {_enumeration(p): p.enum for o in operations for p in o.parameters if p.enum}
    lines = [f"{name}: /{one_of(quote(v) for v in values)}/" for name, values in found.items()]
    kinds = {p.type for o in operations for p in o.parameters if p.enum} | {"list"}
    return [*lines, *(f"reference_{kind}: REF_{kind.upper()} | index" for kind in sorted(kinds))]


def _simple(scene: Scene, operations: Sequence[Operation], catalog: Catalog) -> list[str]:
    """Statements of one line."""
    choices = ["variable", "change", "todo"]
    lines = [
        "variable: " + " | ".join(f'"var " VARIABLE ": {kind}" (" = " value_{kind})?' for kind in SIMPLE),
        'change: "set " CHANGED " = " value_any | "append " value_any " to " CHANGED | ("increment " | "decrement ") CHANGED (" by " number)?',
        'todo: "todo " string',
    ]
    for number, operation in enumerate(operations):
        if operation.kind == "action":
            choices.append(f"call_{number}")
            lines.append(f'call_{number}: CALLEE_{number} arguments_{number} ")"')
            results = "|".join([names.rule_name(operation), *(escaped(n) for n in names.given_to(operation, scene.flow, catalog))])
            lines.append(f"CALLEE_{number}: /(({results}) = )?{escaped(operation.text)}\\(/")
            lines += _arguments(str(number), operation.parameters)
    old = _old_lines(scene, catalog)
    if old:
        choices.append("old")
        lines.append(f"old: {' | '.join(literal(line) for line in old)}")
    return [f"simple: {' | '.join(choices)}", *lines]


def _old_lines(scene: Scene, catalog: Catalog) -> list[str]:
    """The one-line statements of the flow so far that no rule writes, to be taken over as they are.

    Only those: a literal for a whole line would keep the rules from writing another line with the same beginning.
    """
    if scene.flow is None or scene.place == "completion":
        return []
    found = []
    for node in tree.walk(scene.flow):
        if isinstance(node, tree.Statement) and not tree.blocks(node) and not isinstance(node, tree.Refuse) and _unwritable(node, catalog):
            found.append(spell(tree.Flow(tree.Name("f"), None, (), (replace(node, after=()),)), catalog, names=False))
    return [line for line in dict.fromkeys(found) if "\n" not in line]


def _unwritable(node: tree.Statement, catalog: Catalog) -> bool:
    for part in tree.walk(node):
        match part:
            case tree.Param() | tree.Member(strict=True) | tree.Index(strict=True):
                return True
            case tree.Call() if names.find(part.callee, catalog) is None:
                return True
            case tree.Function() if part.name.text not in OFFERED:
                return True
    return False


def _levels(scene: Scene) -> list[str]:
    """Statements with blocks, one set of rules a level of indentation."""
    lines = ['after: "after " clause (" and " clause)* ": "', 'clause: (STEP_NAME " ")? STATUS (", " STATUS)*']
    for depth in range(DEPTH + 1):
        kinds = [f"{k}_{depth}" for k in ("if", "switch", "for", "until", "scope", "parallel", "try")] if depth < DEPTH else []
        lines.append(f"statement_{depth}: after? ({' | '.join(['simple', *kinds])})")
        if depth == DEPTH:
            break
        line, deeper = literal("\n" + STEP * (depth + 1)), literal("\n" + STEP * (depth + 2))
        end, inner_end = literal("\n" + STEP * depth + "}"), literal("\n" + STEP * (depth + 1) + "}")
        # What follows a head stands in one literal with its brace: a longer literal with the same beginning would swallow the blank.
        lines.append(f"block_{depth}: ({line} statement_{depth + 1})+ {end}")
        lines.append(f'if_{depth}: "if " condition " {{" block_{depth} (" else if " condition " {{" block_{depth})* (" else {{" block_{depth})?')
        lines.append(f'for_{depth}: "for " ITEM " in " source (" parallel" (" " DEGREE)?)? " {{" block_{depth}')
        lines.append(f'until_{depth}: "do {{" block_{depth} " until " condition (" limit(" some_limit ")")?')
        lines.append(f'scope_{depth}: "scope " SCOPE " {{" block_{depth}')
        caught = f'(" catch {{" block_{depth} | " catch " STATUS (", " STATUS)* " {{" block_{depth})'
        lines.append(f'try_{depth}: "try {{" block_{depth} ({caught} (" finally {{" block_{depth})? | " finally {{" block_{depth})')
        if depth + 1 < DEPTH:
            lines.append(f'switch_{depth}: "switch " subject " {{" ({line} "case " constant " {{" block_{depth + 1})* ({line} "default {{" block_{depth + 1})? {end}')
            lines.append(f'parallel_{depth}: "parallel {{" ({line} "branch {{" block_{depth + 1})+ {end}')
        else:
            lines.append(f'switch_{depth}: "switch " subject " {{" {end}')
            lines.append(f'parallel_{depth}: "parallel {{" {line} "branch {{" {deeper} simple {inner_end} {end}')
    old = _old_expressions(scene)
    lines.append(f"source: REF_LIST | index | call_list{''.join(f' | {literal(t)}' for t in old)}")
    lines.append("subject: REF_ANY | index | call_any")
    lines.append('constant: string | NUMBER | TRUTH')
    return [*lines, *_arguments("limit", LIMITS)]


def _old_chunks(scene: Scene) -> list[str]:
    """The texts of the templates of the flow so far, as templates spell them."""
    templates = [n for n in tree.walk(scene.flow) if isinstance(n, tree.Template)] if scene.flow is not None else []
    return [quote(p)[1:-1].replace("{", "\\{").replace("}", "\\}") for t in templates for p in t.parts if isinstance(p, str) and p]


def _old_expressions(scene: Scene) -> list[str]:
    if scene.flow is None:
        return []
    return list(dict.fromkeys(expression(n.source) for n in tree.walk(scene.flow) if isinstance(n, tree.For)))


def _terminals(scene: Scene, operations: Sequence[Operation]) -> list[str]:
    numbers = ["0", "1", *(spelled(n) for n in scene.numbers), *scene.placeholders]
    texts: list[str] = []
    if scene.flow is not None:
        literals = [n.value for n in tree.walk(scene.flow) if isinstance(n, tree.Literal)]
        numbers += [spelled(v) for v in literals if isinstance(v, int | float) and not isinstance(v, bool) and v >= 0]
        todos = [n.text for n in tree.walk(scene.flow) if isinstance(n, tree.Todo)]
        texts = list(dict.fromkeys(quote(v) for v in (*literals, *todos) if isinstance(v, str)))
    changed = [VARIABLE + names.NUMBERED]
    items = [ELEMENT + names.NUMBERED]
    if scene.flow is not None:
        changed += [escaped(n.name.text) for n in tree.walk(scene.flow) if isinstance(n, tree.Var)]
        items += [escaped(n.item.text) for n in tree.walk(scene.flow) if isinstance(n, tree.For)]
    return [
        'string: STRING' + (" | OLD_STRING" if texts else ""),
        'STRING: "\\"" SPAN "\\""',
        *([f"OLD_STRING: /{one_of(texts)}/"] if texts else []),
        *span_terminals(scene.text, _old_chunks(scene)),
        *identifier_terminal("NEW_INPUT", scene.text),
        *identifier_terminal("KEY", scene.text),
        'QUOTED_KEY: "\\"" (SPAN & /.*[^A-Za-z0-9_].*/) "\\""',
        f"NUMBER: /{one_of(numbers)}/",
        "DEGREE: /[1-9]|[1-4][0-9]|50/",
        f"TYPE: /{one_of(SIMPLE)}/",
        "STATUS: /succeeded|failed|skipped|timed_out/",
        f"STEP_NAME: /{names.step_pattern(operations, scene.flow)}/",
        f"VARIABLE: /{VARIABLE}{names.NUMBERED}/",
        f"CHANGED: /({'|'.join(dict.fromkeys(changed))})/",
        f"ITEM: /({'|'.join(dict.fromkeys(items))})/",
        f"SCOPE: /{SCOPE}{names.NUMBERED}/",
    ]

"""What may come at the cursor: the forward parser led there past the statements that are already complete."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

from flowquill.grammar import tree
from flowquill.grammar.forward import Forward, State
from flowquill.grammar.functions import FUNCTIONS
from flowquill.grammar.stack import Binding, Scope, name_role
from flowquill.server.reading.names import Reading

_FLOW = re.compile(r"^flow[ \t]", re.MULTILINE)
_CLOSING = re.compile(r'(?:[^"\\]|\\.)*"')
_ROLES = frozenset({"result", "trigger", "variable", "parameter"})


@dataclass(frozen=True, slots=True)
class Finished:
    """Statements of one block that are complete above the cursor: where they stand, the names they leave in scope, and the steps to wait for."""

    start: int
    end: int
    names: tuple[Binding, ...]
    steps: frozenset[str]


@dataclass(frozen=True, slots=True)
class Quoted:
    """The cursor stands in a text. `start`: behind its opening quotation mark; `template`: `$"`; `expression`: in braces of one."""

    start: int
    template: bool
    expression: bool


def quoted(before: str) -> Quoted | None:
    """The text that is open at the end of `before`, if one is; texts end with their line."""
    begin = before.rfind("\n") + 1
    opened: list[int] = []
    place = begin
    string = -1
    template = False
    while place < len(before):
        character = before[place]
        if string >= 0 and not (template and opened):
            if character == "\\":
                place += 1
            elif character == '"':
                string = -1
            elif character == "{" and template:
                opened.append(place)
        elif string >= 0:
            # Inside the braces of a template; a text in there is passed over.
            if character == '"':
                closing = re.compile(r'(?:[^"\\]|\\.)*"').match(before, place + 1)
                if closing is None:
                    return Quoted(place + 1, False, False)
                place = closing.end() - 1
            elif character == "{":
                opened.append(place)
            elif character == "}":
                opened.pop()
        elif character == "#":
            return None
        elif character == '"':
            string, template, opened = place, before[place - 1 : place] == "$", []
        place += 1
    return Quoted(string + 1, template, bool(opened)) if string >= 0 else None


def in_comment(before: str) -> bool:
    """Whether the end of `before` lies in a comment."""
    line = before[before.rfind("\n") + 1 :]
    return "#" in re.sub(r'"(?:[^"\\]|\\.)*"?', "", line)


def finished(reading: Reading, offset: int) -> list[Finished]:
    """The statements of the flow at an offset that end above its line, block by block, the outermost only."""
    limit = reading.text.rfind("\n", 0, offset) + 1
    piece, begin = reading.at(max(0, limit - 1))
    found: list[Finished] = []
    given = [o for o in piece.resolved[0] if o.span == o.declared]
    starts = [o.span[0] for o in given]

    def collect(block: tree.Block) -> None:
        ended = [n for n in block if n.span[1] + begin <= limit]
        if ended:
            # They follow one another, so one step leads past all of them.
            first, last = ended[0].span[0], ended[-1].span[1]
            inside = given[bisect_left(starts, first) : bisect_left(starts, last)]
            names = tuple(Binding(o.name, o.type, o.role) for o in inside if o.role in _ROLES)
            steps = frozenset(o.name for o in inside if o.role in ("step", "result"))
            found.append(Finished(first + begin, last + begin, names, steps))
        for node in block[len(ended) :]:
            for inner in tree.blocks(node):
                collect(inner)

    for flow in piece.parsed.file.flows:
        if flow.span[0] + begin <= offset:
            collect(flow.body)
    return found


def state_at(text: str, forward: Forward, above: list[Finished] | None = None) -> State:
    """The forward parser's state after a text, from its last flow on, passing over the statements `above` and lines that cannot be followed."""
    starts = [m.start() for m in _FLOW.finditer(text)]
    offset = starts[-1] if starts else 0
    known = {f.start: f for f in above or ()}
    state = resting = forward.start
    line = offset
    while True:
        token = forward.table.next_token(text, offset, state.stack[-1])
        if token is not None and token.type == "$END":
            return state
        passed = known.get(token.start) if token is not None else None
        if passed is not None and "TODO" in forward.table.accepts(state.stack):
            state = resting = _past(state, passed)
            offset = line = passed.end
            continue
        ready = state.ready().get(token.type) if token is not None else None
        if ready is not None and token is not None and token.type == "OPERATION" and token.text not in forward.values("OPERATION", ready).fixed:
            ready = None
        if ready is not None and token is not None and token.type == "NAME" and _begins_step(token.text, ready):
            ready = None
        if token is None or ready is None:
            first = token is not None and not text[text.rfind("\n", 0, token.start) + 1 : token.start].strip()
            if first and state is not resting:
                # The line above was left unfinished; this one is read as if it were not there.
                state = resting
                continue
            offset = text.find("\n", token.start if token is not None else offset)
            if offset < 0:
                return state
            state, line = resting, offset
            offset += 1
            continue
        if "\n" in text[line : token.start] and "TODO" in forward.table.accepts(state.stack) and state.terminals() & {"TODO", "ON"}:
            resting = state
        line = token.start
        value = token.text[1:-1] if token.type == "STRING" else token.text
        state = forward.shifted(token.type, value, ready)
        offset = token.end


def _begins_step(name: str, ready: State) -> bool:
    """Whether a name that stands where a value may is none: a connector, or an operation that is no function, begins a step."""
    catalog = ready.forward.catalog
    if name in ready.scope.names or name in FUNCTIONS or not (name in catalog.connectors or name in catalog.builtins):
        return False
    return name_role(ready.entries) == "value"


def _past(state: State, passed: Finished) -> State:
    """The state behind a statement, whose names are in scope from there on."""
    scope = state.scope.bind(*passed.names)
    return State(state.forward, state.stack, state.entries, Scope(scope.names, scope.steps | passed.steps, True))

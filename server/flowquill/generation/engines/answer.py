"""What a language model wrote, as a flow: fences and talk cut away, repeated names told apart, names by rule, old settings kept."""

from __future__ import annotations

import re
from dataclasses import replace

from flowquill.generation.request import GenerationError
from flowquill.generation.rewrite import rewrite
from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.rename import rename
from flowquill.grammar.spelling import numbered, read, spell_statements
from flowquill.grammar.tidy import name_placeholders, tidy

_FENCE = re.compile(r"```[\w-]*\n(.*?)(?:```|\Z)", re.DOTALL)
_PROMPT = re.compile(r"\n+(?:Request|Flow|Operations|Edit|Complete):")


def flow_of(text: str) -> tree.Flow:
    """The flow of an answer. Lines that do not parse are left out. Raises GenerationError where nothing is left."""
    fenced = _FENCE.search(text)
    body = _PROMPT.split(fenced.group(1) if fenced else text)[0].strip()
    flows = read(body).file.flows if body else ()
    if not flows or not (flows[0].body or flows[0].triggers):
        raise GenerationError("The model's answer holds no flow; say the request in other words, or choose another model.")
    return flows[0]


def finished(flow: tree.Flow, catalog: Catalog, old: tree.Flow | None = None, *, completion: bool = False) -> tree.Flow:
    """The flow with names that occur once and are given by rule. `old`: what an edit or a completion starts from."""
    flow = _apart(flow, _names(old) if completion and old is not None else frozenset())
    if old is None:
        return tidy(flow, catalog)
    if completion:
        return flow
    return replace(name_placeholders(_with_settings(flow, old, catalog), catalog), name=flow.name)


def _names(flow: tree.Flow) -> frozenset[str]:
    found = {t.name.text for t in flow.triggers if t.name is not None}
    for node in tree.walk(flow):
        if isinstance(node, tree.Call | tree.Var | tree.Param | tree.Scope) and node.name is not None:
            found.add(node.name.text)
    return frozenset(found)


def _apart(flow: tree.Flow, taken: frozenset[str]) -> tree.Flow:
    """A name that is bound again is another name from there on, as whoever wrote it meant."""
    used = set(taken) | {t.name.text for t in flow.triggers if t.name is not None}
    return replace(flow, body=_block(flow.body, used))


def _block(block: tree.Block, used: set[str]) -> tree.Block:
    done: list[tree.Statement] = []
    rest = list(block)
    while rest:
        statement = rest.pop(0)
        if isinstance(statement, tree.Call | tree.Var | tree.Scope) and statement.name is not None:
            old = statement.name.text
            if old in used:
                new = numbered(re.sub(r"_[0-9]+$", "", old), used)
                statement = replace(statement, name=tree.Name(new))
                rest = [rename(s, {old: new}) for s in rest]
                used.add(new)
            else:
                used.add(old)
        if tree.blocks(statement):
            statement = _inside(statement, used)
        done.append(statement)
    return tuple(done)


def _inside(statement: tree.Statement, used: set[str]) -> tree.Statement:
    match statement:
        case tree.If():
            otherwise = _block(statement.otherwise, used) if statement.otherwise is not None else None
            return replace(statement, then=_block(statement.then, used), otherwise=otherwise)
        case tree.For() | tree.Until() | tree.Scope():
            return replace(statement, body=_block(statement.body, used))
        case tree.Parallel():
            return replace(statement, branches=tuple(_block(b, used) for b in statement.branches))
        case tree.Switch():
            cases = tuple(replace(c, body=_block(c.body, used)) for c in statement.cases)
            return replace(statement, cases=cases, default=_block(statement.default, used) if statement.default is not None else None)
        case tree.Try():
            catch = _block(statement.catch, used) if statement.catch is not None else None
            final = _block(statement.final, used) if statement.final is not None else None
            return replace(statement, body=_block(statement.body, used), catch=catch, final=final)
    return statement


def _with_settings(flow: tree.Flow, old: tree.Flow, catalog: Catalog) -> tree.Flow:
    """Steps of an edit that stayed as they were get back what the one spelling leaves out: labels, decorators, open arguments."""
    before: dict[str, list[tree.Statement]] = {}
    for node in tree.walk(old):
        if isinstance(node, tree.Statement) and not tree.blocks(node):
            before.setdefault(spell_statements((node,), catalog, keep=_names(old)), []).append(node)

    def restore(node: tree.Node) -> tree.Node:
        if isinstance(node, tree.Statement) and not tree.blocks(node):
            same = before.get(spell_statements((node,), catalog, keep=_names(old) | _names(flow)))
            if same:
                return same.pop(0) if len(same) > 1 else same[0]
        return node

    restored = rewrite(flow, restore)
    same_trigger = bool(old.triggers and restored.triggers) and _bare(old.triggers[0]) == _bare(restored.triggers[0])
    return replace(restored, triggers=old.triggers) if same_trigger else restored


def _bare(trigger: tree.Trigger) -> tree.Trigger:
    return replace(trigger, decorators=(), arguments=tuple(a for a in trigger.arguments if not isinstance(a.value, tree.Hole)))

"""Edits: a flow, a sentence that changes it, and the changed flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeGuard

from flowquill.grammar import tree
from flowquill.training.data import builtins, conditions, idioms
from flowquill.training.data.banks import OperationBank
from flowquill.training.data.draft import KEY, Draft
from flowquill.training.data.inflect import inflect
from flowquill.training.data.naming import named, peoples_name
from flowquill.training.data.nodes import Act, Branch, Loop, Node, Start, block, inner_blocks
from flowquill.training.data.noise import Noise
from flowquill.training.data.pairs import Pair
from flowquill.training.data.planner import Planner
from flowquill.training.data.realise import Realiser
from flowquill.training.data.referents import Owner
from flowquill.training.data.scoping import closed
from flowquill.training.data.text import capital, tidy

_WEIGHTS = {
    "add_end": 18, "add_start": 5, "add_before": 7, "add_after": 9, "remove": 12, "remove_last": 3, "remove_first": 3, "replace": 10,
    "replace_last": 3, "change": 7, "change_from": 7, "set_in": 5, "drop_in": 3, "trigger": 6, "trigger_schedule": 4, "trigger_manual": 2,
    "only_if": 5, "all_if": 3, "else": 4, "in_loop": 4, "in_then": 3, "last_first": 2, "move_end": 2, "move_start": 1, "swap": 2,
    "on_failure": 4, "limit_loop": 3, "remove_two": 4, "elsewhere": 5, "else_if": 4,
}  # fmt: skip

_NESTED = frozenset({"remove", "replace", "remove_two", "elsewhere", "add_before", "add_after", "change", "set_in", "on_failure"})


class Editor:
    """Makes one edit. The plan is built step by step, so that what was in scope before each step is known."""

    def __init__(self, draft: Draft, planner: Planner) -> None:
        self.draft = draft
        self.planner = planner
        self.realiser = Realiser(draft)
        self.start: Start = planner.start()
        self.nodes: list[Node] = []
        self.scopes: list[tuple[list[Owner], Owner | None]] = []

    def pair(self, identity: str) -> Pair | None:
        """The pair; None where the draw does not work out."""
        draft = self.draft
        self._remember()
        for _ in range(draft.rng.choice((1, 2, 2, 3, 3, 4))):
            more = self.planner.block(1)
            for node in more:
                self.nodes.append(node)
                self._remember()
        if not self.nodes or any(n.after for n in self.nodes):
            return None
        old = self._flow()
        whole = self.realiser.prose(self.start, self.nodes)
        _, _, spans = draft.ledger.finish(whole)
        key = draft.rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        made = self._inside(key) if key in _NESTED and draft.chance(0.5) else self._make(key)
        if made is None:
            return None
        new = self._flow()
        if new == old or not closed(new):
            return None
        frame = draft.say(key, "edits")
        if any("{" + slot + "}" in frame and slot not in made for slot in ("do", "does", "step", "old", "w", "s", "c", "p", "v", "o", "n", "ns")):
            return None
        text = frame.format(**made)
        text = f"{draft.say('lead', 'edits')} {text}".strip()
        text = capital(text) if draft.chance(0.85) else text
        if not text.endswith((".", "?", "!")) and draft.chance(0.5):
            text += "."
        text = Noise(draft).apply(text)
        said, mentions, later = draft.ledger.finish(tidy(text))
        names: dict[str, str] = {}
        # People bind results that nothing reads; what stays of their flow keeps those names.
        kept: dict[int, str] = {}
        bound = draft.chance(0.6 if draft.plain else 0.2)
        before = named(old, draft.catalog, spans, names=names, kept=kept, bind=partial(peoples_name, draft.rng) if bound else None)
        after = named(new, draft.catalog, {**spans, **later}, frozenset(kept.values()), names=names, kept=kept)
        if (before.triggers, before.body) == (after.triggers, after.body):
            return None
        draft.tag("edit", key)
        return Pair(identity, "edit", said, replace(after, name=before.name), before, (), mentions, tuple(draft.tags))

    def _remember(self) -> None:
        scope = self.draft.scope
        self.scopes.append((list(scope.owners), scope.focus))

    def _flow(self) -> tree.Flow:
        return tree.Flow(tree.Name(f"{KEY}flow"), None, (self.start.trigger,), block(self.nodes))

    def _at(self, index: int) -> None:
        """What is in scope before step `index`."""
        scope = self.draft.scope
        owners, focus = self.scopes[index]
        scope.owners, scope.focus = list(owners), focus

    def _inside(self, key: str) -> dict[str, str] | None:
        """The change made in the block of a loop or of a condition; at the top where there is none."""
        found = inner_blocks(self.nodes)
        if not found:
            return self._make(key)
        index, body, put = self.draft.rng.choice(found)
        if isinstance(self.nodes[index], Loop) and len(body) == 1 and isinstance(body[0], Branch) and len(body[0].arms) == 1:
            # "for each ..., if ...": people mean what is done in the end.
            outer, (_, body, inner) = put, inner_blocks(body)[0]
            put = lambda changed: outer([inner(changed)])  # noqa: E731
        nodes, scopes = self.nodes, self.scopes
        self.nodes, self.scopes = list(body), [scopes[index]] * (len(body) + 2)
        made = self._make(key)
        changed, self.nodes, self.scopes = self.nodes, nodes, scopes
        if made is None or not changed:
            return None
        self.nodes[index] = put(changed)
        return made

    # What is said of a step

    def _bank(self, node: Node) -> OperationBank | None:
        if isinstance(node, Act) and len(node.built) == 1 and isinstance(node.built[0], tree.Call):
            callee = node.built[0].callee
            operation = self.draft.catalog.find(callee.connector.text if callee.connector else None, callee.operation.text)
            return self.draft.banks.operations.get(operation.text) if operation is not None else None
        return None

    def _words(self, node: Node) -> dict[str, str] | None:
        """The step in the gerund, the imperative and the third person; often in other words than those that made it."""
        if not isinstance(node, Act) or node.lead == "todo":
            return None
        say = node.say
        bank = self._bank(node)
        if bank is not None and self.draft.chance(0.6):
            plain = [s for s in bank.says if "{" not in s]
            say = self.draft.rng.choice(plain) if plain else say
        return {"step": inflect(say, "gerund"), "old": inflect(say, "base"), "does": inflect(say, "third")}

    def _new(self, references: float = 0.6) -> Node | None:
        if self.planner.plain and self.draft.chance(0.4):
            made = idioms.idiom(self.planner, 2, 0)
            if made is not None:
                return made
        act = self.planner.call(references=references)
        return None if act is None or act.lead == "todo" else act

    def _do(self, *nodes: Node) -> str:
        return self.realiser.body(nodes, "base")

    # The kinds of change

    def _make(self, key: str) -> dict[str, str] | None:
        makers: dict[str, Callable[[], dict[str, str] | None]] = {
            "add_end": lambda: self._add(len(self.nodes), None),
            "add_start": lambda: self._add(0, None),
            "add_before": lambda: self._add_near(0),
            "add_after": lambda: self._add_near(1),
            "remove": lambda: self._remove(self._pick()),
            "remove_last": lambda: self._remove(len(self.nodes) - 1),
            "remove_first": lambda: self._remove(0),
            "replace": lambda: self._replace(self._pick()),
            "replace_last": lambda: self._replace(len(self.nodes) - 1),
            "change": lambda: self._change("unique"),
            "change_from": lambda: self._change("old"),
            "set_in": lambda: self._change("step"),
            "drop_in": self._drop,
            "trigger": lambda: self._trigger("event"),
            "trigger_schedule": lambda: self._trigger("schedule"),
            "trigger_manual": lambda: self._trigger("manual"),
            "only_if": self._only_if,
            "all_if": self._all_if,
            "else": self._else,
            "in_loop": lambda: self._in(Loop),
            "in_then": lambda: self._in(Branch),
            "last_first": lambda: self._move(len(self.nodes) - 1, 0),
            "move_end": lambda: self._move(self._pick(), len(self.nodes) - 1),
            "move_start": lambda: self._move(self._pick(), 0),
            "swap": lambda: self._move(0, 1),
            "on_failure": self._on_failure,
            "limit_loop": self._limit_loop,
            "remove_two": self._remove_two,
            "elsewhere": self._elsewhere,
            "else_if": self._else_if,
        }
        return makers[key]()

    def _pick(self) -> int:
        return self.draft.rng.randrange(len(self.nodes))

    def _add(self, index: int, near: dict[str, str] | None) -> dict[str, str] | None:
        self._at(index)
        act = self._new()
        if act is None:
            return None
        fresh: list[Node] = [act]
        if self.draft.chance(0.12):
            more = self._new()
            fresh += [more] if more is not None else []
        self.nodes[index:index] = fresh
        return {**(near or {}), "do": self._do(*fresh)}

    def _add_near(self, shift: int) -> dict[str, str] | None:
        index = self._pick()
        words = self._words(self.nodes[index])
        return None if words is None else self._add(index + shift, words)

    def _remove(self, index: int) -> dict[str, str] | None:
        if len(self.nodes) < 2:
            return None
        words = self._words(self.nodes[index]) or {}
        del self.nodes[index]
        return {**words, "do": words["old"]} if words else {}

    def _remove_two(self) -> dict[str, str] | None:
        if len(self.nodes) < 3:
            return None
        first = self.draft.rng.randrange(len(self.nodes) - 1)
        second = self.draft.rng.choice([first + 1, self.draft.rng.randrange(first + 1, len(self.nodes))])
        one, two = self._words(self.nodes[first]), self._words(self.nodes[second])
        if one is None or two is None:
            return None
        del self.nodes[second], self.nodes[first]
        return {"old": f"{one['old']} and {two['old']}", "step": f"{one['step']} and {two['step']}", "does": f"{one['does']} and {two['does']}", "do": f"{one['old']} and {two['old']}"}

    def _elsewhere(self) -> dict[str, str] | None:
        """The same thing done with another product."""
        found = idioms.elsewhere(self.planner, [self._bank(n) for n in self.nodes])
        if found is None:
            return None
        index, act, old, new = found
        self.nodes[index] = act
        return {"do": act.say, "o": old, "p": new}

    def _else_if(self) -> dict[str, str] | None:
        """Another case of a condition that stands in the flow, perhaps inside a loop."""
        found: list[tuple[int, Branch, Callable[[Node], Node]]] = [(i, n, lambda fresh: fresh) for i, n in enumerate(self.nodes) if _open(n)]
        for index, body, put in inner_blocks(self.nodes):
            if isinstance(self.nodes[index], Loop):
                found += [(index, n, partial(_put, put, body, at)) for at, n in enumerate(body) if _open(n)]
        if len(found) != 1:
            return None
        index, branch, replaced = found[0]
        made = conditions.other(self.draft, branch.arms[0][0])
        if made is None:
            return None
        self._at(index)
        act = self.planner.call(references=0.2)
        if act is None or act.lead == "todo":
            return None
        self.nodes[index] = replaced(replace(branch, arms=[*branch.arms, (made, [act])]))
        return {"c": made.text, "do": self._do(act)}

    def _replace(self, index: int) -> dict[str, str] | None:
        words = self._words(self.nodes[index]) or {}
        self._at(index)
        act = self._new()
        if act is None:
            return None
        self.nodes[index] = act
        return {**words, "do": self._do(act)}

    def _calls(self) -> list[tuple[int, tree.Call, OperationBank]]:
        found = []
        for index, node in enumerate(self.nodes):
            bank = self._bank(node)
            if bank is not None and isinstance(node, Act) and isinstance(node.built[0], tree.Call):
                found.append((index, node.built[0], bank))
        return found

    def _change(self, how: str) -> dict[str, str] | None:
        draft = self.draft
        calls = self._calls()
        if not calls:
            return None
        index, call, bank = draft.rng.choice(calls)
        names = [p for p in bank.values if (found := bank.operation.parameter(p)) is not None and found.type in ("text", "integer", "number", "any")]
        given = {a.parameter.text: a.value for a in call.arguments}
        if how == "old":
            names = [p for p in names if isinstance(given.get(p), tree.Literal)]
        elif draft.chance(0.6):
            names = [p for p in names if p in given] or names
        if how == "unique":
            names = [p for p in names if sum(b.operation.parameter(p) is not None for _, _, b in calls) == 1]
        if not names:
            return None
        name = draft.rng.choice(names)
        made = draft.literal(bank.values[name], bank.operation.parameter(name))
        before = given.get(name)
        if made is None or made[1] == before:
            return None
        said = {"p": name.replace("_", " "), "v": made[0]}
        if how == "old":
            assert isinstance(before, tree.Literal)
            if isinstance(before.value, bool) or sum(str(v.value) == str(before.value) for v in _literals(call, calls)) != 1:
                return None
            said["o"] = f"{before.value:g}" if isinstance(before.value, float) else str(before.value)
        if how == "step":
            words = self._words(self.nodes[index])
            if words is None:
                return None
            said.update(words)
        argument = tree.Argument(tree.Name(name), made[1])
        arguments = tuple(argument if a.parameter.text == name else a for a in call.arguments)
        if name not in given:
            arguments = (*arguments, argument)
        self._rewrite(index, replace(call, arguments=arguments))
        return said

    def _rewrite(self, index: int, call: tree.Call) -> None:
        node = self.nodes[index]
        assert isinstance(node, Act)
        self.nodes[index] = Act(node.say, (call,), node.lead)

    def _drop(self) -> dict[str, str] | None:
        calls = self._calls()
        names = [a.parameter.text for _, c, _ in calls for a in c.arguments]
        choices = [(i, c, a) for i, c, _ in calls for a in c.arguments if names.count(a.parameter.text) == 1]
        if not choices:
            return None
        index, call, argument = self.draft.rng.choice(choices)
        self._rewrite(index, replace(call, arguments=tuple(a for a in call.arguments if a is not argument)))
        return {"p": argument.parameter.text.replace("_", " ")}

    def _trigger(self, family: str) -> dict[str, str] | None:
        if family == "manual":
            self.start = Start(tree.Trigger(None), "", "manual")
            return {}
        start = builtins.schedule(self.draft) if family == "schedule" else self.planner.start()
        if start.family != family:
            return None
        self.start = start
        return {"w": start.text, "s": start.text}

    def _only_if(self) -> dict[str, str] | None:
        index = self._pick()
        words = self._words(self.nodes[index])
        self._at(index)
        condition = conditions.condition(self.draft)
        if words is None or condition is None:
            return None
        self.nodes[index] = Branch([(condition, [self.nodes[index]])])
        return {**words, "c": condition.text, "do": words["old"]}

    def _all_if(self) -> dict[str, str] | None:
        self._at(0)
        condition = conditions.condition(self.draft)
        if condition is None:
            return None
        self.nodes = [Branch([(condition, list(self.nodes))])]
        return {"c": condition.text}

    def _else(self) -> dict[str, str] | None:
        found = [(i, n) for i, n in enumerate(self.nodes) if _open(n)]
        if not found:
            return None
        index, branch = found[-1]
        self._at(index)
        act = self._new()
        if act is None:
            return None
        self.nodes[index] = Branch(list(branch.arms), [act])
        return {"do": self._do(act)}

    def _in(self, kind: type[Loop] | type[Branch]) -> dict[str, str] | None:
        found = [(i, n) for i, n in enumerate(self.nodes) if isinstance(n, kind)]
        if len(found) != 1:
            return None
        index, node = found[0]
        self._at(index)
        act = self._new(references=0.4)
        if act is None:
            return None
        if isinstance(node, Loop):
            self.nodes[index] = replace(node, body=[*node.body, act])
            return {"do": self._do(act), "n": node.singular, "ns": node.plural}
        assert isinstance(node, Branch)
        condition, body = node.arms[0]
        self.nodes[index] = replace(node, arms=[(condition, [*body, act]), *node.arms[1:]])
        return {"do": self._do(act)}

    def _move(self, source: int, target: int) -> dict[str, str] | None:
        if len(self.nodes) < 2 or source == target or max(source, target) >= len(self.nodes):
            return None
        words = self._words(self.nodes[source]) or {}
        self.nodes.insert(target, self.nodes.pop(source))
        return words

    def _on_failure(self) -> dict[str, str] | None:
        index = self._pick()
        words = self._words(self.nodes[index])
        self._at(index)
        act = self._new(references=0.4)
        if words is None or act is None:
            return None
        said = self._do(act)
        act.after = (tree.After(None, ("failed",)),)
        self.nodes.insert(index + 1, act)
        return {**words, "do": said}

    def _limit_loop(self) -> dict[str, str] | None:
        found = [(i, n) for i, n in enumerate(self.nodes) if isinstance(n, Loop) and n.degree is None]
        if len(found) != 1:
            return None
        index, loop = found[0]
        degree = self.draft.rng.choice((2, 3, 4, 5, 8, 10, 20))
        said = self.draft.number(degree)
        self.nodes[index] = replace(loop, degree=(degree, said))
        return {"v": said, "n": loop.singular, "ns": loop.plural}


def _literals(call: tree.Call, calls: list[tuple[int, tree.Call, OperationBank]]) -> list[tree.Literal]:
    return [a.value for _, c, _ in calls for a in c.arguments if isinstance(a.value, tree.Literal)]


def _open(node: Node) -> TypeGuard[Branch]:
    """Whether it is a condition that a further case may follow."""
    return isinstance(node, Branch) and node.otherwise is None and not node.negated and len(node.arms) == 1


def _put(put: Callable[[list[Node]], Node], body: list[Node], at: int, fresh: Node) -> Node:
    return put([*body[:at], fresh, *body[at + 1 :]])

"""Plans of flows: a trigger and steps that use what is there, nested in conditions and loops."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flowquill.grammar import tree
from flowquill.grammar.catalog import Operation
from flowquill.training.data import builtins, conditions, idioms
from flowquill.training.data.banks import Banks, OperationBank
from flowquill.training.data.draft import Draft
from flowquill.training.data.nodes import Act, Attempt, Branch, Choose, Condition, Loop, Node, Repeat, Start, Together
from flowquill.training.data.referents import Found, Owner, singular

_LENGTHS = (1,) * 24 + (2,) * 28 + (3,) * 20 + (4,) * 12 + (5,) * 7 + (6,) * 4 + (7,) * 3 + (8,) * 2
_POPULAR = frozenset(
    ["outlook", "teams", "sharepoint", "excel", "onedrive", "approvals", "planner", "forms", "slack", "gmail", "google_sheets", "google_drive", "github", "jira", "trello", "dataverse", "salesforce", "sql_server", "notifications", "office_users", "servicenow", "asana", "hubspot", "todo_tasks", "devops"]
)
_OPEN = frozenset(["excel", "sharepoint", "sql_server", "dataverse", "google_sheets", "airtable", "smartsheet", "azure_tables", "lists", "notion"])
_ROWS = frozenset(["rows", "items", "records", "entities", "entries", "value", "results", "row", "item", "record", "entity"])


class Stock:
    """The operations of the banks, sorted for choosing."""

    def __init__(self, banks: Banks) -> None:
        connectors: dict[str | None, list[OperationBank]] = {}
        for bank in banks.operations.values():
            if bank.operation.connector is not None:
                connectors.setdefault(bank.operation.connector, []).append(bank)
        own = {c: b for c, b in connectors.items() if not b[0].public}
        public = {c: b for c, b in connectors.items() if b[0].public}
        self.actions, self.triggers = _of_kind(own, "action"), _of_kind(own, "trigger")
        self.public_actions, self.public_triggers = _of_kind(public, "action"), _of_kind(public, "trigger")
        self.lists = {c: found for c, b in self.actions.items() if (found := [x for x in b if any(o.type == "list" for o in x.operation.outputs)])}
        self.public_lists = {
            c: found for c, b in self.public_actions.items() if (found := [x for x in b if any(o.type == "list" for o in x.operation.outputs)])
        }


def _of_kind(connectors: dict[str | None, list[OperationBank]], kind: str) -> dict[str | None, list[OperationBank]]:
    found = {c: [b for b in banks if b.operation.kind == kind] for c, banks in connectors.items()}
    return {c: banks for c, banks in found.items() if banks}


class Planner:
    """Plans the steps of one request."""

    def __init__(self, draft: Draft, stock: Stock, public: bool, plain: bool = False) -> None:
        """`plain`: the catalog knows one line of each operation, and people say as little."""
        self.plain = plain
        self.draft = draft
        self.stock = stock
        self.public = public
        self.used: list[str | None] = []
        self.withhold = draft.chance(0.06)

    def length(self) -> int:
        """How many calls the flow shall have."""
        return self.draft.rng.choice(_LENGTHS)

    # The trigger

    def start(self) -> Start:
        """A trigger: an event of a connector, a schedule, an HTTP request, or by hand."""
        draft = self.draft
        if self.plain and draft.chance(0.75):
            draft.tag("manual")
            return Start(tree.Trigger(None), "", "manual")
        pick = draft.rng.random()
        if pick < 0.60:
            start = self._event()
            if start is not None:
                return start
        if pick < 0.78:
            return builtins.schedule(draft)
        if pick < 0.84:
            return builtins.request(draft)
        return builtins.manual(draft)

    def _event(self) -> Start | None:
        draft = self.draft
        pool = self.stock.public_triggers if self.public and self.stock.public_triggers and draft.chance(0.8) else self.stock.triggers
        if not pool:
            return None
        bank = self._choose(pool)
        made = draft.clause(bank, references=0.0)
        if made is None:
            return None
        text, arguments = made
        operation = bank.operation
        draft.operations.append(operation)
        self.used.append(operation.connector)
        owner = self._introduce(operation, "trigger")
        trigger = tree.Trigger(callee(operation), arguments, name=tree.Name(owner.key) if owner else None)
        draft.tag("event")
        return Start(trigger, text, "event")

    def _introduce(self, operation: Operation, role: str) -> Owner | None:
        if not operation.outputs:
            return None
        noun, places = self.draft.places.result(operation)
        opened = operation.connector in _OPEN and any(w in _ROWS for w in operation.name.split("_"))
        listed = any(o.type == "list" for o in operation.outputs)
        if self.plain and not listed:
            return self.draft.introduce(role, noun, operation, places, open_base=("item",), bare=True)
        return self.draft.introduce(role, noun, operation, places, open_base=() if opened and not listed else None)

    def _choose(self, pool: dict[str | None, list[OperationBank]]) -> OperationBank:
        draft = self.draft
        same = [c for c in self.used if c in pool]
        if same and draft.chance(0.3):
            connector = draft.rng.choice(same)
            kin = self._kin(pool[connector])
            if kin and draft.chance(0.45):
                return draft.rng.choice(kin)
        else:
            names = list(pool)
            connector = draft.rng.choice(names)
            if connector not in _POPULAR and draft.chance(0.35):
                popular = [c for c in names if c in _POPULAR]
                connector = draft.rng.choice(popular) if popular else connector
        return draft.rng.choice(pool[connector])

    def _kin(self, banks: Sequence[OperationBank]) -> list[OperationBank]:
        """Those that do the same as the last step to something else, so that requests share a verb among several objects."""
        last = self.draft.operations[-1] if self.draft.operations else None
        if last is None or last.kind != "action":
            return []
        verb = last.name.split("_")[0]
        done = {o.text for o in self.draft.operations}
        return [b for b in banks if b.operation.name.split("_")[0] == verb and b.operation.text not in done]

    # Calls

    def call(self, *, references: float = 0.5, lists: bool = False, fill: bool = False) -> Act | None:
        """A step that calls an operation. `lists`: one that returns a list; `fill`: one that uses what is in scope."""
        draft = self.draft
        public = self.public and draft.chance(0.75)
        pool = (self.stock.public_lists if public else self.stock.lists) if lists else (self.stock.public_actions if public else self.stock.actions)
        if not pool:
            pool = self.stock.actions or self.stock.public_actions
        for attempt in range(6):
            bank = self._choose(pool)
            if fill and attempt < 4 and not any("{" in s for s in bank.says):
                continue
            made = draft.clause(bank, references=references)
            if made is None:
                continue
            text, arguments = made
            if fill and attempt < 3 and not any(not isinstance(a.value, tree.Literal) for a in arguments):
                continue
            return self.act(bank, text, arguments)
        return None

    def act(self, bank: OperationBank, text: str, arguments: tuple[tree.Argument, ...]) -> Act:
        """The step that calls the operation, said in these words."""
        draft, operation = self.draft, bank.operation
        named = next((m for m in bank.mentions if m in text), None)
        used = {o.connector for o in draft.operations}
        if self.withhold and named and not draft.withheld and operation.connector not in used and draft.chance(0.5):
            draft.withheld[operation.connector or ""] = None
        if operation.connector in draft.withheld:
            draft.tag("todo", "withheld")
            marked, key = draft.ledger.span(text)
            return Act(marked, (tree.Todo(key),), "todo")
        draft.operations.append(operation)
        self.used.append(operation.connector)
        owner = self._introduce(operation, "result")
        name = tree.Name(owner.key) if owner else None
        return Act(text, (tree.Call(name=name, callee=callee(operation), arguments=arguments),))

    # Blocks

    def block(self, budget: int, depth: int = 0) -> list[Node]:
        """Steps with about `budget` calls. What they bind stays in scope for the caller to drop."""
        nodes: list[Node] = []
        while budget > 0:
            node, cost = self._node(budget, depth, nodes)
            if node is None:
                break
            nodes.append(node)
            budget -= max(1, cost)
            extra = self._after(node, depth) if depth < 2 else None
            if extra is not None:
                nodes.append(extra)
        return nodes

    def inner(self, budget: int, depth: int) -> list[Node]:
        """A block of its own: what it binds is out of scope afterwards."""
        scope = self.draft.scope
        owners, focus = list(scope.owners), scope.focus
        nodes = self.block(max(1, budget), depth + 1)
        scope.owners, scope.focus = owners, focus
        return nodes

    def _node(self, budget: int, depth: int, before: Sequence[Node]) -> tuple[Node | None, int]:
        draft = self.draft
        if self.plain and draft.chance(0.3):
            idiom = idioms.idiom(self, budget, depth)
            if idiom is not None:
                return idiom, max(1, min(budget, 2))
        lists = self.lists()
        wanted = lists[0].owner.operation if lists else None
        share_of_loops = 0.12 if depth else 0.5
        if wanted is not None and wanted.kind == "trigger":
            share_of_loops *= 0.3
        if lists and depth < 3 and draft.chance(share_of_loops):
            share = max(1, min(budget, draft.rng.choice((1, 1, 1, 2, 2, 3))))
            near = [f for f in lists if f.owner is lists[0].owner]
            loop = self.loop(draft.rng.choice(near), share, depth)
            if loop is not None:
                return loop, share
        roll = draft.rng.random()
        options: tuple[tuple[float, Callable[[int, int], Node | None]], ...] = (
            (0.16, self.branch),
            (0.018, self.choose),
            (0.022, self.repeat),
            (0.018, self.together),
            (0.022, self.attempt),
        )
        if depth < 3:
            for odds, make in options:
                if roll < odds:
                    if make != self.branch and budget < 2:
                        break
                    made = make(budget, depth)
                    if made is not None:
                        return made, budget if budget < 3 else draft.rng.randint(2, budget)
                    break
                roll -= odds
        if draft.chance(0.12):
            special = builtins.step(draft, last=bool(before) and budget == 1)
            if special is not None:
                return special, 1
        wants_list = not lists and budget > 1 and draft.chance(0.3)
        fill = draft.scope.focus is not None and draft.chance(0.45)
        return self.call(lists=wants_list, fill=fill and not wants_list, references=0.75 if fill else 0.45), 1

    def lists(self) -> list[Found]:
        """Lists in scope that no loop goes through yet."""
        used = {id(o) for o in self.draft.scope.owners if o.role == "looped"}
        return [f for f in self.draft.scope.find(("list",), None) if id(f.owner) not in used and not self._looped(f)]

    def looped(self, found: Found) -> None:
        """Notes that a loop goes through the list."""
        self._done.add((found.owner.key, found.place.path))

    def _looped(self, found: Found) -> bool:
        return (found.owner.key, found.place.path) in self._done

    @property
    def _done(self) -> set[tuple[str, tuple[str, ...]]]:
        done: set[tuple[str, tuple[str, ...]]] = self.__dict__.setdefault("_loops", set())
        return done

    def loop(self, found: Found, budget: int, depth: int) -> Loop | None:
        """For each element of a list."""
        draft = self.draft
        owner, output = found.owner, found.place.output
        if owner.operation is None or output is None:
            return None
        names, places = draft.places.element(owner.operation, found.place.path, output)
        self._done.add((owner.key, found.place.path))
        scope = draft.scope
        owners, focus = list(scope.owners), scope.focus
        opened = owner.operation.connector in _OPEN and (output.name in _ROWS or not output.properties)
        # Of what a bare catalog lists nothing is known, and people speak of its properties all the same.
        opened = opened or (not output.properties and not owner.operation.parameters)
        name = draft.rng.choice(names)
        item = draft.introduce("item", name, owner.operation, places, open_base=() if opened else None, bare=opened and self.plain)
        phrase = draft.rng.choice(found.phrases)
        loop = Loop(item.key, found.expression, name, _plural(name, phrase), phrase, [])
        draft.tag("for")
        if depth:
            draft.tag("nested")
        if draft.chance(0.3 if opened else 0.16) and budget < 3:
            condition = conditions.condition(draft, owner=item)
            if condition is not None:
                draft.tag("if")
                loop.body = [Branch([(condition, self.inner(budget, depth + 1))])]
        if not loop.body:
            loop.body = self.inner(budget, depth)
        scope.owners, scope.focus = owners, focus
        if not loop.body:
            return None
        if draft.chance(0.05):
            degree = draft.rng.choice((2, 3, 4, 5, 8, 10, 20))
            loop.degree = (degree, draft.number(degree))
            draft.tag("degree")
        return loop

    def branch(self, budget: int, depth: int) -> Branch | None:
        """If, with else in half of the cases."""
        draft = self.draft
        condition = conditions.condition(draft)
        if condition is None:
            return None
        draft.tag("if")
        focus = draft.scope.focus
        share = max(1, min(budget, draft.rng.choice((1, 1, 1, 2))))
        then = self.inner(share, depth)
        if not then:
            return None
        branch = Branch([(condition, then)])
        draft.scope.focus = focus
        roll = draft.rng.random()
        if roll < 0.1:
            second = conditions.condition(draft, joined=False)
            if second is not None and second.expression != condition.expression:
                body = self.inner(1, depth)
                if body:
                    branch.arms.append((second, body))
                    draft.tag("else if")
        if draft.chance(0.45):
            branch.otherwise = self.inner(1, depth) or None
            if branch.otherwise:
                draft.tag("else")
        elif len(branch.arms) == 1 and draft.chance(0.12):
            branch.negated = True
            draft.tag("unless")
        return branch

    def choose(self, budget: int, depth: int) -> Choose | None:
        """Switch on something in scope with text values."""
        draft = self.draft
        found = [f for f in draft.scope.find(("text",), None) if f.place.sort == "status"]
        values: list[str] = []
        opened = draft.open_owner()
        if opened is not None and draft.chance(0.6):
            column = draft.rng.choice([c for c in draft.columns(frozenset(["status"]), opened) if len(c.get("values", ())) > 2])
            phrase, subject = draft.column_of(opened, column["name"])
            values = list(column["values"])
        elif found:
            opened = None
            one = draft.prefer([f for f in found if f.owner.operation] or found)
            phrase, subject = draft.rng.choice(one.phrases[:4]), one.expression
        else:
            return None
        count = draft.rng.choice((2, 2, 2, 3, 3, 4))
        if not values and found and opened is None:
            values = conditions.usual(draft, one) or []
        values = values or [str(draft.values.value(draft.rng, "status")) for _ in range(6)]
        values = list(dict.fromkeys(values))
        draft.rng.shuffle(values)
        cases: list[tuple[str, tree.Literal, list[Node]]] = []
        for value in values[:count]:
            surface = draft.quote(value, "status")
            body = self.inner(1, depth)
            if body:
                cases.append((surface, tree.Literal(value), body))
        if len(cases) < 2:
            return None
        draft.tag("switch")
        default = self.inner(1, depth) if draft.chance(0.4) else None
        return Choose(phrase, subject, cases, default or None)

    def repeat(self, budget: int, depth: int) -> Repeat | None:
        """Do something again and again until a condition holds."""
        draft = self.draft
        scope = draft.scope
        owners, focus = list(scope.owners), scope.focus
        act = None
        for _ in range(4):
            act = self.call(references=0.4)
            if act is None or scope.focus is not focus:
                break
        if act is None or scope.focus is focus or scope.focus is None or not isinstance(act.built[0], tree.Call):
            scope.owners, scope.focus = owners, focus
            return None
        condition = conditions.condition(draft, joined=False, owner=scope.focus)
        scope.owners, scope.focus = owners, focus
        if condition is None:
            return None
        draft.tag("until")
        pause = limit = None
        if draft.chance(0.7):
            pause = builtins.pause(draft)
        if draft.chance(0.3):
            times = draft.rng.choice((3, 5, 10, 12, 20, 24, 30, 60, 100))
            limit = (draft.number(times), tree.Argument(tree.Name("count"), tree.Literal(times)))
            draft.tag("limit")
        return Repeat([act], condition, pause, limit)

    def together(self, budget: int, depth: int) -> Together | None:
        """Two branches at the same time."""
        branches = [self.inner(1, depth), self.inner(1, depth)]
        if not all(b and all(n.simple for n in b) for b in branches):
            return None
        self.draft.tag("parallel")
        return Together(branches)

    def attempt(self, budget: int, depth: int) -> Attempt | None:
        """Try, catch and sometimes finally."""
        draft = self.draft
        body = self.inner(draft.rng.choice((1, 2, 2)), depth)
        catch = self.inner(1, depth)
        if not body or not catch:
            return None
        draft.tag("try")
        final = self.inner(1, depth) if draft.chance(0.2) else None
        if final:
            draft.tag("finally")
        return Attempt(body, catch, final or None)

    def _after(self, node: Node, depth: int) -> Node | None:
        """A step that runs when the one before failed, was skipped or timed out."""
        draft = self.draft
        if not isinstance(node, Act) or not isinstance(node.built[0], tree.Call) or not draft.chance(0.035):
            return None
        scope = draft.scope
        owners, focus = list(scope.owners), scope.focus
        act = self.call(references=0.3)
        scope.owners, scope.focus = owners, focus
        if act is None:
            return None
        frame = draft.rng.choice(("after_failed",) * 6 + ("after_timeout",) * 2 + ("after_only_timeout", "after_skipped", "after_always"))
        statuses: dict[str, tuple[tree.Status, ...]] = {
            "after_failed": ("failed",),
            "after_timeout": ("failed", "timed_out"),
            "after_only_timeout": ("timed_out",),
            "after_skipped": ("skipped",),
            "after_always": ("succeeded", "failed"),
        }
        act.after = (tree.After(None, statuses[frame]),)
        act.frame = frame
        draft.tag("after")
        return act


def callee(operation: Operation) -> tree.Callee:
    """As a flow names the operation."""
    return tree.Callee(tree.Name(operation.connector) if operation.connector else None, tree.Name(operation.name))


def _plural(name: str, phrase: str) -> str:
    from flowquill.training.data.inflect import plural

    bare = phrase.removeprefix("the ").removeprefix("all ")
    return bare if phrase.startswith("the ") and singular(bare) == name else plural(name)


__all__ = ["Condition", "Planner", "Stock", "callee"]

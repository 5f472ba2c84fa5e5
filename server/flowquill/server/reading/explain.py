"""A flow in plain English, by rule from its tree: what starts it, and what it then does."""

from __future__ import annotations

from textwrap import wrap

from flowquill.grammar import tree
from flowquill.grammar.catalog import Catalog, Operation
from flowquill.server.reading.wording import listed, shortened, worded, words

MARK = "What it does:"
"""An explanation begins with this, so that a later one can take its place."""
WIDTH = 98
DEEPEST = 3
"""Blocks inside blocks that are told; what is deeper is counted."""
MOST = 10
"""Steps of one block that are told; what follows is counted."""


def explained(flow: tree.Flow, catalog: Catalog) -> str:
    """What a flow does, in one or a few sentences."""
    teller = _Teller(catalog)
    steps = [s for s in flow.body if not isinstance(s, tree.Param)]
    start = teller.trigger(flow.triggers[0]) if flow.triggers else "When started"
    # What happens up to the first block is one sentence with the trigger; each block is its own.
    sentences: list[str] = []
    plain: list[str] = []
    begun = f"{start}, "
    for step in steps[:MOST]:
        said = teller.step(step, 0)
        if tree.blocks(step):
            if plain:
                sentences.append(begun + listed(plain))
                begun, plain = "", []
            sentences.append(begun + said if begun else said)
            begun = ""
        else:
            plain.append(said)
    if plain:
        sentences.append(begun + listed(plain) if begun else "Then " + listed(plain))
    if not sentences:
        sentences.append(f"{start}, nothing is done yet")
    if len(steps) > MOST:
        sentences.append(f"{len(steps) - MOST} more steps follow")
    return " ".join(f"{s[:1].upper()}{s[1:]}." for s in sentences)


def comment(text: str, indentation: str = "") -> str:
    """An explanation as lines of a comment, without a last line break."""
    return "\n".join(f"{indentation}# {line}" for line in wrap(f"{MARK} {text}", WIDTH - len(indentation) - 2, break_long_words=False, break_on_hyphens=False))


class _Teller:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def trigger(self, node: tree.Trigger) -> str:
        if node.callee is None:
            inputs = [words(i.name.text) for i in node.inputs]
            return "When started by hand" + (f" with {listed(inputs)}" if inputs else "")
        if node.callee.text == "schedule":
            return _schedule(node)
        operation = self._operation(node.callee)
        title = operation.title if operation else words(node.callee.operation.text)
        if not title.lower().startswith(("when ", "on ", "every ")):
            title = f"On {title[:1].lower()}{title[1:]}"
        return self._with_arguments(f"{title}{self._where(node.callee, title)}", node.arguments)

    def step(self, node: tree.Statement, depth: int) -> str:
        said = self._bare(node, depth)
        for after in node.after:
            if after.statuses != ("succeeded",):
                what = words(after.step.text) if after.step else "the step before"
                said = f"if {what} {listed([words(s) for s in after.statuses], 'or')}: {said}"
        return said

    def _bare(self, node: tree.Statement, depth: int) -> str:
        match node:
            case tree.Call():
                return self._call(node)
            case tree.Var():
                return f"keep {words(node.name.text)}" + (f" as {worded(node.value)}" if node.value is not None else "")
            case tree.Param():
                return f"take {words(node.name.text)} as a parameter"
            case tree.Set():
                return f"set {words(node.name.text)} to {worded(node.value)}"
            case tree.Append():
                return f"add {worded(node.value)} to {words(node.name.text)}"
            case tree.Increment():
                by = f" by {worded(node.by)}" if node.by is not None else ""
                return f"{'lower' if node.negative else 'raise'} {words(node.name.text)}{by}"
            case tree.If():
                return self._if(node, depth)
            case tree.Switch():
                arms = [f"for {worded(c.value)} {self._block(c.body, depth)}" for c in node.cases]
                if node.default is not None:
                    arms.append(f"else {self._block(node.default, depth)}")
                return f"depending on {worded(node.subject)}: {'; '.join(arms)}"
            case tree.For():
                side = ", side by side" if node.degree is not None else ""
                return f"for each {words(node.item.text)} of {worded(node.source)}{side}: {self._block(node.body, depth)}"
            case tree.Until():
                return f"repeat until {worded(node.condition)}: {self._block(node.body, depth)}"
            case tree.Scope():
                return f"as one group ({words(node.name.text)}): {self._block(node.body, depth)}"
            case tree.Parallel():
                return f"at the same time: {'; '.join(self._block(b, depth) for b in node.branches)}"
            case tree.Try():
                said = f"try to {self._block(node.body, depth)}"
                if node.catch is not None:
                    said += f"; if that fails, {self._block(node.catch, depth)}"
                return said + (f"; in the end {self._block(node.final, depth)}" if node.final is not None else "")
            case tree.Todo():
                return f"by hand: {shortened(node.text, 90)}"
            case tree.Refuse():
                return f"refuse: {shortened(node.text, 90)}"
        return "do a step"

    def _if(self, node: tree.If, depth: int) -> str:
        said = f"if {worded(node.condition)}, {self._block(node.then, depth)}"
        while node.otherwise:
            inner = node.otherwise[0]
            if len(node.otherwise) == 1 and isinstance(inner, tree.If):
                said += f"; or else if {worded(inner.condition)}, {self._block(inner.then, depth)}"
                node = inner
                continue
            return f"{said}; otherwise {self._block(node.otherwise or (), depth)}"
        return said

    def _block(self, block: tree.Block, depth: int) -> str:
        if not block:
            return "do nothing"
        if depth >= DEEPEST:
            return f"do {len(block)} step{'s' if len(block) > 1 else ''}"
        told = [self.step(s, depth + 1) for s in block[:MOST]]
        if len(block) > MOST:
            told.append(f"do {len(block) - MOST} more steps")
        if any(tree.blocks(s) for s in block):
            # A block inside has commas of its own.
            return "; then ".join(told) if depth == 0 else f"({'; then '.join(told)})"
        return listed(told)

    def _call(self, node: tree.Call) -> str:
        given = {a.parameter.text: a.value for a in node.arguments}
        match node.callee.text:
            case "delay" if "count" in given:
                unit = given.get("unit")
                return f"wait {worded(given['count'])} {str(unit.value).lower() + 's' if isinstance(unit, tree.Literal) else ''}".rstrip()
            case "terminate":
                status = given.get("status")
                return "end the run" + (f" as {status.value}" if isinstance(status, tree.Literal) else "")
            case "compose" if "value" in given:
                return f"work out {worded(given['value'])}"
            case "http" if "uri" in given:
                method = given.get("method")
                return f"call {worded(given['uri'])}" + (f" by {method.value}" if isinstance(method, tree.Literal) else "")
            case "filter" if "from_" in given and "where" in given:
                return f"keep those of {worded(given['from_'])} where {worded(given['where'])}"
        operation = self._operation(node.callee)
        title = operation.title if operation else words(node.callee.operation.text)
        # A title's first word is a verb; abbreviations keep their capitals.
        title = title if title[:2].isupper() else title[:1].lower() + title[1:]
        if node.callee.text == "respond":
            title = "answer the request"
        return self._with_arguments(f"{title}{self._where(node.callee, title)}", node.arguments)

    def _where(self, callee: tree.Callee, title: str) -> str:
        connector = self.catalog.connectors.get(callee.connector.text) if callee.connector else None
        name = connector.title if connector else words(callee.connector.text) if callee.connector else ""
        return f" in {name}" if name and name.lower() not in title.lower() else ""

    def _with_arguments(self, said: str, arguments: tuple[tree.Argument, ...]) -> str:
        given = [f"{words(a.parameter.text)} {shortened(worded(a.value), 90)}" for a in arguments if not isinstance(a.value, tree.Hole | tree.ObjectExpression)]
        more = f" and {len(given) - 4} more" if len(given) > 4 else ""
        return f"{said} ({', '.join(given[:4])}{more})" if given else said

    def _operation(self, callee: tree.Callee) -> Operation | None:
        return self.catalog.find(callee.connector.text if callee.connector else None, callee.operation.text)


def _schedule(node: tree.Trigger) -> str:
    given = {a.parameter.text: a.value for a in node.arguments}

    def values(name: str) -> list[str]:
        value = given.get(name)
        items = value.items if isinstance(value, tree.ListExpression) else (value,) if value is not None else ()
        return [str(i.value) for i in items if isinstance(i, tree.Literal)]

    frequency, interval = "".join(values("frequency")).lower(), "".join(values("interval")) or "1"
    if not frequency:
        return "At set times"
    said = f"Every {frequency}" if interval == "1" else f"Every {interval} {frequency}s"
    days, hours, minutes = values("days"), values("hours"), values("minutes")
    if days:
        said = f"Every {listed(days)}" if frequency == "week" and interval == "1" else f"{said} on {listed(days)}"
    if hours:
        clock = [f"{h}:{m.zfill(2)}" for h in hours for m in (minutes or ["0"])]
        said += f" at {listed(clock)}"
    zone = "".join(values("time_zone"))
    return f"{said} ({zone})" if zone else said

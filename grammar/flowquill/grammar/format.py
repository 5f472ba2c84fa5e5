"""The formatter: a tree as text in the one canonical form, with the comments of the file where they were."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from flowquill.grammar import tree
from flowquill.grammar.parse import Comment, Parsed, parse

WIDTH = 100
STEP = "  "


class FormatError(Exception):
    """A text that cannot be formatted because it has mistakes. `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def format_text(text: str) -> str:
    """The canonical form of a file. Raises FormatError where it does not parse; the tree never changes."""
    parsed = parse(text)
    if parsed.errors:
        error = parsed.errors[0]
        line = text.count("\n", 0, error.span[0]) + 1
        raise FormatError(f"line {line} does not parse ({error.message}); mend it, then format again", line)
    return _Printer(text, parsed.comments).file(parsed.file, len(text))


def render(node: tree.File | tree.Flow | tree.Statement | tree.Trigger | tree.Expression) -> str:
    """A tree as text, without comments. A file ends with a line feed, anything else does not."""
    printer = _Printer("", ())
    match node:
        case tree.File():
            return printer.file(node, 0)
        case tree.Flow():
            printer.flow(node)
            return "\n".join(printer.lines)
        case tree.Statement():
            printer.statement(node)
            return "\n".join(printer.lines)
        case tree.Trigger():
            printer.trigger(node)
            return "\n".join(printer.lines)
        case _:
            return expression(node)


def quote(text: str) -> str:
    """A STRING with this value."""
    written = json.dumps(text, ensure_ascii=False)
    return re.sub(r"[\x7f\u0085\u2028\u2029\ud800-\udfff]", lambda m: f"\\u{ord(m.group()):04x}", written)


_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _COALESCE, _POSTFIX, _PRIMARY = range(1, 11)
_STRENGTH = {"or": _OR, "and": _AND, "+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "%": _PRODUCT, "??": _COALESCE}
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def expression(node: tree.Expression, above: int = 0) -> str:
    """An expression on one line, in parentheses where it binds weaker than `above`."""
    written, strength = _expression(node)
    return f"({written})" if strength < above else written


def _expression(node: tree.Expression) -> tuple[str, int]:
    match node:
        case tree.Hole():
            return "?", _PRIMARY
        case tree.Literal():
            return _literal(node.value)
        case tree.Reference():
            return node.name, _PRIMARY
        case tree.Member():
            return f"{expression(node.base, _POSTFIX)}{'!.' if node.strict else '.'}{node.name.text}", _POSTFIX
        case tree.Index():
            return f"{expression(node.base, _POSTFIX)}{'![' if node.strict else '['}{expression(node.index)}]", _POSTFIX
        case tree.Function():
            return f"{node.name.text}({', '.join(expression(a) for a in node.arguments)})", _PRIMARY
        case tree.ListExpression():
            return f"[{', '.join(expression(i) for i in node.items)}]", _PRIMARY
        case tree.ObjectExpression():
            return ("{" + ", ".join(entry(e) for e in node.entries) + "}"), _PRIMARY
        case tree.Template():
            return _template(node), _PRIMARY
        case tree.Unary(operator="not"):
            return f"not {expression(node.operand, _NOT)}", _NOT
        case tree.Unary():
            return f"{node.operator}{expression(node.operand, _SIGN)}", _SIGN
        case tree.Binary():
            strength = _STRENGTH.get(node.operator, _COMPARE)
            left = expression(node.left, strength + (strength == _COMPARE))
            return f"{left} {node.operator} {expression(node.right, strength + 1)}", strength
    raise TypeError(f"{type(node).__name__} is no expression")


def _literal(value: str | int | float | bool | None) -> tuple[str, int]:
    if isinstance(value, str):
        return quote(value), _PRIMARY
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value], _PRIMARY
    if value < 0:
        return f"-{_number(-value)}", _SIGN
    return _number(value), _PRIMARY


def _number(value: int | float) -> str:
    written = repr(value)
    return written if isinstance(value, int) or any(c in written for c in ".e") else written + ".0"


def entry(node: tree.Entry) -> str:
    """A key and its value; the key is quoted where it is no name."""
    key = node.key.text if _KEY.match(node.key.text) else quote(node.key.text)
    return f"{key}: {expression(node.value)}"


def _template(node: tree.Template) -> str:
    parts = []
    for part in node.parts:
        if isinstance(part, str):
            parts.append(quote(part)[1:-1].replace("{", "\\{").replace("}", "\\}"))
        else:
            parts.append("{" + expression(part) + "}")
    return '$"' + "".join(parts) + '"'


@dataclass
class _Printer:
    """Writes lines; `comments` not yet written are put before what follows them in the source."""

    source: str
    comments: Sequence[Comment]
    lines: list[str] = field(default_factory=list)
    depth: int = 0
    next_comment: int = 0

    def file(self, node: tree.File, end: int) -> str:
        for number, flow in enumerate(node.flows):
            if number and self.lines and self.lines[-1]:
                self.lines.append("")
            self.leading(flow.span[0], first=number == 0)
            self.flow(flow)
            self.trailing(flow.span[1])
        more = self.next_comment < len(self.comments) and node.flows and self.lines
        if more and self._blank_between(node.flows[-1].span[1], self.comments[self.next_comment].span[0]):
            self.lines.append("")
        self.leading(end, first=not self.lines)
        while self.lines and not self.lines[-1]:
            self.lines.pop()
        return "\n".join(self.lines) + "\n" if self.lines else ""

    def put(self, text: str) -> None:
        self.lines.append(STEP * self.depth + text if text else "")

    def leading(self, before: int, first: bool) -> None:
        """The comments that stand before an offset, each on a line of its own; a blank line of the source is kept."""
        while self.next_comment < len(self.comments) and self.comments[self.next_comment].span[0] < before:
            comment = self.comments[self.next_comment]
            self._keep_blank(comment.span[0], first)
            self.put(comment.text)
            first = False
            self.next_comment += 1
        if self.comments or self.source:
            self._keep_blank(before, first)

    def trailing(self, after: int) -> None:
        """A comment on the line where something ended stays on that line."""
        if self.next_comment < len(self.comments):
            comment = self.comments[self.next_comment]
            if not comment.alone and "\n" not in self.source[after : comment.span[0]] and comment.span[0] >= after:
                self.lines[-1] += f"  {comment.text}"
                self.next_comment += 1

    def _keep_blank(self, at: int, first: bool) -> None:
        if first or not self.source or not self.lines or not self.lines[-1]:
            return
        before = self.source[:at].rstrip(" \t")
        if before.endswith("\n") and before[:-1].rstrip(" \t\r").endswith("\n"):
            self.lines.append("")

    def _blank_between(self, start: int, end: int) -> bool:
        return self.source[start:end].count("\n") > 1

    def flow(self, node: tree.Flow) -> None:
        description = f" {quote(node.description)}" if node.description is not None else ""
        items = sorted((*node.triggers, *node.body), key=lambda i: i.span[0]) if self.source else (*node.triggers, *node.body)
        self.opened(f"flow {node.name.text}{description} {{", items, node.span[1] - 1)
        self.put("}")

    def opened(self, head: str, items: Sequence[tree.Node], end: int) -> None:
        """A head, its brace and what is inside, without the closing brace; comments before `end` come along."""
        self.put(head)
        self.depth += 1
        if items:
            self._after_brace(items[0].span[0])
        for number, item in enumerate(items):
            self.leading(item.span[0], first=number == 0 and self._bare())
            if isinstance(item, tree.Trigger):
                self.trigger(item)
            else:
                assert isinstance(item, tree.Statement)
                self.statement(item)
            self.trailing(item.span[1])
        if self.source:
            self._rest(end, not items)
        self.depth -= 1

    def _after_brace(self, before: int) -> None:
        """A comment right of an opening brace stays there."""
        if self.next_comment < len(self.comments):
            comment = self.comments[self.next_comment]
            if not comment.alone and comment.span[0] < before:
                between = self.source[: comment.span[0]].rstrip()
                if between.endswith("{"):
                    self.lines[-1] += f"  {comment.text}"
                    self.next_comment += 1

    def _bare(self) -> bool:
        return bool(self.lines) and self.lines[-1].split("  #")[0].rstrip().endswith("{")

    def _rest(self, end: int, first: bool) -> None:
        """The comments between the last item and the closing brace."""
        while self.next_comment < len(self.comments) and self.comments[self.next_comment].span[0] < end:
            comment = self.comments[self.next_comment]
            self._keep_blank(comment.span[0], first)
            self.put(comment.text)
            first = False
            self.next_comment += 1

    def trigger(self, node: tree.Trigger) -> None:
        self._decorators(node.decorators)
        name = f" as {node.name.text}" if node.name is not None else ""
        if node.callee is None:
            self.call("on manual", [_input(i) for i in node.inputs], name)
        else:
            self.call(f"on {node.callee.text}", [argument(a) for a in node.arguments], name)

    def _decorators(self, decorators: Sequence[tree.Decorator]) -> None:
        for decorator in decorators:
            if decorator.arguments:
                self.call(f"@{decorator.name.text}", [argument(a) for a in decorator.arguments], "")
            else:
                self.put(f"@{decorator.name.text}")

    def call(self, head: str, arguments: Sequence[str], tail: str) -> None:
        """Arguments on one line where they fit, else a line each."""
        flat = f"{head}({', '.join(arguments)}){tail}"
        if len(flat) + len(STEP) * self.depth <= WIDTH or not arguments:
            self.put(flat)
            return
        self.put(f"{head}(")
        self.depth += 1
        for text in arguments:
            self.put(f"{text},")
        self.depth -= 1
        self.put(f"){tail}")

    def statement(self, node: tree.Statement) -> None:
        self._decorators(node.decorators)
        prefix = _prefix(node)
        match node:
            case tree.Call():
                name = f"{node.name.text} = " if node.name is not None else ""
                self.call(f"{prefix}{name}{node.callee.text}", [argument(a) for a in node.arguments], "")
            case tree.Param() | tree.Var():
                word = "param" if isinstance(node, tree.Param) else "var"
                value = f" = {expression(node.value)}" if node.value is not None else ""
                self.put(f"{prefix}{word} {node.name.text}: {node.type}{value}")
            case tree.Set():
                self.put(f"{prefix}set {node.name.text} = {expression(node.value)}")
            case tree.Append():
                self.put(f"{prefix}append {expression(node.value)} to {node.name.text}")
            case tree.Increment():
                by = f" by {expression(node.by)}" if node.by is not None else ""
                self.put(f"{prefix}{'decrement' if node.negative else 'increment'} {node.name.text}{by}")
            case tree.Todo():
                self.put(f"{prefix}todo {quote(node.text)}")
            case tree.Refuse():
                self.put(f"{prefix}refuse {quote(node.text)}")
            case _:
                self._blocks(node, prefix)

    def _blocks(self, node: tree.Statement, prefix: str) -> None:
        end = node.span[1]
        match node:
            case tree.If():
                self._if(node, prefix)
            case tree.Switch():
                self.put(f"{prefix}switch {expression(node.subject)} {{")
                self.depth += 1
                for case in node.cases:
                    self.leading(case.span[0], first=True)
                    self.opened(f"case {expression(case.value)} {{", case.body, case.span[1] - 1)
                    self.put("}")
                    self.trailing(case.span[1])
                if node.default is not None:
                    self.opened("default {", node.default, _end(node.default, end))
                    self.put("}")
                self._rest(end, not node.cases)
                self.depth -= 1
                self.put("}")
            case tree.For():
                degree = "" if node.degree is None else " parallel" + (f" {node.degree}" if node.degree else "")
                self.opened(f"{prefix}for {node.item.text} in {expression(node.source)}{degree} {{", node.body, end - 1)
                self.put("}")
            case tree.Until():
                self.opened(f"{prefix}do {{", node.body, _end(node.body, node.condition.span[0]))
                limits = f" limit({', '.join(argument(a) for a in node.limits)})" if node.limits else ""
                self.put(f"}} until {expression(node.condition)}{limits}")
            case tree.Scope():
                self.opened(f"{prefix}scope {node.name.text} {{", node.body, end - 1)
                self.put("}")
            case tree.Parallel():
                self.put(f"{prefix}parallel {{")
                self.depth += 1
                for branch in node.branches:
                    self.opened("branch {", branch, _end(branch, end))
                    self.put("}")
                self._rest(end, not node.branches)
                self.depth -= 1
                self.put("}")
            case tree.Try():
                self.opened(f"{prefix}try {{", node.body, _end(node.body, end))
                if node.catch is not None:
                    statuses = f" {', '.join(node.statuses)}" if node.statuses else ""
                    self.opened(f"}} catch{statuses} {{", node.catch, _end(node.catch, end))
                if node.final is not None:
                    self.opened("} finally {", node.final, _end(node.final, end))
                self.put("}")
            case _:
                raise TypeError(f"{type(node).__name__} is no statement")

    def _if(self, node: tree.If, prefix: str) -> None:
        head = f"{prefix}if {expression(node.condition)} {{"
        end = node.span[1]
        while True:
            limit = _end(node.then, end) if node.otherwise is not None else end - 1
            self.opened(head, node.then, limit)
            otherwise = node.otherwise
            if otherwise is None:
                self.put("}")
                return
            chained = otherwise[0] if len(otherwise) == 1 else None
            if isinstance(chained, tree.If) and not (chained.label or chained.after or chained.decorators):
                node = chained
                head = f"}} else if {expression(node.condition)} {{"
                continue
            self.opened("} else {", otherwise, end - 1)
            self.put("}")
            return


def _end(block: Sequence[tree.Node], limit: int) -> int:
    """Where comments of a block end when the place of its brace is not known: with its last statement."""
    return block[-1].span[1] if block else min(limit, 0)


def _prefix(node: tree.Statement) -> str:
    after = ""
    if node.after:
        clauses = [(f"{c.step.text} " if c.step else "") + ", ".join(c.statuses) for c in node.after]
        after = f"after {' and '.join(clauses)}: "
    return after + (f"{node.label.text}: " if node.label is not None else "")


def argument(node: tree.Argument) -> str:
    """A named argument."""
    return f"{node.parameter.text}: {expression(node.value)}"


def _input(node: tree.Input) -> str:
    default = f" = {expression(node.default)}" if node.default is not None else ""
    description = f" {quote(node.description)}" if node.description is not None else ""
    return f"{node.name.text}: {node.type}{' ?' if node.optional else ''}{default}{description}"


def comments_of(parsed: Parsed) -> Iterator[str]:
    """The comments of a file, in order."""
    return (c.text for c in parsed.comments)

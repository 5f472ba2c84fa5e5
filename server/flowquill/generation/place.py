"""Where new text goes: which flow of a file an edit means, and how a completion is laid out at the cursor."""

from __future__ import annotations

import re
from textwrap import dedent, indent

from flowquill.generation.request import GenerationError
from flowquill.grammar import tree
from flowquill.grammar.parse import Parsed, parse

STEP = "  "


def flow_to_edit(parsed: Parsed, text: str) -> tree.Flow:
    """The flow of a file that a request means: the only one, or the one it names.

    Raises GenerationError where the file has none, several and none named, or mistakes of form.
    """
    if parsed.errors:
        error = parsed.errors[0]
        line = parsed.text.count("\n", 0, error.span[0]) + 1
        raise GenerationError(f"The flow cannot be edited because line {line} does not parse ({error.message}); mend that line first.")
    flows = parsed.file.flows
    if not flows:
        raise GenerationError("The file holds no flow to edit; leave out --edit to write a new one.")
    if len(flows) == 1:
        return flows[0]
    said = re.sub(r"[\W_]+", " ", text.lower())
    named = [f for f in flows if f" {f.name.text.lower().replace('_', ' ')} " in f" {said} "]
    if len(named) != 1:
        names = ", ".join(f.name.text for f in flows)
        raise GenerationError(f"The file holds several flows ({names}); say in the request which one is to change.")
    return named[0]


def inside_flow(source: str, cursor: int) -> bool:
    """Whether `cursor`, a code point offset, stands within the braces of a flow, closed or not."""
    for flow in parse(source).file.flows:
        start, end = flow.span
        brace = source.find("{", flow.name.span[1], end)
        if start < cursor and 0 <= brace < cursor and (cursor < end or source[end - 1 : end] != "}"):
            return True
    return False


def body_text(rendered: str) -> str:
    """What stands between the braces of a rendered flow, from column 0."""
    lines = rendered.strip("\n").split("\n")
    return dedent("\n".join(lines[1:-1])).strip("\n")


def laid_out(source: str, cursor: int, body: str) -> str:
    """`body` as it is put in at `cursor`: indented like its surroundings, on lines of its own."""
    before, after = source[:cursor], source[cursor:]
    line = before[before.rfind("\n") + 1 :]
    level = _level(before)
    written = indent(body, level)
    if line.strip():
        written = f"\n{written}"
    elif level.startswith(line):
        # The cursor's line is blank so far and may be indented in part; only the rest is missing.
        written = written.removeprefix(line)
    else:
        written = written.removeprefix(level)
    rest = after.split("\n", 1)[0]
    return f"{written}\n{level.removesuffix(STEP) if rest.lstrip().startswith('}') else level}" if rest.strip() else written


def _level(before: str) -> str:
    """The indentation of a statement at the end of `before`."""
    lines = before.split("\n")
    current = lines[-1]
    if not current.strip() and current and len(lines) > 1:
        return current
    for line in reversed(lines):
        if line.strip():
            code = line.split("#", 1)[0].rstrip()
            opened = code.endswith("{")
            return line[: len(line) - len(line.lstrip())] + (STEP if opened else "")
    return ""

"""Comments survive an edit: those of the old text are put back where the line they belonged to still stands."""

from __future__ import annotations

from flowquill.grammar.parse import parse


def carry(old: str, new: str) -> str:
    """`new` with the comments of `old`: each above, or behind, the same line as before; those of lines that went are left out."""
    above, behind = _placed(old)
    result: list[str] = []
    for line in new.split("\n"):
        code = line.strip()
        indent = line[: len(line) - len(line.lstrip())]
        queue = above.get(code)
        if queue:
            result.extend(indent + comment for comment in queue.pop(0))
        tails = behind.get(code)
        tail = tails.pop(0) if tails else ""
        result.append(f"{line}  {tail}" if tail else line)
    return "\n".join(result)


def _placed(text: str) -> tuple[dict[str, list[list[str]]], dict[str, list[str]]]:
    """By line of code: the comments above it and behind it, an entry an occurrence."""
    comments = {text.count("\n", 0, c.span[0]): c for c in parse(text).comments}
    above: dict[str, list[list[str]]] = {}
    behind: dict[str, list[str]] = {}
    waiting: list[str] = []
    offset = 0
    for number, line in enumerate(text.split("\n")):
        comment = comments.get(number)
        if comment is not None and comment.alone:
            waiting.append(comment.text)
        else:
            code = (line[: comment.span[0] - offset] if comment else line).strip()
            if code:
                above.setdefault(code, []).append(waiting)
                behind.setdefault(code, []).append(comment.text if comment else "")
                waiting = []
        offset += len(line) + 1
    return above, behind

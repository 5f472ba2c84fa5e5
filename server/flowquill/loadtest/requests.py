"""What the users ask: everyday requests, or a file of them, with the prompts that a language model reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from flowquill.bench.samples import REQUESTS
from flowquill.generation import prompt
from flowquill.grammar.catalog import Catalog, Operation
from flowquill.grammar.decoding import Scene, decoding_grammar
from flowquill.loadtest.plan import Ask, LoadError

TAGS = 8
"""Operations in a prompt: as many as a real one has. Which ones matters little to the load, so they are drawn without a model."""


def read(file: Path | None, catalog: Catalog, *, grammar: bool = False) -> tuple[Ask, ...]:
    """The requests of a file (a request a line, or JSON lines of "text", "prompt"?, "grammar"?), or those that come with Flowquill.

    `grammar`: each is decoded under its own decoding grammar, as the engine `vllm` asks for it, where the file gives none. Raises
    LoadError.
    """
    if file is None:
        return tuple(_ask(text, catalog, place, grammar) for place, text in enumerate(REQUESTS))
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise LoadError(f"The requests {file} cannot be read; check the path.") from None
    asks = [_line(line, number, file, catalog, grammar) for number, line in enumerate(lines, start=1) if line.strip()]
    if not asks:
        raise LoadError(f"{file} holds no requests; write one a line.")
    return tuple(asks)


def _line(line: str, number: int, file: Path, catalog: Catalog, grammar: bool) -> Ask:
    if not line.lstrip().startswith("{"):
        return _ask(line.strip(), catalog, number, grammar)
    try:
        table = json.loads(line)
        if unknown := set(table) - {"text", "prompt", "grammar"}:
            raise LoadError(
                f"Line {number} of {file} has the key {sorted(unknown)[0]}, which does not exist; use text, prompt and grammar."
            )
        made = _ask(str(table["text"]), catalog, number, grammar)
        return Ask(made.text, str(table.get("prompt", made.prompt)), table.get("grammar", made.grammar))
    except (ValueError, KeyError, TypeError):
        raise LoadError(f'Line {number} of {file} is no JSON object with "text"; correct it.') from None


def _ask(text: str, catalog: Catalog, place: int, grammar: bool) -> Ask:
    operations = _some(list(catalog.operations()), place)
    rules = decoding_grammar(Scene(text, tuple(operations)), catalog) if grammar else None
    return Ask(text, prompt.build(text, operations).text, rules)


def _some(operations: Sequence[Operation], place: int) -> list[Operation]:
    step = max(1, len(operations) // TAGS)
    return [operations[(place * 7 + n * step) % len(operations)] for n in range(min(TAGS, len(operations)))]

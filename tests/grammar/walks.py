"""Flows written at random among the forward parser's legal steps."""

from __future__ import annotations

import random

from flowquill.grammar.catalog import Catalog
from flowquill.grammar.choices import IllegalStep, Number, Request, Span, Step, Writer
from flowquill.grammar.forward import Forward

TEXT = "When an order over 250 arrives, tell the sales team and file it under Invoices 2024"
_ENDING = ("end", "close", "end_template", "end_bracket")
_OPERATORS = ("bracket", "and", "or", "+", "-", "*", "/", "%", "??", "==", "!=", "<", "<=", ">", ">=")
_SIMPLE = ("one", "zero", "true", "null", "hole", "text", "enum", "reference", "variable", "equal", "succeeded")


def spans() -> list[Span]:
    """Stretches of whole words of the request."""
    begins = [0, *(i + 1 for i, letter in enumerate(TEXT) if letter == " ")]
    ends = [*(i for i, letter in enumerate(TEXT) if letter == " "), len(TEXT)]
    return [Span(b, e) for b in begins for e in ends if b < e]


def walk(forward: Forward, catalog: Catalog, seed: int, length: int = 60) -> str:
    """The source of one flow. After `length` steps whatever closes something is taken first, so that it ends."""
    rng = random.Random(seed)
    numbers = (Number(TEXT.index("250"), TEXT.index("250") + 3, 250), Number(TEXT.index("2024"), TEXT.index("2024") + 4, 2024))
    writer = Writer.create(forward, Request(TEXT, numbers))
    operations = list(catalog.operations())
    stretches = spans()
    for count in range(600):
        if writer.done:
            return writer.source()
        options = writer.options()
        kinds = sorted(options.kinds)
        if count > length:
            simple = [k for k in kinds if k in _SIMPLE] or [k for k in kinds if k not in _OPERATORS]
            kinds = [k for k in kinds if k in _ENDING] or simple or kinds
        functions = [k for k in kinds if k.startswith("function:")]
        if functions:
            # Some hundred functions stand against a few other values.
            kinds = [*(k for k in kinds if k not in functions), rng.choice(functions)]
        for _ in range(60):
            kind = rng.choice(kinds)
            value: object = None
            if kind in ("call", "trigger"):
                wanted = "trigger" if kind == "trigger" else "action"
                value = rng.choice([o for o in rng.sample(operations, 40) if o.kind == wanted] or [None])
                if value is None and kind == "call":
                    continue
            elif kind == "parameter":
                value = rng.choice(options.parameters)
            elif kind in ("reference", "variable"):
                value = rng.choice(options.references).path
            elif kind == "step":
                value = rng.choice(options.references).path if options.references else None
            elif kind == "enum":
                value = rng.choice(options.enum)
            elif kind in ("text", "chunk", "key", "input"):
                value = rng.choice(stretches)
            elif kind == "number":
                value = rng.choice(numbers)
            try:
                writer = writer.choose(Step(kind, value))
            except IllegalStep:
                continue
            break
        else:
            raise AssertionError(f"no step is legal after {writer.source()[-200:]}")
    raise AssertionError(f"the flow does not end: {writer.source()[-300:]}")

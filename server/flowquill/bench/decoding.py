"""The section about the decoding grammar: what it costs to make, to compile and to ask for each byte's mask."""

from __future__ import annotations

import random
from collections.abc import Iterator

from flowquill.bench.figures import Figure, Settings, Stopwatch
from flowquill.grammar.catalog import load_catalog

REQUEST = "When an order over 250 arrives, tell the sales team and file it under Invoices 2024 for EMAIL_1, then remind them every 7 days"
STEPS = 2_000
"""Bytes walked for the mask's time."""


def grammars(settings: Settings) -> Iterator[Figure]:
    """Grammars of 8, 24 and 100 operations: written by us, compiled and walked by llguidance, with a vocabulary of bytes."""
    import llguidance.numpy
    from llguidance import LLMatcher, LLTokenizer

    from flowquill.grammar.decoding import Scene, decoding_grammar

    catalog = load_catalog()
    operations = list(catalog.operations())
    tokenizer = LLTokenizer("byte")
    mask = llguidance.numpy.allocate_token_bitmask(1, tokenizer.vocab_size)
    for count in (8, 24, 100):
        writing, compiling, masking = Stopwatch(), Stopwatch(), Stopwatch()
        matcher = None
        for seed in range(settings.repeat):
            scene = Scene(REQUEST, tuple(random.Random(seed).sample(operations, count)), (250, 2024, 7), ())
            with writing:
                text = decoding_grammar(scene, catalog)
            with compiling:
                matcher = LLMatcher(tokenizer, LLMatcher.grammar_from_lark(text))
            if matcher.get_error():
                raise RuntimeError(f"llguidance does not take the grammar: {matcher.get_error()[:200]}")
        assert matcher is not None
        walked, rng = matcher, random.Random(0)
        fresh = matcher.deep_copy()
        for _ in range(STEPS):
            with masking:
                llguidance.numpy.fill_next_token_bitmask(walked, mask)
            allowed = [t for t in range(256) if mask[0][t // 32] >> (t % 32) & 1]
            if not allowed or not walked.consume_token(rng.choice(allowed)):
                walked = fresh.deep_copy()
        section = f"grammar, {count} operations"
        yield Figure(section, "written, p50", writing.p(0.5), "ms")
        yield Figure(section, "compiled, p50", compiling.p(0.5), "ms", bar=60 if count <= 24 else None)
        yield Figure(section, "mask of a step, p50", masking.p(0.5) * 1000, "us")
        yield Figure(section, "mask of a step, p95", masking.p(0.95) * 1000, "us")

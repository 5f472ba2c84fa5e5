"""Random derivations of decoding grammars, walked byte by byte as a language model's tokens would be."""

from __future__ import annotations

import random

from flowquill.grammar.catalog import Catalog
from flowquill.grammar.decoding import Scene, decoding_grammar

TEXT = 'When an order over 250 arrives tell EMAIL_1, the "sales team", and file it under /Invoices/2024; at most NUMBER_1 times: Zoë\'s {list} (urgent) #7 a::=b'
_CLOSING = b'")]}'


def scene(catalog: Catalog, seed: int, count: int = 12) -> Scene:
    """A request over `count` operations, some of them triggers."""
    rng = random.Random(seed)
    operations = list(catalog.operations())
    triggers = [o for o in operations if o.kind == "trigger"]
    return Scene(TEXT, (*rng.sample(operations, count), *rng.sample(triggers, 2)), (250, 2024, 7), ("NUMBER_1",))


class Walker:
    """Walks one grammar at random."""

    def __init__(self, grammar: str) -> None:
        import llguidance.numpy
        from llguidance import LLMatcher, LLTokenizer

        self.numpy = llguidance.numpy
        self.tokenizer = LLTokenizer("byte")
        self.end = self.tokenizer.eos_token
        self.fresh = LLMatcher(self.tokenizer, LLMatcher.grammar_from_lark(grammar))
        error = self.fresh.get_error()
        if error:
            raise ValueError(error)
        self.mask = self.numpy.allocate_token_bitmask(1, self.tokenizer.vocab_size)

    def walk(self, seed: int, length: int = 500) -> str:
        """One derivation. After `length` bytes whatever closes something is taken first, so that it ends."""
        rng = random.Random(seed)
        matcher = self.fresh.deep_copy()
        written = bytearray()
        while len(written) < 20_000:
            self.numpy.fill_next_token_bitmask(matcher, self.mask)
            allowed = _tokens(self.mask)
            if not allowed:
                raise AssertionError(f"nothing may follow {written[-200:].decode(errors='replace')!r}")
            if self.end in allowed and (len(written) > length or len(allowed) == 1 or rng.random() < 0.1):
                return written.decode()
            bytes_only = [t for t in allowed if t < 256]
            closing = [t for t in bytes_only if t in _CLOSING]
            if len(written) > length and closing:
                bytes_only = closing
            elif len(written) > length and 10 in bytes_only:
                bytes_only = [10]
            taken = rng.choice(bytes_only)
            assert matcher.consume_token(taken)
            written.append(taken)
        raise AssertionError(f"the flow does not end: {written[-300:].decode(errors='replace')}")


def _tokens(mask: object) -> list[int]:
    import numpy as np

    words = np.ascontiguousarray(np.asarray(mask)[0]).view(np.uint8)
    return [int(i) for i in np.flatnonzero(np.unpackbits(words, bitorder="little"))]


def walker(catalog: Catalog, seed: int) -> Walker:
    """The walker of the grammar of `scene(catalog, seed)`."""
    return Walker(decoding_grammar(scene(catalog, seed), catalog))

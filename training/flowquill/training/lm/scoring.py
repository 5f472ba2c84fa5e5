"""The dev score by writing: greedy answers to dev prompts, held against the calls of the expected flows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from flowquill.grammar.spelling import read
from flowquill.training.evaluation.metrics import calls, similarity
from flowquill.training.lm.prompts import Exchange


@torch.no_grad()
def write(model: Any, tokenizer: Any, prompts: Sequence[str], *, most: int = 192, batch: int = 16) -> Iterator[str]:
    """Greedy answers of at most `most` tokens, without a grammar. Leaves the model in the mode it was in."""
    training = model.training
    model.eval()
    device = next(model.parameters()).device
    try:
        for start in range(0, len(prompts), batch):
            coded = [tokenizer(p, verbose=False)["input_ids"] for p in prompts[start : start + batch]]
            coded = [ids[:-1] if ids and ids[-1] == tokenizer.eos_token_id else ids for ids in coded]
            width = max(map(len, coded))
            pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
            ids = torch.tensor([[pad] * (width - len(c)) + c for c in coded], device=device)
            mask = torch.tensor([[0] * (width - len(c)) + [1] * len(c) for c in coded], device=device)
            written = model.generate(input_ids=ids, attention_mask=mask, max_new_tokens=most, do_sample=False, pad_token_id=pad, eos_token_id=tokenizer.eos_token_id)
            yield from (tokenizer.decode(row[width:], skip_special_tokens=True) for row in written)
    finally:
        model.train(training)


def score(exchange: Exchange, answer: str) -> float:
    """Similarity of the calls of an answer with those expected; 0 where it does not parse. For completions the calls of the steps."""
    expected = read(exchange.answer).file.flows[0]
    parsed = read(answer.strip())
    if parsed.errors or not parsed.file.flows:
        return 0.0
    return similarity(calls(expected), calls(parsed.file.flows[0]))


def mean_similarity(model: Any, tokenizer: Any, exchanges: Sequence[Exchange]) -> float:
    """The mean score over exchanges."""
    answers = write(model, tokenizer, [e.prompt.text for e in exchanges])
    return sum(score(e, a) for e, a in zip(exchanges, answers, strict=True)) / max(1, len(exchanges))


__all__ = ["mean_similarity", "score", "write"]

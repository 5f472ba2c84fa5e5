"""Token ids, labels, rows; and that examples in one row do not see one another, in each architecture that is trained."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from flowquill.training.lm.examples import IGNORED, Collator, Encoded, Rows, TooLong, encode, pack, shown_masked
from flowquill.training.lm.prompts import Exchange
from flowquill.training.lm.tokenizer import train_tokenizer
from tests.training.lm.tiny import ARCHITECTURES, tiny_model


def encoded(tokenizer: Any, exchanges: list[Exchange]) -> list[Encoded]:
    return [encode(tokenizer, e.prompt.text, e.answer, 4000) for e in exchanges]


def test_only_the_answer_is_learnt_and_the_last_label_ends_the_sequence(tokenizer: Any, exchanges: list[Exchange]) -> None:
    for exchange, example in zip(exchanges, encoded(tokenizer, exchanges), strict=True):
        labels = example.labels
        assert len(labels) == len(example.ids)
        assert labels[: example.shown] == [IGNORED] * example.shown and IGNORED not in labels[example.shown :]
        assert labels[-1] == tokenizer.eos_token_id and tokenizer.eos_token_id not in labels[:-1]
        assert tokenizer.decode(labels[example.shown : -1]) == exchange.answer


def test_a_prompt_alone_has_the_tokens_it_has_before_its_answer(tokenizer: Any, exchanges: list[Exchange]) -> None:
    for exchange, example in zip(exchanges, encoded(tokenizer, exchanges), strict=True):
        assert tokenizer(exchange.prompt.text)["input_ids"] == list(example.ids[: example.shown])


def test_a_masked_example_is_shown(tokenizer: Any, exchanges: list[Exchange]) -> None:
    shown = shown_masked(tokenizer, encoded(tokenizer, exchanges)[0])
    assert "⟦" in shown and shown.endswith("|</s>⟧") and exchanges[0].prompt.text in shown


def test_what_is_too_long_is_left_out(tokenizer: Any, exchanges: list[Exchange]) -> None:
    with pytest.raises(TooLong):
        encode(tokenizer, exchanges[0].prompt.text, exchanges[0].answer, 20)


def test_packed_rows_hold_every_example_once_and_waste_little() -> None:
    sizes = np.random.default_rng(1).integers(20, 400, 500).tolist()
    rows = pack(sizes, 512)
    assert sorted(i for row in rows for i in row) == list(range(500))
    used = [sum(sizes[i] for i in row) for row in rows]
    assert max(used) <= 512 and sum(used) / (512 * len(rows)) > 0.9


def test_rows_come_back_from_their_arrays(tokenizer: Any, exchanges: list[Exchange]) -> None:
    rows = Rows.of(encoded(tokenizer, exchanges), 1500, packed=True)
    again = Rows.of_arrays(rows.arrays())
    assert [again[i] for i in range(len(again))] == [rows[i] for i in range(len(rows))]
    assert list(again.examples()) == list(rows.examples()) and len(rows) < len(exchanges)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_examples_of_a_row_do_not_see_one_another(architecture: str, tokenizer: Any, exchanges: list[Exchange]) -> None:
    model = tiny_model(architecture, tokenizer).eval()
    examples = encoded(tokenizer, exchanges[:3])
    together = Rows.of(examples, sum(len(e.ids) for e in examples), packed=True)
    assert len(together) == 1
    collate = Collator(tokenizer.pad_token_id)
    # A shorter row beside it, so that the other is padded.
    packed = collate([together[0], {"input_ids": list(examples[0].ids), "labels": examples[0].labels, "position_ids": list(range(len(examples[0].ids)))}])
    with torch.no_grad():
        found = model(input_ids=packed["input_ids"], position_ids=packed["position_ids"], use_cache=False).logits
        start = 0
        for example in examples:
            alone = model(input_ids=torch.tensor([example.ids])).logits[0]
            assert torch.allclose(found[0, start : start + len(example.ids)], alone, atol=2e-5)
            start += len(example.ids)
        first = model(input_ids=torch.tensor([examples[0].ids])).logits[0]
        assert torch.allclose(found[1, : len(examples[0].ids)], first, atol=2e-5)


def test_the_tokenizer_keeps_every_text_and_frequent_names_whole(exchanges: list[Exchange]) -> None:
    tokenizer = train_tokenizer((e.prompt.text + e.answer for e in exchanges), 3000)
    for text in ("  indented\n\n  lines", "Žižkov – 東京 🎉 \x07", 'a.b_c(d: "TEXT_12", n: NUMBER_3)', ""):
        assert tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True) == text
    ids = tokenizer('x(a, description: "TEXT_1")')["input_ids"]
    assert ids[0] == tokenizer.bos_token_id
    assert {" description", "TEXT_1"} <= {tokenizer.decode([i]) for i in ids}
    again = train_tokenizer((e.prompt.text + e.answer for e in exchanges), 3000)
    assert again.get_vocab() == tokenizer.get_vocab()

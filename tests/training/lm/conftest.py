"""Small parts for tests of language models: a tokenizer trained on our own prompts, and models with random weights of three architectures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from transformers import MistralConfig, MistralForCausalLM, Phi3Config, Phi3ForCausalLM, PreTrainedTokenizerBase, Qwen2Config, Qwen2ForCausalLM, set_seed

from flowquill.generation.retrieve import Vectors
from flowquill.grammar.catalog import Catalog, load_catalog
from flowquill.training.lm.data import sampled
from flowquill.training.lm.near import Neighbours
from flowquill.training.lm.prompts import Exchange, Prompter
from flowquill.training.lm.tokenizer import train_tokenizer

# Matrices this small gain nothing from threads, and lose much where others want the cores.
torch.set_num_threads(1)

ARCHITECTURES = {
    "mistral": (MistralConfig, MistralForCausalLM),
    "phi3": (Phi3Config, Phi3ForCausalLM),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
}


def bag_of_words(texts: Sequence[str]) -> Vectors:
    """Hashed words in place of the pretrained encoder: the same word is near itself."""
    rows = np.zeros((len(texts), 256), dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        for word in text.lower().replace(".", " ").replace(":", " ").split():
            row[sum(word.encode()) * 31 % 256] += 1
    return rows


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture(scope="session")
def prompter(catalog: Catalog) -> Prompter:
    return Prompter(catalog, Neighbours(catalog, bag_of_words), tags=4)


@pytest.fixture(scope="session")
def exchanges(prompter: Prompter) -> list[Exchange]:
    return [prompter.exchange(p) for p in sampled(80, seed=4) if p.kind != "complete"]


@pytest.fixture(scope="session")
def tokenizer(exchanges: list[Exchange]) -> PreTrainedTokenizerBase:
    return train_tokenizer((e.prompt.text + e.answer for e in exchanges), 700)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs embed descriptions with hashed words: the encoder takes seconds to load."""
    monkeypatch.setattr("flowquill.training.lm.near.embedder", lambda: bag_of_words)


def tiny_model(architecture: str, tokenizer: Any) -> Any:
    """Two layers of random weights, the same each time."""
    config, model = ARCHITECTURES[architecture]
    set_seed(11)
    sizes = {"vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1}
    ids = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    return model(config(**sizes, **ids, max_position_embeddings=4096))


@pytest.fixture
def tiny(tmp_path: Path, tokenizer: Any) -> Callable[[str], Path]:
    """The folder of a tiny model of an architecture."""

    def make(architecture: str) -> Path:
        folder = tmp_path / f"tiny-{architecture}"
        if not folder.exists():
            tiny_model(architecture, tokenizer).save_pretrained(folder)
            tokenizer.save_pretrained(folder)
        return folder

    return make

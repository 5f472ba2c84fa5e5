"""What tests of language models share. Without the packages of flowquill[train] none of them is collected."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flowquill.grammar.catalog import Catalog, load_catalog

if TYPE_CHECKING:
    from flowquill.training.lm.prompts import Exchange, Prompter

collect_ignore_glob = [] if all(map(find_spec, ("torch", "transformers", "peft", "accelerate"))) else ["test_*.py"]


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture(scope="session")
def prompter(catalog: Catalog) -> Prompter:
    from flowquill.training.lm.near import Neighbours
    from flowquill.training.lm.prompts import Prompter
    from tests.training.lm.tiny import bag_of_words

    return Prompter(catalog, Neighbours(catalog, bag_of_words), tags=4)


@pytest.fixture(scope="session")
def exchanges(prompter: Prompter) -> list[Exchange]:
    from flowquill.training.lm.data import sampled

    return [prompter.exchange(p) for p in sampled(80, seed=4) if p.kind != "complete"]


@pytest.fixture(scope="session")
def tokenizer(exchanges: list[Exchange]) -> Any:
    from flowquill.training.lm.tokenizer import train_tokenizer

    return train_tokenizer((e.prompt.text + e.answer for e in exchanges), 700)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs embed descriptions with hashed words: the encoder takes seconds to load."""
    from tests.training.lm.tiny import bag_of_words

    monkeypatch.setattr("flowquill.training.lm.near.embedder", lambda: bag_of_words)


@pytest.fixture
def tiny(tmp_path: Path, tokenizer: Any) -> Callable[[str], Path]:
    """The folder of a tiny model of an architecture."""
    from tests.training.lm.tiny import tiny_model

    def make(architecture: str) -> Path:
        folder = tmp_path / f"tiny-{architecture}"
        if not folder.exists():
            tiny_model(architecture, tokenizer).save_pretrained(folder)
            tokenizer.save_pretrained(folder)
        return folder

    return make

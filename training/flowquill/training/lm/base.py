"""The reference language model: a MistralForCausalLM of some ten million parameters with its own tokenizer, from scratch on our pairs.

It stands in for a fine-tuned Mistral-7B wherever the language-model path is tested, and is the other side of the comparison of the
pointing decoder with a language model. transformers and vLLM load its folder as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from transformers import AutoTokenizer, MistralConfig, MistralForCausalLM, set_seed

from flowquill.training.lm.config import ReferenceConfig
from flowquill.training.lm.data import Data, exchanges, make, pairs_of, prompter_of
from flowquill.training.lm.examples import shown_masked
from flowquill.training.lm.progress import steps
from flowquill.training.lm.prompts import Prompter
from flowquill.training.lm.publish import published, write_json
from flowquill.training.lm.running import run
from flowquill.training.lm.tokenizer import train_tokenizer

_READ_FOR_TOKENIZER = 12_000
_FILES = ("config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")


def train_base(config: ReferenceConfig, console: Console | None = None) -> Path:
    """Runs the training, going on where `out` holds a checkpoint. Gives the folder of the model, which is there from the first checkpoint on.

    Raises ConfigError, PublishError.
    """
    console = console or Console(stderr=True)
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    prompter = prompter_of(config)
    tokenizer = _tokenizer(out / "tokenizer", config, prompter)
    with steps(console) as step:
        data = make(out / "data", config, tokenizer, prompter, step)
    set_seed(config.seed)
    model = new_model(config, tokenizer)
    console.print(f"{model.num_parameters() / 1e6:.1f} M parameters, {data.manifest['pairs']} pairs, {data.manifest['tokens'] / 1e6:.1f} M tokens")
    console.print(shown_masked(tokenizer, next(iter(data.train.examples()))), markup=False, highlight=False)

    def save(checkpoint: Path, updates: int) -> None:
        export(checkpoint, out / "model", about(config, data, updates, finished=False))

    trainer = run(config, config.seed, model, tokenizer, data, console, save=save)
    if trainer.is_world_process_zero():
        final = out / ".final"
        trainer.save_model(str(final))
        export(final, out / "model", about(config, data, trainer.state.global_step, finished=True))
        _remove(final)
    return out / "model"


def new_model(config: ReferenceConfig, tokenizer: Any) -> MistralForCausalLM:
    """A model with fresh weights of the configuration's sizes. Input and output embeddings are one matrix."""
    return MistralForCausalLM(
        MistralConfig(
            vocab_size=len(tokenizer), hidden_size=config.width, intermediate_size=config.inner, num_hidden_layers=config.layers,
            num_attention_heads=config.heads, num_key_value_heads=config.key_heads, head_dim=config.width // config.heads,
            max_position_embeddings=2048, sliding_window=None, tie_word_embeddings=True, use_cache=True,
            bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
        )
    )  # fmt: skip


def _tokenizer(folder: Path, config: ReferenceConfig, prompter: Prompter) -> Any:
    if not (folder / "tokenizer.json").exists():
        made = train_tokenizer(_texts(config, prompter), config.vocabulary)
        made.model_max_length = 2048
        with published(folder) as fresh:
            made.save_pretrained(fresh)
    return AutoTokenizer.from_pretrained(folder)


def _texts(config: ReferenceConfig, prompter: Prompter) -> Iterator[str]:
    found = exchanges(pairs_of(config, prompter.catalog), prompter, Counter())
    return (e.prompt.text + e.answer for e in islice(found, _READ_FOR_TOKENIZER))


def about(config: ReferenceConfig, data: Data, updates: int, *, finished: bool) -> dict[str, Any]:
    """What the model's folder says of its training, without the places of this machine."""
    named = {k: Path(v).name if k == "out" else [Path(f).name for f in v] if k in ("files", "catalogs") else v for k, v in asdict(config).items()}
    return {"config": named, "updates": updates, "finished": finished, "data": data.manifest | {"settings": None}}


def export(checkpoint: Path, model: Path, said: dict[str, Any]) -> None:
    """Publishes the model of a checkpoint as `model`: what transformers and vLLM read, and training.json. Raises PublishError."""
    with published(model) as fresh:
        for name in _FILES:
            if (checkpoint / name).exists():
                (fresh / name).write_bytes((checkpoint / name).read_bytes())
        write_json(fresh / "training.json", said)


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


__all__ = ["about", "export", "new_model", "train_base"]

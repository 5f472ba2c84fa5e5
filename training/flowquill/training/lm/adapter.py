"""LoRA adapters on causal language models (Hu et al. 2021, with peft), in the files that vLLM serves as they are.

Every process of `accelerate launch` runs this; the first alone makes data, writes the log and publishes. QLoRA (Dettmers et al. 2023)
where the configuration asks for four bits and a GPU is there.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from peft import LoraConfig, PeftModel, get_peft_model
from rich.console import Console
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, set_seed

from flowquill.generation.prompt import VERSION
from flowquill.training.lm.config import AdapterConfig, ConfigError
from flowquill.training.lm.data import Data, make, prompter_of, tokenizer_hash
from flowquill.training.lm.examples import shown_masked
from flowquill.training.lm.progress import steps
from flowquill.training.lm.publish import model_hash, published, sha256, write_json
from flowquill.training.lm.running import run

WEIGHTS = "adapter_model.safetensors"
SETTINGS = "adapter_config.json"
MANIFEST = "manifest.json"


def train_adapter(config: AdapterConfig, console: Console | None = None) -> Path:
    """Trains an adapter, going on where `out` holds a checkpoint. Gives the folder of the adapter. Raises ConfigError, PublishError."""
    console = console or Console(stderr=True)
    out = Path(config.out)
    _gpu_where_needed(config)
    state = PartialState(cpu=not torch.cuda.is_available())
    tokenizer = load_tokenizer(config.base)
    tokenizer_hash(tokenizer)
    prompter = prompter_of(config)
    with state.main_process_first(), steps(console) as step:
        out.mkdir(parents=True, exist_ok=True)
        data = make(out / "data", config, tokenizer, prompter, step)
    base = load_base(config)
    set_seed(config.seed)
    model = attach(base, config)
    if state.is_main_process:
        counts = model.get_nb_trainable_parameters()
        console.print(f"{counts[0] / 1e6:.2f} M of {counts[1] / 1e6:.0f} M parameters are trained, on {data.manifest['pairs']} pairs")
        console.print(shown_masked(tokenizer, next(iter(data.train.examples()))), markup=False, highlight=False)
    less: dict[str, Any] = {"gradient_checkpointing": True} if config.gradient_checkpointing else {}
    trainer = run(config, config.seed, model, tokenizer, data, console, **less)
    raw = out / ".adapter"
    # All processes take part: with FSDP each holds a piece of the weights.
    trainer.save_model(str(raw))
    if state.is_main_process:
        publish(raw, out / "adapter", manifest(config, data, trainer.state, base))
        shutil.rmtree(raw, ignore_errors=True)
    state.wait_for_everyone()
    return out / "adapter"


def attach(base: Any, config: AdapterConfig) -> PeftModel:
    """The model with fresh additions; only they are trained, in float32. Raises ConfigError where it has no such layers."""
    names = {name.rpartition(".")[2] for name, module in base.named_modules() if isinstance(module, torch.nn.Linear)}
    if missing := sorted(set(config.targets) - names):
        raise ConfigError(f"{config.base} has no linear layers called {', '.join(missing)}; targets may be {', '.join(sorted(names - {'lm_head'}))}.")
    if config.quantise:
        from peft import prepare_model_for_kbit_training

        base = prepare_model_for_kbit_training(base, use_gradient_checkpointing=config.gradient_checkpointing)
    elif config.gradient_checkpointing:
        base.enable_input_require_grads()
    lora = LoraConfig(r=config.rank, lora_alpha=config.alpha, lora_dropout=config.dropout, target_modules=list(config.targets), bias="none", task_type="CAUSAL_LM")
    return get_peft_model(base, lora)


def load_base(config: AdapterConfig) -> Any:
    """The base model's weights. Raises ConfigError with one sentence where they cannot be had."""
    named: dict[str, Any] = {}
    if config.quantise:
        named["quantization_config"] = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.bfloat16)
    try:
        model = AutoModelForCausalLM.from_pretrained(config.base, dtype=torch.bfloat16 if config.bf16 else torch.float32, attn_implementation="sdpa", **named)
    except (OSError, ValueError) as error:
        raise ConfigError(_not_there(config.base, error)) from None
    model.config.use_cache = False
    return model


def load_tokenizer(base: str) -> Any:
    """The base model's tokenizer. Raises ConfigError."""
    try:
        return AutoTokenizer.from_pretrained(base)
    except (OSError, ValueError) as error:
        raise ConfigError(_not_there(base, error)) from None


def _not_there(base: str, error: Exception) -> str:
    said = " ".join(str(error).split())[:160]
    return f"The base model {base} cannot be loaded ({said}); give the folder of a model that transformers saved, or a name that can be downloaded from here."


def _gpu_where_needed(config: AdapterConfig) -> None:
    if config.quantise and not torch.cuda.is_available():
        raise ConfigError('quantise = "4bit" needs a CUDA GPU, and there is none here; train without it (quantise = "") or on a machine that has one.')
    if config.quantise:
        from importlib.util import find_spec

        if find_spec("bitsandbytes") is None:
            raise ConfigError("quantise = \"4bit\" needs the package bitsandbytes; run: pip install 'flowquill[train,qlora]'")


def manifest(config: AdapterConfig, data: Data, state: Any, base: Any) -> dict[str, Any]:
    """What an adapter was made from and how, with hashes, without the places of this machine."""
    folder = Path(config.base)
    said = {k: Path(v).name if k in ("out", "base") and Path(str(v)).exists() else [Path(f).name for f in v] if k in ("files", "catalogs") else v for k, v in asdict(config).items()}
    best = {"dev_score": state.best_metric, "at": state.best_global_step} if state.best_metric is not None else {}
    return {
        "format": 1,
        "name": config.name,
        "base": {"name": folder.name if folder.exists() else config.base, "architecture": type(base).__name__, "sha256": model_hash(_local(config.base))},
        "prompt": VERSION,
        "config": said,
        "seed": config.seed,
        "data": {k: v for k, v in data.manifest.items() if k != "settings"},
        "updates": state.global_step,
        **best,
    }


def _local(base: str) -> Path:
    """Where a base model's files lie."""
    if Path(base).is_dir():
        return Path(base)
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(base, local_files_only=True))


def publish(raw: Path, folder: Path, said: dict[str, Any]) -> None:
    """The adapter's two files and the manifest with their hashes, whole or not at all. Raises PublishError."""
    with published(folder) as fresh:
        shutil.copyfile(raw / WEIGHTS, fresh / WEIGHTS)
        settings = json.loads((raw / SETTINGS).read_text(encoding="utf-8"))
        # Where the base lay on this machine is no part of an adapter.
        settings["base_model_name_or_path"] = said["base"]["name"]
        write_json(fresh / SETTINGS, settings)
        write_json(fresh / MANIFEST, {**said, "files": {name: sha256(fresh / name) for name in (WEIGHTS, SETTINGS)}})


__all__ = ["MANIFEST", "SETTINGS", "WEIGHTS", "attach", "load_base", "load_tokenizer", "publish", "train_adapter"]

"""Trains the default model: `flowquill train base --config FILE`. Stops and resumes at checkpoints; logs JSON lines."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.choices import KINDS
from flowquill.training.model.batches import Collator, texts_of
from flowquill.training.model.card import manifest
from flowquill.training.model.encode import Example
from flowquill.training.model.modeling import Batch, FlowquillConfig, FlowquillModel
from flowquill.training.model.pretrained import Embedder, encoder
from flowquill.training.model.restore import restore
from flowquill.training.model.rounding import settle, train_rounded
from flowquill.training.model.shards import ShardMaker, plain_catalog, public_catalog
from flowquill.training.model.tokens import folder


class ConfigError(Exception):
    """A training configuration that cannot be used; one sentence."""


@dataclass(frozen=True)
class BaseConfig:
    """What a base training run needs. Unknown keys of the file are errors."""

    out: str
    """Folder for shards, checkpoints, the log and the final model."""
    kind: str = "pointer"
    """What the run is for: this is the configuration of the default model, which points. "causal" ones are `lm.config`'s."""
    steps: int = 1500
    """Batches to train on, where `minutes` does not end it before."""
    minutes: float = 0.0
    """Time to train in; the learning rates reach zero at its end. 0: no limit."""
    batch: int = 40
    """Pairs a batch."""
    rate_encoder: float = 1.5e-4
    """Peak learning rate of the pretrained encoder."""
    rate_rest: float = 8e-4
    """Peak learning rate of everything else."""
    warmup: int = 60
    """Batches until the peak."""
    seed: int = 1
    """Of the data, the order and the initial weights."""
    threads: int = 2
    """CPU threads of torch."""
    workers: int = 1
    """Processes that write shards of examples."""
    shard: int = 2000
    """Pairs a shard."""
    shards: int = 24
    """How many different shards are written; then they are read again."""
    public: str = ""
    """Folder with public catalogs to learn matching from, beside the package's own; "": none."""
    layers: int = 4
    """Decoder layers."""
    checkpoint_minutes: float = 5.0
    """Time between two checkpoints."""
    frozen_layers: int = 0
    """How many of the encoder's lowest layers stay as they are: for runs that go on from a trained model, a fifth faster with 3."""
    rounded: bool = True
    """Whether the network computes with its weights as they will ship, in int8."""
    start_from: str = ""
    """A saved or exported model to go on from; "": the pretrained encoder and a new decoder."""


def load_config(path: Path, **changes: Any) -> BaseConfig:
    """Reads a TOML file. Raises ConfigError with one sentence."""
    import tomllib

    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"There is no configuration at {path}; configs/base.toml is an example.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as TOML ({error}); mend it.") from None
    data.update({k: v for k, v in changes.items() if v is not None})
    known = {f.name for f in fields(BaseConfig)}
    unknown = sorted(set(data) - known)
    if unknown:
        raise ConfigError(f"{path} has unknown settings ({', '.join(unknown)}); known are {', '.join(sorted(known))}.")
    return BaseConfig(**data)


def new_model(config: BaseConfig) -> FlowquillModel:
    """The pretrained encoder with a new decoder, or the model to go on from."""
    if config.start_from:
        exported = (Path(config.start_from) / "encoder.onnx").exists()
        return restore(Path(config.start_from)) if exported else FlowquillModel.from_pretrained(config.start_from)
    read = json.loads((folder() / "config.json").read_text())
    # Every pair is seen about once: dropout in the encoder would only cost time (a seventh of a batch).
    read.update(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    model = FlowquillModel(FlowquillConfig(encoder=read, kinds=list(KINDS), layers=config.layers))
    model.encoder.load_state_dict(encoder().state_dict())
    return model


def batches_of(makers: ShardMaker, config: BaseConfig, embedder: Embedder, begin: int) -> Iterator[list[Example]]:
    """Batches of examples of about one length, from shard after shard; `begin`: batches of a resumed run to leave out."""
    number = 0
    epoch = 0
    while True:
        for shard in range(config.shards):
            examples = makers.wait(shard)
            rng = random.Random(config.seed * 7919 + shard + 100_003 * epoch)
            rng.shuffle(examples)
            rough = 8 * config.batch
            blocks: list[list[Example]] = []
            for start in range(0, len(examples), rough):
                part = sorted(examples[start : start + rough], key=lambda e: len(e.kinds) + len(e.ids))
                blocks += [part[i : i + config.batch] for i in range(0, len(part), config.batch)]
            rng.shuffle(blocks)
            fresh = number + len(blocks) > begin
            if fresh:
                embedder.add([t for e in examples for t in texts_of(e)])
            for block in blocks:
                number += 1
                if number > begin:
                    yield block
        epoch += 1


def train(config: BaseConfig, console: Console | None = None) -> Path:
    """Runs the training, resuming where `out` holds a checkpoint. Gives the folder of the final model."""
    console = console or Console(stderr=True)
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    accelerator = Accelerator(mixed_precision="bf16", cpu=not torch.cuda.is_available())
    catalog = load_catalog()
    public = public_catalog(config.public) if config.public else None
    makers = ShardMaker(out / "shards", config.seed, config.shard, config.shards, config.public, config.workers)
    embedder = Embedder(kept=out / "vectors.npz")
    plain = plain_catalog(config.public) if config.public else None
    collate = Collator(catalog, public, embedder, config.seed, plain=plain)
    embedder.keep(out / "vectors.npz")
    model = new_model(config)
    if config.rounded:
        train_rounded(model)
    for module in model.modules():
        # Every pair is seen once or twice: dropout would only cost time.
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    for layer in model.encoder.encoder.layer[: config.frozen_layers]:
        layer.requires_grad_(False)
    if config.frozen_layers:
        model.encoder.embeddings.requires_grad_(False)
    encoder_part = [p for n, p in model.named_parameters() if n.startswith("encoder.") and p.requires_grad]
    rest = [p for n, p in model.named_parameters() if not n.startswith("encoder.") and p.requires_grad]
    optimizer = torch.optim.AdamW(
        [{"params": encoder_part, "lr": config.rate_encoder, "peak": config.rate_encoder}, {"params": rest, "lr": config.rate_rest, "peak": config.rate_rest}],
        weight_decay=0.01,
        betas=(0.9, 0.98),
    )
    model, optimizer = accelerator.prepare(model, optimizer)
    state_file = out / "checkpoint" / "position.json"
    step, spent = 0, 0.0
    if state_file.exists():
        accelerator.load_state(str(out / "checkpoint"))
        position = json.loads(state_file.read_text())
        step, spent = position["step"], position["seconds"]
        console.print(f"resumed at batch {step}")
    # Word vectors stay as they ship, whatever a model that is gone on from was saved with.
    words = accelerator.unwrap_model(model).encoder.embeddings.word_embeddings.weight
    words.data.copy_(embedder.model.embeddings.word_embeddings.weight)
    log = (out / "log.jsonl").open("a", encoding="utf-8")
    started = time.monotonic() - spent
    saved = time.monotonic()
    sums: dict[str, list[float]] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with makers, Progress(*columns, console=console) as progress:
        task = progress.add_task("training", total=config.steps, completed=step)
        for examples in batches_of(makers, config, embedder, step):
            elapsed = time.monotonic() - started
            done = max(step / config.steps, elapsed / (60 * config.minutes) if config.minutes else 0.0)
            if done >= 1:
                break
            factor = min((step + 1) / config.warmup, 1.0) * (1 - done)
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * factor
            batch = _move(collate(examples), accelerator.device)
            model.train()
            with accelerator.autocast():
                parts = model(batch)
            accelerator.backward(parts["loss"])
            accelerator.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            step += 1
            for name, value in parts.items():
                sums.setdefault(name, []).append(float(value.detach()))
            if step % 20 == 0:
                means = {name: round(sum(v) / len(v), 4) for name, v in sums.items()}
                sums = {}
                record = {"step": step, "seconds": round(elapsed), "pairs": step * config.batch, "rate": factor, **means}
                log.write(json.dumps(record) + "\n")
                log.flush()
                progress.update(task, completed=step, description=f"loss {means['loss']:.3f}")
            if time.monotonic() - saved > 60 * config.checkpoint_minutes:
                _save(accelerator, out, step, time.monotonic() - started)
                saved = time.monotonic()
    _save(accelerator, out, step, time.monotonic() - started)
    final = out / "model"
    trained = accelerator.unwrap_model(model)
    settle(trained)
    trained.save_pretrained(final)
    ran = {"config": _named(config), "steps": step, "seconds": round(time.monotonic() - started), "data": manifest(makers.read(config.batch * step))}
    (final / "training.json").write_text(json.dumps(ran, indent=1))
    return final


def _named(config: BaseConfig) -> dict[str, object]:
    """The settings without the places of this machine."""
    return {k: Path(v).name if isinstance(v, str) else v for k, v in config.__dict__.items()}


def _save(accelerator: Accelerator, out: Path, step: int, seconds: float) -> None:
    """Writes beside the old checkpoint and swaps, so that a cut leaves one of the two whole."""
    fresh, kept, old = out / "checkpoint.new", out / "checkpoint", out / "checkpoint.old"
    accelerator.save_state(str(fresh), safe_serialization=True)
    (fresh / "position.json").write_text(json.dumps({"step": step, "seconds": seconds}))
    import shutil

    shutil.rmtree(old, ignore_errors=True)
    if kept.exists():
        kept.rename(old)
    fresh.rename(kept)
    shutil.rmtree(old, ignore_errors=True)


def _move(batch: Batch, device: torch.device) -> Batch:
    return Batch(*(getattr(batch, f.name).to(device) for f in fields(Batch)))


__all__ = ["BaseConfig", "ConfigError", "load_config", "train"]

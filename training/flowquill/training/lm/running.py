"""One training run with transformers' Trainer: resumes, logs JSON lines, shows progress, stops early, and never keeps half a checkpoint.

Trainer and not TRL: pairs come as token ids with their own label masking and packing, which is what TRL's SFTTrainer would add;
without it base training, adapters, one device and several share one loop and one set of pinned packages.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from transformers import EarlyStoppingCallback, PrinterCallback, Trainer, TrainerCallback, TrainingArguments
from transformers.utils import logging

from flowquill.training.lm.config import ConfigError, RunSettings
from flowquill.training.lm.data import Data
from flowquill.training.lm.examples import Collator
from flowquill.training.lm.prompts import Exchange
from flowquill.training.lm.publish import PublishError, disk_sentence, needs_room
from flowquill.training.lm.scoring import mean_similarity

_WHOLE = "whole"
Save = Callable[[Path, int], None]
"""Told a whole checkpoint and its number of updates."""


class PairTrainer(Trainer):  # type: ignore[misc]
    """Trainer that also scores written flows, where asked to."""

    written: Sequence[Exchange] = ()

    def evaluation_loop(self, *arguments: Any, **named: Any) -> Any:
        """The losses of the dev pairs, and the similarity of written flows beside them."""
        output = super().evaluation_loop(*arguments, **named)
        if self.written:
            model = self.accelerator.unwrap_model(self.model)
            with self.accelerator.autocast():
                output.metrics["eval_similarity"] = mean_similarity(model, self.processing_class, self.written)
        return output


class JsonLines(TrainerCallback):  # type: ignore[misc]
    """Writes what the Trainer logs as JSON lines."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._begin = time.monotonic()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        if state.is_world_process_zero and logs:
            values = {k: (round(v, 6) if math.isfinite(v) else str(v)) if isinstance(v, float) else v for k, v in logs.items()}
            with self._file.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps({"step": state.global_step, "seconds": round(time.monotonic() - self._begin, 1), **values}) + "\n")


class Bar(TrainerCallback):  # type: ignore[misc]
    """Progress in the terminal."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console)
        self._task: Any = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.is_world_process_zero:
            self._progress.start()
            self._task = self._progress.add_task("training", total=state.max_steps, completed=state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=state.global_step)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        if self._task is not None and logs and "loss" in logs:
            self._progress.update(self._task, description=f"loss {float(logs['loss']):.3f}")

    def stop(self) -> None:
        """Ends the display."""
        self._progress.stop()


class Whole(TrainerCallback):  # type: ignore[misc]
    """Marks a checkpoint that is written to its end, and tells of it."""

    def __init__(self, save: Save | None) -> None:
        self._save = save

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        # Each process writes a part of it.
        PartialState().wait_for_everyone()
        if state.is_world_process_zero and folder.is_dir():
            (folder / _WHOLE).write_text(str(state.global_step), encoding="utf-8")
            if self._save is not None:
                self._save(folder, state.global_step)


def last_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint. Half ones, of a run that was killed while it wrote, are removed."""
    found: dict[int, Path] = {}
    for checkpoint in folder.glob("checkpoint-*"):
        number = checkpoint.name.removeprefix("checkpoint-")
        if not number.isdigit():
            continue
        if (checkpoint / _WHOLE).exists():
            found[int(number)] = checkpoint
        else:
            shutil.rmtree(checkpoint, ignore_errors=True)
    return found[max(found)] if found else None


def arguments(config: RunSettings, seed: int, checkpoints: Path, **more: Any) -> TrainingArguments:
    """What the Trainer is told. Raises ConfigError for settings that do not go together."""
    watched = bool(config.evaluate_every)
    if config.patience and config.checkpoint_every % config.evaluate_every:
        raise ConfigError(f"checkpoint_every {config.checkpoint_every} must be a multiple of evaluate_every {config.evaluate_every}, so that the best weights are kept.")
    decay = {"lr_scheduler_type": "warmup_stable_decay", "lr_scheduler_kwargs": {"num_decay_steps": config.decay}} if config.decay else {"lr_scheduler_type": "cosine"}
    return TrainingArguments(
        output_dir=str(checkpoints),
        max_steps=config.steps,
        per_device_train_batch_size=config.batch,
        per_device_eval_batch_size=config.batch,
        gradient_accumulation_steps=config.accumulate,
        learning_rate=config.rate,
        warmup_steps=config.warmup,
        weight_decay=config.weight_decay,
        adam_beta2=0.98,
        max_grad_norm=1.0,
        bf16=config.bf16,
        use_cpu=not torch.cuda.is_available(),
        eval_strategy="steps" if watched else "no",
        eval_steps=config.evaluate_every or None,
        save_strategy="steps",
        save_steps=config.checkpoint_every,
        save_total_limit=config.keep,
        load_best_model_at_end=bool(config.patience),
        metric_for_best_model=f"eval_{config.watch}" if watched else None,
        greater_is_better=config.watch == "similarity" if watched else None,
        restore_callback_states_from_checkpoint=True,
        logging_steps=config.log_every,
        logging_first_step=True,
        seed=seed,
        data_seed=seed,
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        prediction_loss_only=True,
        dataloader_pin_memory=torch.cuda.is_available(),
        **decay,
        **more,
    )


def run(config: RunSettings, seed: int, model: Any, tokenizer: Any, data: Data, console: Console, *, save: Save | None = None, **more: Any) -> PairTrainer:
    """Trains `model` to the end, going on where `out` holds a checkpoint. Raises ConfigError and PublishError, each with one sentence."""
    out = Path(config.out)
    checkpoints = out / "checkpoints"
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    # Weights and the two moments of each in float32; one checkpoint more than are kept is there while it is written.
    needs_room(checkpoints, trained * 12 * (config.keep + 1))
    told = arguments(config, seed, checkpoints, **more)
    if config.evaluate_every and not len(data.dev):
        raise ConfigError("There are no dev pairs to score; set dev_pairs, or evaluate_every = 0.")
    if config.watch == "similarity" and told.world_size > 1:
        raise ConfigError('watch = "similarity" writes flows on one device only; set watch = "loss" for several.')
    if config.threads:
        torch.set_num_threads(config.threads)
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    bar = Bar(console)
    callbacks: list[Any] = [JsonLines(out / "log.jsonl"), bar, Whole(save)]
    if config.patience:
        callbacks.append(EarlyStoppingCallback(early_stopping_patience=config.patience))
    trainer = PairTrainer(
        model=model, args=told, data_collator=Collator(pad), train_dataset=data.train, eval_dataset=data.dev if config.evaluate_every else None,
        processing_class=tokenizer, callbacks=callbacks,
    )  # fmt: skip
    # Our own bar and log say it all.
    trainer.remove_callback(PrinterCallback)
    logging.disable_progress_bar()
    if config.watch == "similarity":
        trainer.written = data.exchanges[: config.written]
    # The first process removes half checkpoints before the others look.
    with told.main_process_first(local=False, desc="looking for a checkpoint"):
        found = last_checkpoint(checkpoints)
    if found is not None and told.process_index == 0:
        console.print(f"going on at {found.name.replace('checkpoint-', 'update ')}")
    try:
        trainer.train(resume_from_checkpoint=str(found) if found else None)
    except Exception as error:
        if sentence := disk_sentence(error, checkpoints):
            raise PublishError(sentence.replace("start the same command again", "start the same command again, which goes on at the last whole checkpoint")) from error
        raise
    finally:
        bar.stop()
    return trainer


__all__ = ["PairTrainer", "arguments", "last_checkpoint", "run"]

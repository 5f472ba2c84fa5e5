"""The commands of language models: `flowquill train base` for configurations of that kind, `train adapter`, `train hosted`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console

from flowquill.cli.errors import CommandError

_CONFIG = click.option("--config", required=True, type=click.Path(path_type=Path), metavar="FILE", help="A TOML file; training/configs holds examples.")
_OUT = click.option("--out", metavar="FOLDER", help="Data, checkpoints, log and result; a run found there goes on.")
_STEPS = click.option("--steps", type=click.IntRange(1), help="Updates of the weights.")
_SEED = click.option("--seed", type=int)


@contextmanager
def failing() -> Iterator[None]:
    """Turns what cannot be done into one sentence."""
    from flowquill.training.lm.config import ConfigError
    from flowquill.training.lm.publish import PublishError

    try:
        yield
    except (ConfigError, PublishError) as error:
        raise CommandError(str(error)) from None
    except KeyboardInterrupt:
        raise CommandError("Stopped; the same command goes on from the last whole checkpoint.") from None


def is_causal(config: Path) -> bool:
    """Whether a configuration is for a language model."""
    from flowquill.training.lm.config import kind_of

    with failing():
        return kind_of(config) == "causal"


def reference(config: Path, **changes: str | float | int | None) -> int:
    """Trains the small language model of a configuration with `kind = "causal"`."""
    from flowquill.training.lm.config import ReferenceConfig, read_config

    with failing():
        read = read_config(config, ReferenceConfig, **changes)
        from flowquill.training.lm.base import train_base

        folder = train_base(read)
    click.echo(f"The model is in {folder}; transformers and vLLM load it as it is.")
    return 0


@click.command("adapter")
@_CONFIG
@_OUT
@click.option("--base", metavar="MODEL", help="The model it is for, in place of the configuration's.")
@_STEPS
@_SEED
def adapter(config: Path, **changes: str | int | None) -> int:
    """Train a LoRA adapter on a language model, or on the default model. Interrupted runs go on; several GPUs by accelerate launch."""
    from flowquill.training.lm.config import AdapterConfig, PointerConfig, kind_of, read_config

    with failing():
        if kind_of(config) == "pointer":
            pointer = read_config(config, PointerConfig, **changes)
            from flowquill.training.lm.pointer import train_pointer_adapter
            from flowquill.training.lm.progress import steps

            with steps(Console(stderr=True)) as step:
                folder = train_pointer_adapter(pointer, step)
        else:
            read = read_config(config, AdapterConfig, **changes)
            from flowquill.training.lm.adapter import train_adapter

            folder = train_adapter(read)
    click.echo(f"The adapter is in {folder}.")
    return 0


@click.command("hosted")
@_CONFIG
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/hosted"), show_default=True, metavar="FOLDER", help="Where the file and the job's name are kept.")
@click.option("--model", default=None, metavar="NAME", help="The model to fine-tune; gpt-4o-mini if none.")
@click.option("--suffix", default="flowquill", show_default=True, help="Part of the result's name.")
@click.option("--azure", is_flag=True, help="Azure OpenAI in place of OpenAI.")
@click.option("--file-only", is_flag=True, help="Write and check the file, send nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def hosted(config: Path, out: Path, model: str | None, suffix: str, azure: bool, file_only: bool, as_json: bool) -> int:
    """Fine-tune a hosted model: the pairs as an OpenAI fine-tuning file, a job, and its result. Without a key nothing is sent."""
    from flowquill.training.lm import hosted as service
    from flowquill.training.lm.config import HostedConfig, read_config
    from flowquill.training.lm.fine_tuning_file import check

    told = Console(stderr=True)
    with failing():
        settings = read_config(config, HostedConfig)
        file, record = out / "train.jsonl", out / "job.json"
        if file.exists():
            counted = check(file)
        else:
            counted = service.prepare(settings, file)
        told.print(f"{file}: {counted.examples} examples, {counted.bytes / 1e6:.1f} MB, about {counted.tokens / 1e6:.2f} M tokens, the longest {counted.longest}")
        if file_only:
            return 0
        reached = service.client(azure=azure)
        try:
            if record.exists():
                identity = str(json.loads(record.read_text(encoding="utf-8"))["job"])
            else:
                identity = service.start(reached, file, record, model=model or service.MODEL, suffix=suffix, seed=settings.seed).identity
            with told.status("waiting for the job") as status:
                job = service.watch(reached, identity, lambda j: status.update(f"{j.identity}: {j.status}"))
        except service.HostedError as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            raise CommandError("Stopped watching; the job runs on, and the same command watches it again.") from None
    click.echo(json.dumps({"job": job.identity, "model": job.model}) if as_json else f"The model is {job.model}.")
    return 0

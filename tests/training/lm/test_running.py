"""Runs: gone on with, they end as if never cut; half checkpoints are no checkpoints; early stopping; what a full disk says."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file

from flowquill.training.lm.base import train_base
from flowquill.training.lm.config import ConfigError, ReferenceConfig
from flowquill.training.lm.data import Data
from flowquill.training.lm.examples import Rows, encode
from flowquill.training.lm.prompts import Exchange
from flowquill.training.lm.publish import PublishError, needs_room, published
from flowquill.training.lm.running import last_checkpoint, run
from flowquill.training.lm.scoring import mean_similarity, score
from tests.training.lm.tiny import tiny_model

QUIET = Console(stderr=True, quiet=True)


def config(out: Path, **changes: Any) -> ReferenceConfig:
    values: dict[str, Any] = {
        "out": str(out), "steps": 6, "batch": 2, "accumulate": 2, "rate": 3e-3, "warmup": 2, "checkpoint_every": 3, "evaluate_every": 3, "log_every": 1, "threads": 1,
        "pairs": 60, "dev_pairs": 6, "handwritten": False, "tags": 3, "length": 900, "vocabulary": 700, "width": 32, "inner": 64, "layers": 2, "heads": 2, "key_heads": 1,
    }  # fmt: skip
    return ReferenceConfig(**(values | changes))


def weights(model: Path) -> dict[str, torch.Tensor]:
    return dict(load_file(model / "model.safetensors"))


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[k], right[k]) for k in left)


class Cut(Exception):
    """Ends a run as a kill would, after its first checkpoint."""


@pytest.mark.usefixtures("quick")
def test_a_run_that_was_cut_ends_as_one_that_was_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = train_base(config(tmp_path / "whole"), QUIET)
    from flowquill.training.lm import base

    def cut(checkpoint: Path, model: Path, said: dict[str, Any]) -> None:
        raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(base, "export", cut)
        with pytest.raises(Cut):
            train_base(config(tmp_path / "cut"), QUIET)
    # What a kill in the middle of the next checkpoint leaves.
    half = tmp_path / "cut" / "checkpoints" / "checkpoint-5"
    half.mkdir()
    (half / "model.safetensors").write_bytes(b"half")
    resumed = train_base(config(tmp_path / "cut"), QUIET)
    assert same(weights(whole), weights(resumed))
    assert not half.exists()
    said = json.loads((resumed / "training.json").read_text())
    assert said["finished"] and said["updates"] == 6 and str(tmp_path) not in json.dumps(said)


@pytest.mark.usefixtures("quick")
def test_the_model_is_what_transformers_loads_and_the_log_is_json_lines(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = train_base(config(tmp_path / "run", steps=3, watch="similarity", written=2), QUIET)
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    assert type(model).__name__ == "MistralForCausalLM" and model.config.vocab_size == len(tokenizer)
    assert model.config.eos_token_id == tokenizer.eos_token_id
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == [1, 2, 3]
    assert any(0 <= line.get("eval_similarity", -1) <= 1 for line in lines)


@pytest.mark.usefixtures("quick")
def test_data_made_with_other_settings_is_not_used(tmp_path: Path) -> None:
    train_base(config(tmp_path / "run", steps=1, checkpoint_every=1, evaluate_every=0), QUIET)
    with pytest.raises(ConfigError, match=r"made with other settings \(tags"):
        train_base(config(tmp_path / "run", steps=2, tags=5), QUIET)


def data_of(tokenizer: Any, exchanges: list[Exchange]) -> Data:
    examples = [encode(tokenizer, e.prompt.text, e.answer, 4000) for e in exchanges[:12]]
    return Data(Rows.of(examples[:8], 1500, packed=True), Rows.of(examples[8:], 1500, packed=False), exchanges[8:12], {})


def test_a_run_stops_when_the_dev_score_gets_no_better_and_keeps_the_best_weights(tmp_path: Path, tokenizer: Any, exchanges: list[Exchange]) -> None:
    # At this rate the weights are soon worse than they were at first.
    settings = config(tmp_path, steps=40, rate=2.0, warmup=0, checkpoint_every=1, evaluate_every=1, patience=2, accumulate=1)
    trainer = run(settings, 1, tiny_model("mistral", tokenizer), tokenizer, data_of(tokenizer, exchanges), QUIET)
    losses = [entry["eval_loss"] for entry in trainer.state.log_history if "eval_loss" in entry]
    assert trainer.state.global_step < 40
    assert trainer.state.best_metric == min(losses) and losses[-1] > min(losses)
    assert trainer.evaluate()["eval_loss"] == pytest.approx(min(losses), rel=1e-3)


def test_best_weights_must_be_checkpoints(tmp_path: Path, tokenizer: Any, exchanges: list[Exchange]) -> None:
    settings = config(tmp_path, patience=2, checkpoint_every=3, evaluate_every=2)
    with pytest.raises(ConfigError, match="must be a multiple of evaluate_every"):
        run(settings, 1, tiny_model("mistral", tokenizer), tokenizer, data_of(tokenizer, exchanges), QUIET)


def test_a_full_disk_in_the_middle_of_a_run_is_told_and_loses_no_checkpoint(tmp_path: Path, tokenizer: Any, exchanges: list[Exchange], monkeypatch: pytest.MonkeyPatch) -> None:
    from flowquill.training.lm.running import PairTrainer

    kept = PairTrainer._save_optimizer_and_scheduler

    def full(trainer: Any, folder: str) -> None:
        if trainer.state.global_step > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        kept(trainer, folder)

    monkeypatch.setattr(PairTrainer, "_save_optimizer_and_scheduler", full)
    settings = config(tmp_path, steps=3, checkpoint_every=1, evaluate_every=0)
    with pytest.raises(PublishError, match=r"The disk is full.*goes on at the last whole checkpoint"):
        run(settings, 1, tiny_model("mistral", tokenizer), tokenizer, data_of(tokenizer, exchanges), QUIET)
    found = last_checkpoint(tmp_path / "checkpoints")
    assert found is not None and found.name == "checkpoint-1"


def test_room_is_asked_for_before_a_run(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="GB left and the run needs about"):
        needs_room(tmp_path / "not" / "yet", 10**18)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), OSError(errno.EACCES, "Permission denied")])
def test_what_stood_there_stays_where_writing_fails(tmp_path: Path, error: OSError) -> None:
    with published(tmp_path / "result") as fresh:
        (fresh / "a").write_text("old")
    with pytest.raises(PublishError, match=r"free some space|choose another folder"), published(tmp_path / "result") as fresh:
        (fresh / "a").write_text("new")
        raise error
    assert (tmp_path / "result" / "a").read_text() == "old"
    assert [f.name for f in tmp_path.iterdir()] == ["result"]


def test_written_flows_are_scored_by_their_calls(tokenizer: Any, exchanges: list[Exchange]) -> None:
    exchange = next(e for e in exchanges if e.pair.kind == "create" and len(e.answer.splitlines()) == 2)
    first, _ = exchange.answer.splitlines()
    assert score(exchange, exchange.answer) == 1
    assert score(exchange, first) == 0.5
    assert score(exchange, "on on on") == 0
    model = tiny_model("mistral", tokenizer)
    model.train()
    assert 0 <= mean_similarity(model, tokenizer, exchanges[:2]) <= 1 and model.training

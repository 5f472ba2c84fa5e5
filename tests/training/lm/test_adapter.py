"""Adapters: every shipped configuration runs on a tiny model of its architecture; only the additions change; cut runs and two processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from rich.console import Console
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from flowquill.training.lm import adapter
from flowquill.training.lm.config import AdapterConfig, ConfigError, ReferenceConfig, read_config
from flowquill.training.lm.publish import model_hash, sha256
from flowquill.training.lm.running import run
from tests.training.lm.test_running import QUIET, Cut, data_of

ROOT = Path(__file__).parents[3]
CONFIGS = ROOT / "training" / "configs"
SHIPPED = {"mistral-7b": "mistral", "phi-4-mini": "phi3", "qwen-1.5b": "qwen2", "reference-adapter": "mistral"}
# The sizes of a test; everything else is as shipped.
SMALL: dict[str, Any] = {"steps": 2, "batch": 1, "accumulate": 2, "pairs": 20, "files": [], "catalogs": [], "handwritten": False, "dev_pairs": 3, "tags": 3, "threads": 1}
SMALL |= {"checkpoint_every": 1, "evaluate_every": 1, "patience": 0, "warmup": 0, "log_every": 1}


def shipped(name: str, base: Path, out: Path, **changes: Any) -> AdapterConfig:
    return read_config(CONFIGS / f"{name}.toml", AdapterConfig, base=str(base), out=str(out), **(SMALL | changes))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_configuration_trains_an_adapter_of_its_architecture(name: str, tiny: Any, tmp_path: Path) -> None:
    base = tiny(SHIPPED[name])
    before = model_hash(base)
    config = shipped(name, base, tmp_path / "run")
    folder = adapter.train_adapter(config, QUIET)
    weights = load_file(folder / adapter.WEIGHTS)
    layers = {part for key in weights for part in key.split(".") if part in config.targets}
    assert layers == set(config.targets)
    # B begins at zero: what is not zero was trained.
    assert all(weights[k].abs().sum() > 0 for k in weights if ".lora_B." in k)
    assert model_hash(base) == before
    settings = json.loads((folder / adapter.SETTINGS).read_text())
    assert settings["r"] == 16 and settings["peft_type"] == "LORA" and not settings["modules_to_save"]
    said = json.loads((folder / adapter.MANIFEST).read_text())
    assert said["base"]["sha256"] == before and said["updates"] == 2 and said["data"]["pairs"] > 0 and said["seed"] == config.seed
    assert said["files"] == {name: sha256(folder / name) for name in said["files"]}
    assert str(tmp_path) not in json.dumps(said) + json.dumps(settings)
    assert sorted(f.name for f in folder.iterdir()) == [adapter.SETTINGS, adapter.WEIGHTS, adapter.MANIFEST]


def test_only_the_additions_change(tiny: Any, tmp_path: Path, tokenizer: Any, exchanges: Any) -> None:
    config = shipped("phi-4-mini", tiny("phi3"), tmp_path / "run", gradient_checkpointing=False)
    model = adapter.attach(adapter.load_base(config), config)
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    run(config, 1, model, tokenizer, data_of(tokenizer, exchanges), QUIET)
    changed = {name for name, value in model.named_parameters() if not torch.equal(value.detach(), before[name])}
    assert changed and all("lora_" in name for name in changed)
    assert {name for name in before if "lora_B" in name} <= changed


@pytest.mark.usefixtures("quick")
def test_the_adapter_does_what_the_trained_model_did(tiny: Any, tmp_path: Path, tokenizer: Any, exchanges: Any) -> None:
    base = tiny("mistral")
    folder = adapter.train_adapter(shipped("mistral-7b", base, tmp_path / "run", steps=4, rate=0.05, bf16=False), QUIET)
    plain = AutoModelForCausalLM.from_pretrained(base).eval()
    ids = tokenizer(exchanges[0].prompt.text, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        without = plain(input_ids=ids).logits
        adapted = PeftModel.from_pretrained(plain, str(folder)).eval()
        with_it = adapted(input_ids=ids).logits
        merged = adapted.merge_and_unload()(input_ids=ids).logits
    assert not torch.allclose(without, with_it, atol=1e-3)
    assert torch.allclose(with_it, merged, atol=1e-3)


@pytest.mark.usefixtures("quick")
def test_a_run_that_was_cut_ends_as_one_that_was_not(tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = tiny("qwen2")
    whole = adapter.train_adapter(shipped("qwen-1.5b", base, tmp_path / "whole", steps=4), QUIET)
    from flowquill.training.lm.running import JsonLines

    def cut(self: JsonLines, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == 3:
            raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(JsonLines, "on_log", cut)
        with pytest.raises(Cut):
            adapter.train_adapter(shipped("qwen-1.5b", base, tmp_path / "cut", steps=4), QUIET)
    assert not (tmp_path / "cut" / "adapter").exists()
    resumed = adapter.train_adapter(shipped("qwen-1.5b", base, tmp_path / "cut", steps=4), QUIET)
    left, right = load_file(whole / adapter.WEIGHTS), load_file(resumed / adapter.WEIGHTS)
    assert left.keys() == right.keys() and all(torch.equal(left[k], right[k]) for k in left)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"quantise": "4bit"}, "needs a CUDA GPU"),
        ({"targets": ["q_porj"]}, "no linear layers called q_porj; targets may be .*q_proj"),
        ({"base": "there/is-none"}, "cannot be loaded"),
    ],
)
@pytest.mark.usefixtures("quick")
def test_what_cannot_be_done_is_told(tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], said: str) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    config = shipped("mistral-7b", tiny("mistral"), tmp_path / "run")
    values = {**{k: getattr(config, k) for k in config.__dataclass_fields__}, **changes}
    with pytest.raises(ConfigError, match=said):
        adapter.train_adapter(AdapterConfig(**values), Console(quiet=True))


def test_a_configuration_of_another_kind_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown settings"):
        read_config(CONFIGS / "mistral-7b.toml", ReferenceConfig)


def launched(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "FLOWQUILL_DEBUG": "1"}
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_two_processes_of_accelerate_train_one_adapter(tiny: Any, tmp_path: Path) -> None:
    base = tiny("mistral")
    values = {"kind": "causal", "base": str(base), "out": str(tmp_path / "run"), "targets": ["q_proj", "down_proj"], **SMALL, "bf16": False, "evaluate_every": 0, "pairs": 24}
    file = tmp_path / "run.toml"
    file.write_text("\n".join(f"{k} = {json.dumps(v)}" for k, v in values.items()), encoding="utf-8")
    before = model_hash(base)
    # Without a GPU the processes talk by gloo, whatever the launcher's switch is called.
    launch = ["-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
    done = launched(*launch, "-m", "flowquill.cli.main", "train", "adapter", "--config", str(file))
    assert done.returncode == 0, done.stderr[-3000:]
    weights = load_file(tmp_path / "run" / "adapter" / adapter.WEIGHTS)
    assert len(weights) == 2 * 2 * 2 and all(weights[k].abs().sum() > 0 for k in weights if ".lora_B." in k)
    assert model_hash(base) == before
    assert json.loads((tmp_path / "run" / "adapter" / adapter.MANIFEST).read_text())["updates"] == 2
    # One file of random states a process: both took part.
    last = tmp_path / "run" / "checkpoints" / "checkpoint-2"
    assert sorted(f.name for f in last.glob("rng_state_*.pth")) == ["rng_state_0.pth", "rng_state_1.pth"]


@pytest.mark.slow
def test_an_adapted_model_is_trained_in_pieces_by_two_processes(tiny: Any) -> None:
    # accelerate shards on accelerators only; on a CPU torch's own FSDP2, which it calls, is given the same model.
    base = tiny("phi3")
    done = launched("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "tests.training.lm.sharded", str(base))
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("only the additions changed") == 2

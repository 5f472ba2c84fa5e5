"""`train adapter` for the default model: the shipped configuration, two batches, on the model of the package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file

from flowquill.generation.model_files import default_folder
from flowquill.training.lm.config import ConfigError, PointerConfig, read_config
from flowquill.training.lm.pointer import train_pointer_adapter
from flowquill.training.lm.publish import sha256

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / "training" / "configs" / "default.toml"


@pytest.mark.slow
@pytest.mark.model
def test_the_shipped_configuration_trains_an_adapter_of_encoder_and_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    before = sha256(default_folder() / "manifest.json")
    told: list[tuple[str, int, int]] = []
    config = read_config(CONFIG, PointerConfig, out=str(tmp_path / "run"), steps=2, batch=4, warmup=1, threads=1)
    folder = train_pointer_adapter(config, lambda *step: told.append(step))
    weights = load_file(folder / "adapter_model.safetensors")
    trained = {k for k in weights if ".lora_B." in k and weights[k].abs().sum() > 0}
    assert any(".encoder." in k for k in trained) and any(".layers." in k for k in trained)
    said = json.loads((folder / "manifest.json").read_text())
    assert said["updates"] == 2 and said["data"]["pairs"] >= 64 and said["files"]["adapter_model.safetensors"] == sha256(folder / "adapter_model.safetensors")
    assert str(ROOT) not in json.dumps(said)
    assert told[-1] == ("training", 2, 2)
    assert sha256(default_folder() / "manifest.json") == before


def test_a_folder_that_is_no_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no exported model"):
        train_pointer_adapter(PointerConfig(out=str(tmp_path / "run"), base=str(tmp_path), pairs=4))
    assert not (tmp_path / "run").exists()


def test_nothing_to_learn_from_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is nothing to learn from"):
        PointerConfig(out=str(tmp_path))

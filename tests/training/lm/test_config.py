"""Configurations: every shipped one is read, and mistakes are told in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowquill.training.lm.config import (
    AdapterConfig,
    ConfigError,
    HostedConfig,
    PointerConfig,
    ReferenceConfig,
    kind_of,
    read_config,
)

CONFIGS = Path(__file__).parents[3] / "training" / "configs"
CLASSES = {"reference": ReferenceConfig, "default": PointerConfig, "hosted": HostedConfig}
MINIMAL = 'base = "b"\nout = "o"\ntargets = ["q_proj"]\n'


def written(folder: Path, text: str) -> Path:
    file = folder / "run.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("file", sorted(f for f in CONFIGS.glob("*.toml") if f.stem != "base"), ids=lambda f: f.stem)
def test_every_shipped_configuration_is_read(file: Path) -> None:
    assert read_config(file, CLASSES.get(file.stem, AdapterConfig))


def test_adapters_of_one_rank_can_be_served_together() -> None:
    files = [f for f in CONFIGS.glob("*.toml") if f.stem not in ("base", "reference", "hosted")]
    assert {read_config(f, CLASSES.get(f.stem, AdapterConfig)).rank for f in files} == {16}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MINIMAL + "rnak = 8\n", "unknown settings .rnak.; known are"),
        (MINIMAL + "rank = 7\n", "vLLM serves ranks"),
        (MINIMAL + 'steps = "many"\n', "a whole number is expected"),
        (MINIMAL + "steps = true\n", "a whole number is expected"),
        (MINIMAL + 'files = "pairs.jsonl"\n', "a list of texts is expected"),
        (MINIMAL + "batch = 0\n", "must be 1 or more"),
        (MINIMAL + 'watch = "luck"\n', "must be one of 'loss', 'similarity'"),
        (MINIMAL + 'near = "far"\n', "must be one of 'operations', 'request'"),
        (MINIMAL + "patience = 2\nevaluate_every = 0\n", "patience needs dev scores"),
        ('base = "b"\nout = "o"\n', "targets is empty"),
        ('out = "o"\n', "lacks base"),
        ("out = [\n", "cannot be read as TOML"),
    ],
)
def test_mistakes_are_told_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as found:
        read_config(written(tmp_path, text), AdapterConfig)
    assert "\n" not in str(found.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no configuration at"):
        read_config(tmp_path / "none.toml", AdapterConfig)


def test_the_kind_is_the_default_model_where_a_file_does_not_say(tmp_path: Path) -> None:
    assert kind_of(CONFIGS / "base.toml") == "pointer"
    assert kind_of(CONFIGS / "reference.toml") == "causal"
    with pytest.raises(ConfigError, match="kind"):
        kind_of(written(tmp_path, 'kind = "diffusion"\n'))


def test_whole_numbers_are_taken_for_fractions_and_changes_go_first(tmp_path: Path) -> None:
    config = read_config(written(tmp_path, MINIMAL + "rate = 1\nsteps = 3\n"), AdapterConfig, steps=5, seed=None)
    assert (config.rate, config.steps, config.seed) == (1.0, 5, 1)

"""Settings of engines: typed, from the person's own places only."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowquill.generation.engines.settings import EngineSettings, of_client, read_settings
from flowquill.generation.request import GenerationError
from flowquill.grammar.catalog.workspace import read_workspace


@pytest.fixture(autouse=True)
def own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "config.toml"
    monkeypatch.setenv("FLOWQUILL_CONFIG", str(file))
    return file


def test_what_is_given_goes_over_the_file_and_the_file_over_the_defaults(own_file: Path) -> None:
    own_file.write_text('[engine]\nengine = "openai"\nurl = "https://a.example/v1"\nbudget = 9\nfallback = ["embedded"]\n')
    settings = read_settings(url="https://b.example/v1", model=None)
    assert (settings.engine, settings.url, settings.budget, settings.fallback, settings.tags) == ("openai", "https://b.example/v1", 9.0, ("embedded",), EngineSettings().tags)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[engine]\nengin = 'x'", "no setting engin of engines; did you mean engine"),
        ("[engine]\nengine = 'gpt'", "no engine gpt; expected embedded, vllm, openai"),
        ("[engine]\nbudget = 'long'", "budget takes a number"),
        ("[engine]\nmask = 1", "mask takes true or false"),
        ("[engine]\ntags = -1", "tags cannot be negative"),
        ("[engine]\nfallback = ['gpt']", "no engine gpt"),
        ("[engine", "cannot be read"),
        ("engine = 'vllm'", "no table"),
        ("[engine]\nengine = 'openai'", "needs an address"),
        ("[engine]\nurl = 'models.example.org'", "no address"),
        ("[engine]\nurl = 'https://me:secret@a.example/v1'", "holds a password"),
        ("[engine]\nurl = 'http://a.example/v1'", "would not be encrypted"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(own_file: Path, text: str, says: str) -> None:
    own_file.write_text(text)
    with pytest.raises(GenerationError, match=says):
        read_settings()


def test_the_key_comes_from_the_environment_alone(monkeypatch: pytest.MonkeyPatch, own_file: Path) -> None:
    monkeypatch.setenv("FLOWQUILL_API_KEY", "from the environment")
    assert read_settings().key == "from the environment"
    own_file.write_text('[engine]\nkey = "x"')
    with pytest.raises(GenerationError, match="no setting key"):
        read_settings()


@pytest.mark.parametrize("key", ["engine", "url", "vllm", "model", "key", "options"])
def test_a_workspace_file_has_no_say(tmp_path: Path, key: str) -> None:
    file = tmp_path / "flowquill.toml"
    file.write_text(f'{key} = "https://elsewhere.example"\n[engine]\n{key} = "x"\n' if key != "engine" else 'engine = "openai"\n')
    workspace = read_workspace(file)
    assert any("there is no setting" in e for e in workspace.errors)
    assert read_settings() == EngineSettings()


def test_a_clients_bad_setting_means_the_embedded_engine_and_a_sentence() -> None:
    settings, complaints = of_client({"flowquill": {"engine": "openai", "engineUrl": "", "engineModel": ""}})
    assert settings.engine == "embedded"
    assert len(complaints) == 1
    assert "needs an address" in complaints[0]
    settings, complaints = of_client({"engine": "openai", "engineUrl": "https://a.example/v1", "engineModel": "m"})
    assert (settings.engine, settings.url, settings.model, complaints) == ("openai", "https://a.example/v1", "m", [])
    assert of_client(None) == (EngineSettings(), [])

"""Engines are opened as the settings say, and what is missing is said in a sentence."""

from __future__ import annotations

from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from flowquill.cli.main import main
from flowquill.generation.engines import opening
from flowquill.generation.request import GenerationError, Request
from flowquill.grammar.catalog import Catalog
from flowquill.grammar.catalog.workspace import read_workspace
from flowquill.server.loading import Settings
from tests.engines.misbehaving import Misbehaving


@pytest.fixture(autouse=True)
def no_own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWQUILL_CONFIG", str(tmp_path / "none.toml"))


def test_nothing_said_means_the_embedded_engine(catalog: Catalog) -> None:
    assert opening.for_client(catalog, None, {"engine": None, "url": ""}).engine.name == "embedded"


def test_missing_packages_are_named_with_the_extra(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacks_httpx(name: str) -> ModuleSpec | None:
        return None if name == "httpx" else ModuleSpec(name, None)

    monkeypatch.setattr(opening, "find_spec", lacks_httpx)
    with pytest.raises(GenerationError, match=r"need httpx; install them with: pip install 'flowquill\[remote\]'"):
        opening.for_client(catalog, None, {"engine": "openai", "url": "https://a.example/v1"})


def test_a_chain_falls_back_to_the_embedded_model_when_nobody_is_there(catalog: Catalog) -> None:
    pytest.importorskip("httpx")
    pytest.importorskip("faiss")
    generator = opening.for_client(catalog, None, {"engine": "openai", "url": "http://127.0.0.1:9/v1", "model": "m", "fallback": ("embedded",)})
    generation = generator.generate(Request("send an email to ann@contoso.com every Monday"))
    assert generation.engine == "embedded"
    opening.close_generator(generator)


def test_the_command_line_asks_the_engine_it_is_told_to(server: Misbehaving, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("httpx")
    pytest.importorskip("faiss")
    monkeypatch.setenv("FLOWQUILL_API_KEY", "from the environment")
    arguments = ["generate", "call them when I say so", "--engine", "openai", "--url", server.url, "--model-name", "m"]
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert not ended.value.code
    assert 'todo "call them"' in capsys.readouterr().out
    assert server.heads[0]["Authorization"] == "Bearer from the environment"
    server.how = "wrong key"
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 1
    assert "refuses the key" in capsys.readouterr().err


def test_what_an_editor_says_of_engines_is_its_own_and_no_workspaces(tmp_path: Path) -> None:
    settings, complaints = Settings.read({"engine": "openai", "engineUrl": "https://a.example/v1", "engineModel": "m"})
    assert complaints == []
    assert dict(settings.engine) == {"engine": "openai", "url": "https://a.example/v1", "model": "m"}
    assert settings.over(read_workspace(None), tmp_path).engine == settings.engine
    assert Settings.read({"engine": "embedded", "engineUrl": "", "engineModel": ""})[0].engine == ()

"""The files of editors that no test starts: they can be read, and know the words of the language."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from flowquill.grammar.lalr import grammar_text
from tests.editors.programs import EDITORS

KEYWORDS = {w for w in re.findall(r'"([a-z_]+)"', grammar_text()) if len(w) > 1} - {"text", "integer", "number", "boolean", "list", "object", "any"}
COLOURED = (
    "neovim/syntax/flowquill.vim",
    "emacs/flowquill-mode.el",
    "sublime/Flowquill.sublime-syntax",
    "vscode/syntaxes/flow.tmLanguage.json",
    "tree-sitter-flowquill/grammar.js",
)


def test_the_grammar_has_the_words_that_are_looked_for() -> None:
    assert {"flow", "for", "timed_out", "refuse", "limit", "null"} <= KEYWORDS and len(KEYWORDS) > 40


@pytest.mark.parametrize("name", COLOURED)
def test_every_keyword_is_coloured(name: str) -> None:
    words = set(re.findall(r"[a-z_]+", (EDITORS / name).read_text()))
    # `manual` reads as a call everywhere but where there is a tree.
    assert KEYWORDS - {"manual"} <= words


@pytest.mark.parametrize("path", sorted(p for p in EDITORS.glob("*/**/*.json") if "node_modules" not in p.parts), ids=str)
def test_json_can_be_read(path: Path) -> None:
    json.loads(path.read_text())


def test_helix_starts_the_server_for_flow_files() -> None:
    written = tomllib.loads((EDITORS / "helix" / "languages.toml").read_text())
    language = written["language"][0]
    assert language["file-types"] == ["flow"] and language["language-servers"] == ["flowquill"]
    server = written["language-server"]["flowquill"]
    assert [server["command"], *server["args"]] == ["flowquill", "lsp"]


def test_zed_names_its_language_alike_everywhere() -> None:
    extension = tomllib.loads((EDITORS / "zed" / "extension.toml").read_text())
    language = tomllib.loads((EDITORS / "zed" / "languages" / "flowquill" / "config.toml").read_text())
    assert extension["language_servers"]["flowquill"]["languages"] == [language["name"]]
    assert language["grammar"] in extension["grammars"]


def test_sublime_and_jetbrains_start_the_server() -> None:
    text = (EDITORS / "sublime" / "LSP-flowquill.sublime-settings").read_text()
    client = json.loads(re.sub(r"^//.*$", "", text, flags=re.M))["clients"]["flowquill"]
    syntax = yaml.safe_load((EDITORS / "sublime" / "Flowquill.sublime-syntax").read_text().replace("%YAML 1.2", "%YAML 1.1"))
    assert client["command"] == ["flowquill", "lsp"] and client["selector"] == syntax["scope"]
    for context in syntax["contexts"].values():
        for rule in context:
            if "match" in rule:
                re.compile(rule["match"].replace("{{name}}", syntax["variables"]["name"]).replace(r"\h", "[0-9a-f]"))
    template = json.loads((EDITORS / "jetbrains" / "flowquill" / "template.json").read_text())
    assert template["programArgs"]["default"] == "flowquill lsp"


@pytest.mark.parametrize("name", ["neovim", "emacs", "helix", "sublime", "jetbrains", "zed"])
def test_every_editor_has_a_readme(name: str) -> None:
    assert "pip install flowquill" in (EDITORS / name / "README.md").read_text()

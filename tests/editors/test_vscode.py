"""The VS Code extension: its manifest, snippets and examples; its unit tests; a drive through a real VS Code."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.check import check
from flowquill.grammar.format import format_text
from flowquill.grammar.parse import parse

EXTENSION = Path(__file__).parents[2] / "editors" / "vscode"
MANIFEST: dict[str, Any] = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
GIVEN = MANIFEST["contributes"]
SETTINGS = {name: setting for group in GIVEN["configuration"] for name, setting in group["properties"].items()}
SOURCES = {path: path.read_text(encoding="utf-8") for path in sorted((EXTENSION / "src").rglob("*.ts"))}
SCENARIOS = re.findall(r"^  async (\w+)\(", (EXTENSION / "test" / "e2e" / "scenarios.mjs").read_text(encoding="utf-8"), re.MULTILINE)
SNIPPETS: dict[str, dict[str, Any]] = json.loads((EXTENSION / "snippets" / "flow.json").read_text(encoding="utf-8"))


def test_commands_of_the_manifest_are_those_of_the_code() -> None:
    table = SOURCES[EXTENSION / "src" / "extension.ts"]
    body = table[table.index("const table") : table.index("for (const [name, work]")]
    registered = {f"flowquill.{name}" for name in re.findall(r"^    (\w+)(?::|,$)", body, re.MULTILINE)}
    contributed = {c["command"] for c in GIVEN["commands"]}
    assert registered == contributed
    named = {item["command"] for menu in GIVEN["menus"].values() for item in menu}
    linked = set(re.findall(r"command:(flowquill\.\w+)", json.dumps(GIVEN["walkthroughs"])))
    assert named | linked <= contributed


def test_settings_are_described_read_and_kept_from_workspaces_that_are_not_trusted() -> None:
    assert all(len(s["markdownDescription"]) > 20 for s in SETTINGS.values())
    trust = MANIFEST["capabilities"]["untrustedWorkspaces"]
    assert trust["supported"] == "limited"
    harmless = {"ghostText", "alternatives", "codeLens", "graph.direction", "trace.server"}
    assert set(trust["restrictedConfigurations"]) == set(SETTINGS) - {f"flowquill.{name}" for name in harmless}
    read = set(re.findall(r'given\.get(?:<[^>]*>)?\("([\w.]+)"', SOURCES[EXTENSION / "src" / "settings.ts"]))
    assert {f"flowquill.{name}" for name in read} <= set(SETTINGS)
    assert all(SETTINGS[f"flowquill.{name}"].get("scope", "").startswith("machine") for name in ("python", "server.command", "server.package", "engineUrl"))


def test_every_file_that_the_manifest_names_is_there() -> None:
    named = re.findall(r'"\.?/?((?:images|snippets|syntaxes|walkthrough)/[\w.-]+|language-configuration\.json)"', json.dumps(MANIFEST))
    assert len(named) > 10
    assert [n for n in named if not (EXTENSION / n).is_file()] == []
    pictures = sorted((EXTENSION / "images").glob("*.png"))
    assert [p.name for p in pictures if p.stat().st_size > 150_000] == []


def test_nothing_is_sent_anywhere_by_the_extension_itself() -> None:
    for path, source in SOURCES.items():
        assert not re.search(r"telemetry|\bfetch\(|XMLHttpRequest|WebSocket|node:(http|https|net|dgram)", source, re.IGNORECASE), path


def test_the_picture_of_the_graph_may_run_and_load_nothing_else() -> None:
    page = SOURCES[EXTENSION / "src" / "graph" / "panel.ts"]
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy and policy[1].startswith("default-src 'none'; script-src 'nonce-${nonce}';")
    assert "unsafe" not in policy[1]
    drawing = "".join(source for path, source in SOURCES.items() if path.parent.name == "webview")
    assert not re.search(r"innerHTML|insertAdjacentHTML|outerHTML|document\.write|eval\(", drawing)


@pytest.mark.parametrize("name", SNIPPETS)
def test_snippets_parse(name: str) -> None:
    text = _filled("\n".join(SNIPPETS[name]["body"]))
    if text.startswith("@"):
        text += "\ncompose(value: 1)"
    if not text.startswith("flow "):
        text = f"flow a {{\n  on manual()\n{text}\n}}"
    assert [e.message for e in parse(text).errors] == [], text


def _filled(body: str) -> str:
    """A snippet as it stands when a person takes every first choice; a stop without a text of its own becomes a step."""
    body = re.sub(r"\$\{\d+\|((?:\\.|[^|,\\])*)[^|]*\|\}", lambda m: m[1].replace("\\,", ","), body)
    while re.search(r"\$\{\d+:[^{}]*\}", body):
        body = re.sub(r"\$\{\d+:([^{}]*)\}", r"\1", body)
    body = re.sub(r"(?<=\.)\$\d+|\$\d+(?=\.)", "name", body)
    return re.sub(r"\$\d+", "compose(value: 1)", body)


def test_the_examples_are_as_they_say() -> None:
    folder = EXTENSION / "examples"
    catalog = load_catalog([folder / "catalog"])
    first = (folder / "1-first-flow.flow").read_text(encoding="utf-8")
    assert first.startswith("# ") and "\n" not in first
    mistakes = (folder / "2-mistakes.flow").read_text(encoding="utf-8")
    found = [d for d in check(parse(mistakes), catalog) if d.severity == "error"]
    assert {d.code for d in found} == {"FQ003", "FQ004", "FQ005", "FQ010"}
    leave = (folder / "3-leave-request.flow").read_text(encoding="utf-8")
    assert check(parse(leave), catalog) == ()
    assert format_text(leave) == leave
    assert {o.name for o in catalog.connectors["garage"].operations} == {"list_free_places", "reserve_place", "open_barrier"}


@pytest.mark.slow
def test_units(npm: str) -> None:
    done = subprocess.run([npm, "run", "--silent", "unit"], cwd=EXTENSION, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_package_holds_what_it_needs_and_no_more(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        names = {n.removeprefix("extension/") for n in archive.namelist()}
    assert {"package.json", "dist/extension.js", "dist/graph.js", "dist/graph.css", "examples/flowquill.toml", "images/icon.png", "LICENSE.txt", "changelog.md"} <= names
    assert [n for n in names if re.search(r"node_modules|^src/|^test/|\.map$|tsconfig", n)] == []
    assert package.stat().st_size < 1_000_000


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_in_a_real_vs_code(drive: dict[str, Any], name: str) -> None:
    if name not in drive["scenarios"] and drive.get("late"):
        pytest.skip("The machine was too slow to come to this within the time; FLOWQUILL_E2E_SECONDS=1500 gives it more.")
    assert name in drive["scenarios"], f"{name} did not run"
    problem = drive["scenarios"][name]["problem"]
    assert problem == "", f"{problem}\nPictures: {drive['pictures']}"

"""A language server to compare with: yaml-language-server from the npm registry, on a YAML file as long, in the same run."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

from flowquill.bench.wire import Wire

PACKAGE = "yaml-language-server"
INSTALL_SECONDS = 600.0


class NoPeer(Exception):
    """Why there is nothing to compare with, in one sentence."""


def measured(repeat: int) -> dict[str, list[tuple[float, float]]]:
    """(milliseconds to the answer, milliseconds of the processor) for completion and hover right after a keystroke in 1,000 lines of YAML.

    Raises NoPeer where node or npm is not there or the package cannot be had. It checks text only after a wait of its own, so its
    diagnostics are not compared; it has no semantic tokens, and renames anchors only.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NoPeer("node or npm is not installed, so there is no peer to compare with")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [npm, "install", "--prefix", name, "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise NoPeer(f"npm did not install {PACKAGE} in {INSTALL_SECONDS:.0f} s, so there is no peer to compare with") from None
        if done.returncode:
            raise NoPeer(f"npm could not install {PACKAGE}, so there is no peer to compare with")
        (folder / "schema.json").write_text(json.dumps(_SCHEMA), encoding="utf-8")
        with closing(Wire([node, str(folder / "node_modules" / PACKAGE / "bin" / PACKAGE), "--stdio"], folder)) as wire:
            return _asked(wire, folder, repeat)


def _asked(wire: Wire, folder: Path, repeat: int) -> dict[str, list[tuple[float, float]]]:
    yaml = {"schemas": {(folder / "schema.json").as_uri(): "*.yaml"}, "validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}
    wire.settings = {"yaml": yaml}
    wire.initialize({"workspace": {"configuration": True}, "textDocument": {"completion": {}, "hover": {}}})
    wire.notify("workspace/didChangeConfiguration", {"settings": {"yaml": yaml}})
    uri = (folder / "long.yaml").as_uri()
    lines = long_yaml()
    wire.notify("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": "\n".join(lines)}})
    picked = random.Random(5)
    names = [n for n, line in enumerate(lines) if "name:" in line]
    times: dict[str, list[tuple[float, float]]] = {"completion": [], "hover": []}
    version = 1
    for method, found in times.items():
        for number in range(repeat + 3):
            line = picked.choice(names)
            version += 1
            end = len(lines[line])
            text = "x" if method == "hover" else "\n    m"
            place = {"start": {"line": line, "character": end}, "end": {"line": line, "character": end}}
            wire.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"range": place, "text": text}]})
            where = {"line": line, "character": 6} if method == "hover" else {"line": line + 1, "character": 5}
            one = wire.timed(f"textDocument/{method}", {"textDocument": {"uri": uri}, "position": where})
            version += 1
            after = {"line": line, "character": end + 1} if method == "hover" else {"line": line + 1, "character": 5}
            gone = {"start": place["start"], "end": after}
            wire.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"range": gone, "text": ""}]})
            if number >= 3:
                # The first ones read the schema.
                found.append(one[:2])
    return times


def long_yaml() -> list[str]:
    """1,000 lines of steps, as a flow's steps might be written in YAML."""
    lines = ["steps:"]
    for number in range(250):
        lines += [f"  - name: step {number}", "    method: GET", f"    uri: https://example.com/items/{number}", f"    when: total > {number}"]
    return lines[:1000]


_SCHEMA = {
    "type": "object",
    "properties": {
        "steps": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "description": "What the step is called."},
                    "method": {"enum": ["GET", "POST", "PUT", "PATCH", "DELETE"], "description": "How the address is called."},
                    "uri": {"type": "string", "description": "The address."},
                    "when": {"type": "string", "description": "The condition under which the step runs."},
                    "message": {"type": "string", "description": "What is said."},
                },
            },
        }
    },
}

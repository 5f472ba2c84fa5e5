"""The rooms stand in order: none imports from one above it, and the language server needs no torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = {
    "grammar": ROOT / "grammar/flowquill/grammar",
    "generation": ROOT / "server/flowquill/generation",
    "server": ROOT / "server/flowquill/server",
}
ALLOWED = {"grammar": {"grammar"}, "generation": {"grammar", "generation"}, "server": {"grammar", "generation", "server"}}


def imports(file: Path) -> set[str]:
    """The modules a file names in its import statements, wherever they stand."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_imports_from_one_above(room: str) -> None:
    files = list(ROOMS[room].rglob("*.py"))
    assert files
    for file in files:
        for module in imports(file):
            if module.startswith("flowquill."):
                assert module.split(".")[1] in ALLOWED[room], f"{file} imports {module}"
            assert module.split(".")[0] not in ("torch", "transformers", "vllm"), f"{file} imports {module}"


def test_neither_server_nor_generation_loads_torch() -> None:
    code = (
        "import sys, flowquill.server.documents, flowquill.server.loading, flowquill.generation.pipeline, flowquill.generation.embedded; "
        "print(sorted({'torch', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

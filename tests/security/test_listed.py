"""server/SECURITY.md lists every attempt, and no other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.editors.programs import ROOT


def test_the_list_is_the_tests() -> None:
    listed = re.findall(r"\| `(test_\w+)` \|", (ROOT / "server" / "SECURITY.md").read_text())
    tests = [
        n.name
        for file in sorted(Path(__file__).parent.glob("test_*.py"))
        if file != Path(__file__)
        for n in ast.parse(file.read_text()).body
        if isinstance(n, ast.FunctionDef) and n.name.startswith("test_") and n.name != "test_there_is_something_to_look_at"
    ]
    assert sorted(listed) == sorted(tests) and len(tests) >= 40

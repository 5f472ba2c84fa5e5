"""Reads what pip-audit or npm audit wrote and says it in lines: python .ci/audited.py pip|npm FILE. Exit code 1 where there is a weakness."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def python(found: dict[str, Any]) -> tuple[str, list[str]]:
    """A summary and the weaknesses of pip-audit's JSON."""
    packages = found["dependencies"]
    asked = [p for p in packages if "skip_reason" not in p]
    weak = [f"{p['name']} {p['version']}: {v['id']}, mended in {', '.join(v.get('fix_versions') or []) or 'no version yet'}" for p in asked for v in p["vulns"]]
    if not asked and packages:
        return f"Python: not audited, this registry tells nothing of weaknesses ({len(packages)} packages).", []
    left = f", {len(packages) - len(asked)} could not be asked for" if len(asked) < len(packages) else ""
    return f"Python: {len(asked)} packages audited{left}, weaknesses found: {len(weak)}.", weak


def npm(found: dict[str, Any]) -> tuple[str, list[str]]:
    """A summary and the weaknesses of npm audit's JSON."""
    if "vulnerabilities" not in found:
        return "JavaScript: not audited, this registry tells nothing of weaknesses.", []
    weak = [f"{name} {v.get('range', '')}: {v.get('severity', '')}" for name, v in found["vulnerabilities"].items()]
    total = found.get("metadata", {}).get("dependencies", {}).get("total", 0)
    return f"JavaScript: {total} packages audited, weaknesses found: {len(weak)}.", weak


def main(kind: str, file: Path) -> int:
    """Prints the lines; the exit code."""
    name = {"pip": "Python", "npm": "JavaScript"}[kind]
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        summary, weak = {"pip": python, "npm": npm}[kind](found)
    except (OSError, ValueError, KeyError, TypeError):
        summary, weak = f"{name}: not audited, the registry does not answer.", []
    print("\n".join([summary, *(f"  {w}" for w in weak)]))
    return 1 if weak else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))

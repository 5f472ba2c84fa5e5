"""The licences of the JavaScript in the VS Code extension's bundles, as one text to ship with it: python .ci/notices.py > editors/vscode/NOTICES.txt

What is bundled is what `sbom.py` says; the texts are those in editors/vscode/node_modules (npm ci).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from sbom import EDITOR, bundled

_TEXT = re.compile(r"(?i)(licen[cs]e|notice|thirdpartynotices)(\.(md|txt))?$")


def notices() -> str:
    """The whole text, packages in order of their names. Raises FileNotFoundError where a package is not there or has no licence."""
    parts = ["The bundled scripts of this extension contain the following packages under their own licences.\n"]
    components, _ = bundled()
    for component in sorted(components, key=lambda c: str(c["name"])):
        folder = EDITOR / "node_modules" / str(component["name"])
        texts = sorted(f for f in folder.iterdir() if _TEXT.fullmatch(f.name))
        if not texts:
            raise FileNotFoundError(f"{folder} has no licence")
        parts.append(f"{'=' * 80}\n{component['name']} {component['version']}\n")
        parts += [t.read_text(encoding="utf-8-sig").replace("\r\n", "\n").strip() + "\n" for t in texts]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(notices())

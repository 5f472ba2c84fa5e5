"""What is shipped, as CycloneDX 1.6 JSON: the packages that the installed wheel draws in, the model's weights, the JavaScript in the VS Code extension.

    python .ci/sbom.py [--extra NAME]... [--out FILE] [--requirements FILE]

The same sources and packages give the same bytes. Run it with the Python that has Flowquill installed; it needs `packaging`.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import sys
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
EDITOR = ROOT / "editors" / "vscode"
_IMPORT = re.compile(r"""(?:from|import|require\()\s*["']((?:@[^"'/]+/)?[^"'./][^"'/]*)[^"']*["']""")
Json = dict[str, Any]


def main() -> int:
    """The exit code: 1 where a package that is needed is not installed."""
    parser = argparse.ArgumentParser(description="Write the bill of materials.")
    parser.add_argument("--extra", action="append", default=[], help="An extra of the package, as remote; may be repeated.")
    parser.add_argument("--out", type=Path, help="Where it goes; printed if absent.")
    parser.add_argument("--requirements", type=Path, help="Write the Python packages as NAME==VERSION there, for pip-audit.")
    given = parser.parse_args()
    try:
        made = bill(given.extra)
    except PackageNotFoundError as error:
        print(f"The package {error.name} is not installed; run: pip install -e .", file=sys.stderr)
        return 1
    text = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
    if given.out:
        given.out.write_text(text, encoding="utf-8")
    else:
        print(text, end="")
    if given.requirements:
        lines = [f"{c['name']}=={c['version']}\n" for c in made["components"] if c.get("purl", "").startswith("pkg:pypi/")]
        given.requirements.write_text("".join(lines), encoding="utf-8")
    return 0


def bill(extras: Iterable[str] = ()) -> Json:
    """The whole document. Raises PackageNotFoundError."""
    main = distribution("flowquill")
    found, edges = python_packages(main, frozenset(extras))
    weights = model(ROOT / "server/flowquill/generation/model")
    scripts, script_edges = bundled()
    own = f"pkg:pypi/flowquill@{main.version}"
    roots = [c["bom-ref"] for c in weights] + script_edges.pop("", [])
    edges[own] = sorted({*edges[own], *roots})
    components = sorted([*found.values(), *weights, *scripts], key=lambda c: str(c["bom-ref"]))
    edges |= script_edges
    document: Json = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": own, "name": "flowquill", "version": main.version, "purl": own, "licenses": [{"license": {"id": "MIT"}}]}},
        "components": components,
        "dependencies": [{"ref": ref, "dependsOn": sorted(edges.get(ref, []))} for ref in [own, *(str(c["bom-ref"]) for c in components)]],
    }
    document["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(document, sort_keys=True))}"
    if moment := os.environ.get("SOURCE_DATE_EPOCH"):
        document["metadata"]["timestamp"] = datetime.fromtimestamp(int(moment), UTC).isoformat().replace("+00:00", "Z")
    return document


def python_packages(main: Distribution, extras: frozenset[str]) -> tuple[dict[str, Json], dict[str, list[str]]]:
    """Components by name of everything that `main` needs on this machine, and who needs whom by reference."""
    components: dict[str, Json] = {}
    edges: dict[str, list[str]] = {}
    waiting: list[tuple[Distribution, frozenset[str]]] = [(main, extras)]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        holder, wanted = waiting.pop()
        ref = _purl(holder)
        edges.setdefault(ref, [])
        for line in holder.requires or ():
            needed = Requirement(line)
            if needed.marker is not None and not any(needed.marker.evaluate({"extra": e}) for e in (*wanted, "")):
                continue
            package = distribution(needed.name)
            name = canonicalize_name(needed.name)
            if name == canonicalize_name("flowquill"):
                waiting.append((main, frozenset(needed.extras)))
                continue
            edges[ref] = sorted({*edges[ref], _purl(package)})
            key = frozenset(needed.extras)
            if (name, key) in seen:
                continue
            seen.add((name, key))
            components[name] = _library(name, package)
            waiting.append((package, key))
    return components, edges


def model(folder: Path) -> list[Json]:
    """The weights that ship, each file with its hash from the manifest that is checked before anything is loaded."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    described = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    files = [{"type": "file", "name": name, "hashes": [{"alg": "SHA-256", "content": digest}]} for name, digest in sorted(manifest["files"].items())]
    before = {"type": "machine-learning-model", "name": "all-MiniLM-L6-v2", "publisher": "sentence-transformers", "licenses": [{"license": {"id": "Apache-2.0"}}]}
    return [
        {
            "type": "machine-learning-model",
            "bom-ref": f"model:{manifest['name']}@{described['version']}",
            "name": manifest["name"],
            "version": str(described["version"]),
            "licenses": [{"license": {"id": "MIT"}}, {"license": {"id": "Apache-2.0"}}],
            "pedigree": {"ancestors": [before], "notes": "Trained further together with a decoder; 8-bit weights."},
            "components": files,
        }
    ]


def bundled() -> tuple[list[Json], dict[str, list[str]]]:
    """The npm packages in the extension's bundles: what its sources import, and what those need, as the lock file has them."""
    lock = EDITOR / "package-lock.json"
    if not lock.is_file():
        return [], {"": []}
    packages: dict[str, Json] = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    sources = sorted((EDITOR / "src").rglob("*.ts"))
    imported = {m for f in sources for m in _IMPORT.findall(f.read_text(encoding="utf-8"))}
    waiting = sorted(place for name in imported if (place := f"node_modules/{name}") in packages)
    edges: dict[str, list[str]] = {"": [_npm(place, packages[place]) for place in waiting]}
    components: dict[str, Json] = {}
    while waiting:
        place = waiting.pop()
        ref = _npm(place, packages[place])
        if ref in components:
            continue
        components[ref] = _script(place, packages[place], ref)
        needed = [found for name in packages[place].get("dependencies", {}) if (found := _resolved(place, name, packages))]
        edges[ref] = [_npm(f, packages[f]) for f in needed]
        waiting += needed
    return list(components.values()), edges


def _resolved(place: str, name: str, packages: Json) -> str | None:
    """Where Node finds a package for one that lies at `place`: beside it, or further up."""
    while True:
        found = f"{place}/node_modules/{name}" if place else f"node_modules/{name}"
        if found in packages:
            return found
        if not place:
            return None
        place = place.rpartition("/node_modules/")[0] if "/node_modules/" in place else ""


def _npm(place: str, package: Json) -> str:
    name = place.rpartition("node_modules/")[2].replace("@", "%40")
    return f"pkg:npm/{name}@{package['version']}"


def _script(place: str, package: Json, ref: str) -> Json:
    found: Json = {"type": "library", "bom-ref": ref, "name": place.rpartition("node_modules/")[2], "version": package["version"], "purl": ref}
    if package.get("license"):
        found["licenses"] = [_license(str(package["license"]))]
    algorithm, _, digest = str(package.get("integrity", "")).partition("-")
    if algorithm == "sha512" and digest:
        found["hashes"] = [{"alg": "SHA-512", "content": base64.b64decode(digest).hex()}]
    return found


def _library(name: str, package: Distribution) -> Json:
    found: Json = {"type": "library", "bom-ref": _purl(package), "name": name, "version": package.version, "purl": _purl(package)}
    said = package.metadata.get("License-Expression") or package.metadata.get("License") or ""
    if not said or "\n" in said or len(said) > 80:
        classified = [c.rpartition(" :: ")[2] for c in package.metadata.get_all("Classifier") or () if c.startswith("License :: ")]
        said = " AND ".join(classified)
        return found | ({"licenses": [{"license": {"name": said}}]} if said else {})
    return found | {"licenses": [_license(said)]}


def _license(said: str) -> Json:
    """A known identifier of SPDX, or the name that the package gives."""
    known = {"MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "PSF-2.0", "MPL-2.0", "0BSD", "BlueOak-1.0.0", "Unlicense", "Zlib"}
    return {"license": {"id": said}} if said in known else {"license": {"name": said}}


def _purl(package: Distribution) -> str:
    return f"pkg:pypi/{canonicalize_name(package.metadata['Name'])}@{package.version}"


if __name__ == "__main__":
    sys.exit(main())

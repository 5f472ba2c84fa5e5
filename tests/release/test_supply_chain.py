"""The bill of materials names everything that is shipped, and the audit tells a weakness from a registry that does not answer."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.editors.programs import ROOT

NPM = {"vulnerabilities": {"semver": {"range": "<7.5.2", "severity": "high"}}, "metadata": {"dependencies": {"total": 12}}}
PIP = {"dependencies": [{"name": "lark", "version": "1.2.2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.3"]}]}, {"name": "rich", "version": "14", "vulns": []}]}


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"ci_{name}", ROOT / ".ci" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    return dict(script("sbom").bill())


def test_it_names_every_package_the_wheel_needs(bill: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    named = {c["name"]: c for c in bill["components"] if c.get("purl", "").startswith("pkg:pypi/")}
    assert needed <= set(named) and {"attrs", "cattrs", "protobuf"} <= set(named)
    assert not {"pytest", "torch", "mypy", "flowquill"} & set(named)
    [direct] = [d["dependsOn"] for d in bill["dependencies"] if d["ref"] == bill["metadata"]["component"]["bom-ref"]]
    assert {named[n]["bom-ref"] for n in needed} == {r for r in direct if r.startswith("pkg:pypi/")}
    assert all(c.get("licenses") for c in named.values())


def test_it_names_the_weights_with_their_hashes(bill: dict[str, Any]) -> None:
    [model] = [c for c in bill["components"] if c["type"] == "machine-learning-model"]
    folder = ROOT / "server/flowquill/generation/model"
    for file in model["components"]:
        [digest] = file["hashes"]
        assert hashlib.sha256((folder / file["name"]).read_bytes()).hexdigest() == digest["content"]
    assert {"encoder.onnx", "decoder.onnx", "heads.npz", "tokenizer.json"} <= {f["name"] for f in model["components"]}
    assert model["pedigree"]["ancestors"][0]["name"] == "all-MiniLM-L6-v2"


def test_it_names_the_bundled_javascript(bill: dict[str, Any]) -> None:
    scripts = {c["name"]: c for c in bill["components"] if c.get("purl", "").startswith("pkg:npm/")}
    assert {"vscode-languageclient", "vscode-languageserver-protocol", "vscode-jsonrpc", "@dagrejs/dagre", "@dagrejs/graphlib"} <= set(scripts)
    # What only builds and tests is not shipped.
    assert not {"typescript", "esbuild", "playwright-core", "@vscode/vsce"} & set(scripts)
    assert all(len(c["hashes"][0]["content"]) == 128 for c in scripts.values())


def test_it_holds_together_and_is_the_same_each_time(bill: dict[str, Any]) -> None:
    refs = [bill["metadata"]["component"]["bom-ref"], *(c["bom-ref"] for c in bill["components"])]
    assert len(refs) == len(set(refs)) and [d["ref"] for d in bill["dependencies"]] == refs
    assert all(set(d["dependsOn"]) <= set(refs) for d in bill["dependencies"])
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert script("sbom").bill() == bill
    serial = bill["serialNumber"]
    assert script("sbom").bill(["retrieval"])["serialNumber"] != serial


def test_the_bundles_have_nothing_else_in_them() -> None:
    """Every module that the bundler took from node_modules belongs to a package that the bill names."""
    bundle = ROOT / "editors/vscode/dist/extension.js"
    if not bundle.is_file() or not (ROOT / "editors/vscode/node_modules/esbuild").is_dir():
        pytest.skip("the extension is not built here")
    code = (
        'import {build} from "esbuild"; const made = await build({entryPoints: ["src/extension.ts", "src/webview/graph.ts"], bundle: true, write: false, metafile: true, '
        'outdir: "none", platform: "node", external: ["vscode"], logLevel: "silent"}); '
        'console.log(JSON.stringify(Object.keys(made.metafile.inputs)))'
    )
    done = subprocess.run(["node", "--input-type=module", "-e", code], cwd=ROOT / "editors/vscode", capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"esbuild does not run here: {done.stderr[-200:]}")
    inside = [i.rpartition("node_modules/")[2].split("/") for i in json.loads(done.stdout) if "node_modules/" in i]
    taken = {"/".join(parts[: 2 if parts[0].startswith("@") else 1]) for parts in inside}
    components, _ = script("sbom").bundled()
    assert taken and taken <= {c["name"] for c in components}


@pytest.mark.parametrize(
    ("kind", "written", "code", "says"),
    [
        ("pip", PIP, 1, "2 packages audited, weaknesses found: 1"),
        ("pip", {"dependencies": [{"name": "rich", "skip_reason": "not found on PyPI"}]}, 0, "not audited"),
        ("pip", None, 0, "does not answer"),
        ("npm", NPM, 1, "12 packages audited, weaknesses found: 1"),
        ("npm", {"vulnerabilities": {}, "metadata": {"dependencies": {"total": 12}}}, 0, "found: 0"),
        ("npm", {"statusCode": 405, "message": "405 Method Not Allowed"}, 0, "not audited"),
        ("npm", None, 0, "does not answer"),
    ],
)
def test_what_the_auditors_write_becomes_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, written: object, code: int, says: str) -> None:
    file = tmp_path / "found.json"
    if written is not None:
        file.write_text(json.dumps(written))
    assert script("audited").main(kind, file) == code
    assert says in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
@pytest.mark.parametrize(("found", "code"), [({"dependencies": []}, 0), (PIP, 1)])
def test_the_audit_from_end_to_end(tmp_path: Path, found: object, code: int) -> None:
    """With auditors that only write down what they would have found."""
    (tmp_path / "pip_audit").mkdir()
    (tmp_path / "pip_audit" / "__init__.py").write_text("")
    (tmp_path / "pip_audit" / "__main__.py").write_text(
        f"import sys; from pathlib import Path\nPath(sys.argv[sys.argv.index('-o') + 1]).write_text({json.dumps(found)!r})\nassert '==' in Path(sys.argv[sys.argv.index('-r') + 1]).read_text()\n"
    )
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho '{\"statusCode\": 405}'\nexit 1\n")
    npm.chmod(0o755)
    env = {**os.environ, "PYTHON": sys.executable, "PYTHONPATH": str(tmp_path), "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run([str(ROOT / ".ci/audit"), str(tmp_path / "out" / "sbom.json")], capture_output=True, text=True, timeout=300, check=False, env=env)
    assert done.returncode == code, done.stdout + done.stderr
    assert "JavaScript: not audited" in done.stdout and json.loads((tmp_path / "out" / "sbom.json").read_text())["components"]

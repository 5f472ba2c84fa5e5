"""What the sources must not hold: ways for data to become code, or for a file to become a command."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.editors.programs import ROOT

SOURCES = sorted(p for room in ("grammar", "server", "training") for p in (ROOT / room / "flowquill").rglob("*.py"))


def nodes() -> Iterator[tuple[Path, ast.AST]]:
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            yield file, node


def calls(*names: str) -> list[str]:
    """Where functions of these dotted or bare names are called."""
    return [f"{f}:{n.lineno}" for f, n in nodes() if isinstance(n, ast.Call) and ast.unparse(n.func) in names]


def given(keyword: str, value: object) -> list[str]:
    """Where a call has this keyword with this value."""
    return [
        f"{f}:{n.lineno}"
        for f, n in nodes()
        if isinstance(n, ast.Call) and any(k.arg == keyword and isinstance(k.value, ast.Constant) and k.value.value == value for k in n.keywords)
    ]


def test_there_is_something_to_look_at() -> None:
    assert len(SOURCES) > 150 and calls("json.loads")


def test_no_pickle() -> None:
    modules = {"pickle", "cPickle", "marshal", "shelve", "dill", "joblib", "cloudpickle"}
    found = [str(f) for f, n in nodes() if isinstance(n, ast.Import | ast.ImportFrom) and modules & {a.name.split(".")[0] for a in n.names} | modules & {getattr(n, "module", None) or ""}]
    assert not found


def test_no_code_made_of_text() -> None:
    assert not calls("eval", "exec", "compile", "__import__", "builtins.eval", "builtins.exec")


def test_no_yaml_objects() -> None:
    assert not calls("yaml.load", "yaml.unsafe_load", "yaml.full_load", "yaml.load_all", "yaml.unsafe_load_all")


def test_no_shell() -> None:
    assert not calls("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "asyncio.create_subprocess_shell")
    assert not given("shell", True)


def test_no_arrays_of_objects_and_no_unchecked_weights() -> None:
    assert not given("allow_pickle", True) and not given("weights_only", False)
    bare = [f"{f}:{n.lineno}" for f, n in nodes() if isinstance(n, ast.Call) and ast.unparse(n.func) == "torch.load" and not any(k.arg == "weights_only" for k in n.keywords)]
    assert not bare


def test_no_code_of_models() -> None:
    assert not given("trust_remote_code", True)


def test_certificates_are_checked() -> None:
    assert not given("verify", False) and not calls("ssl._create_unverified_context") and not given("check_hostname", False)


def test_no_archive_is_unpacked_to_the_disk() -> None:
    found = [f"{f}:{n.lineno}" for f, n in nodes() if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr in ("extractall", "extract", "unpack_archive")]
    assert not found


def test_no_temporary_file_with_a_name_that_can_be_guessed() -> None:
    assert not calls("tempfile.mktemp", "os.tmpnam")


def test_no_xml_parser_that_fetches() -> None:
    found = [str(f) for f, n in nodes() if isinstance(n, ast.Import | ast.ImportFrom) and "lxml" in {a.name.split(".")[0] for a in n.names} | {(getattr(n, "module", None) or "").split(".")[0]}]
    assert not found

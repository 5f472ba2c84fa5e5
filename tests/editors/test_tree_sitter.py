"""The tree-sitter grammar accepts what flow.lark accepts and nothing else, and its queries fit it."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.forward import Forward
from tests.editors.programs import EDITORS
from tests.grammar.corpus import BAD, GOOD
from tests.grammar.walks import walk

FOLDER = EDITORS / "tree-sitter-flowquill"


@pytest.fixture(scope="module")
def language(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The committed parser, compiled."""
    tree_sitter = pytest.importorskip("tree_sitter", reason="The Python package tree-sitter is not installed: pip install tree-sitter.")
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("There is no C compiler: apt-get install gcc.")
    built = tmp_path_factory.mktemp("parser") / "flowquill.so"
    source = FOLDER / "src"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-std=c11", f"-I{source}", str(source / "parser.c"), "-o", str(built)], check=True, timeout=300)
    library = ctypes.CDLL(str(built))
    library.tree_sitter_flowquill.restype = ctypes.c_void_p
    capsule = ctypes.pythonapi.PyCapsule_New
    capsule.restype, capsule.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    return tree_sitter.Language(capsule(library.tree_sitter_flowquill(), b"tree_sitter.Language", None))


def root(language: Any, text: str) -> Any:
    from tree_sitter import Parser

    return Parser(language).parse(text.encode()).root_node


@pytest.mark.parametrize("name", GOOD)
def test_good_flows_have_no_error(name: str, language: Any) -> None:
    assert not root(language, GOOD[name]).has_error


@pytest.mark.parametrize("name", BAD)
def test_bad_texts_have_one(name: str, language: Any) -> None:
    assert root(language, BAD[name]).has_error


def test_flows_written_at_random_have_no_error(language: Any) -> None:
    catalog = load_catalog()
    forward = Forward(catalog)
    for seed in range(60):
        text = walk(forward, catalog, seed)
        found = root(language, text)
        assert not found.has_error, text
        # The flow is one node to the end: nothing of it was swallowed or skipped.
        assert [c.type for c in found.children] == ["flow"] and found.children[0].end_byte == len(text.encode().rstrip())


def cases() -> list[tuple[str, str, str]]:
    """The corpus of `tree-sitter test`: name, text, tree ("" where an error is wanted)."""
    found = []
    for path in sorted((FOLDER / "test" / "corpus").glob("*.txt")):
        for head, body in re.findall(r"^=+\n(.*?)\n=+\n(.*?)(?=^=+\n|\Z)", path.read_text(), re.M | re.S):
            text, _, wanted = body.partition("\n---\n")
            name, *marks = head.splitlines()
            found.append((name, text, "" if ":error" in marks else " ".join(wanted.split())))
    return found


@pytest.mark.parametrize(("name", "text", "wanted"), cases())
def test_the_trees_of_the_corpus(name: str, text: str, wanted: str, language: Any) -> None:
    found = root(language, text)
    if not wanted:
        assert found.has_error
    else:
        assert re.sub(r"\b[a-z_]+: ", "", str(found)) == wanted


def captures(language: Any, query: str, text: str) -> dict[str, list[str]]:
    from tree_sitter import Query, QueryCursor

    cursor = QueryCursor(Query(language, query))
    return {name: [n.text.decode() for n in nodes] for name, nodes in cursor.captures(root(language, text)).items()}


@pytest.mark.parametrize("path", sorted(EDITORS.glob("**/*.scm")), ids=lambda p: str(p.relative_to(EDITORS)))
def test_queries_fit_the_grammar(path: Path, language: Any) -> None:
    assert captures(language, path.read_text(), "".join(GOOD.values()))


def test_what_is_coloured_as_what(language: Any) -> None:
    text = GOOD["event"] + GOOD["template"].replace("flow a", "flow b")
    found = captures(language, (FOLDER / "queries" / "highlights.scm").read_text(), text)
    assert found["function"] == ["a", "b"]
    assert set(found["module"]) == {"slack"} and "post_message" in found["function.call"]
    assert set(found["keyword"]) >= {"flow", "on", "as", "manual"}
    assert found["string.escape"] == ["\\{", "\\}"] and found["property"] == ["name", "name"]


def test_the_parser_is_the_grammars(tmp_path: Path) -> None:
    """`tree-sitter generate` gives the committed parser again, where that program is to be had."""
    program = os.environ.get("FLOWQUILL_TREE_SITTER") or shutil.which("tree-sitter")
    if program is None:
        pytest.skip("tree-sitter is not installed: npm install -g tree-sitter-cli, or Debian's package of that name.")
    for name in ("grammar.js", "tree-sitter.json"):
        shutil.copy(FOLDER / name, tmp_path)
    subprocess.run([program, "generate", "--abi", "14"], cwd=tmp_path, check=True, timeout=300, env={**os.environ, "HOME": str(tmp_path)})
    assert (tmp_path / "src" / "grammar.json").read_text() == (FOLDER / "src" / "grammar.json").read_text()

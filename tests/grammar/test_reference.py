"""Every example of the language reference is a sound flow in its one layout, and every construct has an example."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flowquill.grammar import tree
from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.check import check
from flowquill.grammar.diagnostics import CODES
from flowquill.grammar.format import format_text
from flowquill.grammar.parse import parse
from flowquill.grammar.wdl.compile import compile_flow
from flowquill.grammar.wdl.schema import check_definition
from flowquill.grammar.wdl.violations import RULES
from flowquill.grammar.words import DECORATORS

ROOM = Path(__file__).parents[2] / "grammar"
REFERENCE = (ROOM / "REFERENCE.md").read_text(encoding="utf-8")
EXAMPLES = {match[2]: match[1] for match in re.finditer(r"^```flow\n((?:.*\n)*?(?:flow|.*\nflow) (\w+)(?:.*\n)*?)```$", REFERENCE, re.MULTILINE)}


def test_all_blocks_are_found() -> None:
    assert len(EXAMPLES) == REFERENCE.count("```flow\n") > 20


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_is_sound_and_laid_out(name: str) -> None:
    text = EXAMPLES[name]
    parsed = parse(text)
    assert [(d.code, d.message) for d in check(parsed, load_catalog()) if d.severity != "hint"] == []
    assert format_text(text) == text


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_compiles_to_what_a_platform_takes(name: str) -> None:
    catalog = load_catalog()
    for flow in parse(EXAMPLES[name]).file.flows:
        if flow.name.text == "refused":
            continue
        compiled = compile_flow(flow, catalog)
        assert [v for v in check_definition(compiled.definition, "logicapps") if v.severity == "error"] == []


def test_every_construct_setting_and_built_in_operation_has_an_example() -> None:
    nodes = [n for text in EXAMPLES.values() for n in tree.walk(parse(text).file)]
    kinds = {type(n) for n in nodes}
    constructs = {k for k in vars(tree).values() if isinstance(k, type) and issubclass(k, tree.Node)} - {tree.Node, tree.Statement}
    assert constructs - kinds == set()
    assert {n.name.text for n in nodes if isinstance(n, tree.Decorator)} == set(DECORATORS)
    called = {n.callee.operation.text for n in nodes if isinstance(n, (tree.Call, tree.Trigger)) and n.callee and n.callee.connector is None}
    offered = {o.name for o in load_catalog().builtins.values() if getattr(o, "offered", True)}
    assert offered - called == set()


def test_every_rule_and_diagnostic_has_its_place() -> None:
    for code, rule in RULES.items():
        assert f"| {code} | {rule} |" in REFERENCE
    readme = (ROOM / "README.md").read_text(encoding="utf-8")
    for code, title in CODES.items():
        assert f"### {code}: {title}" in readme


def test_links_inside_the_page_lead_somewhere() -> None:
    headings = {re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.+)$", REFERENCE, re.MULTILINE)}
    for target in re.findall(r"\]\(#([^)]+)\)", REFERENCE):
        assert target in headings

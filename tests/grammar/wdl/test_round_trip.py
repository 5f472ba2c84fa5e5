"""There and back: real definitions, mutated ones, generated flows. The real ones are read from the shared data and skipped without it."""

from __future__ import annotations

import copy
import gzip
import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowquill.grammar import tree
from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.check import check
from flowquill.grammar.format import render
from flowquill.grammar.forward import Forward
from flowquill.grammar.parse import parse
from flowquill.grammar.wdl.compile import compile_flow
from flowquill.grammar.wdl.decompile import WdlError, decompile
from flowquill.grammar.wdl.normalise import normalise
from tests.grammar.walks import walk
from tests.grammar.wdl.canonical import canonical

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(os.environ.get("FLOWQUILL_SHARED_DATA", ROOT.parent / "shared" / "data")) / "workflows-dev.jsonl.gz"
CATALOG = load_catalog()
needs_data = pytest.mark.skipif(not DATA.is_file(), reason=f"the real workflows are not at {DATA}; set FLOWQUILL_SHARED_DATA")


def real() -> list[tuple[str, dict[str, Any]]]:
    """The real definitions with their ids."""
    with gzip.open(DATA, "rt", encoding="utf-8") as file:
        return [(found["id"], found["definition"]) for found in map(json.loads, file)]


def exact(found: dict[str, Any]) -> str:
    """A definition as text, so that 1, 1.0 and true are different."""
    return json.dumps(normalise(found), sort_keys=True)


def sound(flow: tree.Flow) -> None:
    """The flow's text parses to the same flow and has no error."""
    text = render(tree.File((flow,)))
    parsed = parse(text)
    assert not parsed.errors, (parsed.errors[0], text)
    assert parsed.file.flows[0] == flow, text
    errors = [d for d in check(parsed, CATALOG) if d.severity == "error"]
    assert not errors, (errors[0], text)


@needs_data
def test_real_definitions_come_back_as_they_were() -> None:
    definitions = real()
    assert len(definitions) > 200
    raw = actions = 0
    for name, definition in definitions:
        flow = decompile(definition, CATALOG, name).flow
        sound(flow)
        assert exact(compile_flow(flow, CATALOG).definition) == exact(definition), name
        calls = [n.callee.text for n in tree.walk(flow) if isinstance(n, tree.Call)]
        raw += calls.count("raw")
        actions += sum(1 for n in tree.walk(flow) if isinstance(n, tree.Statement) and not isinstance(n, (tree.Parallel, tree.Param)))
    assert raw <= actions * 0.02, f"{raw} of {actions} actions are raw"


@needs_data
def test_the_largest_takes_less_than_a_second() -> None:
    name, definition = max(real(), key=lambda d: len(json.dumps(d[1])))
    started = time.perf_counter()
    compile_flow(decompile(definition, CATALOG, name).flow, CATALOG)
    assert time.perf_counter() - started < 1


JUNK: tuple[Any, ...] = (
    None, 1, -1, 0.5, True, "", "@", "@@x", "@{", "@{}", "@{a", "@foo(", "@body('x')?['y']", "@null", [], {}, {"a": None}, [[]], "@createArray(1)",
    "@{createArray(body('q'), 1)}", "@json('[]')", "@json('{\"a\":1}')", "@if(true, 1, 2)", "@item()", "@and(true)", "@or(1, 2, 3)", "@sub(0, 1)",
    "@outputs('a')?['body/x/y']", "Succeeded", ["Failed"], {"type": "Compose", "inputs": 1}, {"and": [{"equals": ["@x()", 1]}]}, "\u2028\x7f{}\"", 10**30,
    "@@{x} @{utcNow()}", "@variables('x')['a'][0]?[variables('y')]", "@concat('it''s', 'x')",
)  # fmt: skip
KEYS = ("type", "kind", "runAfter", "actions", "inputs", "expression", "foreach", 'x"y', "limit", "else", "metadata", "runtimeConfiguration", "splitOn", "recurrence")
SEEDS = (
    {"type": "Http", "inputs": {"method": "GET", "uri": "@{triggerBody()?['u']}", "retryPolicy": {"type": "none"}}, "runAfter": {}},
    {"type": "If", "expression": {"equals": ["@body('Http')", 1]}, "actions": {"C": {"type": "Compose", "inputs": "@utcNow()"}}, "else": {"actions": {}}, "runAfter": {"Http": ["Succeeded"]}},
    {"type": "Foreach", "foreach": "@body('Http')", "actions": {"D": {"type": "Compose", "inputs": "@items('Foreach')"}}, "runAfter": {"If": ["Failed"]}},
    {"type": "Switch", "expression": "@body('Http')", "cases": {"x": {"case": 1, "actions": {"E": {"type": "Compose", "inputs": 1}}}}, "runAfter": {"If": ["Failed"]}},
)


def places(found: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if above:
        yield above
    for key, value in found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ():
        yield from places(value, (*above, key))


def mutated(definition: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """A definition with one to four parts taken out, replaced or added."""
    found = copy.deepcopy(definition)
    for _ in range(rng.choice((1, 1, 2, 4))):
        every = list(places(found))
        if not every:
            return found
        *above, last = rng.choice(every)
        holder: Any = found
        for key in above:
            holder = holder[key]
        choice = rng.random()
        if choice < 0.3:
            del holder[last]
        elif choice < 0.8 or not isinstance(holder, dict):
            holder[last] = copy.deepcopy(rng.choice(JUNK))
        else:
            holder[rng.choice(KEYS)] = copy.deepcopy(rng.choice(JUNK))
    return found


def test_any_input_gives_a_sound_flow_or_one_sentence() -> None:
    small = {
        "triggers": {"manual": {"type": "Request", "kind": "Button", "inputs": {"schema": {"type": "object", "properties": {"u": {"type": "string"}}}}}},
        "actions": {seed["type"]: seed for seed in SEEDS},
        "parameters": {"p": {"type": "String", "defaultValue": "x"}},
    }
    definitions = [small, *(d for _, d in real() if len(json.dumps(d)) < 8000)] if DATA.is_file() else [small]
    rng = random.Random(5)
    flows = 0
    for _ in range(600):
        definition = mutated(rng.choice(definitions[:1] * len(definitions) + definitions), rng)
        try:
            flow = decompile(definition, CATALOG, "mutated").flow
        except WdlError as error:
            assert "\n" not in str(error)
            continue
        flows += 1
        sound(flow)
        compile_flow(flow, CATALOG)
    assert flows > 150


@pytest.mark.parametrize("found", [None, [], "text", 5, {"actions": 5}, {"triggers": [], "actions": []}])
def test_what_is_no_definition(found: Any) -> None:
    with pytest.raises(WdlError):
        decompile(found, CATALOG, "x")


def test_random_flows_compile_to_what_reads_back_the_same() -> None:
    forward = Forward(CATALOG)
    compared = 0
    for seed in range(60):
        flow = parse(walk(forward, CATALOG, seed)).file.flows[0]
        if any(isinstance(n, tree.Refuse) for n in tree.walk(flow)):
            continue
        for target in ("logicapps", "powerautomate"):
            first = compile_flow(flow, CATALOG, target).definition
            back = decompile(first, CATALOG, flow.name.text).flow
            assert exact(compile_flow(back, CATALOG).definition) == exact(first), seed
            compared += 1
    assert compared > 80


def test_sampled_flows_read_back_as_they_were() -> None:
    data = pytest.importorskip("flowquill.training.data.sampler", reason="the training room is not installed")
    from flowquill.training.data.banks import load_banks

    sampler = data.Sampler(CATALOG, load_banks(catalog=CATALOG), 3, "train", (("create", 1.0),))
    same = total = 0
    for _ in range(80):
        flow = sampler.sample().flow
        flow = parse(flow if isinstance(flow, str) else render(flow)).file.flows[0]
        if any(isinstance(n, tree.Refuse) for n in tree.walk(flow)) or _nested_variable(flow):
            continue
        definition = compile_flow(flow, CATALOG, "logicapps").definition
        back = decompile(definition, CATALOG, flow.name.text).flow
        assert exact(compile_flow(back, CATALOG).definition) == exact(definition)
        total += 1
        same += canonical(back, CATALOG) == canonical(flow, CATALOG)
    # Two operations of one path (Azure Tables replaces in two ways) cannot be told apart where arguments are missing.
    assert same >= total * 0.97, f"{same} of {total}"


def _nested_variable(flow: tree.Flow) -> bool:
    """Whether a variable is declared inside a block; its declaration moves to the top, as the platforms require."""
    return any(isinstance(n, tree.Var) for s in flow.body for b in tree.blocks(s) for i in b for n in tree.walk(i))

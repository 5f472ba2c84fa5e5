"""Each rule of the Workflow Definition Language, broken and kept; compiled flows keep them all."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.check import check
from flowquill.grammar.parse import parse
from flowquill.grammar.wdl.compile import compile_flow
from flowquill.grammar.wdl.model import CompileError, Target
from flowquill.grammar.wdl.schema import check_definition
from flowquill.grammar.wdl.violations import RULES
from tests.grammar.corpus import GOOD
from tests.grammar.wdl.definitions import MAIL, definition

COMPOSE: dict[str, Any] = {"type": "Compose", "inputs": 1}
HTTP_REQUEST: dict[str, Any] = {"type": "Request", "kind": "Http", "inputs": {}}


def var(name: str, kind: str = "integer") -> dict[str, Any]:
    return {"type": "InitializeVariable", "inputs": {"variables": [{"name": name, "type": kind}]}}


def after(step: dict[str, Any], *names: str, status: str = "Succeeded") -> dict[str, Any]:
    return {**step, "runAfter": {n: [status] for n in names}}


def compose(value: Any, *names: str) -> dict[str, Any]:
    return after({"type": "Compose", "inputs": value}, *names)


def scope(**actions: Any) -> dict[str, Any]:
    return {"type": "Scope", "actions": actions}


def loop(source: Any = "@createArray(1)", **actions: Any) -> dict[str, Any]:
    return {"type": "Foreach", "foreach": source, "actions": actions}


def trigger(kind: str = "Recurrence", **other: Any) -> dict[str, Any]:
    return definition(trigger={"type": kind, **other})


def nested(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"Inner": COMPOSE}
    for level in range(levels):
        inner = {f"Scope_{level}": scope(**inner)}
    return inner


def every(**plan: Any) -> dict[str, Any]:
    return trigger(recurrence={"frequency": "Day", "interval": 1, **plan})


SWITCH = {"type": "Switch", "expression": "@triggerBody()"}
# Rule, a definition that breaks it, and one beside it that does not.
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "action no object": ("WD01", definition({"A": 1}), definition({"A": COMPOSE})),
    "unknown key": ("WD01", definition(steps={}), definition(description="x")),
    "expression does not parse": ("WD01", definition({"A": compose("@add(1")}), definition({"A": compose("@add(1,2)")})),
    "no schema": ("WD02", {k: v for k, v in definition().items() if k != "$schema"}, definition()),
    "no trigger": ("WD02", {**definition(), "triggers": {}}, definition()),
    "no type": ("WD02", definition({"A": {"inputs": 1}}), definition({"A": COMPOSE})),
    "http without uri": ("WD02", definition({"A": {"type": "Http", "inputs": {"method": "GET"}}}), definition({"A": {"type": "Http", "inputs": {"method": "GET", "uri": "x"}}})),
    "foreach without list": ("WD02", definition({"A": {"type": "Foreach", "actions": {}}}), definition({"A": loop()})),
    "if without actions": ("WD02", definition({"A": {"type": "If", "expression": "@true()"}}), definition({"A": {"type": "If", "expression": "@equals(1,1)", "actions": {}}})),
    "case without value": ("WD02", definition({"A": {**SWITCH, "cases": {"C": {"actions": {}}}}}), definition({"A": {**SWITCH, "cases": {"C": {"case": "x", "actions": {}}}}})),
    "polling without recurrence": ("WD02", trigger("Http", inputs={"method": "GET", "uri": "x"}), trigger("Http", inputs={"method": "GET", "uri": "x"}, recurrence={"frequency": "Day", "interval": 1})),
    "recurrence without interval": ("WD02", trigger(recurrence={"frequency": "Day"}), every()),
    "frequency": ("WD03", every(frequency="Fortnight"), every(frequency="week")),
    "interval": ("WD03", every(interval=501), every(interval="@parameters('$connections')")),
    "hours": ("WD03", every(schedule={"hours": [24]}), every(schedule={"hours": [0, "23"]})),
    "week days": ("WD03", every(frequency="Week", schedule={"weekDays": ["Someday"]}), every(frequency="Week", schedule={"weekDays": ["Monday"]})),
    "week days of a month": ("WD03", every(frequency="Month", schedule={"weekDays": ["Monday"]}), every(frequency="Month", schedule={"monthDays": [1]})),
    "schedule of an hour": ("WD03", every(frequency="Hour", schedule={"minutes": [1]}), every(schedule={"minutes": [1]})),
    "concurrency 0": ("WD03", definition({"A": {**loop(), "runtimeConfiguration": {"concurrency": {"repetitions": 0}}}}), definition({"A": {**loop(), "runtimeConfiguration": {"concurrency": {"repetitions": 50}}}})),
    "concurrency 51": ("WD03", definition({"A": {**loop(), "runtimeConfiguration": {"concurrency": {"repetitions": 51}}}}), definition({"A": {**loop(), "runtimeConfiguration": {"concurrency": {"repetitions": 1}}}})),
    "time limit": ("WD03", definition({"A": {**COMPOSE, "limit": {"timeout": "1 hour"}}}), definition({"A": {**COMPOSE, "limit": {"timeout": "PT1H"}}})),
    "retry policy": ("WD03", definition({"A": {"type": "Http", "inputs": {"method": "GET", "uri": "x", "retryPolicy": {"type": "often"}}}}), definition({"A": {"type": "Http", "inputs": {"method": "GET", "uri": "x", "retryPolicy": {"type": "fixed", "count": 3, "interval": "PT5S"}}}})),
    "until limit": ("WD03", definition({"A": {"type": "Until", "expression": "@equals(1,1)", "actions": {}, "limit": {"count": 5001}}}), definition({"A": {"type": "Until", "expression": "@equals(1,1)", "actions": {}, "limit": {"count": 60, "timeout": "PT1H"}}})),
    "status": ("WD03", definition({"A": COMPOSE, "B": after(COMPOSE, "A", status="Done")}), definition({"A": COMPOSE, "B": after(COMPOSE, "A", status="TIMEDOUT")})),
    "run status": ("WD03", definition({"A": {"type": "Terminate", "inputs": {"runStatus": "Done"}}}), definition({"A": {"type": "Terminate", "inputs": {"runStatus": "Failed", "runError": {"code": "1"}}}})),
    "wrong variable type": ("WD03", definition({"A": var("v", "text")}), definition({"A": var("v", "string")})),
    "increment of a text": ("WD03", definition({"A": var("v", "string"), "B": after({"type": "IncrementVariable", "inputs": {"name": "v"}}, "A")}), definition({"A": var("v"), "B": after({"type": "IncrementVariable", "inputs": {"name": "v"}}, "A")})),
    "default of another type": ("WD03", definition(parameters={"p": {"type": "Int", "defaultValue": "x"}}), definition(parameters={"p": {"type": "Int", "defaultValue": 1}})),
    "unknown type": ("WD04", definition({"A": {"type": "Dance", "inputs": {}}}), definition({"A": COMPOSE})),
    "long name": ("WD05", definition({"A" * 81: COMPOSE}), definition({"A" * 80: COMPOSE})),
    "name with a slash": ("WD05", definition({"a/b": COMPOSE}), definition({"a (b)": COMPOSE})),
    "name twice": ("WD05", definition({"A": COMPOSE, "S": scope(a=COMPOSE)}), definition({"A": COMPOSE, "S": scope(B=COMPOSE)})),
    "runs after nothing": ("WD06", definition({"A": after(COMPOSE, "B")}), definition({"B": COMPOSE, "A": after(COMPOSE, "B")})),
    "runs after another block": ("WD06", definition({"S": scope(B=COMPOSE), "A": after(COMPOSE, "B")}), definition({"S": scope(B=COMPOSE), "A": after(COMPOSE, "S")})),
    "circle": ("WD06", definition({"A": after(COMPOSE, "B"), "B": after(COMPOSE, "A")}), definition({"A": COMPOSE, "B": after(COMPOSE, "A")})),
    "reads nothing": ("WD07", definition({"A": compose("@body('B')")}), definition({"B": COMPOSE, "A": compose("@body('B')", "B")})),
    "reads what runs beside": ("WD07", definition({"B": COMPOSE, "A": compose("@body('B')")}), definition({"B": COMPOSE, "C": compose(1, "B"), "A": compose("x @{outputs('b')?['y']}", "C")})),
    "reads out of a scope": ("WD07", definition({"S": scope(B=COMPOSE), "A": compose("@outputs('B')")}), definition({"S": scope(B=COMPOSE), "A": compose("@outputs('B')", "S")})),
    "reads from a scope": ("WD07", definition({"B": COMPOSE, "S": scope(A=compose("@outputs('B')"))}), definition({"B": COMPOSE, "S": after(scope(A=compose("@outputs('B')")), "B")})),
    "undeclared variable": ("WD08", definition({"A": compose("@variables('v')")}), definition({"V": var("v"), "A": compose("@variables('V')", "V")})),
    "undeclared parameter": ("WD08", definition({"A": compose("@parameters('p')")}), definition({"A": compose("@parameters('p')")}, parameters={"p": {"type": "Int"}})),
    "variable twice": ("WD08", definition({"A": var("v"), "B": var("V")}), definition({"A": var("v"), "B": var("w")})),
    "element of no loop": ("WD08", definition({"A": compose("@items('L')"), "L": loop()}), definition({"L": loop(A=compose("@items('L')"))})),
    "cases alike": ("WD08", definition({"A": {**SWITCH, "cases": {"C": {"case": 1, "actions": {}}, "D": {"case": 1, "actions": {}}}}}), definition({"A": {**SWITCH, "cases": {"C": {"case": 1, "actions": {}}, "D": {"case": 2, "actions": {}}}}})),
    "501 actions": ("WD09", definition({f"A{n}": COMPOSE for n in range(501)}), definition({f"A{n}": COMPOSE for n in range(500)})),
    "9 levels": ("WD09", definition(nested(9)), definition(nested(8))),
    "26 cases": ("WD09", definition({"A": {**SWITCH, "cases": {f"C{n}": {"case": n, "actions": {}} for n in range(26)}}}), definition({"A": {**SWITCH, "cases": {f"C{n}": {"case": n, "actions": {}} for n in range(25)}}})),
    "251 variables": ("WD09", definition({f"A{n}": var(f"v{n}") for n in range(251)}), definition({f"A{n}": var(f"v{n}") for n in range(250)})),
    "long expression": ("WD09", definition({"A": compose("@concat('" + "x" * 8192 + "')")}), definition({"A": compose("x" * 9000 + "@{concat('" + "x" * 8000 + "')}")})),
    "51 parameters": ("WD09", definition(parameters={f"p{n}": {"type": "Int"} for n in range(51)}), definition(parameters={f"p{n}": {"type": "Int"} for n in range(50)})),
    "11 triggers": ("WD09", {**definition(), "triggers": {f"t{n}": HTTP_REQUEST for n in range(11)}}, {**definition(), "triggers": {f"t{n}": HTTP_REQUEST for n in range(10)}}),
    "variable in a loop": ("WD10", definition({"L": loop(V=var("v"))}), definition({"V": var("v")})),
    "response in a loop": ("WD10", definition({"L": loop(R={"type": "Response", "inputs": {"statusCode": 200}})}), definition({"R": {"type": "Response", "inputs": {"statusCode": 200}}})),
    "response without request": ("WD10", {**every(), "actions": {"R": {"type": "Response", "inputs": {"statusCode": 200}}}}, definition({"R": {"type": "Response", "inputs": {"statusCode": 200}}})),
    "end in a loop": ("WD10", definition({"L": loop(T={"type": "Terminate", "inputs": {"runStatus": "Failed"}})}), definition({"T": {"type": "Terminate", "inputs": {"runStatus": "Failed"}}})),
}


@pytest.mark.parametrize("case", CASES)
def test_each_rule_is_found_broken_and_kept(case: str) -> None:
    code, wrong, right = CASES[case]
    assert code in {v.code for v in check_definition(wrong)}
    assert code not in {v.code for v in check_definition(right)}, check_definition(right)


def test_every_rule_has_a_case() -> None:
    assert {code for code, _, _ in CASES.values()} == set(RULES)


def test_what_a_platform_lacks() -> None:
    call = {"type": "OpenApiConnection", "inputs": {"host": {"apiId": "a", "connectionName": "c", "operationId": "o"}, "parameters": {}}}
    assert not check_definition(definition({"A": call}), "powerautomate")
    assert [v.code for v in check_definition(definition({"A": call}), "logicapps")] == ["WD04"]
    assert "WD04" in {v.code for v in check_definition(definition({"Compose": COMPOSE, "A": MAIL}), "powerautomate")}


def test_places_are_paths() -> None:
    (found,) = check_definition(definition({"S": {"type": "If", "expression": "@equals(1,1)", "actions": {}, "else": {"actions": {"A": {"inputs": 1}}}}}))
    assert found.place == "actions/S/else/actions/A"


@pytest.mark.parametrize("part", [None, 1, "x", [], {}, [1], {"a": None}, {"a": {"b": []}}, "@", "@{", True])
@pytest.mark.parametrize("key", ["parameters", "triggers", "actions", "outputs", "type", "inputs", "runAfter", "cases", "else", "expression", "recurrence", "limit", "runtimeConfiguration", "foreach"])
def test_anything_anywhere_never_raises(key: str, part: Any) -> None:
    check_definition({**definition(), key: part})
    for kind in ("If", "Switch", "Foreach", "Until", "Wait", "Http", "InitializeVariable", "Table", "HttpWebhook", "Terminate"):
        check_definition(definition({"A": {"type": kind, "inputs": {}, key: part}}))
    check_definition(trigger("Recurrence", **{key: part}))


@pytest.mark.parametrize("target", ["logicapps", "powerautomate"])
@pytest.mark.parametrize("name", GOOD)
def test_compiled_flows_keep_the_rules(name: str, target: Target) -> None:
    catalog = load_catalog()
    parsed = parse(GOOD[name])
    if any(d.severity == "error" for d in check(parsed, catalog)):
        pytest.skip("this text of the corpus parses and has mistakes")
    for flow in parsed.file.flows:
        try:
            compiled = compile_flow(flow, catalog, target)
        except CompileError:
            assert name == "refuse"
            continue
        assert [v for v in check_definition(compiled.definition, target) if v.severity == "error"] == []


def test_real_workflows_break_next_to_nothing() -> None:
    folder = Path(os.environ.get("FLOWQUILL_SHARED_DATA") or Path(__file__).parents[4] / "shared/data")
    file = folder / "workflows-dev.jsonl.gz"
    if not file.exists():
        pytest.skip(f"the workflows for measuring are not here ({file})")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        found = [check_definition(json.loads(line)["definition"]) for line in lines]
    wrong = sum(any(v.severity == "error" for v in violations) for violations in found)
    assert wrong <= 0.02 * len(found)

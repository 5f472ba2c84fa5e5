"""Flows as definitions: run order, scopes, variables, connections, names; and what cannot be compiled."""

from __future__ import annotations

from typing import Any

import pytest

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.parse import parse
from flowquill.grammar.wdl.compile import CompileError, Target, compile_flow
from flowquill.grammar.wdl.expressions import read_string

CATALOG = load_catalog()


def made(body: str, target: Target = "logicapps", trigger: str = "on http_request() as request") -> dict[str, Any]:
    """The definition of a flow with this body."""
    parsed = parse(f"flow sample {{\n{trigger}\n{body}\n}}\n")
    assert not parsed.errors, parsed.errors
    return compile_flow(parsed.file.flows[0], CATALOG, target).definition


def order(actions: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    return {name: action["runAfter"] for name, action in actions.items()}


def test_steps_follow_each_other() -> None:
    assert order(made("a = compose(value: 1)\nb = compose(value: a)")["actions"]) == {"A": {}, "B": {"A": ["Succeeded"]}}


def test_branches_start_together_and_are_joined() -> None:
    found = order(made("a = compose(value: 1)\nparallel {\nbranch {\nb = compose(value: 1)\n}\nbranch {\nc = compose(value: 1)\nd = compose(value: 1)\n}\n}\ne = compose(value: 1)")["actions"])
    assert found["B"] == found["C"] == {"A": ["Succeeded"]}
    assert found["E"] == {"B": ["Succeeded"], "D": ["Succeeded"]}


def test_after_says_what_is_waited_for() -> None:
    found = order(made("a = compose(value: 1)\nafter failed, timed_out: b = compose(value: 1)\nafter a succeeded and b skipped: compose(value: 1)")["actions"])
    assert found["B"] == {"A": ["Failed", "TimedOut"]}
    assert found["Compose"] == {"A": ["Succeeded"], "B": ["Skipped"]}


def test_try_is_scopes() -> None:
    found = made("try {\ncompose(value: 1)\n} catch {\ncompose(value: 2)\n} finally {\ncompose(value: 3)\n}\nlast = compose(value: 4)")["actions"]
    assert order(found) == {
        "Try": {},
        "Try_catch": {"Try": ["Failed", "TimedOut"]},
        "Try_finally": {"Try_catch": ["Succeeded", "Failed", "Skipped", "TimedOut"]},
        "Last": {"Try_finally": ["Succeeded"]},
    }
    assert all(found[n]["type"] == "Scope" for n in ("Try", "Try_catch", "Try_finally"))
    without = made("try {\ncompose(value: 1)\n} catch {\ncompose(value: 2)\n}\nlast = compose(value: 4)")["actions"]
    assert order(without)["Last"] == {"Try_catch": ["Succeeded", "Skipped"]}


def test_names_are_unique_in_the_whole_workflow() -> None:
    found = made("if true {\ncompose(value: 1)\n} else {\ncompose(value: 2)\n}\n@title(text: \"Compose\")\ncompose(value: 3)")["actions"]
    names = [*found, *found["Condition"]["actions"], *found["Condition"]["else"]["actions"]]
    assert len(set(names)) == len(names) == 4
    assert found["Compose"]["inputs"] == 3


def test_variables_are_declared_at_the_top() -> None:
    found = made("if true {\nvar n: integer = 1\nincrement n\n}\ncompose(value: 1)")["actions"]
    first = next(iter(found))
    assert found[first]["type"] == "InitializeVariable"
    assert found[first]["runAfter"] == {}
    assert found["Condition"]["runAfter"] == {first: ["Succeeded"]}
    assert [a["type"] for a in found["Condition"]["actions"].values()] == ["SetVariable", "IncrementVariable"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('"plain"', "plain"),
        ('"@home"', "@@home"),
        ('"@{home}"', "@@{home}"),
        ("-5", -5),
        ("[1, request.body.x]", [1, "@triggerBody()?['x']"]),
        ("request.body!.x", "@triggerBody()['x']"),
        ("request.headers", "@triggerOutputs()?['headers']"),
        ('$"a{request.body.x}"', "a@{triggerBody()?['x']}"),
        ("1 + 2 * 3", "@add(1, mul(2, 3))"),
        ("true and false and true", "@and(true, false, true)"),
        ("not (1 == 2)", "@not(equals(1, 2))"),
        ("1 != 2", "@not(equals(1, 2))"),
        ("request.body.a ?? request.body.b ?? 1", "@coalesce(triggerBody()?['a'], triggerBody()?['b'], 1)"),
        ('contains(["a"], "it\'s")', "@contains(createArray('a'), 'it''s')"),
        ('setProperty({a: 1}, "b", {c: request.body})', "@setProperty(json('{\"a\":1}'), 'b', setProperty(json('{}'), 'c', triggerBody()))"),
        ("encodeUriComponent(\"a b\")", "@encodeURIComponent('a b')"),
        ('concat($"a{1}", "b")', "@concat(concat('a', 1), 'b')"),
    ],
)
def test_values(written: str, said: Any) -> None:
    found = made(f"compose(value: {written})")["actions"]["Compose"]["inputs"]
    assert found == said
    if isinstance(found, str):
        read_string(found)


def test_a_connector_for_logic_apps() -> None:
    parsed = parse('flow a {\non manual()\noutlook.send_email(to: "a@b.c", subject: "s", body: "t")\nsharepoint.get_item(site: "S", list: "L", id: 5)\n}\n')
    compiled = compile_flow(parsed.file.flows[0], CATALOG, "logicapps")
    mail, item = compiled.definition["actions"].values()
    assert mail["type"] == "ApiConnection"
    assert mail["inputs"] == {
        "host": {"connection": {"name": "@parameters('$connections')['office365']['connectionId']"}},
        "method": "post",
        "path": "/v2/Mail",
        "body": {"To": "a@b.c", "Subject": "s", "Body": "t"},
    }
    assert item["inputs"]["path"] == "/datasets/@{encodeURIComponent(encodeURIComponent('S'))}/tables/@{encodeURIComponent(encodeURIComponent('L'))}/items/@{encodeURIComponent(5)}"
    assert [c.api for c in compiled.connections] == ["office365", "sharepointonline"]
    assert "$connections" in compiled.definition["parameters"]


def test_a_connector_for_power_automate() -> None:
    parsed = parse('flow a {\non manual()\noutlook.send_email(to: "a@b.c", subject: "s", body: "t")\n}\n')
    compiled = compile_flow(parsed.file.flows[0], CATALOG, "powerautomate")
    mail = next(iter(compiled.definition["actions"].values()))
    assert mail["type"] == "OpenApiConnection"
    assert mail["inputs"]["host"]["apiId"] == "/providers/Microsoft.PowerApps/apis/shared_office365"
    assert mail["inputs"]["host"]["operationId"] == "SendEmailV2"
    assert mail["inputs"]["parameters"]["emailMessage/Subject"] == "s"
    assert "$authentication" in compiled.definition["parameters"]


def test_a_loop_names_its_element() -> None:
    found = made("for order in request.body.orders {\ncompose(value: order.id)\n}\nfor other in [1] parallel {\n}")["actions"]
    assert found["For_each"]["actions"]["Compose"]["inputs"] == "@items('For_each')?['id']"
    assert found["For_each"]["runtimeConfiguration"] == {"concurrency": {"repetitions": 1}}
    assert "runtimeConfiguration" not in found["For_each_2"]


def test_parameters_become_those_of_the_workflow() -> None:
    found = made('param region: text = "west"\n@secure\nparam key: text\ncompose(value: region)')
    assert found["parameters"]["region"] == {"type": "String", "defaultValue": "west"}
    assert found["parameters"]["key"] == {"type": "SecureString"}
    assert found["actions"]["Compose"]["inputs"] == "@parameters('region')"


def test_a_value_to_fill_in_is_reported() -> None:
    parsed = parse("flow a {\non manual()\noutlook.send_email(to: ?)\n}\n")
    assert "to be filled in" in compile_flow(parsed.file.flows[0], CATALOG).problems[0].message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("flow a {\ncompose(value: 1)\n}\n", "no triggers"),
        ("flow a {\non manual()\nnowhere.send()\n}\n", "no action nowhere.send"),
        ('flow a {\non manual()\nrefuse "harmful"\n}\n', "refuses"),
    ],
)
def test_what_cannot_be_compiled(text: str, said: str) -> None:
    with pytest.raises(CompileError, match=said):
        compile_flow(parse(text).file.flows[0], CATALOG)

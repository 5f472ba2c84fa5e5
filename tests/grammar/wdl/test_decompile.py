"""Definitions as flows: each construct reads as it should, and what has no syntax survives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flowquill.grammar import tree
from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.check import check
from flowquill.grammar.format import render
from flowquill.grammar.parse import parse
from flowquill.grammar.wdl.compile import compile_flow
from flowquill.grammar.wdl.decompile import WdlError, decompile
from flowquill.grammar.wdl.normalise import normalise

CATALOG = load_catalog()
REQUEST = {"type": "Request", "kind": "Http", "inputs": {"schema": {}}}
OPEN = {"apiId": "/providers/Microsoft.PowerApps/apis/shared_office365", "connectionName": "shared_office365", "operationId": "SendEmailV2"}
REST = {"connection": {"name": "@parameters('$connections')['office365']['connectionId']"}}


def definition(actions: dict[str, Any], trigger: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A definition with these actions, each after the one before where it does not say."""
    return {"$schema": "s", "contentVersion": "1.0.0.0", "triggers": {"manual": trigger or REQUEST}, "actions": actions, **more}


def read(found: dict[str, Any]) -> str:
    """The text of the flow, after the checks that hold for every definition."""
    flow = decompile(found, CATALOG, "imported").flow
    text = render(tree.File((flow,)))
    parsed = parse(text)
    assert not parsed.errors, text
    assert parsed.file.flows[0] == flow, text
    errors = [d for d in check(parsed, CATALOG) if d.severity == "error"]
    assert not errors, (text, errors)
    assert normalise(compile_flow(flow, CATALOG).definition) == normalise(found), text
    return text


def compose(value: Any = 1, after: dict[str, list[str]] | None = None) -> dict[str, Any]:
    return {"type": "Compose", "inputs": value, "runAfter": after or {}}


@pytest.mark.parametrize(
    ("action", "line"),
    [
        ({"type": "Compose", "inputs": {"a": ["@utcNow()", 1, None]}}, "compose(value: {a: [utcNow(), 1, null]})"),
        ({"type": "Http", "inputs": {"method": "GET", "uri": "https://a.b"}}, 'http(method: "GET", uri: "https://a.b")'),
        ({"type": "Response", "kind": "Http", "inputs": {"statusCode": 200, "body": "ok"}}, 'respond(status: 200, body: "ok")'),
        ({"type": "Terminate", "inputs": {"runStatus": "Failed", "runError": {"message": "no"}}}, 'terminate(status: "Failed", message: "no")'),
        ({"type": "Wait", "inputs": {"interval": {"count": 5, "unit": "Minute"}}}, 'delay(count: 5, unit: "Minute")'),
        ({"type": "Wait", "inputs": {"until": {"timestamp": "2030-01-01"}}}, 'delay_until(timestamp: "2030-01-01")'),
        ({"type": "ParseJson", "inputs": {"content": "@triggerBody()", "schema": {}}}, "parse_json(content: request.body, schema: {})"),
        ({"type": "Select", "inputs": {"from": "@triggerBody()", "select": "@item()?['a']"}}, "select(from_: request.body, values: item.a)"),
        ({"type": "Query", "inputs": {"from": "@triggerBody()", "where": "@equals(item(), 1)"}}, "filter(from_: request.body, where: item == 1)"),
        ({"type": "Table", "inputs": {"from": "@triggerBody()", "format": "CSV"}}, 'table(from_: request.body, format: "CSV")'),
        ({"type": "Join", "inputs": {"from": "@triggerBody()", "joinWith": ", "}}, 'join(from_: request.body, separator: ", ")'),
        ({"type": "Workflow", "inputs": {"host": {"workflow": {"id": "/x/y"}, "triggerName": "manual"}}}, 'run_flow(flow: "/x/y", trigger: "manual")'),
        ({"type": "Workflow", "inputs": {"host": {"workflowReferenceName": "g"}, "body": {"t": 1}}}, 'child_flow(reference: "g", body: {t: 1})'),
        ({"type": "JavaScriptCode", "inputs": {"code": "return 1"}}, 'run_script(code: "return 1")'),
        ({"type": "Function", "inputs": {"function": {"id": "/f"}, "body": 1}}, 'call_function(function: "/f", body: 1)'),
        ({"type": "HttpWebhook", "inputs": {"subscribe": {"uri": "u"}}}, 'http_webhook(subscribe: {uri: "u"})'),
        ({"type": "ApiConnection", "inputs": {"host": REST, "method": "post", "path": "/v2/Mail", "body": {"To": "a@b.c", "Subject": "s", "Body": "t"}}}, "outlook.send_email("),
        ({"type": "ApiConnection", "inputs": {"host": REST, "method": "post", "path": "/new/@{utcNow()}"}}, 'api_call(connection: "office365", method: "post", path: $"/new/{utcNow()}")'),
        ({"type": "OpenApiConnection", "inputs": {"host": OPEN, "parameters": {"emailMessage/To": "a@b.c", "emailMessage/Subject": "s", "emailMessage/Body": "t", "extra": 1}}}, "outlook.send_email("),
        ({"type": "OpenApiConnection", "inputs": {"host": {**OPEN, "operationId": "Unheard"}, "parameters": {"a": 1}}}, "operation_call("),
        ({"type": "ServiceProvider", "inputs": {"parameters": {"q": 1}, "serviceProviderConfiguration": {"connectionName": "sb", "operationId": "send", "serviceProviderId": "/serviceProviders/serviceBus"}}}, "service_call("),
        ({"type": "Expression", "kind": "GetFutureTime", "inputs": {"interval": 3, "timeUnit": "Day"}}, 'shift_time(kind: "GetFutureTime", interval: 3, unit: "Day")'),
        ({"type": "Unheard", "inputs": {"a": "@utcNow()"}, "extra": [1]}, "raw("),
    ],
)
def test_actions(action: dict[str, Any], line: str) -> None:
    assert line in read(definition({"Step": {**action, "runAfter": {}}}))


@pytest.mark.parametrize(
    ("trigger", "line"),
    [
        ({"type": "Recurrence", "recurrence": {"frequency": "Day", "interval": 1, "schedule": {"hours": ["9"], "weekDays": ["Monday"]}}}, 'on schedule(frequency: "Day", days: ["Monday"], hours: ["9"])'),
        ({"type": "Recurrence", "recurrence": {"frequency": "Day"}}, "on schedule("),
        ({"type": "SlidingWindow", "recurrence": {"frequency": "Hour", "interval": 2}}, 'on sliding_window(frequency: "Hour", interval: 2)'),
        ({"type": "Request", "kind": "Http"}, "on http_request()"),
        ({"type": "Request", "kind": "PowerAppV2", "inputs": {"schema": {"type": "object"}}}, '@meta(value: {kind: "PowerAppV2"})'),
        ({"type": "Request", "kind": "VirtualAgent", "inputs": {"schema": {}}, "conditions": [{"expression": "@equals(1,2)"}]}, "@when(condition: 1 == 2)"),
        ({"type": "Request", "kind": "Button", "inputs": {"schema": {"type": "object", "properties": {"text": {"type": "string", "title": "Name", "x-ms-content-hint": "TEXT"}}, "required": ["text"]}}}, "on manual(text: text)"),
        ({"type": "ApiConnection", "inputs": {"host": REST, "method": "get", "path": "/v3/Mail/OnNewEmail"}, "recurrence": {"frequency": "Minute", "interval": 9}, "splitOn": "@triggerBody()?['value']"}, "on outlook.email_arrives()"),
        ({"type": "ApiConnection", "inputs": {"host": REST, "method": "get", "path": "/other"}, "recurrence": {"frequency": "Day", "interval": 1}}, "on api_event("),
        ({"type": "OpenApiConnectionWebhook", "inputs": {"host": {**OPEN, "operationId": "Other"}, "parameters": {}}}, "on operation_callback("),
        ({"type": "HttpWebhook", "inputs": {"subscribe": {}}}, "on http_callback(subscribe: {})"),
        ({"type": "Batch", "inputs": {"mode": "Inline", "configurations": {}}}, "on batch_event("),
        ({"type": "Unheard", "inputs": {"x": "@utcNow()"}}, "on raw_trigger("),
    ],
)
def test_triggers(trigger: dict[str, Any], line: str) -> None:
    assert line in read(definition({}, trigger))


def test_settings_have_their_names() -> None:
    text = read(
        definition(
            {
                "Call": {
                    "type": "Http",
                    "description": "Asks",
                    "inputs": {"method": "GET", "uri": "u", "retryPolicy": {"type": "fixed", "count": 3, "interval": "PT5S"}},
                    "limit": {"timeout": "PT1M"},
                    "runtimeConfiguration": {"secureData": {"properties": ["inputs"]}, "contentTransfer": {"transferMode": "Chunked"}},
                    "operationOptions": "DisableAsyncPattern",
                    "trackedProperties": {"id": "@action()['name']"},
                    "metadata": {"operationMetadataId": "11111111-1111-1111-1111-111111111111", "kept": True},
                }
            }
        )
    )
    for line in (
        '@title(text: "Call")',
        '@description(text: "Asks")',
        '@retry(type: "fixed", count: 3, interval: "PT5S")',
        '@timeout(limit: "PT1M")',
        "@secure(inputs: true)",
        'operationOptions: "DisableAsyncPattern"',
        "trackedProperties: {id: action()!.name}",
        "metadata: {kept: true}",
    ):
        assert line in text, text
    assert "11111111" not in text


def test_control_flow_reads_as_blocks() -> None:
    text = read(
        definition(
            {
                "Init": {"type": "InitializeVariable", "inputs": {"variables": [{"name": "count", "type": "Integer", "value": 0}]}},
                "Loop": {
                    "type": "Foreach",
                    "foreach": "@triggerBody()?['orders']",
                    "actions": {
                        "Check": {
                            "type": "If",
                            "expression": {"and": [{"greater": ["@items('Loop')?['total']", 100]}, {"not": {"equals": ["@items('Loop')?['state']", "paid"]}}]},
                            "actions": {"Up": {"type": "IncrementVariable", "inputs": {"name": "count", "value": 2}}},
                            "else": {"actions": {"Down": {"type": "DecrementVariable", "inputs": {"name": "count", "value": 1}}}},
                        }
                    },
                    "runtimeConfiguration": {"concurrency": {"repetitions": 5}},
                    "runAfter": {"Init": ["SUCCEEDED"]},
                },
                "Pick": {
                    "type": "Switch",
                    "expression": "@variables('count')",
                    "cases": {"Case_1": {"case": 1, "actions": {"A": compose()}}, "Other name": {"case": 2, "actions": {}}},
                    "default": {"actions": {"B": compose()}},
                    "runAfter": {"Loop": ["Succeeded"]},
                },
                "Again": {
                    "type": "Until",
                    "expression": "@equals(variables('count'), 0)",
                    "limit": {"count": 60, "timeout": "PT1H"},
                    "actions": {"Set": {"type": "SetVariable", "inputs": {"name": "count", "value": 0}}},
                    "runAfter": {"Pick": ["Succeeded"]},
                },
            }
        )
    )
    for line in (
        "var count: integer = 0",
        "for order in request.body.orders parallel 5 {",
        'if order.total > 100 and order.state != "paid" {',
        "increment count by 2",
        "decrement count",
        "switch count {",
        "case 1 {",
        "default {",
        'until count == 0 limit(count: 60, timeout: "PT1H")',
    ):
        assert line in text, text


def test_parallel_branches_and_a_join() -> None:
    text = read(
        definition({"A": compose(), "B": compose(2, {"A": ["Succeeded"]}), "C": compose(3, {"A": ["Succeeded"]}), "D": compose(4, {"B": ["Succeeded"], "C": ["Succeeded"]})})
    )
    assert text.count("branch {") == 2
    assert "after" not in text


def test_any_graph_can_be_written() -> None:
    # The N of four steps: no nesting of sequences and branches says it.
    text = read(definition({"A": compose(), "B": compose(), "C": compose(3, {"A": ["Succeeded"]}), "D": compose(4, {"A": ["Succeeded"], "B": ["Failed", "TimedOut"]})}))
    assert "after a succeeded and b failed, timed_out:" in text


def test_try_catch_finally() -> None:
    def scope(inner: str, after: dict[str, list[str]]) -> dict[str, Any]:
        return {"type": "Scope", "actions": {inner: compose()}, "runAfter": after}

    every = ["Succeeded", "Failed", "Skipped", "TimedOut"]
    text = read(definition({"Work": scope("A", {}), "Mend": scope("B", {"Work": ["Failed", "TimedOut"]}), "Tidy": scope("C", {"Mend": every}), "Next": compose(1, {"Tidy": ["Succeeded"]})}))
    assert "try {" in text
    assert "} catch {" in text
    assert "} finally {" in text


def test_names_that_are_hard_survive() -> None:
    read(
        definition(
            {"It's \"so\" (V2)": compose("@parameters('a-b (c)')"), "for": compose("@outputs('It''s \"so\" (V2)')", {"It's \"so\" (V2)": ["Succeeded"]}), "Get item": compose("@body('nowhere')", {"for": ["Succeeded"]})},
            parameters={"a-b (c)": {"type": "SecureString"}, "$connections": {"type": "Object", "defaultValue": {}}, "list": {"type": "array", "defaultValue": [1]}},
        )
    )


def test_what_has_no_expression_is_kept_and_noted() -> None:
    found = definition({"A": compose("@unheard('x', 1)"), "B": compose("@{no expression", {"A": ["Succeeded"]})})
    text = read(found)
    assert "wdl(\"@unheard('x', 1)\")" in text
    notes = decompile(found, CATALOG, "x").notes
    assert {n.place for n in notes} == {"A", "B"}


def test_types_that_do_not_fit_are_taken_as_they_are() -> None:
    text = read(definition({"A": {"type": "Wait", "inputs": {"interval": {"count": "5", "unit": "Minute"}}}}))
    assert 'count: untyped("5")' in text


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, "no triggers"),
        ({"triggers": {}, "actions": {}}, "no triggers"),
        ({"triggers": {"a": REQUEST}}, "no actions"),
        ({"triggers": {"a": REQUEST, "b": REQUEST}, "actions": {}}, "2 triggers"),
        (definition({"A": compose(1, {"B": ["Succeeded"]}), "B": compose(1, {"A": ["Succeeded"]})}), "in a circle"),
        (definition({"A": {"inputs": 1}}), "with a type"),
        (definition({"A": {"type": "Compose", "inputs": 1, "runAfter": "B"}}), "malformed"),
        (definition({"A": compose(), "S": {"type": "Scope", "actions": {"a": compose()}}}), "two actions called a"),
        (definition({"A": compose(json.loads("[" * 90 + "]" * 90))}), "nested"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence(found: dict[str, Any], said: str) -> None:
    with pytest.raises(WdlError, match=said) as error:
        decompile(found, CATALOG, "x")
    assert "\n" not in str(error.value)

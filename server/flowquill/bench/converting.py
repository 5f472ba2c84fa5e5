"""A section about the Workflow Definition Language: reading a definition and writing one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flowquill.bench.figures import Figure, Settings, Stopwatch
from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.wdl.compile import compile_flow
from flowquill.grammar.wdl.decompile import decompile

ACTIONS = 500


def large_definition(actions: int = ACTIONS) -> dict[str, Any]:
    """A definition of this many actions: mails, calls, parsed answers and conditions one after the other, as many as the platform allows."""
    made: dict[str, Any] = {}
    before: dict[str, list[str]] = {}
    for number in range(actions // 5):
        call, parsed, check, mail, note = (f"{n}_{number}" for n in ("HTTP", "Parse_JSON", "Condition", "Send_an_email_(V2)", "Compose"))
        made[call] = {"type": "Http", "inputs": {"method": "GET", "uri": f"https://example.org/@{{triggerBody()?['id']}}/{number}"}, "runAfter": before}
        schema = {"type": "object", "properties": {"total": {"type": "integer"}, "owner": {"type": "string"}}}
        made[parsed] = {"type": "ParseJson", "inputs": {"content": f"@body('{call}')", "schema": schema}, "runAfter": {call: ["Succeeded"]}}
        message = {"To": f"@body('{parsed}')?['owner']", "Subject": "Total", "Body": f"<p>@{{body('{parsed}')?['total']}} of @{{utcNow()}}</p>"}
        host = {"connection": {"name": "@parameters('$connections')['office365']['connectionId']"}}
        inner = {
            mail: {"type": "ApiConnection", "inputs": {"host": host, "method": "post", "path": "/v2/Mail", "body": message}, "runAfter": {}},
            note: {"type": "Compose", "inputs": f"@concat('sent ', string(body('{parsed}')?['total']))", "runAfter": {mail: ["Succeeded", "Failed"]}},
        }
        condition = {"and": [{"greater": [f"@body('{parsed}')?['total']", 100]}, {"not": {"equals": [f"@body('{parsed}')?['owner']", ""]}}]}
        made[check] = {"type": "If", "expression": condition, "actions": inner, "runAfter": {parsed: ["Succeeded"]}}
        before = {check: ["Succeeded"]}
    trigger = {"type": "Request", "kind": "Http", "inputs": {"schema": {}}}
    return {"contentVersion": "1.0.0.0", "triggers": {"manual": trigger}, "actions": made}


def definitions(settings: Settings) -> Iterator[Figure]:
    """The largest definition the platform takes, there and back."""
    catalog, definition = load_catalog(), large_definition()
    reading, writing = Stopwatch(), Stopwatch()
    for _ in range(max(3, min(settings.repeat, 10))):
        with reading:
            flow = decompile(definition, catalog, "large").flow
        with writing:
            compile_flow(flow, catalog)
    yield Figure("wdl", f"decompile {ACTIONS} actions, p50", reading.p(0.5), "ms")
    yield Figure("wdl", f"compile {ACTIONS} actions, p50", writing.p(0.5), "ms")
    yield Figure("wdl", "decompile and compile an action", (reading.p(0.5) + writing.p(0.5)) / ACTIONS, "ms")
    yield Figure("wdl", f"decompile and compile {ACTIONS} actions, p95", reading.p(0.95) + writing.p(0.95), "ms", bar=1_000)

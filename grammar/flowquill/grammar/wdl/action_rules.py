"""What each type of action and trigger must have in it, from the documentation of the Workflow Definition Language (2016-06-01)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flowquill.grammar.wdl.violations import (
    MAX_CONCURRENCY,
    MAX_RETRIES,
    MAX_RUNS,
    MAX_UNTIL,
    Findings,
)

Fields = Mapping[str, Any]
Rule = Callable[[Fields, str, Findings], None]

# Required fields by type, as paths; "a|b": one of them.
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "apiconnection": ("inputs.host.connection", "inputs.method", "inputs.path"),
    "apiconnectionwebhook": ("inputs.host.connection", "inputs.path"),
    "apiconnectionnotification": ("inputs.host.connection",),
    "apimanagement": ("inputs.api", "inputs.method"),
    "openapiconnection": ("inputs.host.operationId", "inputs.host.apiId|inputs.host.connection|inputs.host.connectionName|inputs.host.connectionReferenceName"),
    "openapiconnectionwebhook": ("inputs.host.operationId", "inputs.host.apiId|inputs.host.connection|inputs.host.connectionName|inputs.host.connectionReferenceName"),
    "openapiconnectionnotification": ("inputs.host",),
    "serviceprovider": ("inputs.serviceProviderConfiguration",),
    "http": ("inputs.method", "inputs.uri"),
    "httpwebhook": ("inputs.subscribe",),
    "compose": ("inputs",),
    "parsejson": ("inputs.content", "inputs.schema"),
    "query": ("inputs.from", "inputs.where"),
    "select": ("inputs.from", "inputs.select"),
    "table": ("inputs.from", "inputs.format"),
    "join": ("inputs.from", "inputs.joinWith"),
    "workflow": ("inputs.host",),
    "function": ("inputs.function",),
    "javascriptcode": ("inputs.code",),
    "sendtobatch": ("inputs.batchName|inputs.host", "inputs.content|inputs.messages|inputs.host"),
    "expression": ("inputs",),
    "wait": ("inputs.interval|inputs.until",),
    "terminate": ("inputs.runStatus",),
    "response": ("inputs",),
    "initializevariable": ("inputs.variables",),
    "setvariable": ("inputs.name", "inputs.value"),
    "appendtoarrayvariable": ("inputs.name", "inputs.value"),
    "appendtostringvariable": ("inputs.name", "inputs.value"),
    "incrementvariable": ("inputs.name",),
    "decrementvariable": ("inputs.name",),
    "foreach": ("foreach",),
    "until": ("expression",),
    "if": ("expression",),
    "switch": ("expression",),
    "recurrence": ("recurrence",),
    "slidingwindow": ("recurrence",),
}
CONTAINERS = frozenset({"foreach", "until", "if", "switch", "scope", "agent"})
OTHERS = frozenset(
    ["scope", "agent", "xslt", "xmlparse", "xmlcompose", "xmlvalidation", "flatfiledecoding", "flatfileencoding",
     "liquid", "integrationaccountartifactlookup", "as2decode", "as2encode", "x12decode", "x12encode",
     "edifactdecode", "edifactencode", "swiftencode", "swiftdecode", "rosettanetencode", "batch", "chunktext",
     "parsedocument", "csharpscriptcode", "powershellcode", "invokefunction", "datamapper", "inlinecode",
     "changeset", "request", "manual", "eventgrid", "nestedagent", "mcpclienttool", "liquidtransform", "rulesengine"]
)
KNOWN = frozenset(REQUIRED) | OTHERS
METHODS = frozenset(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"])
FREQUENCIES: Mapping[str, int] = {"second": 9_999_999, "minute": 72_000, "hour": 12_000, "day": 500, "week": 71, "month": 16, "year": 1}
UNITS = frozenset({"second", "minute", "hour", "day", "week", "month", "year"})
WEEKDAYS = frozenset(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])
_DURATION = re.compile(r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?\Z")


def is_expression(value: Any) -> bool:
    """Whether a value is known only at run time or at deployment."""
    return isinstance(value, str) and ("@" in value or (value.startswith("[") and value.endswith("]")))


def get(fields: Any, path: str) -> Any:
    """A value inside objects by its dotted path; None where it is missing."""
    for part in path.split("."):
        if not isinstance(fields, Mapping):
            return None
        fields = fields.get(part)
    return fields


def missing(fields: Fields, kind: str) -> tuple[str, ...]:
    """The required fields that are not there."""
    return tuple(p for p in REQUIRED.get(kind, ()) if not any(_has(fields, one) for one in p.split("|")))


def _has(fields: Any, path: str) -> bool:
    *above, last = path.split(".")
    for part in above:
        if is_expression(fields):
            return True
        fields = fields.get(part) if isinstance(fields, Mapping) else None
    return is_expression(fields) or (isinstance(fields, Mapping) and last in fields)


def _whole(value: Any, least: int, most: int) -> bool:
    """Whether a value is a whole number in a range, or not known yet."""
    if is_expression(value):
        return True
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,9}", value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def settings(fields: Fields, place: str, findings: Findings, trigger: bool) -> None:
    """Checks what any action may have: concurrency, limits, retries."""
    concurrency = get(fields, "runtimeConfiguration.concurrency")
    if isinstance(concurrency, Mapping):
        for key, most in (("runs", MAX_RUNS), ("maximumWaitingRuns", 200)) if trigger else (("repetitions", MAX_CONCURRENCY),):
            if key in concurrency and not _whole(concurrency[key], 1, most):
                findings.error("WD03", place, f"{key} is {_shown(concurrency[key])}; expected 1 to {most}")
    timeout = get(fields, "limit.timeout")
    if timeout is not None and not is_expression(timeout) and not (isinstance(timeout, str) and _DURATION.match(timeout)):
        findings.error("WD03", place, f"the time limit {_shown(timeout)} is no duration; write one as PT1H")
    policy = get(fields, "inputs.retryPolicy")
    if isinstance(policy, Mapping):
        kind = str(policy.get("type")).lower()
        if kind not in ("none", "fixed", "exponential") and not is_expression(policy.get("type")):
            findings.error("WD03", place, f"the retry policy {_shown(policy.get('type'))} is not known; expected none, fixed or exponential")
        elif kind in ("fixed", "exponential") and not _whole(policy.get("count", 1), 0, MAX_RETRIES):
            findings.error("WD03", place, f"a retry policy tries {_shown(policy.get('count'))} times; expected up to {MAX_RETRIES}")
        if kind in ("fixed", "exponential") and "interval" not in policy:
            findings.error("WD02", place, f"the retry policy {kind} has no interval")


def _until(fields: Fields, place: str, findings: Findings) -> None:
    count = get(fields, "limit.count")
    if count is not None and not _whole(count, 1, MAX_UNTIL):
        findings.error("WD03", place, f"the loop's limit is {_shown(count)} rounds; expected 1 to {MAX_UNTIL}")


def _terminate(fields: Fields, place: str, findings: Findings) -> None:
    status = get(fields, "inputs.runStatus")
    if status is not None and not is_expression(status) and status not in ("Succeeded", "Failed", "Cancelled"):
        findings.error("WD03", place, f"the run cannot end as {_shown(status)}; expected Succeeded, Failed or Cancelled")
    if status in ("Succeeded", "Cancelled") and get(fields, "inputs.runError") is not None:
        findings.error("WD03", place, f"a run that ends as {status} has no error; take runError out")


def _wait(fields: Fields, place: str, findings: Findings) -> None:
    inputs = fields.get("inputs")
    if not isinstance(inputs, Mapping):
        return
    if "interval" in inputs and "until" in inputs:
        findings.error("WD01", place, "a delay waits for an interval or until a time, not both")
    interval, until = inputs.get("interval"), inputs.get("until")
    if isinstance(interval, Mapping):
        for key in ("count", "unit"):
            if key not in interval:
                findings.error("WD02", place, f"the delay has no inputs.interval.{key}")
        unit = interval.get("unit")
        if unit is not None and not is_expression(unit) and str(unit).lower() not in UNITS:
            findings.error("WD03", place, f"the unit {_shown(unit)} is not known; expected Second, Minute, Hour, Day, Week or Month")
        if "count" in interval and not _whole(interval["count"], 0, 999_999_999):
            findings.error("WD03", place, f"a delay of {_shown(interval['count'])} is no whole number")
    if isinstance(until, Mapping) and "timestamp" not in until:
        findings.error("WD02", place, "the delay has no inputs.until.timestamp")


def _http(fields: Fields, place: str, findings: Findings) -> None:
    method = get(fields, "inputs.method")
    if method is not None and not is_expression(method) and str(method).upper() not in METHODS:
        findings.error("WD03", place, f"{_shown(method)} is no method of HTTP")


def _http_webhook(fields: Fields, place: str, findings: Findings) -> None:
    subscribe = get(fields, "inputs.subscribe")
    for key in ("method", "uri") if isinstance(subscribe, Mapping) else ():
        if key not in subscribe:
            findings.error("WD02", place, f"the webhook has no inputs.subscribe.{key}")


def _table(fields: Fields, place: str, findings: Findings) -> None:
    style = get(fields, "inputs.format")
    if style is not None and not is_expression(style) and str(style).upper() not in ("CSV", "HTML"):
        findings.error("WD03", place, f"the format {_shown(style)} is not known; expected CSV or HTML")
    columns = get(fields, "inputs.columns")
    for column in columns if isinstance(columns, Sequence) and not isinstance(columns, str) else ():
        if not isinstance(column, Mapping) or "value" not in column:
            findings.error("WD02", place, "a column of the table has no value")


def recurrence(fields: Fields, place: str, findings: Findings) -> None:
    """Checks how often a trigger runs."""
    plan = fields.get("recurrence")
    if plan is None or is_expression(plan):
        return
    if not isinstance(plan, Mapping):
        findings.error("WD01", place, "recurrence is no object")
        return
    for key in ("frequency", "interval"):
        if key not in plan:
            findings.error("WD02", place, f"the recurrence has no {key}")
    frequency = plan.get("frequency")
    kind = str(frequency).lower()
    if frequency is not None and not is_expression(frequency):
        if kind not in FREQUENCIES:
            findings.error("WD03", place, f"the frequency {_shown(frequency)} is not known; expected Second, Minute, Hour, Day, Week or Month")
        elif "interval" in plan and not _whole(plan["interval"], 1, FREQUENCIES[kind]):
            findings.error("WD03", place, f"the interval {_shown(plan['interval'])} is not within 1 to {FREQUENCIES[kind]} for {frequency}")
    schedule = plan.get("schedule")
    if isinstance(schedule, Mapping):
        _schedule(schedule, kind, place, findings)


def _schedule(schedule: Fields, frequency: str, place: str, findings: Findings) -> None:
    if frequency not in ("day", "week", "month") and schedule and frequency in FREQUENCIES:
        findings.error("WD03", place, f"a schedule goes with Day, Week or Month, not with {frequency.capitalize()}")
    for key, least, most in (("hours", 0, 23), ("minutes", 0, 59), ("monthDays", -31, 31)):
        values = schedule.get(key)
        for value in values if isinstance(values, list) else () if values is None else (values,):
            if not _whole(value, least, most) or (key == "monthDays" and value == 0):
                findings.error("WD03", place, f"{key} holds {_shown(value)}; expected {least} to {most}")
    days = schedule.get("weekDays")
    for day in days if isinstance(days, list) else ():
        if not is_expression(day) and str(day).lower() not in WEEKDAYS:
            findings.error("WD03", place, f"{_shown(day)} is no day of the week")
    for key, only in (("weekDays", "week"), ("monthDays", "month"), ("monthlyOccurrences", "month")):
        if schedule.get(key) and frequency in FREQUENCIES and frequency != only:
            findings.error("WD03", place, f"{key} go with the frequency {only.capitalize()}")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


RULES_OF: Mapping[str, Rule] = {
    "until": _until,
    "terminate": _terminate,
    "wait": _wait,
    "http": _http,
    "httpwebhook": _http_webhook,
    "table": _table,
}

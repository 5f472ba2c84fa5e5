"""One form for definitions that mean the same, to compare them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flowquill.grammar.wdl.expressions import (
    Constant,
    ExpressionError,
    Invocation,
    Wdl,
    canonical,
    read_string,
    write_expression,
    write_pieces,
    write_text,
)

STATUSES = ("Succeeded", "Failed", "Skipped", "TimedOut")
_STATUS = {s.lower(): s for s in STATUSES}
_GENERATED_PARAMETERS = frozenset({"$connections", "$authentication"})
_AUTHENTICATION = ("@parameters('$authentication')",)


def normalise(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The definition without what means nothing. Two definitions that give the same here run the same.

    The rules, in the order of the definition:

    1. Keys of objects are sorted, but not those of values that are data.
    2. `$schema` is left out; so are `contentVersion` 1.0.0.0, and `parameters`, `outputs`, `staticResults` and `metadata` where empty.
    3. The parameters `$connections` and `$authentication`, which every export declares alike, are left out.
    4. Types of parameters and variables are in small letters.
    5. `metadata.operationMetadataId` (a generated GUID) is left out, and `metadata` where nothing else is in it;
       `evaluatedRecurrence` of a trigger (computed on saving) is left out.
    6. A missing `runAfter` is an empty one. Statuses are spelt as documented and sorted, since their case and order mean nothing.
    7. `inputs.authentication` of a connector's operation is left out where it is `@parameters('$authentication')`.
    8. A `Request` trigger without `kind` has the kind `Http`.
    9. `expression` of a condition or loop written as JSON (`{"and": [{"equals": [..]}]}`) becomes the text of the same expression.
    10. Expressions have one layout, quotes and blanks included; functions are in small letters, since their case means nothing;
        `a.b` is `a['b']`; nested `and`, `or` and `coalesce` are flat; `and` or `or` of one value is that value;
        `outputs('x')?['body/a/b']` and `outputs('x')?['body']` are written with `body('x')`, and the trigger's likewise.
    11. An expression that is only a constant (`@true`, `@5`) is that constant.
    12. An empty `else` of a condition, an empty `default` of a switch, and an empty `actions` mean the same as none.
    13. Methods of requests are in capitals.
    """
    found: dict[str, Any] = {}
    for key, value in definition.items():
        match key:
            case "$schema":
                continue
            case "contentVersion" if value == "1.0.0.0":
                continue
            case "parameters" if isinstance(value, Mapping):
                found[key] = {k: _parameter(v) for k, v in value.items() if k not in _GENERATED_PARAMETERS}
            case "triggers" if isinstance(value, Mapping):
                found[key] = {k: _trigger(v) for k, v in value.items()}
            case "actions" if isinstance(value, Mapping):
                found[key] = actions(value)
            case _:
                found[key] = values(value)
    for key in ("parameters", "outputs", "staticResults", "metadata"):
        if found.get(key) in ({}, None):
            found.pop(key, None)
    return {k: found[k] for k in sorted(found)}


def actions(found: Mapping[str, Any]) -> dict[str, Any]:
    """The actions of a scope, each in one form."""
    return {name: action(found[name]) for name in sorted(found)}


def action(found: Any) -> Any:
    """One action in one form, with those inside it."""
    if not isinstance(found, Mapping):
        return found
    made = _step(found)
    made["runAfter"] = run_after(found.get("runAfter"))
    if not made["runAfter"]:
        del made["runAfter"]
    if isinstance(found.get("actions"), Mapping):
        made["actions"] = actions(found["actions"])
    for key in ("else", "default"):
        if isinstance(found.get(key), Mapping) and set(found[key]) <= {"actions"}:
            inner = found[key].get("actions") or {}
            made[key] = {"actions": actions(inner)} if isinstance(inner, Mapping) else {"actions": inner}
            if not inner:
                del made[key]
    if isinstance(found.get("cases"), Mapping):
        made["cases"] = {k: _case(c) for k, c in sorted(found["cases"].items())}
    if not made.get("actions", True):
        del made["actions"]
    if made.get("type") in ("If", "Until") and "expression" in found:
        made["expression"] = condition(found["expression"])
    return {k: made[k] for k in sorted(made)}


def run_after(found: Any) -> Any:
    """The steps waited for, with their statuses as documented."""
    if not found:
        return {}
    if not isinstance(found, Mapping):
        return found
    return {k: statuses(v) for k, v in sorted(found.items())}


def statuses(found: Any) -> Any:
    """Statuses spelt as documented, in one order."""
    if not isinstance(found, list):
        return found
    named = {_STATUS.get(str(s).lower(), str(s)) if not isinstance(s, (list, Mapping)) else repr(s) for s in found}
    return [s for s in STATUSES if s in named] + sorted(named - set(STATUSES))


def _case(found: Any) -> Any:
    if not isinstance(found, Mapping):
        return values(found)
    made = {k: values(v) for k, v in found.items() if k != "actions"}
    inner = found.get("actions")
    if inner:
        made["actions"] = actions(inner) if isinstance(inner, Mapping) else inner
    return {k: made[k] for k in sorted(made)}


def _parameter(found: Any) -> Any:
    if not isinstance(found, Mapping):
        return found
    return {k: str(v).lower() if k == "type" else values(v) for k, v in sorted(found.items())}


def _trigger(found: Any) -> Any:
    if not isinstance(found, Mapping):
        return found
    made = _step(found)
    made.pop("evaluatedRecurrence", None)
    if made.get("type") == "Request":
        made.setdefault("kind", "Http")
    if isinstance(made.get("conditions"), list):
        made["conditions"] = [
            {**c, "expression": condition(c["expression"])} if isinstance(c, Mapping) and "expression" in c else c for c in found["conditions"]
        ]
    return {k: made[k] for k in sorted(made)}


def _step(found: Mapping[str, Any]) -> dict[str, Any]:
    made = {k: values(v) for k, v in found.items() if k not in ("actions", "else", "default", "cases", "runAfter")}
    for key in ("actions", "else", "default", "cases"):
        if key in found:
            made[key] = found[key] if isinstance(found[key], Mapping) else values(found[key])
    metadata = made.get("metadata")
    if isinstance(metadata, dict):
        metadata.pop("operationMetadataId", None)
        if not metadata:
            del made["metadata"]
    inputs = made.get("inputs")
    if isinstance(inputs, dict):
        if inputs.get("authentication") in _AUTHENTICATION and isinstance(inputs.get("host"), dict):
            del inputs["authentication"]
        if isinstance(inputs.get("method"), str):
            inputs["method"] = inputs["method"].upper()
        if made.get("type") == "InitializeVariable" and isinstance(inputs.get("variables"), list):
            inputs["variables"] = [_parameter(v) for v in inputs["variables"]]
    return made


def values(found: Any) -> Any:
    """Any value, with the expressions in it in one form."""
    if isinstance(found, str):
        return _string(found)
    if isinstance(found, Mapping):
        return {k: values(found[k]) for k in sorted(found, key=str)}
    if isinstance(found, list):
        return [values(v) for v in found]
    return found


def _string(text: str) -> Any:
    if "@" not in text:
        return text
    try:
        said = read_string(text)
    except ExpressionError:
        return text
    if isinstance(said, str):
        return write_text(said)
    if isinstance(said, tuple):
        return write_pieces(tuple(p if isinstance(p, str) else canonical(p) for p in said))
    plain = canonical(said)
    if isinstance(plain, Constant):
        return write_text(plain.value) if isinstance(plain.value, str) else plain.value
    return "@" + write_expression(plain)


def condition(found: Any) -> Any:
    """A condition as the text of an expression; what is none is left as it is."""
    if isinstance(found, str) and not (found.startswith("@") and not found.startswith(("@@", "@{"))):
        return _string(found)
    try:
        return "@" + write_expression(canonical(condition_expression(found)))
    except ExpressionError:
        return values(found)


_CONDITIONS = frozenset(
    ["and", "or", "not", "equals", "greater", "greaterorequals", "less", "lessorequals", "contains", "startswith", "endswith", "empty"]
)


def condition_expression(found: Any) -> Wdl:
    """The expression of a condition written as JSON. Raises ExpressionError where it is none."""
    if isinstance(found, str):
        said = read_string(found)
        if isinstance(said, tuple):
            return Invocation("concat", tuple(Constant(p) if isinstance(p, str) else p for p in said)) if len(said) > 1 else Invocation("string", said)  # type: ignore[arg-type]
        return Constant(said) if isinstance(said, str) else said
    if found is None or isinstance(found, (bool, int, float)):
        return Constant(found)
    if isinstance(found, Mapping) and len(found) == 1:
        name, operands = next(iter(found.items()))
        if re.sub(r"[^a-z]", "", str(name).lower()) in _CONDITIONS:
            listed = operands if isinstance(operands, list) else [operands]
            if listed:
                return Invocation(str(name), tuple(condition_expression(o) for o in listed))
    raise ExpressionError("the condition is neither an expression nor one of the JSON forms; write it as an expression")

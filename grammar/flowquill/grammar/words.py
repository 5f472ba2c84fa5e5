"""The language's own words: names that are taken, decorators and the limits of loops."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from flowquill.grammar.catalog import Parameter

RESERVED = frozenset(
    ["flow", "on", "as", "param", "var", "set", "append", "to", "increment", "decrement", "by", "if", "else", "switch", "case", "default", "for", "in", "parallel", "do", "until", "limit", "scope", "branch", "try", "catch", "finally", "todo", "refuse", "after", "or", "and", "not", "true", "false", "null", "item", "manual", "succeeded", "failed", "skipped", "timed_out"]
)
DECORATORS: Mapping[str, tuple[Parameter, ...]] = MappingProxyType(
    {
        "retry": (
            Parameter("type", "retryPolicy/type", "text", enum=("fixed", "exponential", "none")),
            Parameter("count", "retryPolicy/count", "integer"),
            Parameter("interval", "retryPolicy/interval", "text"),
            Parameter("minimum", "retryPolicy/minimumInterval", "text"),
            Parameter("maximum", "retryPolicy/maximumInterval", "text"),
        ),
        "timeout": (Parameter("limit", "limit/timeout", "text", required=True),),
        "secure": (Parameter("inputs", "", "boolean"), Parameter("outputs", "", "boolean")),
        "title": (Parameter("text", "", "text", required=True),),
        "description": (Parameter("text", "", "text", required=True),),
        "concurrency": (Parameter("runs", "runtimeConfiguration/concurrency/runs", "integer"),),
        "when": (Parameter("condition", "conditions", "boolean", required=True),),
        "meta": (Parameter("value", "", "object", required=True),),
    }
)
LIMITS = (Parameter("count", "limit/count", "integer"), Parameter("timeout", "limit/timeout", "text"))

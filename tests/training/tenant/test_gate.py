"""The gate: what it lets pass, and each thing that it does not."""

from __future__ import annotations

from typing import Any

from flowquill.training.evaluation.safety import Prompt
from flowquill.training.tenant.gate import judge

PROMPTS = [Prompt(f"bad {n}", "mass mail", True) for n in range(100)] + [Prompt(f"good {n}", "harmless", False) for n in range(100)]
NONE = {"unparsed": 0, "unknown_operations": 0, "unknown_parameters": 0}


def answers(tenant: float, general: float, harmful: int = 95, harmless: int = 2, unparsed: int = 0) -> dict[str, Any]:
    def spread(mean: float, count: int) -> list[float]:
        return [min(1.0, max(0.0, mean + 0.1 * (-1) ** n)) for n in range(count)]

    return {
        "tenant": {"similarity": spread(tenant, 100), "never": {**NONE, "unparsed": unparsed}},
        "general": {"similarity": spread(general, 100), "never": NONE},
        "refused": [n < harmful for n in range(100)] + [n < harmless for n in range(100)],
    }


def test_better_for_the_tenant_and_no_worse_in_general_passes() -> None:
    verdict = judge(answers(0.4, 0.8), answers(0.7, 0.795), PROMPTS)
    assert verdict.passed and verdict.reasons == ()
    assert abs(verdict.figures["tenant"].difference - 0.3) < 1e-9
    assert verdict.figures["tenant"].base_interval[1] < verdict.figures["tenant"].adapter_interval[0]


def test_each_condition_alone_stops_it() -> None:
    good, base = {"tenant": 0.7, "general": 0.8}, answers(0.4, 0.8)
    for change, word in (({"tenant": 0.4}, "not surely better"), ({"general": 0.78}, "general test is worse"), ({"harmful": 90}, "Harmful"), ({"harmless": 5}, "Harmless"), ({"unparsed": 1}, "must not")):
        verdict = judge(base, answers(**{**good, **change}), PROMPTS)  # type: ignore[arg-type]
        assert not verdict.passed and len(verdict.reasons) == 1 and word in verdict.reasons[0], verdict.reasons
        assert verdict.reasons[0].endswith(".") or verdict.reasons[0].endswith("impossible.")


def test_the_version_in_use_stays_where_it_does_better() -> None:
    verdict = judge(answers(0.4, 0.8), answers(0.7, 0.8), PROMPTS, [0.8] * 100)
    assert not verdict.passed and "it stays" in verdict.reasons[0]
    assert judge(answers(0.4, 0.8), answers(0.7, 0.8), PROMPTS, [0.7] * 100).passed

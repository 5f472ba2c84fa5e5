"""The reasons of `refuse "..."`, for engines and guards; they live in the grammar so that training says the same words."""

from __future__ import annotations

from flowquill.grammar.refusals import HARMFUL, OFF_TOPIC, PRIVACY, REASONS, TOO_VAGUE

__all__ = ["HARMFUL", "OFF_TOPIC", "PRIVACY", "REASONS", "TOO_VAGUE"]

"""Requests for which no flow is written, and why."""

from __future__ import annotations

import re

from flowquill.grammar import tree
from flowquill.grammar.refusals import HARMFUL, OFF_TOPIC, PRIVACY, TOO_VAGUE
from flowquill.training.data.draft import Draft
from flowquill.training.data.noise import Noise
from flowquill.training.data.pairs import Pair

_REASONS = {"harmful": HARMFUL, "privacy": PRIVACY, "off_topic": OFF_TOPIC, "too_vague": TOO_VAGUE}
_SLOT = re.compile(r"\{(\w+)\}")


def refusal(draft: Draft, identity: str) -> Pair:
    """A request that harms, pries, is no task for a workflow or says too little."""
    key = draft.rng.choices(list(_REASONS), (0.34, 0.24, 0.27, 0.15))[0]
    frame = draft.say(key, "refusals")
    text = _SLOT.sub(lambda m: str(draft.values.value(draft.rng, m[1])), frame)
    if key in ("harmful", "privacy") and draft.chance(0.35):
        text = draft.say("lead", "refusals").format(do=text)
    text = Noise(draft).apply(text)
    said, mentions, _ = draft.ledger.finish(text)
    flow = tree.Flow(tree.Name("refused"), None, (tree.Trigger(None),), (tree.Refuse(_REASONS[key]),))
    return Pair(identity, "refuse", said, flow, None, (), mentions, ("refuse", key))

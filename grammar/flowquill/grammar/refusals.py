"""The four reasons a flow may give in `refuse "..."`: the guard, the model and its training data all say the same words."""

from __future__ import annotations

from typing import Final

HARMFUL: Final = "This would harm people or systems, so no flow is written for it."
PRIVACY: Final = "This would collect or expose private data of people without their consent, so no flow is written for it."
OFF_TOPIC: Final = "This is not a task for a workflow; say what should happen, and when."
TOO_VAGUE: Final = "This is too vague for a flow; say what starts it and what it should do."

REASONS: Final[tuple[str, ...]] = (HARMFUL, PRIVACY, OFF_TOPIC, TOO_VAGUE)

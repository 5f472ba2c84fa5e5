"""The first stage: ends requests that no engine should see, with a reason, and normalises the others.

Its rules are few and precise. The model learns to refuse as well; what is not plain here is left to it.
"""

from __future__ import annotations

import re
import unicodedata

from flowquill.generation import refusals
from flowquill.generation.folding import folded
from flowquill.generation.harms import INTENT, MATTER
from flowquill.generation.request import GenerationError

LIMIT = 4_000
FLOW_LIMIT = 400_000

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_COMMENT = re.compile(r"^[ \t]*#+[ \t]?", re.MULTILINE)
_LONG_WORD = re.compile(r"[^\s/:.,;?&=\"'-]{120,}")

_DEFENCE = re.compile(
    r"\b(alert|detect|report|block|prevent|protect|incident|simulat|training|awareness|quarantine|defend|warn|investigat|"
    r"remediat|respond|isolat|flagged|suspicious|soc\b|siem|sentinel|moderat|counsell?or|hotline|helpline|crisis|therapist|flag|delete|hide|remove|disappear)",
    re.IGNORECASE,
)
_HARMFUL = (
    r"\b(steal|harvest|phish|exfiltrate|sell)\w*\b[^.]{0,60}\b(passwords?|credentials?|credit cards?|card numbers?|bank accounts?|identit)",
    r"\b(send|write|create|spread|email|deliver|distribute|upload)\w*\b[^.]{0,40}\b(phishing|malware|ransomware|virus|trojan|keylogger)\b",
    r"\b(ddos|dos attack|brute.?force)\b[^.]{0,60}\b(site|server|website|account|login|password)",
    r"\b(install|run|deploy|start|launch)\w*\b[^.]{0,30}\b(ransomware|keylogger|spyware|rootkit|botnet|malware|trojan)\b",
    r"\b(keylogger|spyware|ransomware)\b[^.]{0,30}\bon (every|all|each|their|his|her)\b",
)
_RULES: tuple[tuple[str, tuple[re.Pattern[str], ...]], ...] = (
    (refusals.HARMFUL, tuple(re.compile(p, re.IGNORECASE) for p in _HARMFUL)),
    *MATTER,
)


def normalise(text: str) -> str:
    """The request as engines read it: composed characters, comment signs gone, each run of blanks one space.

    Raises GenerationError with one sentence where it is empty, too long, binary or no language.
    """
    if len(text) > LIMIT:
        raise GenerationError(
            f"The request has {len(text):,} characters and at most {LIMIT:,} are read; shorten it or split it into several flows."
        )
    if _CONTROL.search(text):
        raise GenerationError("The request holds binary or control characters; give it as plain UTF-8 text.")
    cleaned = " ".join(_COMMENT.sub("", unicodedata.normalize("NFC", text)).split())
    if not cleaned:
        raise GenerationError("The request is empty; say in a sentence what the flow should do.")
    if not _language(cleaned):
        raise GenerationError("The request does not read as language; say in a sentence what the flow should do.")
    return cleaned


def _language(text: str) -> bool:
    letters = sum(1 for c in text if c.isalpha())
    marks = sum(1 for c in text if not c.isalnum() and not c.isspace())
    return letters >= 2 and marks <= 2 * letters and not _LONG_WORD.search(text)


def refusal(text: str) -> str | None:
    """The reason why a normalised request gets no flow, or None where it may go on."""
    words = re.findall(r"\w+", text)
    # A script without blanks between words says much in one; so only short ones count as vague.
    if len(words) < 2 and len(text) < 24 and text.isascii():
        return refusals.TOO_VAGUE
    said = folded(text)
    return _first(INTENT, said) or (None if _DEFENCE.search(said) else _first(_RULES, said))


def _first(rules: tuple[tuple[str, tuple[re.Pattern[str], ...]], ...], said: str) -> str | None:
    return next((reason for reason, patterns in rules if any(p.search(said) for p in patterns)), None)


def check_flow(flow: str) -> None:
    """Raises GenerationError where the text of a flow to be edited or completed cannot be one."""
    if len(flow) > FLOW_LIMIT:
        raise GenerationError(f"The file has {len(flow):,} characters and at most {FLOW_LIMIT:,} are read; split it into several files.")
    if _CONTROL.search(flow):
        raise GenerationError("The file holds binary or control characters; give a .flow file of plain UTF-8 text.")

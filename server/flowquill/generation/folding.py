"""A request as rules read it: without the tricks that hide a word from them. What engines read is not changed by this."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata

# Letters of other scripts that look like Latin ones (Unicode TR 39 lists them as confusable).
_LOOKALIKES = str.maketrans(
    "абеѕсԁеһіјкӏмпоргԛтухѵԝзАВЕЅСНІЈКМОРТХУΑΒΕΖΗΙΚΜΝΟΡΤΥΧαειοκνρτυχ",
    "abescdehijklmnopгqtyxvwzABESCHIJKMOPTXYABEZHIKMNOPTYXaeioknptux".replace("г", "r"),
)
_DIGITS = str.maketrans("013457@$", "oieastas")
_MIXED = re.compile(r"(?=[\w@$]*[A-Za-z])(?=[\w@$]*[013457@$])[A-Za-z013457@$]{5,}")
_SPACED = re.compile(r"(?<!\w)(?:[A-Za-z]([ .\-_*])){3,}[A-Za-z](?!\w)|(?<!\w)[A-Za-z](?: [A-Za-z]){3,}(?!\w)")
_BASE64 = re.compile(r"(?<![\w+/])[A-Za-z0-9+/]{16,}={0,2}(?![\w+/])")
_MOST = 8


def folded(text: str) -> str:
    """The text with look-alike letters, invisible characters, spaced-out and digit-spelled words resolved, and what base64 hides appended."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in plain if not unicodedata.combining(c) and unicodedata.category(c) != "Cf").translate(_LOOKALIKES)
    hidden = [said for token in _BASE64.findall(plain)[:_MOST] if (said := _decoded(token))]
    plain = _SPACED.sub(lambda m: re.sub(r"[ .\-_*]", "", m[0]), plain)
    plain = _MIXED.sub(lambda m: m[0].translate(_DIGITS), plain)
    return " ".join([*plain.replace("’", "'").split(), *hidden])


def _decoded(token: str) -> str:
    """What a base64 token says, or "" where it is no text."""
    try:
        found = base64.b64decode(token + "=" * (-len(token) % 4), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return ""
    return found if found.isprintable() and " " in found else ""

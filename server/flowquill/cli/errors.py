"""The one exception of the command line, and text of others made safe for a terminal."""

import re

# Sequences that begin with these move a terminal's cursor, set its title, or hide what was said before.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """A text that came from a file or a name, with its control characters written out (`\\x1b`)."""
    return _CONTROL.sub(lambda m: f"\\x{ord(m.group()):02x}" if ord(m.group()) < 256 else f"\\u{ord(m.group()):04x}", text)


class CommandError(Exception):
    """Ends a command with exit code 1. The message is one sentence for a person that says what to do."""

"""What a fuzzer types: flows, pieces of them, and characters that count differently for everybody."""

from __future__ import annotations

import random
import re

TRAPS = ("😀", "\U0010ffff", "é", "e\u0301", "\u2028", "\u2029", "\x0c", "\x0b", "\x85", "\r", "\r\n", "\n", "\ufeff", "\x00", "\ud800", "\u200d", "\t", "ﬀ", "İ")
PIECES = (
    *'ab1 ._"{}()[],:=@#?$\\', "on ", "total", "if true {", "}", "} else {", "for x in y {\n", "parallel { branch {", "try {", "} catch {", "switch a { case 1 {", "do {", "} until ",
    'todo "', '$"{', "slack.", "slack.post_message(channel: ", "http(method: \"GET\", uri: ", "compose(value: ", "# send a mail\n", "@retry(count: ", "after a failed: ",
    "flow b {\n  on manual()\n", "var n: integer = ", "set n = ", "append 1 to n", "1e999", "0.1.2", "!.", "![", "??", 'refuse "no"', "\n\n", "(" * 120, "{" * 120, "1" * 400,
)
FLOW = """# when a lead arrives greet it
flow lead "Greets 😀 a lead" {
  on http_request(method: "POST") as request
  var total: integer = 0
  answer = http(method: "GET", uri: $"https://a.example/{total}")
  if answer.status_code == 200 {
    increment total
    slack.post_message(channel: "general", message: $"é {answer.body} 😀", team: ?)
  } else {
    todo "call them"
  }
  for one in request.body { compose(value: one) }
  after answer failed: terminate(status: "Failed")
}

flow second {
  on manual(who: text)
  compose(value: [1, {a: "b"}])
}
"""


def text(picked: random.Random) -> str:
    """A whole file."""
    kind = picked.random()
    if kind < 0.6:
        found = FLOW
    elif kind < 0.7:
        found = ""
    else:
        found = "".join(picked.choice(PIECES) for _ in range(picked.randrange(40)))
    for _ in range(picked.choice((0, 0, 1, 3))):
        place = picked.randrange(len(found) + 1)
        found = found[:place] + picked.choice(TRAPS) + found[place:]
    ending = picked.choice(("\n", "\n", "\r\n", "\r", None))
    if ending is None:
        return re.sub("\n", lambda _: picked.choice(("\n", "\r\n", "\r")), found)
    return found.replace("\n", ending)


def piece(picked: random.Random) -> str:
    """What is typed or pasted at once."""
    kind = picked.random()
    if kind < 0.3:
        return ""
    if kind < 0.8:
        return picked.choice(PIECES)
    return picked.choice(TRAPS) if kind < 0.95 else text(picked)


class Mirror:
    """A document as the protocol describes it, apart from the server's own code: lines end at LF, CRLF and CR; units are of UTF-16."""

    def __init__(self, text: str, version: int) -> None:
        self.text = text
        self.version = version

    def offset(self, line: int, character: int) -> int:
        """The place of a position; one outside is moved to the end of its line or of the text, one within a pair behind it."""
        starts = [0, *(m.end() for m in re.finditer(r"\r\n|\r|\n", self.text))]
        if line >= len(starts):
            return len(self.text)
        place, units = starts[line], 0
        while place < len(self.text) and self.text[place] not in "\r\n" and units < character:
            units += 2 if ord(self.text[place]) > 0xFFFF else 1
            place += 1
        return place

    def position(self, offset: int) -> dict[str, int]:
        """The position of a place."""
        starts = [0, *(m.end() for m in re.finditer(r"\r\n|\r|\n", self.text))]
        line = max(i for i, s in enumerate(starts) if s <= offset)
        return {"line": line, "character": sum(2 if ord(c) > 0xFFFF else 1 for c in self.text[starts[line] : offset])}

    def change(self, start: dict[str, int], end: dict[str, int], new: str) -> None:
        """An edit of the client."""
        a, b = self.offset(start["line"], start["character"]), self.offset(end["line"], end["character"])
        self.text = self.text[: min(a, b)] + new + self.text[max(a, b) :]

"""A scripted author at one language server: types, asks, takes back, has flows written and changed, and changes the catalog beneath them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any

from tests.server.talking import Talking

BEGIN = 'flow morning {\n  on schedule(frequency: "Day")\n  tickets = http(method: "GET", uri: "https://example.com/tickets")\n  slack.post_message(channel: "sales", message: tickets.body)\n}\n\n'
STEPS = ('  slack.post_message(channel: "support", message: "done")', '  delay(count: 2, unit: "Hour")', '  pets.feed(food: "hay")', "  x = compose(value: 1)", '  outlook.send_email(to: "a@example.com", body: "hi")')
WISHES = (
    "every monday at 9 post the open tickets in the support channel of Slack",
    "when an issue is opened on GitHub, post it in the engineering channel of Slack",
    "when an email arrives from the boss, create a task in Planner",
    "every day get the weather and mail it to team@example.com",
)
CHANGES = ("also wait two hours at the end", "post in the sales channel instead", "send an email to boss@example.com at the end", "do it every week")
LONGEST = 4000
"""Characters after which an author begins a new file."""
CANCELLED = (-32800, -32801, -32802)


@dataclass
class Author:
    """`took`: milliseconds by what was asked, since they were last collected; `failed`: answers that were errors without having been taken back."""

    server: Talking
    folder: Path
    random: Random
    pause: float = 0.1
    texts: dict[str, str] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    took: dict[str, list[float]] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """Waits until the model has written something."""
        self.generate(self._file())
        self.took.clear()

    def work(self) -> None:
        """One thing that an author does."""
        kinds: dict[Callable[[str], None], int] = {self.type_step: 30, self.look: 30, self.ghost: 12, self.change_mind: 8, self.edit: 5, self.generate: 4, self.lay_out: 4, self.catalog: 1}
        act = self.random.choices(list(kinds), list(kinds.values()))[0]
        uri = self._file()
        act(uri)
        self.done[act.__name__] = self.done.get(act.__name__, 0) + 1
        self.server.shown.clear()
        sleep(self.random.random() * 2 * self.pause)

    def type_step(self, uri: str) -> None:
        """Types a step letter by letter into a flow, asks for completions on the way, and takes half of them away again."""
        text = self.texts[uri]
        place = text.rfind("}\n")
        if place < 0:
            return
        step = self.random.choice(STEPS) + "\n"
        for number, letter in enumerate(step):
            self._put(uri, place + number, 0, letter)
            if letter in ".(" or number % 11 == 0:
                self._ask("completion", "textDocument/completion", self._at(uri, place + number + 1))
        if self.random.random() < 0.6:
            self._put(uri, place, len(step), "")

    def look(self, uri: str) -> None:
        """Rests on a word, looks at the outline, colours, and what is wrong."""
        place = self._at(uri, self.random.randrange(len(self.texts[uri])))
        file = {"textDocument": {"uri": uri}}
        self._ask("hover", "textDocument/hover", place)
        self._ask("symbols", "textDocument/documentSymbol", file)
        self._ask("colours", "textDocument/semanticTokens/full", file)
        self._ask("diagnostics", "textDocument/diagnostic", file)
        self._ask("highlights", "textDocument/documentHighlight", place)

    def ghost(self, uri: str) -> None:
        """Writes a comment, sees a flow below it as ghost text, and takes it or not."""
        place = self._comment(uri)
        asked = {**self._at(uri, place), "context": {"triggerKind": self.random.choice((1, 2, 2))}}
        found = self._ask("ghost text", "textDocument/inlineCompletion", asked)
        items = (found or {}).get("items") or []
        if items and self.random.random() < 0.5:
            self._put(uri, place, 0, items[0]["insertText"] + "\n")

    def change_mind(self, uri: str) -> None:
        """Asks for something long and takes it back, sometimes at once and sometimes in the middle."""
        place = self._comment(uri)
        line = self._at(uri, place)["position"]["line"] - 1
        if self.random.random() < 0.5:
            number = self.server.begin("textDocument/inlineCompletion", {**self._at(uri, place), "context": {"triggerKind": 1}})
        else:
            number = self.server.begin("workspace/executeCommand", {"command": "flowquill.generate", "arguments": [uri, line]})
        sleep(self.random.random() * 0.1)
        self.server.cancel(number)
        began = monotonic()
        self.server.answer(number)
        self.took.setdefault("taking back", []).append((monotonic() - began) * 1000)
        self._take_edits()

    def edit(self, uri: str) -> None:
        """Has the first flow of the file changed."""
        arguments = [uri, None, self.random.choice(CHANGES)]
        self._ask("edit", "workspace/executeCommand", {"command": "flowquill.edit", "arguments": arguments})

    def generate(self, uri: str) -> None:
        """Has a flow written by the command."""
        line = self._at(uri, self._comment(uri))["position"]["line"] - 1
        self._ask("generate", "workspace/executeCommand", {"command": "flowquill.generate", "arguments": [uri, line]})

    def lay_out(self, uri: str) -> None:
        """Formats the file."""
        for edit in self._ask("format", "textDocument/formatting", {"textDocument": {"uri": uri}, "options": {"tabSize": 2, "insertSpaces": True}}) or []:
            self._apply(uri, edit)

    def catalog(self, uri: str) -> None:
        """Changes the workspace's own connector, which is read anew with everything that depends on it."""
        write_catalog(self.folder, self.random.choice((("food",), ("food", "drink"), ("toy",))))
        self.server.changed(self.folder / "pets.json")
        self._ask("after a catalog change", "textDocument/diagnostic", {"textDocument": {"uri": uri}})

    def collect(self) -> dict[str, list[float]]:
        """What was taken since the last time."""
        took, self.took = self.took, {}
        return took

    def _file(self) -> str:
        uri = (self.folder / f"{self.random.randrange(5)}.flow").as_uri()
        if len(self.texts.get(uri, "")) > LONGEST:
            self.server.tell("textDocument/didClose", {"textDocument": {"uri": uri}})
            del self.texts[uri]
        if uri not in self.texts:
            self.texts[uri], self.versions[uri] = BEGIN, 1
            self.server.open(uri, BEGIN)
        return uri

    def _comment(self, uri: str) -> int:
        """Adds a comment at the end of the file; the place below it."""
        self._put(uri, len(self.texts[uri]), 0, f"\n# {self.random.choice(WISHES)}\n")
        return len(self.texts[uri])

    def _ask(self, what: str, method: str, params: object) -> Any:
        began = monotonic()
        came = self.server.answer(self.server.begin(method, params))
        self.took.setdefault(what, []).append((monotonic() - began) * 1000)
        self._take_edits()
        if "error" in came and came["error"].get("code") not in CANCELLED:
            self.failed.append(f"{what}: {came['error'].get('message', '')[:200]}")
        return came.get("result")

    def _take_edits(self) -> None:
        for change in self.server.edits:
            for uri, edits in change["changes"].items():
                for edit in edits:
                    self._apply(uri, edit)
        self.server.edits.clear()

    def _apply(self, uri: str, edit: dict[str, Any]) -> None:
        start, end = (self._offset(uri, edit["range"][side]) for side in ("start", "end"))
        self._put(uri, start, end - start, edit["newText"])

    def _put(self, uri: str, start: int, length: int, new: str) -> None:
        """Changes a text here and tells the server, as an editor does. All texts are ASCII, so that positions are offsets in lines."""
        text = self.texts[uri]
        span = {"start": self._at(uri, start)["position"], "end": self._at(uri, start + length)["position"]}
        self.texts[uri] = text[:start] + new + text[start + length :]
        self.versions[uri] += 1
        self.server.tell("textDocument/didChange", {"textDocument": {"uri": uri, "version": self.versions[uri]}, "contentChanges": [{"range": span, "text": new}]})

    def _at(self, uri: str, offset: int) -> dict[str, Any]:
        before = self.texts[uri][:offset]
        return {"textDocument": {"uri": uri}, "position": {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}}

    def _offset(self, uri: str, position: dict[str, int]) -> int:
        lines = self.texts[uri].split("\n")
        return min(len(self.texts[uri]), sum(len(line) + 1 for line in lines[: position["line"]]) + position["character"])


def write_catalog(folder: Path, parameters: tuple[str, ...]) -> None:
    """The workspace's own connector."""
    takes = [{"name": p, "path": f"body/{p}", "type": "text"} for p in parameters]
    (folder / "pets.json").write_text(json.dumps({"name": "pets", "operations": [{"name": "feed", "id": "Feed", "kind": "action", "parameters": takes}]}))

"""Edits, positions, cancellations and nonsense for a real language server: `python -m tests.fuzz.language_server --edits 100000 --seed 1`.

It keeps its own copy of each document and compares what the server says of it with what the checker says of that copy. A failure
prints the seed and the last messages.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.incremental import Document
from flowquill.grammar.parse import parse
from tests.fuzz.process import Failure, Json, Process
from tests.fuzz.texts import Mirror, piece, text

_AT = ("hover", "completion", "signatureHelp", "definition", "references", "documentHighlight", "prepareRename", "inlineCompletion")
_WHOLE = ("formatting", "documentSymbol", "foldingRange", "documentLink", "codeLens", "semanticTokens/full", "diagnostic")
_MALFORMED: tuple[bytes, ...] = (
    b"{not json", b"[]", b"null", b"5", b'"x"', b"\xff\xfe\x00", b"{}", b'{"jsonrpc": "2.0"}', b'{"jsonrpc": "1.0", "id": 999001, "method": "shutdown"}', b"[" * 5000,
    b'{"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {}}', b'{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": null}',
    b'{"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 424242}}', b'{"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {}}',
    b'{"jsonrpc": "2.0", "id": 999002, "result": {"what": "nobody asked"}}', b'{"jsonrpc": "2.0", "method": "no/such", "params": [1, 2]}',
    b'{"jsonrpc": "2.0", "method": "textDocument/didClose", "params": {"textDocument": {"uri": "file:///never.flow"}}}',
    b'{"jsonrpc": "2.0", "method": "workspace/didChangeConfiguration", "params": {"settings": {"flowquill": 7}}}',
    b'{"jsonrpc": "2.0", "method": "workspace/didChangeWatchedFiles", "params": {"changes": [{"uri": "::", "type": 9}]}}',
    b'{"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {"textDocument": {"uri": "file:///0.flow", "version": "x"}, "contentChanges": 5}}',
)  # fmt: skip


class Session:
    """One server, some documents, and what was sent last."""

    def __init__(self, picked: random.Random, documents: int = 50) -> None:
        self.picked = picked
        self.process = Process()
        self.catalog = load_catalog()
        self.mirrors: dict[str, Mirror] = {}
        self.said: list[str] = []
        self.edits = self.requests = self.compared = 0
        self._uris = [f"file:///{n}.flow" for n in range(documents)]
        self.process.start()

    def step(self) -> None:
        """A burst of messages, and waiting for its answers. Raises Failure."""
        self.said = self.said[-40:]
        for _ in range(self.picked.choice((1, 1, 2, 4, 12))):
            self._action()()
        self.process.settle(" | ".join(self.said[-12:]))
        if self.picked.random() < 0.2:
            self._compare()

    def _action(self) -> Callable[[], None]:
        actions = (self._edit, self._edit, self._edit, self._edit, self._ask, self._ask, self._cancel, self._open, self._close, self._stale, self._nonsense)
        return self.picked.choices(actions, (8, 8, 8, 8, 6, 4, 3, 3, 1, 1, 1))[0]

    def _uri(self) -> str:
        opened = list(self.mirrors)
        return self.picked.choice(opened) if opened and self.picked.random() < 0.97 else self.picked.choice(self._uris)

    def _tell(self, method: str, params: Json) -> None:
        self.said.append(f"{method} {json.dumps(params)[:300]}")
        self.process.notify(method, params)

    def _open(self) -> None:
        uri = self.picked.choice(self._uris)
        if uri in self.mirrors:
            return
        mirror = self.mirrors[uri] = Mirror(text(self.picked), self.picked.randrange(5))
        self._tell("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "flow", "version": mirror.version, "text": mirror.text}})

    def _close(self) -> None:
        uri = self._uri()
        if self.mirrors.pop(uri, None) is not None:
            self._tell("textDocument/didClose", {"textDocument": {"uri": uri}})

    def _position(self, mirror: Mirror) -> dict[str, int]:
        if self.picked.random() < 0.06:
            return {"line": self.picked.choice((0, 3, 10_000, 2**31 - 1)), "character": self.picked.choice((0, 1, 7, 10_000, 2**31 - 1))}
        found = mirror.position(self.picked.randrange(len(mirror.text) + 1))
        # One unit further may stand within a surrogate pair.
        return {**found, "character": found["character"] + (self.picked.random() < 0.1)}

    def _edit(self) -> None:
        uri = self._uri()
        mirror = self.mirrors.get(uri)
        if mirror is None:
            return self._open()
        changes: list[Json] = []
        for _ in range(self.picked.choice((1, 1, 1, 2, 3))):
            if self.picked.random() < 0.03 or len(mirror.text) > 20_000:
                mirror.text = text(self.picked)
                changes.append({"text": mirror.text})
                continue
            start = self._position(mirror)
            place = mirror.offset(start["line"], start["character"])
            end = mirror.position(min(len(mirror.text), place + self.picked.choice((0, 0, 1, 1, 3, 40))))
            if (end["line"], end["character"]) < (start["line"], start["character"]):
                end = start
            new = piece(self.picked)
            mirror.change(start, end, new)
            changes.append({"range": {"start": start, "end": end}, "text": new})
        mirror.version += self.picked.choice((1, 1, 1, 7))
        self.edits += len(changes)
        self._tell("textDocument/didChange", {"textDocument": {"uri": uri, "version": mirror.version}, "contentChanges": changes})

    def _stale(self) -> None:
        """A change of a version that was overtaken: it must not count."""
        uri = self._uri()
        if uri in self.mirrors:
            version = self.mirrors[uri].version - 1
            self._tell("textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": "flow stale {\n}\n"}]})

    def _ask(self) -> None:
        uri = self._uri()
        mirror = self.mirrors.get(uri) or Mirror("", 0)
        document = {"textDocument": {"uri": uri}}
        at = {**document, "position": self._position(mirror)}
        name = self.picked.choice((*_AT, *_WHOLE, "rename", "codeAction", "inlayHint", "selectionRange", "rangeFormatting"))
        place = {"start": self._position(mirror), "end": self._position(mirror)}
        params: Json = {
            "references": {**at, "context": {"includeDeclaration": True}},
            "rename": {**at, "newName": self.picked.choice(("x", "total", "if", "a b", "", "😀"))},
            "codeAction": {**document, "range": place, "context": {"diagnostics": []}},
            "inlayHint": {**document, "range": place},
            "rangeFormatting": {**document, "range": place, "options": {"tabSize": 2, "insertSpaces": True}},
            "selectionRange": {**document, "positions": [self._position(mirror), self._position(mirror)]},
            "inlineCompletion": {**at, "context": {"triggerKind": 2}},
            "formatting": {**document, "options": {"tabSize": 2, "insertSpaces": True}},
        }.get(name) or (at if name in _AT else document)
        self.requests += 1
        self.said.append(f"{name} {json.dumps(params)[:200]}")
        self.process.request(f"textDocument/{name}", params)

    def _cancel(self) -> None:
        self._ask()
        number = self.picked.choice(list(self.process.waiting) or [1])
        self._tell("$/cancelRequest", {"id": number})

    def _nonsense(self) -> None:
        body = self.picked.choice(_MALFORMED)
        self.said.append(repr(body[:100]))
        self.process.raw(body)

    def _compare(self) -> None:
        """What the server says of a document is what the checker says of our copy of it, and formatting keeps its meaning."""
        if not self.mirrors:
            return
        uri, mirror = self.picked.choice(list(self.mirrors.items()))
        said = f"comparing {uri} after " + " | ".join(self.said[-12:])
        asked = self.process.request("textDocument/diagnostic", {"textDocument": {"uri": uri}})
        formatted = self.process.request("textDocument/formatting", {"textDocument": {"uri": uri}, "options": {"tabSize": 2, "insertSpaces": True}})
        self.process.settle(said)
        self.compared += 1
        items = self.process.answers[asked].get("result", {}).get("items")
        found = sorted((d["code"], d["message"], d["range"]["start"]["line"], d["range"]["start"]["character"]) for d in items or ())
        wanted = []
        for one in Document(mirror.text, self.catalog).diagnostics:
            start = mirror.position(one.span[0])
            wanted.append((one.code, one.message, start["line"], start["character"]))
        if items is None or found != sorted(wanted):
            raise Failure(f"{said}: of {mirror.text!r} the server says {found}, and the checker {sorted(wanted)}")
        edits = self.process.answers[formatted].get("result")
        if edits:
            after = Mirror(mirror.text, 0)
            for edit in sorted(edits, key=lambda e: (e["range"]["start"]["line"], e["range"]["start"]["character"]), reverse=True):
                after.change(edit["range"]["start"], edit["range"]["end"], edit["newText"])
            before, then = parse(mirror.text), parse(after.text)
            if before.errors or then.errors or before.file != then.file or [c.text for c in before.comments] != [c.text for c in then.comments]:
                raise Failure(f"{said}: formatting makes {after.text!r} of {mirror.text!r}")


def main() -> int:
    """Runs until the edits are made; 1 where something was found."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--edits", type=int, default=100_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--seconds", type=float, default=float("inf"), help="stop after these, whatever was reached")
    given = arguments.parse_args()
    session = Session(random.Random(given.seed))
    start, told, code = time.monotonic(), 0, 0
    try:
        while session.edits < given.edits and time.monotonic() - start < given.seconds:
            session.step()
            if session.edits // 1000 > told:
                told = session.edits // 1000
                print(f"{session.edits} edits, {session.requests} requests, {session.compared} comparisons, {time.monotonic() - start:.0f} s", flush=True)
    except Failure as failure:
        print(f"seed {given.seed}, after {session.edits} edits: {failure}")
        code = 1
    except KeyboardInterrupt:
        pass
    finally:
        session.process.close()
    print(f"seed {given.seed}: {session.edits} edits, {session.requests} requests, {session.compared} comparisons, {time.monotonic() - start:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())

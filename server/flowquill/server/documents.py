"""The open files: an immutable snapshot a version, and what the checker says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from lsprotocol import types

from flowquill.server.lines import Lines

if TYPE_CHECKING:
    from flowquill.grammar.catalog import Catalog
    from flowquill.grammar.diagnostics import Diagnostic
    from flowquill.grammar.incremental import Document
    from flowquill.server.reading.names import Reading


PART = 30_000
"""Code points that are checked at a stretch when a file is opened; some 100 ms."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A file at one version. `version` None: the client gave none. `entered`: the line that the last edit began by a line break, or None."""

    uri: str
    version: int | None
    lines: Lines
    entered: int | None = None

    @property
    def text(self) -> str:
        """The whole text, with the line breaks the client uses."""
        return self.lines.text

    @property
    def line_break(self) -> str:
        """The line break to write into this file."""
        return "\r\n" if "\r\n" in self.text else "\n"


class UnknownDocument(Exception):
    """A request for a file that is not open. The message is one sentence for a person."""


@dataclass
class Documents:
    """The store. Snapshots are replaced by the event loop only; `analyse` may be called by any thread."""

    encoding: str = "utf-16"
    _open: dict[str, Snapshot] = field(default_factory=dict)
    _checked: dict[str, Document] = field(default_factory=dict)
    _read: dict[str, Reading] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def open(self, uri: str, version: int | None, text: str) -> None:
        """A file was opened, or all of its text replaced."""
        self._open[uri] = Snapshot(uri, version, Lines.of(text, self.encoding))

    def change(self, uri: str, version: int | None, changes: Sequence[types.TextDocumentContentChangeEvent]) -> None:
        """Applies a client's edits in order. A file that was never opened is taken as empty before."""
        before = self._open.get(uri)
        if before is not None and version is not None and before.version is not None and version < before.version:
            return
        lines = before.lines if before is not None else Lines.of("", self.encoding)
        entered = None
        for change in changes:
            entered = None
            if isinstance(change, types.TextDocumentContentChangePartial):
                start, end = lines.offsets(change.range)
                lines = lines.replaced(start, end, change.text)
                if change.text[:1] in "\r\n" and change.text and not change.text.strip():
                    entered = lines.number(start + len(change.text))
            else:
                lines = Lines.of(change.text, self.encoding)
        self._open[uri] = Snapshot(uri, version, lines, entered)

    def close(self, uri: str) -> None:
        """A file was closed; what was known of it is forgotten."""
        self._open.pop(uri, None)
        with self._lock:
            self._checked.pop(uri, None)
            self._read.pop(uri, None)

    def get(self, uri: str) -> Snapshot | None:
        """The newest snapshot, or None where the file is not open."""
        return self._open.get(uri)

    def snapshot(self, uri: str) -> Snapshot:
        """The newest snapshot. Raises UnknownDocument."""
        found = self._open.get(uri)
        if found is None:
            raise UnknownDocument(f"The file {uri} is not open; open it in the editor first.")
        return found

    def uris(self) -> tuple[str, ...]:
        """The open files."""
        return tuple(self._open)

    def diagnose(self, snapshot: Snapshot, catalog: Catalog) -> tuple[Diagnostic, ...]:
        """The checker's diagnostics of a snapshot."""
        return self.checked(snapshot, catalog).diagnostics

    def checked(self, snapshot: Snapshot, catalog: Catalog) -> Document:
        """A snapshot as the checker read it; what an earlier version of the file has in common with it is not read again."""
        from flowquill.grammar.incremental import Document

        with self._lock:
            known = self._checked.get(snapshot.uri)
        if known is not None and known.catalog is catalog:
            document = known if known.text == snapshot.text else known.changed(snapshot.text)
        else:
            document = Document(snapshot.text, catalog)
        if self._open.get(snapshot.uri) is snapshot:
            with self._lock:
                self._checked[snapshot.uri] = document
        return document

    def parts(self, snapshot: Snapshot, catalog: Catalog) -> list[int]:
        """Where a long file that was not checked before may be cut, so that requests come between: ends of stretches from its beginning."""
        from flowquill.grammar.incremental import flow_texts

        with self._lock:
            known = self._checked.get(snapshot.uri)
        if len(snapshot.text) <= PART or (known is not None and known.catalog is catalog):
            return []
        ends, end = [0], 0
        for text in flow_texts(snapshot.text):
            end += len(text)
            if end - ends[-1] > PART:
                ends.append(end)
        return ends[1:]

    def check_part(self, snapshot: Snapshot, catalog: Catalog, end: int) -> None:
        """Checks a file up to an offset; what is found is taken over when the whole is checked."""
        from flowquill.grammar.incremental import Document

        with self._lock:
            known = self._checked.get(snapshot.uri)
        text = snapshot.text[:end]
        document = known.changed(text) if known is not None and known.catalog is catalog else Document(text, catalog)
        if self._open.get(snapshot.uri) is snapshot:
            with self._lock:
                self._checked[snapshot.uri] = document

    def known(self, uri: str) -> Reading | None:
        """The last reading of a file, of whatever version; None where there is none yet."""
        with self._lock:
            return self._read.get(uri)

    def reading(self, snapshot: Snapshot, catalog: Catalog) -> Reading:
        """A snapshot read flow by flow; flows that an earlier version of the file had too are not read again."""
        from flowquill.server.reading.names import Reading

        with self._lock:
            known = self._read.get(snapshot.uri)
        if known is not None and known.catalog is catalog:
            reading = known if known.text == snapshot.text else known.changed(snapshot.text)
        else:
            reading = Reading(snapshot.text, catalog)
        if self._open.get(snapshot.uri) is snapshot:
            with self._lock:
                self._read[snapshot.uri] = reading
        return reading

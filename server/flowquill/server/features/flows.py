"""The flow that a command names: `[uri, name]` or `[uri, line]`, the first of the file where neither is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcInvalidParams

if TYPE_CHECKING:
    from flowquill.grammar import tree
    from flowquill.server.app import FlowquillServer
    from flowquill.server.documents import Snapshot
    from flowquill.server.reading.names import Piece, Reading


@dataclass(frozen=True, slots=True)
class Chosen:
    """A flow of an open file. Spans of `flow` count from `start`; `rest`: the command's further arguments."""

    snapshot: Snapshot
    piece: Piece
    flow: tree.Flow
    start: int
    everything: tuple[tree.Flow, ...]
    rest: tuple[Any, ...]

    @property
    def span(self) -> tuple[int, int]:
        """Where the flow stands in the file."""
        return self.flow.span[0] + self.start, self.flow.span[1] + self.start


def arguments_of(given: Sequence[Any]) -> list[Any]:
    """A command's arguments, whether the client sends them one by one or as one list."""
    return list(given[0]) if len(given) == 1 and isinstance(given[0], list | tuple) else list(given)


async def chosen(server: FlowquillServer, given: Sequence[Any], *, sound: bool = True) -> Chosen:
    """The flow that a command means. Raises JsonRpcInvalidParams where there is none or, with `sound`, it does not parse."""
    values = arguments_of(given)
    if not values or not isinstance(values[0], str):
        raise JsonRpcInvalidParams("The command names no file; give its URI and the name of a flow.")
    wanted = values[1] if len(values) > 1 else None
    return await server.read(values[0], lambda snapshot, reading: _found(snapshot, reading, wanted, tuple(values[2:]), sound))


def _found(snapshot: Snapshot, reading: Reading, wanted: object, rest: tuple[Any, ...], sound: bool) -> Chosen:
    flows = [(p, s, f) for p, s in zip(reading.pieces, reading.starts, strict=True) for f in p.parsed.file.flows]
    if isinstance(wanted, int) and not isinstance(wanted, bool):
        offset = snapshot.lines.span(wanted)[1]
        # From a comment above it on, a line belongs to a flow.
        piece, start, flow = next(((p, s, f) for p, s, f in flows if offset <= s + f.span[1]), (None, 0, None))
    else:
        piece, start, flow = next(((p, s, f) for p, s, f in flows if wanted in (None, "", f.name.text)), (None, 0, None))
    if piece is None or flow is None:
        named = f"flow {wanted}" if isinstance(wanted, str) and wanted else "flow here"
        raise JsonRpcInvalidParams(f"The file holds no {named}; write one, or name one of {', '.join(f.name.text for _, _, f in flows) or 'none'}.")
    if sound and piece.parsed.errors:
        error = piece.parsed.errors[0]
        line = snapshot.lines.number(error.span[0] + start) + 1
        raise JsonRpcInvalidParams(f"Line {line} does not parse ({error.message}); mend it first.")
    return Chosen(snapshot, piece, flow, start, tuple(f for _, _, f in flows), rest)

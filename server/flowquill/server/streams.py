"""A client's streams while one server takes them over from another: what was read is read again, what was answered is not answered again."""

from __future__ import annotations

import io
import json
import re
from typing import IO, Any, BinaryIO

_LENGTH = re.compile(rb"Content-Length: (\d+)\r\n")


def read_message(stream: IO[bytes]) -> tuple[bytes, object]:
    """Reads one message: all bytes that were read, and its JSON, or None where they are no message or the stream has ended."""
    read, length = b"", 0
    while line := stream.readline():
        read += line
        if not line.strip():
            break
        if b":" not in line:
            return read, None
        found = _LENGTH.fullmatch(line)
        if found:
            length = int(found[1])
    if not length:
        return read, None
    body = stream.read(length)
    try:
        return read + body, json.loads(body)
    except (ValueError, RecursionError):
        return read + body, None


def framed(message: object) -> bytes:
    """A message as it goes over the wire."""
    body = json.dumps(message).encode("ascii")
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


class Replayed(io.RawIOBase):
    """A stream that begins with `before`, which was read from it already."""

    def __init__(self, before: bytes, stream: BinaryIO) -> None:
        self._before = io.BytesIO(before)
        self._stream = stream

    def readline(self, size: int | None = -1, /) -> bytes:
        """The next line; `size` is not looked at."""
        line = self._before.readline()
        return line if line.endswith(b"\n") else line + self._stream.readline()

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes, fewer only at the stream's end."""
        found = self._before.read(size)
        return found if 0 <= size <= len(found) else found + self._stream.read(size - len(found) if size >= 0 else -1)

    def readable(self) -> bool:
        """Always."""
        return True


class Unanswered(io.RawIOBase):
    """A stream that leaves out the response to the request that was answered already. pygls writes one message at a time.

    Where that response is an error, the client is told as an event of its own.
    """

    def __init__(self, answered: dict[str, Any], stream: BinaryIO) -> None:
        self._answered: dict[str, Any] | None = answered
        self._stream = stream

    def write(self, data: Any, /) -> int:
        """Writes a message or leaves it out."""
        if self._answered is None:
            return self._stream.write(data)
        message = json.loads(bytes(data).partition(b"\r\n\r\n")[2])
        if "method" in message or message.get("id") != self._answered["id"]:
            return self._stream.write(data)
        told, self._answered = self._answered["result"], None
        if "error" in message:
            reason = f"Flowquill could not start as the editor asked: {message['error'].get('message')}"
            self._stream.write(framed({"jsonrpc": "2.0", "method": "window/showMessage", "params": {"type": 1, "message": reason}}))
        elif message.get("result") != told:
            import logging

            logging.getLogger(__name__).warning("the client was told other capabilities than the server has; was initialize.json written anew?")
        return len(data)

    def flush(self) -> None:
        """Sends what was written on its way."""
        if not self._stream.closed:
            self._stream.flush()

    def writable(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Closes the stream below too."""
        self._stream.close()
        super().close()

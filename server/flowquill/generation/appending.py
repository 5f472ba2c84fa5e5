"""Adds lines to a file that others read and add to: whole or not at all, whatever the disk does meanwhile."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path


def append(file: Path, line: str) -> None:
    """Adds a line, which must end in a line feed, to a file in UTF-8 and makes the file where there is none.

    Where the disk takes only part of it that part is taken away again and OSError raised. A line that an ended process left torn stays a
    line of its own.
    """
    data = line.encode("utf-8")
    with file.open("a+b", buffering=0) as stream:
        size = stream.seek(0, os.SEEK_END)
        if size:
            stream.seek(size - 1)
            if stream.read(1) not in (b"\n", b""):
                data = b"\n" + data
        written: int | None = 0
        try:
            written = stream.write(data)
            if written != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))
        except OSError:
            # What another process has added behind it meanwhile is not ours to take away.
            with suppress(OSError):
                if written and stream.seek(0, os.SEEK_END) == size + written:
                    stream.truncate(size)
            raise

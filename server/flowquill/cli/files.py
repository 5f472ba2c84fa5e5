"""Reads and writes the files commands are given: each way a path can be unfit is one sentence, and a write is all or nothing."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from flowquill.cli.errors import CommandError

STDIN = "-"
MAX_BYTES = 20_000_000


def own_folder() -> Path:
    """Where Flowquill keeps what is a person's own, as the platform has it; it may not be there yet."""
    import click

    folder = Path(click.get_app_dir("flowquill"))
    # An empty XDG_CONFIG_HOME, or a relative one, counts as none; it must not lead into whatever folder we are in.
    return folder if folder.is_absolute() else Path.home() / ".config" / "flowquill"


def read_text(path: str) -> str:
    """The text of a UTF-8 file, line ends as they are; `-` reads the standard input. Raises CommandError."""
    name = "the standard input" if path == STDIN else path
    data = sys.stdin.buffer.read(MAX_BYTES + 1) if path == STDIN else _bytes(path)
    if len(data) > MAX_BYTES:
        raise CommandError(f"{name} is larger than {MAX_BYTES // 1_000_000} MB; a flow file is text of some kilobytes.")
    if b"\0" in data:
        raise CommandError(f"{name} is a binary file; give a text file in UTF-8.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(f"{name} is not UTF-8 (byte {error.start + 1}); save it as UTF-8 and try again.") from None


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise CommandError(f"There is no file {path}; check the path.") from None
    except IsADirectoryError:
        raise CommandError(f"{path} is a directory; give a file.") from None
    except PermissionError:
        raise CommandError(f"{path} may not be read; check its permissions.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CommandError(f"{path} cannot be read ({reason}); check the path.") from None


def write_text(path: str, text: str) -> None:
    """Replaces a file's text at once: whoever looks sees the old text or the new one. Raises CommandError."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: str, data: bytes) -> None:
    """Replaces a file's content at once, or makes the file. Raises CommandError."""
    target = Path(os.path.realpath(path))
    temporary = ""
    try:
        with tempfile.NamedTemporaryFile("wb", dir=target.parent, prefix=f".{target.name}.", delete=False) as stream:
            temporary = stream.name
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, target.stat().st_mode & 0o7777 if target.exists() else 0o666 & ~_umask())
        os.replace(temporary, target)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise CommandError(f"{path} cannot be written ({error.strerror or error}); the file is as it was.") from None


def _umask() -> int:
    """What a new file's rights leave out; the system tells only while it is set."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def check_free(path: str, force: bool) -> None:
    """Raises CommandError where a file stands in the way and may not be replaced."""
    if os.path.lexists(path) and not force:
        raise CommandError(f"{path} is there already; add --force to replace it, or give another name with -o.")


def line_column(text: str, offset: int) -> tuple[int, int]:
    """Line and column of a code point offset, both from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)

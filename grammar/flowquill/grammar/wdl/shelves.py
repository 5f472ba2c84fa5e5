"""Files by relative name, from a folder or out of a zip archive: what hostile ones may cost is bounded here."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from flowquill.grammar.wdl.json_text import MAX_BYTES

MAX_FILES = 100_000
MAX_ARCHIVE_BYTES = 100_000_000
MAX_MEMBERS = 20_000
MAX_UNPACKED_BYTES = 64_000_000
MAX_RATIO = 200
_RATIO_FROM = 1_000_000
_DIRECTORY_ENTRY = b"PK\x01\x02"
_BROKEN = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, EOFError, OverflowError, ValueError, NotImplementedError)


class UnfitFile(Exception):
    """A file or archive that cannot be read. The message is a clause with a lower-case first letter, without a file name."""


class Shelf(Protocol):
    """Where files stand. Names have `/` between their parts."""

    def names(self) -> tuple[str, ...]:
        """All files, sorted."""

    def read(self, name: str) -> bytes:
        """A file's bytes. Raises UnfitFile, also where there is no such file."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the disk, without what starts with a point and without links to folders."""

    root: Path

    def names(self) -> tuple[str, ...]:
        """All files below, sorted. Raises UnfitFile where there are too many to go through."""
        found: list[str] = []
        for folder, folders, files in os.walk(self.root):
            folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "node_modules")
            found += [Path(folder, f).relative_to(self.root).as_posix() for f in files if not f.startswith(".")]
            if len(found) > MAX_FILES:
                raise UnfitFile(f"it holds more than {MAX_FILES:,} files; give a folder further down")
        return tuple(sorted(found))

    def read(self, name: str) -> bytes:
        """A file's bytes, MAX_BYTES and one at most. Raises UnfitFile."""
        return read_file(self.root / name)


def read_file(path: Path) -> bytes:
    """A file's bytes, MAX_BYTES and one at most (the reader of the text then says that it is too large). Raises UnfitFile."""
    check_file(path)
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnfitFile(_reason(error)) from None


def check_file(path: Path) -> None:
    """Raises UnfitFile where a path is no plain file; a pipe or a device would wait for ever."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise UnfitFile(_reason(error)) from None
    if not stat.S_ISREG(mode):
        raise UnfitFile("it is no plain file")


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file; check the path"
    if isinstance(error, PermissionError):
        return "it may not be read; check its permissions"
    return f"the system says: {getattr(error, 'strerror', None) or error}"


@dataclass
class Archive:
    """An open zip archive. Nothing of it is ever written to the disk."""

    file: zipfile.ZipFile
    members: Mapping[str, zipfile.ZipInfo]
    left: int = field(default=MAX_UNPACKED_BYTES)

    def names(self) -> tuple[str, ...]:
        """All files of the archive, sorted."""
        return tuple(sorted(self.members))

    def read(self, name: str) -> bytes:
        """A member's bytes. Raises UnfitFile where it is missing, encrypted, damaged, or blown up beyond the bounds."""
        info = self.members.get(name)
        if info is None:
            raise UnfitFile("there is no such file in the archive")
        if info.flag_bits & 1:
            raise UnfitFile("it is encrypted; give an archive without a password")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnfitFile("it is packed in a way that packages do not use; pack it as a plain zip file")
        if info.file_size > MAX_BYTES:
            raise UnfitFile(f"it is larger than {MAX_BYTES // 1_000_000} MB, and a workflow is text of some kilobytes")
        if info.file_size > _RATIO_FROM and info.file_size > MAX_RATIO * max(info.compress_size, 1):
            raise UnfitFile(f"it unpacks to more than {MAX_RATIO} times its size, as an archive made to harm does")
        # What the directory says of the size may be a lie: no more is unpacked than is left.
        bound = min(MAX_BYTES, self.left)
        try:
            with self.file.open(info) as stream:
                data = stream.read(bound + 1)
        except _BROKEN as error:
            raise UnfitFile(f"the archive is damaged here ({error})") from None
        except OSError as error:
            raise UnfitFile(_reason(error)) from None
        self.left -= len(data)
        if self.left < 0:
            raise UnfitFile(f"the archive unpacks to more than {MAX_UNPACKED_BYTES // 1_000_000} MB of text")
        return data


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """A zip archive, closed afterwards. Raises UnfitFile where it is none, too large, or names files outside of itself."""
    check_file(path)
    try:
        if path.stat().st_size > MAX_ARCHIVE_BYTES:
            raise UnfitFile(f"it is larger than {MAX_ARCHIVE_BYTES // 1_000_000} MB; take the workflows out of it first")
        if _entries(path) > MAX_MEMBERS:
            raise UnfitFile(f"it has more than {MAX_MEMBERS:,} entries, and a package has some dozens")
        file = zipfile.ZipFile(path)
    except _BROKEN as error:
        raise UnfitFile(f"it is no zip file, or not complete ({error})") from None
    except OSError as error:
        raise UnfitFile(_reason(error)) from None
    with file:
        yield Archive(file, _members(file))


def _entries(path: Path) -> int:
    """An upper bound of the archive's entries, counted before the directory is read into memory."""
    count, tail = 0, b""
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            count += (tail + piece).count(_DIRECTORY_ENTRY)
            tail = piece[-3:]
    return count


def _members(file: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    for info in file.infolist():
        # Packages written by older .NET programs have backslashes.
        name = info.filename.replace("\\", "/")
        parts = name.split("/")
        if name.startswith("/") or ".." in parts or ":" in parts[0]:
            raise UnfitFile(f"it names a file outside of itself ({name[:80]!r}), as an archive made to harm does")
        if name.endswith("/"):
            continue
        if stat.S_ISLNK(info.external_attr >> 16):
            raise UnfitFile(f"it holds a link ({name[:80]!r}), which packages do not")
        if name in found:
            raise UnfitFile(f"it holds {name[:80]!r} twice")
        found[name] = info
    return found

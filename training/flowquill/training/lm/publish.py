"""Results that are there whole or not at all: written beside and renamed, with room on the disk asked for first."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flowquill.training.lm.config import ConfigError


class PublishError(Exception):
    """A result that cannot be written. The message is one sentence that says what to do."""


@contextmanager
def published(folder: Path) -> Iterator[Path]:
    """A fresh folder to write into; it becomes `folder` when the block ends well, in place of what stood there. Raises PublishError."""
    fresh = folder.with_name(f".{folder.name}.new")
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(parents=True)
        yield fresh
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException as error:
        shutil.rmtree(fresh, ignore_errors=True)
        if not folder.exists() and old.exists():
            old.rename(folder)
        if sentence := disk_sentence(error, folder):
            raise PublishError(sentence) from None
        raise


def disk_sentence(error: BaseException, folder: Path) -> str:
    """What to tell where an error means that the disk is full or not to be written; "" for any other. Libraries wrap the system's error."""
    text = str(error)
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or any(s in text for s in ("No space left", "os error 28", "file write failed", "unexpected pos", "quota exceeded")):
        return f"The disk is full: {folder} was not written and what stood there is as it was; free some space and start the same command again."
    if getattr(error, "errno", None) in (errno.EACCES, errno.EROFS, errno.EPERM):
        return f"{folder} cannot be written ({getattr(error, 'strerror', '') or text}); choose another folder for out."
    return ""


def needs_room(folder: Path, size: int) -> None:
    """Raises PublishError where the disk of `folder` has not `size` bytes left."""
    place = folder
    while not place.exists():
        place = place.parent
    left = shutil.disk_usage(place).free
    if left < size:
        raise PublishError(f"The disk of {folder} has {left / 1e9:.1f} GB left and the run needs about {size / 1e9:.1f} GB; free some space or choose another folder for out.")


def write_text(file: Path, text: str) -> None:
    """Writes a file beside and renames it. Raises PublishError."""
    part = file.with_name(f".{file.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise PublishError(disk_sentence(error, file) or f"{file} cannot be written ({error.strerror}); choose another folder for out.") from None


def write_json(file: Path, value: Mapping[str, Any]) -> None:
    """Writes a JSON file beside and renames it. Raises PublishError."""
    write_text(file, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def sha256(file: Path) -> str:
    """Of a file, in hex."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def model_hash(folder: Path) -> str:
    """Of a model's folder: its configuration, weights and tokenizer, in hex. Raises ConfigError where there are no weights as safetensors."""
    files = sorted(f for f in folder.iterdir() if f.suffix == ".safetensors" or f.name in ("config.json", "tokenizer.json"))
    if not any(f.suffix == ".safetensors" for f in files):
        raise ConfigError(f"{folder} holds no weights as .safetensors; give the folder of a model that transformers saved.")
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name} {sha256(file)}\n".encode())
    return digest.hexdigest()


__all__ = ["PublishError", "disk_sentence", "model_hash", "needs_room", "published", "sha256", "write_json", "write_text"]

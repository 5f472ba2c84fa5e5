"""Reads the bytes of a source as data: JSON, YAML, JSON lines, each also gzipped; sizes and depth are bounded."""

from __future__ import annotations

import gzip
import json
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any, NoReturn

from flowquill.grammar.catalog.importing.yaml_text import yaml_value
from flowquill.grammar.catalog.model import CatalogError

# The largest OpenAPI document known to be published, Microsoft Graph's, has 32 MB as YAML and less as JSON.
MAX_BYTES = 40_000_000
# Each object takes some 250 bytes once read, so that this bounds memory where the size of the file does not.
OBJECTS = 1_500_000
_YAML = (".yaml", ".yml")


def read_bytes(path: Path) -> bytes:
    """A file's bytes, unpacked where they are gzipped. Raises CatalogError with a whole sentence."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise CatalogError(f"There is no file {path}; check the path.") from None
    except OSError as error:
        raise CatalogError(f"{path} cannot be read ({error.strerror or error}); check the path and your rights to it.") from None
    if len(data) > MAX_BYTES:
        raise CatalogError(f"{path} is larger than {MAX_BYTES // 1_000_000} MB, more than a definition has; give a smaller file.")
    if data[:2] == b"\x1f\x8b":
        data = _unpacked(path, data)
    return data


def _unpacked(path: Path, data: bytes) -> bytes:
    # Read by the piece, so that a small file that unpacks to gigabytes never does.
    try:
        with gzip.GzipFile(fileobj=BytesIO(data)) as stream:
            plain = stream.read(4 * MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise CatalogError(f"{path} is damaged ({error}); make the .gz file anew.") from None
    if len(plain) > 4 * MAX_BYTES:
        raise CatalogError(f"{path} unpacks to more than {4 * MAX_BYTES // 1_000_000} MB; give smaller files.")
    return plain


def value_of(path: Path, data: bytes) -> Any:
    """The data of a file's bytes; JSON lines as a list. Raises CatalogError with a whole sentence."""
    text = _decoded(path, data)
    if text.count("{") + text.count("[") > OBJECTS:
        raise CatalogError(f"{path} holds more than {OBJECTS:,} objects, more than a definition has; give smaller files.")
    plain = path.name.removesuffix(".gz")
    try:
        if plain.endswith(".jsonl"):
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        if plain.lower().endswith(_YAML) and not text.lstrip().startswith("{"):
            return yaml_value(text)
        return json.loads(text, parse_constant=_no_constant)
    except CatalogError as error:
        raise CatalogError(f"{path} cannot be imported: {error}.") from None
    except RecursionError:
        raise CatalogError(f"{path} is nested too deep to be read; make it flatter.") from None
    except ValueError as error:
        raise CatalogError(f"{path} is no JSON ({str(error)[:120]}); mend that place.") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _decoded(path: Path, data: bytes) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise CatalogError(f"{path} is not UTF-8 (byte {error.start + 1}); save it as UTF-8.") from None
    if "\0" in text[:4096]:
        raise CatalogError(f"{path} is a binary file; give a definition as JSON or YAML.")
    return text

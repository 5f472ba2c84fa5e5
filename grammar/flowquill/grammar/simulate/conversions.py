"""The functions of expressions that turn one kind of value into another, and those that take addresses apart."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlsplit

from flowquill.grammar.simulate import markup, numerals
from flowquill.grammar.simulate.locales import locale
from flowquill.grammar.simulate.values import Failure, is_number, kind, number, to_text

BINARY = "application/octet-stream"


def content(data: bytes, media_type: str = BINARY) -> dict[str, str]:
    """Binary content as the platform carries it in JSON."""
    return {"$content-type": media_type, "$content": base64.b64encode(data).decode("ascii")}


def encoded(text: Any) -> str:
    """Base64 of a text, or the base64 that binary content already is."""
    if isinstance(text, dict) and isinstance(text.get("$content"), str):
        return str(text["$content"])
    return base64.b64encode(_bytes(to_text(text))).decode("ascii")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def decoded(text: Any) -> bytes:
    """The bytes of a base64 text or of binary content. Raises Failure."""
    if isinstance(text, dict):
        text = text.get("$content", "")
    try:
        return base64.b64decode("".join(str(text).split()), validate=True)
    except (binascii.Error, ValueError):
        raise Failure("The text is no base64; encode it with base64 first.") from None


def _string(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def as_text(value: Any) -> str:
    """Any value as text; binary content is decoded, null is empty."""
    if isinstance(value, dict) and set(value) == {"$content-type", "$content"}:
        return _string(decoded(value))
    return to_text(value)


def data_uri(value: Any) -> str:
    """A data URI of a text, or of binary content."""
    if isinstance(value, dict) and "$content" in value:
        return f"data:{value.get('$content-type', BINARY)};base64,{value['$content']}"
    return f"data:text/plain;charset=utf-8;base64,{encoded(value)}"


def _from_data_uri(uri: str) -> tuple[bytes, str]:
    match = re.fullmatch(r"data:([^,]*?)(;base64)?,(.*)", uri.strip(), re.S | re.I)
    if match is None:
        raise Failure("The text is no data URI; one begins with data: and has a comma before its content.")
    data = decoded(match[3]) if match[2] else _bytes(unquote(match[3]))
    return data, match[1] or "text/plain"


def to_bool(value: Any) -> bool:
    """True and false, 1 and 0, and the words. Raises Failure for other text."""
    if isinstance(value, bool) or is_number(value):
        return bool(value)
    word = str(value).strip().lower()
    if word not in ("true", "false"):
        raise Failure(f'bool reads true, false and numbers, and this is {kind(value)} "{to_text(value)[:30]}".')
    return word == "true"


def to_int(value: Any) -> int:
    """A whole number from text or a number. Raises Failure."""
    if isinstance(value, float) and not value.is_integer():
        raise Failure(f"int takes whole numbers, and {value} has a fraction.")
    if is_number(value):
        return int(number(int(value)))
    if not isinstance(value, str) or not re.fullmatch(r"\s*[+-]?\d{1,19}\s*", value):
        raise Failure(f'int reads whole numbers, and this is {kind(value)} "{to_text(value)[:30]}".')
    return int(number(int(value)))


def to_float(value: Any, tag: str | None = None) -> float:
    """A decimal number from text or a number. Raises Failure."""
    if is_number(value):
        return float(value)
    if not isinstance(value, str):
        raise Failure(f"float reads text and numbers, and this is {kind(value)}.")
    return float(number(numerals.read(value, locale(tag))))


def _refuse(word: str) -> Any:
    raise ValueError(word)


def from_json(value: Any) -> Any:
    """What a JSON text says; XML becomes the JSON that stands for it. Raises Failure."""
    if isinstance(value, dict) and "xml" in str(value.get("$content-type", "")):
        return markup.as_json(_string(decoded(value)))
    if isinstance(value, dict) and "$content" in value:
        value = _string(decoded(value))
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value, parse_constant=_refuse)
    except RecursionError:
        raise Failure("The JSON is nested too deep.") from None
    except ValueError:
        raise Failure(f'The text is no JSON: "{value[:40]}".', "InvalidTemplate") from None


def to_xml(value: Any) -> dict[str, str]:
    """XML content from an XML text, or from an object with one property. Raises Failure."""
    text = value if isinstance(value, str) else markup.from_json(value)
    markup.parsed(text)
    return content(_bytes(text), "application/xml;charset=utf-8")


def xpath(value: Any, path: str) -> Any:
    """What a path finds in XML. Raises Failure for paths beyond the supported part."""
    text = _string(decoded(value)) if isinstance(value, dict) else str(value)
    return markup.find(text, path)


def encode_component(text: str) -> str:
    """Escapes all but letters, digits and -_.!~*'()."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="-_.!~*'()")


def _address(uri: str) -> SplitResult:
    try:
        parts = urlsplit(uri.strip())
        _ = parts.port
    except ValueError:
        parts = SplitResult("", "", "", "", "")
    if not parts.scheme or not (parts.netloc or parts.path):
        raise Failure(f'"{uri[:60]}" is no complete URL; one begins with a scheme such as https://.')
    return parts


_PORTS = MappingProxyType({"http": 80, "https": 443, "ftp": 21, "sftp": 22, "ws": 80, "wss": 443})


def _path_and_query(uri: str) -> str:
    parts = _address(uri)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _query(uri: str) -> str:
    query = _address(uri).query
    return f"?{query}" if query else ""


def _port(uri: str) -> int:
    parts = _address(uri)
    return _PORTS.get(parts.scheme, -1) if parts.port is None else parts.port


FUNCTIONS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "base64": encoded,
        "base64ToBinary": lambda text: content(decoded(text)),
        "base64ToString": lambda text: _string(decoded(text)),
        "binary": lambda text: content(_bytes(text)),
        "bool": to_bool,
        "dataUri": data_uri,
        "dataUriToBinary": lambda uri: content(*_from_data_uri(uri)),
        "dataUriToString": lambda uri: _string(_from_data_uri(uri)[0]),
        "decimal": to_float,
        "decodeBase64": lambda text: _string(decoded(text)),
        "decodeDataUri": lambda uri: content(*_from_data_uri(uri)),
        "decodeUriComponent": unquote,
        "encodeUriComponent": encode_component,
        "float": to_float,
        "int": to_int,
        "json": from_json,
        "string": as_text,
        "uriComponent": encode_component,
        "uriComponentToBinary": lambda text: content(_bytes(unquote(text))),
        "uriComponentToString": unquote,
        "xml": to_xml,
        "xpath": xpath,
        "uriHost": lambda uri: _address(uri).hostname or "",
        "uriPath": lambda uri: _address(uri).path or "/",
        "uriPathAndQuery": _path_and_query,
        "uriPort": _port,
        "uriQuery": _query,
        "uriScheme": lambda uri: _address(uri).scheme,
    }
)

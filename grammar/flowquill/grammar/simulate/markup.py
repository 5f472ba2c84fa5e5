"""XML in expressions: reading it, its JSON form and back, and the part of XPath that the standard library can answer."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from flowquill.grammar.simulate.values import Failure, to_text

_CALL = re.compile(r"(string|number|sum|count|boolean|not|name|local-name|normalize-space)\((.*)\)", re.S)
_NAMED = re.compile(r"\*\[(?:local-)?name\(\)\s*=\s*(?:'([^']*)'|\"([^\"]*)\")")


def parsed(text: str) -> ET.Element:
    """The root of an XML text. Raises Failure where it is none, or declares entities."""
    if "<!ENTITY" in text:
        raise Failure("XML that declares entities is not read.")
    try:
        return ET.fromstring(text.strip())
    except (ET.ParseError, ValueError) as error:
        raise Failure(f"The text is no XML ({error}).") from None
    except RecursionError:
        raise Failure("The XML is nested too deep.") from None


def _local(tag: str) -> str:
    return tag.rsplit("}", 1)[-1]


def as_json(text: str) -> Any:
    """The JSON that stands for an XML text: attributes under `@name`, text beside them under `#text`, repeated elements a list."""
    root = parsed(text)
    declaration = re.match(r'\s*<\?xml\s+version=["\']([^"\']+)["\'](?:\s+encoding=["\']([^"\']+)["\'])?', text)
    found: dict[str, Any] = {}
    if declaration:
        found["?xml"] = {"@version": declaration[1], **({"@encoding": declaration[2]} if declaration[2] else {})}
    return {**found, _local(root.tag): _element(root)}


def _element(node: ET.Element) -> Any:
    content: dict[str, Any] = {f"@{_local(k)}": v for k, v in node.attrib.items()}
    for child in node:
        name, value = _local(child.tag), _element(child)
        if name not in content:
            content[name] = value
        elif isinstance(content[name], list):
            content[name].append(value)
        else:
            content[name] = [content[name], value]
    text = (node.text or "").strip()
    if not content:
        return text or None
    return {**content, "#text": text} if text else content


def from_json(value: Any) -> str:
    """An XML text from an object of one property, the root. Raises Failure."""
    if not isinstance(value, dict):
        raise Failure("xml takes an XML text, or an object with one property that becomes the root.")
    roots = [(k, v) for k, v in value.items() if not k.startswith("?")]
    if len(roots) != 1 or isinstance(roots[0][1], list):
        raise Failure(f"xml needs exactly one property, the root, and here are {len(roots)}.")
    return _written(*roots[0])


def _written(name: str, value: Any) -> str:
    if not re.fullmatch(r"[A-Za-z_][\w.\-]*(:[A-Za-z_][\w.\-]*)?", name):
        raise Failure(f'"{name[:40]}" cannot be the name of an XML element.')
    if isinstance(value, list):
        return "".join(_written(name, one) for one in value)
    if not isinstance(value, dict):
        return f"<{name}>{escape(to_text(value))}</{name}>"
    attributes = "".join(f" {k[1:]}={quoteattr(to_text(v))}" for k, v in value.items() if k.startswith("@"))
    inner = "".join(escape(to_text(v)) if k == "#text" else _written(k, v) for k, v in value.items() if not k.startswith("@"))
    return f"<{name}{attributes}>{inner}</{name}>"


def find(text: str, path: str) -> Any:
    """What an XPath finds: a list of elements (as XML content), attributes or texts; or one value for `string`, `count`, `sum` ...

    Raises Failure for paths that the standard library's part of XPath does not cover.
    """
    return _evaluated(parsed(text), path.strip())


def _evaluated(root: ET.Element, path: str) -> Any:
    call = _CALL.fullmatch(path)
    if call is None:
        return [_content(one) if isinstance(one, ET.Element) else one for one in _nodes(root, path)]
    inner = call[2].strip()
    if _CALL.fullmatch(inner) is not None:
        value = _evaluated(root, inner)
        if call[1] in ("not", "boolean"):
            return bool(value) == (call[1] == "boolean")
        return _number(value) if call[1] == "number" else to_text(value)
    nodes = _nodes(root, inner or ".")
    texts = [n if isinstance(n, str) else "".join(n.itertext()) for n in nodes]
    match call[1]:
        case "count":
            return len(nodes)
        case "sum":
            return _plain(sum(_number(t) for t in texts))
        case "number":
            return _plain(_number(texts[0] if texts else ""))
        case "boolean":
            return bool(nodes)
        case "not":
            return not nodes
        case "name" | "local-name":
            return _local(nodes[0].tag) if nodes and isinstance(nodes[0], ET.Element) else ""
        case "normalize-space":
            return " ".join(texts[0].split()) if texts else ""
    return texts[0] if texts else ""


def _number(text: Any) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        raise Failure(f'"{to_text(text)[:30]}" is no number for xpath to count with.') from None


def _plain(value: float) -> int | float:
    return int(value) if value == int(value) else value


def _content(node: ET.Element) -> dict[str, str]:
    tail, node.tail = node.tail, None
    data = ET.tostring(node)
    node.tail = tail
    return {"$content-type": "application/xml;charset=utf-8", "$content": base64.b64encode(data).decode("ascii")}


def _nodes(root: ET.Element, path: str) -> list[ET.Element | str]:
    """Elements, or the texts that a last step `text()` or `@name` asks for."""
    path = _NAMED.sub(lambda m: f"{{*}}{_local(m[1] or m[2]).rsplit(':', 1)[-1]}[1=1", path).replace("[1=1]", "").replace("[1=1 and ", "[")
    last = re.search(r"(?:^|/)(text\(\)|@[\w:.\-*]+|node\(\))$", path)
    want = last[1] if last else ""
    steps = path[: last.start()] if last else path
    if last and steps.endswith("/"):
        steps += "/*"
    # A document node above the root lets absolute paths begin with the root's own name.
    document = ET.Element("document")
    document.append(root)
    place = "." + steps if steps.startswith("/") else steps or "."
    try:
        found = document.findall(place) if place != "." else [root]
    except (SyntaxError, KeyError, TypeError) as error:
        raise Failure(f'The XPath "{path[:60]}" is beyond what a dry run reads ({error}).') from None
    if not want:
        return list(found)
    if want[0] == "@":
        name = want[1:].rsplit(":", 1)[-1]
        return [v for node in found for k, v in node.attrib.items() if name in ("*", _local(k))]
    return [(node.text or "").strip() for node in found if (node.text or "").strip()]

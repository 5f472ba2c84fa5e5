"""The titles of a solution's workflows, from its customizations file. The XML is read as a stream and may declare no entities."""

from __future__ import annotations

from typing import Any, NoReturn
from xml.parsers import expat


class _Declared(Exception):
    """The file has a document type: the only way to blow XML up, and nothing that a solution has."""


def titles(data: bytes) -> dict[str, str]:
    """From a workflow's file (as "workflows/leave-1a2b.json", in small letters) to its title. {} where the file is no such XML."""
    found: dict[str, str] = {}
    title, text, inside = "", "", False

    def start(name: str, attributes: dict[str, Any]) -> None:
        nonlocal title, text, inside
        if name == "Workflow":
            title = str(attributes.get("Name") or "")
        inside, text = name == "JsonFileName", ""

    def characters(piece: str) -> None:
        nonlocal text
        if inside and len(text) < 1000:
            text += piece

    def end(name: str) -> None:
        nonlocal inside
        if name == "JsonFileName" and title:
            found[text.strip().lstrip("/").lower()] = title
        inside = False

    def declared(*_: Any) -> NoReturn:
        raise _Declared

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, characters
    parser.StartDoctypeDeclHandler = declared
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, _Declared, ValueError):
        return {}
    return found

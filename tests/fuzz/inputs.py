"""Damaged definitions and documents: whatever is in them, an importer reads it or says in one sentence why not.

`python -m tests.fuzz.inputs --count 10000 --seed 1` runs all of them; a failure prints the input.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flowquill.grammar.catalog import CatalogError, load_catalog
from flowquill.grammar.catalog.importing.read import source_of
from flowquill.grammar.check import check
from flowquill.grammar.format import FormatError, format_text, render
from flowquill.grammar.forward import Forward
from flowquill.grammar.parse import parse
from flowquill.grammar.wdl.compile import compile_flow
from flowquill.grammar.wdl.decompile import decompile
from flowquill.grammar.wdl.model import CompileError, WdlError
from tests.fuzz.texts import PIECES, TRAPS, text
from tests.grammar.walks import walk

LIMIT = 2.0
"""Seconds of the processor for one input."""
CATALOG = load_catalog()
FORWARD = Forward(CATALOG)

DEFINITION: dict[str, Any] = {
    "$schema": "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"who": {"type": "String", "defaultValue": "me"}},
    "triggers": {"Recurrence": {"type": "Recurrence", "recurrence": {"frequency": "Day", "interval": 1}}},
    "actions": {
        "Init": {"type": "InitializeVariable", "inputs": {"variables": [{"name": "n", "type": "integer", "value": 1}]}, "runAfter": {}},
        "Get": {"type": "Http", "inputs": {"method": "GET", "uri": "@{variables('n')}/a", "headers": {"a": "@parameters('who')"}}, "runAfter": {"Init": ["Succeeded"]}},
        "If": {
            "type": "If",
            "expression": {"and": [{"equals": ["@outputs('Get')?['statusCode']", 200]}]},
            "actions": {"Say": {"type": "Compose", "inputs": {"a": ["@body('Get')", None, 1.5, True]}}},
            "else": {"actions": {"Stop": {"type": "Terminate", "inputs": {"runStatus": "Failed"}}}},
            "runAfter": {"Get": ["Succeeded", "Failed"]},
        },
        "Each": {"type": "Foreach", "foreach": "@body('Get')?['value']", "actions": {"Add": {"type": "IncrementVariable", "inputs": {"name": "n", "value": 1}}}, "runAfter": {"If": ["Succeeded"]}},
        "Which": {"type": "Switch", "expression": "@variables('n')", "cases": {"One": {"case": 1, "actions": {}}}, "default": {"actions": {}}, "runAfter": {"Each": ["Succeeded"]}},
        "Do": {"type": "Until", "expression": "@greater(variables('n'), 9)", "limit": {"count": 3}, "actions": {"W": {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Second"}}}}, "runAfter": {"Which": ["Succeeded"]}},
        "All": {"type": "Scope", "actions": {"R": {"type": "Response", "kind": "Http", "inputs": {"statusCode": 200}}}, "runAfter": {"Do": ["Succeeded"]}},
    },
}
OPENAPI: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "Pets", "version": "1"},
    "host": "a.example",
    "definitions": {"Pet": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "kind": {"type": "string", "enum": ["cat", "dog"]}, "mother": {"type": "object", "properties": {"id": {"type": "integer"}}}}}},
    "paths": {
        "/pets/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "type": "string"}],
            "get": {"operationId": "GetPet", "summary": "Get a pet", "responses": {"200": {"schema": {"$ref": "#/definitions/Pet"}}}},
            "put": {"operationId": "PutPetV2", "parameters": [{"name": "body", "in": "body", "schema": {"allOf": [{"$ref": "#/definitions/Pet"}]}}], "responses": {"default": {}}},
        },
        "/pets": {"get": {"operationId": "OnPet", "x-ms-trigger": "batch", "responses": {"200": {"schema": {"type": "array", "items": {"$ref": "#/definitions/Pet"}}}}}},
    },
}
_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 1e308, 10**30, "", "x", "@", "@@", "@{", "@{}", "@{a", "@body('", "@concat(1,)", "@variables('n", "'", "@{'}'}", "#/definitions/Pet", "#/", "#/paths/~1pets", [], {}, [[]],
    {"$ref": "#/definitions/Pet"}, {"type": "If"}, {"type": ["object", "null"]}, ["Succeeded"], "Succeeded", {"": None}, {"a" * 300: 1}, "\x00", *TRAPS,
)  # fmt: skip


def places(value: Any) -> list[tuple[Any, Any]]:
    """All containers of a JSON value with a key or index of each."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        found += [(holder, key) for key in keys]
        waiting += [holder[key] for key in keys]
    return found


def damaged(value: Mapping[str, Any], picked: random.Random) -> Any:
    """The value with some of its parts exchanged, taken away, renamed, or put where they do not belong."""
    value = copy.deepcopy(dict(value))
    for _ in range(picked.choice((1, 1, 2, 3, 6))):
        found = places(value)
        if not found:
            return value
        holder, key = picked.choice(found)
        kind = picked.random()
        if kind < 0.45:
            holder[key] = copy.deepcopy(picked.choice(_VALUES))
        elif kind < 0.6:
            del holder[key]
        elif kind < 0.75:
            other, from_key = picked.choice(found)
            holder[key] = copy.deepcopy(other[from_key]) if from_key in other or (isinstance(other, list) and from_key < len(other)) else None
        elif kind < 0.85 and isinstance(holder, dict):
            holder[picked.choice(("type", "runAfter", "actions", "", "x", "$ref", "😀", "If"))] = holder.pop(key)
        elif kind < 0.9:
            deep: Any = holder[key]
            for _ in range(picked.choice((3, 20, 90))):
                deep = picked.choice(({"type": "Scope", "actions": {"a": deep}}, [deep], {"properties": {"a": deep}}))
            holder[key] = deep
        elif isinstance(holder[key], str):
            place = picked.randrange(len(holder[key]) + 1)
            holder[key] = holder[key][:place] + picked.choice((*TRAPS, "'", "@", "{", "}", "(", "]", "?")) + holder[key][place:]
    return value


def flows(picked: random.Random) -> None:
    """Parsing and checking anything; formatting keeps the tree and is done once."""
    source = text(picked) if picked.random() < 0.5 else walk(FORWARD, CATALOG, picked.randrange(2**32))
    for _ in range(picked.choice((0, 1, 1, 2, 5))):
        place = picked.randrange(len(source) + 1)
        source = source[:place] + picked.choice((*PIECES, *TRAPS)) + source[place + picked.choice((0, 0, 1, 10)) :]
    try:
        parsed = parse(source)
        check(parsed, CATALOG)
        render(parsed.file)
        try:
            written = format_text(source)
        except FormatError:
            return
        again = parse(written)
        assert not again.errors and again.file == parsed.file, "formatting changes the meaning"
        assert format_text(written) == written, "formatting twice is not formatting once"
        for flow in parsed.file.flows:
            try:
                compile_flow(flow, CATALOG)
            except CompileError as error:
                assert str(error)
    except Exception as error:
        error.add_note(f"the source: {source!r}")
        raise


def definitions(picked: random.Random) -> None:
    """Workflow definitions: read and written again, or refused."""
    value = damaged(DEFINITION, picked)
    try:
        try:
            found = decompile(value, CATALOG, "fuzzed")
        except WdlError as error:
            assert str(error)
            return
        written = render(found.flow)
        parsed = parse(written)
        assert not parsed.errors, f"what is written does not parse: {parsed.errors[0]}"
        try:
            compile_flow(parsed.file.flows[0], CATALOG)
        except CompileError as error:
            assert str(error)
    except Exception as error:
        error.add_note(f"the definition: {json.dumps(value)}")
        raise


def documents(picked: random.Random) -> None:
    """OpenAPI documents, damaged as values or as bytes: connectors, or one sentence."""
    value = damaged(OPENAPI, picked)
    if picked.random() < 0.3:
        value.pop("swagger", None) if isinstance(value, dict) else None
        value["openapi"] = picked.choice(("3.0.0", "3.1", "2", "", "9.9"))
    data = json.dumps(value).encode()
    if picked.random() < 0.2:
        place = picked.randrange(len(data))
        data = data[:place] + picked.choice((b"\xff", b"\x00", b"]", b'"', b"&a *a", b"\xef\xbb\xbf", b"- ")) + data[place + picked.randrange(3) :]
    path = Path(picked.choice(("pets.json", "pets.yaml")))
    try:
        source_of(path, data)
    except CatalogError as error:
        assert str(error)
    except Exception as error:
        error.add_note(f"the document as {path}: {data!r}")
        raise


TARGETS: Mapping[str, Callable[[random.Random], None]] = {"flows": flows, "definitions": definitions, "documents": documents}


def try_one(name: str, seed: int) -> None:
    """One input. Raises what it ended with, and AssertionError where it took too long."""
    start = time.process_time()
    TARGETS[name](random.Random(seed))
    spent = time.process_time() - start
    assert spent < LIMIT, f"{name} {seed} took {spent:.1f} s"


def main() -> int:
    """Runs all targets; 1 where something was found."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--count", type=int, default=10_000, help="inputs of each target")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--only", choices=TARGETS)
    arguments.add_argument("--seconds", type=float, default=float("inf"), help="stop each target after these")
    given = arguments.parse_args()
    kinds: dict[str, str] = {}
    for name in [given.only] if given.only else TARGETS:
        start = time.monotonic()
        done = 0
        while done < given.count and time.monotonic() - start < given.seconds:
            try:
                try_one(name, given.seed * 1_000_000 + done)
            except Exception as error:
                frames = traceback.extract_tb(error.__traceback__)
                kind = f"{name}: {type(error).__name__} at {frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}"
                if kind not in kinds:
                    kinds[kind] = f"seed {given.seed * 1_000_000 + done}: {str(error)[:300]} {' '.join(getattr(error, '__notes__', []))[:3000]}"
                    print(f"{kind}\n  {kinds[kind]}", flush=True)
            done += 1
        print(f"{name}: {done} inputs, {time.monotonic() - start:.0f} s", flush=True)
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())

"""Connectors from OpenAPI documents: what becomes of parameters, bodies, triggers and references, and of hostile files."""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from flowquill.grammar.catalog import Catalog, CatalogError, Connector, Operation, load_catalog
from flowquill.grammar.check import check
from flowquill.grammar.format import format_text
from flowquill.grammar.parse import parse

SHARED = Path(os.environ.get("FLOWQUILL_SHARED_DATA") or Path(__file__).parents[4] / "shared/data")
SAMPLES = {"text": '"x"', "integer": "1", "number": "1.5", "boolean": "true", "list": "[]", "object": "{}", "any": "?"}


def document(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"swagger": "2.0", "info": {"title": "Pet Shop"}, "paths": paths, **more}


def imported(tmp_path: Path, value: object, name: str = "a.json") -> Connector:
    """The connector that `--catalog` makes of a document."""
    (tmp_path / name).write_text(value if isinstance(value, str) else json.dumps(value))
    (connector,) = load_catalog([tmp_path / name], builtin=False).connectors.values()
    return connector


def refused(tmp_path: Path, text: str | bytes, name: str = "a.json") -> str:
    """The sentence a file is refused with; it takes neither long nor much memory."""
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, perf_counter()
    with pytest.raises(CatalogError) as error:
        load_catalog([path], builtin=False)
    assert perf_counter() - start < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_500_000
    sentence = str(error.value)
    assert "\n" not in sentence and len(sentence) < 400 and str(path) in sentence
    return sentence


def flow_of(operation: Operation, *, holes: bool) -> str:
    """A flow that calls an operation with all its parameters."""
    given = ", ".join(f"{p.name}: {'?' if holes else json.dumps(p.enum[0]) if p.enum and p.type == 'text' else SAMPLES[p.type]}" for p in operation.parameters)
    call = f"{operation.text}({given})"
    return f"flow a {{\n  on {call}\n}}\n" if operation.kind == "trigger" else f"flow a {{\n  on manual()\n  {call}\n}}\n"


def assert_callable(catalog: Catalog) -> int:
    """Every operation can be called; the number of them."""
    count = 0
    for operation in catalog.operations():
        if operation.connector is None:
            continue
        count += 1
        assert len({p.name for p in operation.parameters}) == len(operation.parameters)
        for holes in (True, False):
            text = flow_of(operation, holes=holes)
            errors = [d for d in check(parse(text), catalog) if d.severity == "error"]
            assert not errors, (text, errors)
    return count


PETS = document(
    {
        "/{connectionId}/pets/{petId}": {
            "parameters": [{"name": "petId", "in": "path", "required": True, "type": "integer", "x-ms-summary": "Pet"}, {"$ref": "#/parameters/key"}],
            "put": {
                "operationId": "UpdatePet",
                "summary": "Updates a pet (V2)",
                "parameters": [
                    {"name": "connectionId", "in": "path", "required": True, "type": "string"},
                    {"name": "notify", "in": "query", "type": "boolean", "default": True, "x-ms-visibility": "internal"},
                    {"name": "X-Trace", "in": "header", "type": "string"},
                    {"name": "body", "in": "body", "required": True, "schema": {"$ref": "#/definitions/Pet"}},
                ],
                "responses": {"200": {"schema": {"allOf": [{"$ref": "#/definitions/Pet"}, {"properties": {"id": {"type": "integer"}}}]}}},
            },
        },
        "/events": {
            "x-ms-notification-content": {"schema": {"type": "object", "properties": {"value": {"type": "array", "items": {"$ref": "#/definitions/Pet"}}}}},
            "post": {
                "operationId": "OnPet",
                "summary": "When a new pet arrives",
                "x-ms-trigger": "batch",
                "parameters": [{"name": "body", "in": "body", "schema": {"type": "object", "properties": {"url": {"type": "string", "x-ms-notification-url": True}, "kind": {"type": "string"}}}}],
                "responses": {"201": {"description": ""}},
            },
        },
        "/hidden": {"get": {"operationId": "Hidden", "x-ms-visibility": "internal", "responses": {}}},
    },
    parameters={"key": {"name": "api_key", "in": "query", "type": "string", "enum": ["a", "b"]}},
    definitions={
        "Pet": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "x-ms-summary": "Pet Name"},
                "born": {"type": "string", "format": "date-time"},
                "owner": {"type": "object", "properties": {"name": {"type": "string"}, "home": {"type": "object", "properties": {"street": {"type": "object", "properties": {"no": {"type": "string"}}}}}}},
                "kind": {"type": "string", "enum": ["cat", "dog"]},
                "parent": {"$ref": "#/definitions/Pet"},
            },
        }
    },
)


def test_parameters_bodies_and_outputs(tmp_path: Path) -> None:
    connector = imported(tmp_path, PETS)
    assert connector.name == "pet_shop"
    assert [o.name for o in connector.operations] == ["update_pet", "new_pet_arrives"]
    update = connector.operations[0]
    assert (update.id, update.method, update.path) == ("UpdatePet", "put", "/pets/{petId}")
    found = {p.path: (p.name, p.type, p.required) for p in update.parameters}
    assert found["path/petId"] == ("pet", "integer", True)
    assert found["body/name"] == ("pet_name", "text", True)
    assert found["body/owner/name"][0] == "owner_name"
    assert found["body/owner/home/street"] == ("street", "object", False)
    assert found["header/X-Trace"][0] == "x_trace"
    assert "query/notify" not in found and "path/connectionId" not in found and "body/parent" in found
    assert next(p for p in update.parameters if p.path == "query/api_key").enum == ("a", "b")
    assert next(p for p in update.parameters if p.path == "body/born").format == "datetime"
    assert {o.name for o in update.outputs} >= {"name", "born", "kind", "id"}
    assert_callable(load_catalog([tmp_path / "a.json"]))


def test_a_batch_trigger_is_split(tmp_path: Path) -> None:
    trigger = imported(tmp_path, PETS).operations[1]
    assert (trigger.kind, trigger.split_on) == ("trigger", "body/value")
    assert "name" in {o.name for o in trigger.outputs} and next(o for o in trigger.outputs if o.name == "name").path == "body/name"
    assert [p.name for p in trigger.parameters] == ["kind"]


def test_a_deprecated_operation_becomes_an_alias_of_the_newer(tmp_path: Path) -> None:
    get = {"summary": "Get a pet", "responses": {}}
    paths = {"/a": {"get": {**get, "operationId": "GetPet", "deprecated": True}}, "/b": {"get": {**get, "operationId": "GetPetV2"}}, "/c": {"get": {**get, "operationId": "Old", "deprecated": True}}}
    first, second = imported(tmp_path, document(paths)).operations
    assert (first.name, first.id, first.aliases) == ("get_pet", "GetPetV2", ("GetPet",))
    assert second.id == "Old" and second.name != first.name


YAML = """\
openapi: 3.1.0
info: {title: Order API, description: yes}
paths:
  /orders:
    post:
      summary: Place an order
      requestBody:
        required: true
        content:
          application/json:
            schema: &order
              type: object
              required: [on]
              properties:
                on: {type: string}
                size: {type: [integer, "null"]}
                extra: {oneOf: [{type: string}, {type: integer}]}
      responses:
        '201':
          content:
            application/json:
              schema: {type: array, items: *order}
  /files:
    post:
      operationId: sendFile
      requestBody: {content: {multipart/form-data: {schema: {properties: {file: {type: string, format: binary}}}}}}
      responses: {200: {description: ok}}
"""


def test_openapi_3_in_yaml(tmp_path: Path) -> None:
    connector = imported(tmp_path, YAML, "a.yaml")
    assert (connector.name, [o.name for o in connector.operations]) == ("order", ["place_order", "send_file"])
    order, file = connector.operations
    assert [(p.name, p.type, p.required) for p in order.parameters] == [("on", "text", True), ("size", "integer", False), ("extra", "any", False)]
    assert order.outputs[0].type == "list" and [p.name for p in order.outputs[0].properties] == ["on", "size", "extra"]
    assert [(p.path, p.format) for p in file.parameters] == [("formData/file", "file")]
    assert order.id == "post_orders"
    assert_callable(load_catalog([tmp_path / "a.yaml"]))


def test_the_same_input_gives_the_same_connector_and_text(tmp_path: Path) -> None:
    from flowquill.grammar.catalog.written import connector_text

    one = imported(tmp_path, PETS)
    assert connector_text(one) == connector_text(imported(tmp_path, PETS, "b.json"))
    (tmp_path / "c.json").write_text(connector_text(one))
    assert load_catalog([tmp_path / "c.json"], builtin=False).connectors["pet_shop"] == one


def test_names_are_words_of_the_language_only_where_it_takes_them(tmp_path: Path) -> None:
    for title in ("If", "HTTP", "for", "Text", "1st"):
        value = document({"/a": {"post": {"operationId": "if", "parameters": [{"name": n, "in": "query", "type": "string"} for n in ("to", "true", "$not", "a b", "ü", "?")], "responses": {}}}})
        value["info"]["title"] = title
        imported(tmp_path, value)
        catalog = load_catalog([tmp_path / "a.json"])
        assert_callable(catalog)


def test_references_in_circles(tmp_path: Path) -> None:
    value = document({"/a": {"get": {"operationId": "a", "parameters": [{"$ref": "#/parameters/x"}], "responses": {}}}}, parameters={"x": {"$ref": "#/parameters/y"}, "y": {"$ref": "#/parameters/x"}})
    assert "leads back to itself" in refused(tmp_path, json.dumps(value))
    schemas = {"A": {"allOf": [{"$ref": "#/definitions/B"}]}, "B": {"allOf": [{"$ref": "#/definitions/A"}]}, "C": {"$ref": "#/definitions/C"}}
    body = [{"name": "body", "in": "body", "schema": {"properties": {k: {"$ref": f"#/definitions/{k}"} for k in schemas}}}]
    connector = imported(tmp_path, document({"/a": {"post": {"operationId": "a", "parameters": body, "responses": {}}}}, definitions=schemas))
    assert {p.name for p in connector.operations[0].parameters} == {"a", "b", "c"}


def test_combinations_that_double_are_cut(tmp_path: Path) -> None:
    schemas: dict[str, Any] = {f"S{i}": {"anyOf": [{"properties": {"l": {"$ref": f"#/definitions/S{i + 1}"}}}, {"properties": {"r": {"$ref": f"#/definitions/S{i + 1}"}}}]} for i in range(40)}
    schemas["S40"] = {"type": "string"}
    start = perf_counter()
    body = [{"name": "body", "in": "body", "schema": {"$ref": "#/definitions/S0"}}]
    imported(tmp_path, document({"/a": {"post": {"operationId": "a", "parameters": body, "responses": {"200": {"schema": {"$ref": "#/definitions/S0"}}}}}}, definitions=schemas))
    assert perf_counter() - start < 10


@pytest.mark.parametrize("name", ["a.json", "a.yaml"])
def test_hostile_files_are_one_sentence(tmp_path: Path, name: str) -> None:
    assert refused(tmp_path, json.dumps(PETS)[:-40], name)
    assert refused(tmp_path, "[" * 100_000, name)
    assert refused(tmp_path, '{"a":' * 5_000 + "1" + "}" * 5_000, name)
    assert refused(tmp_path, b"\xff\xfe\x00" * 100, name)
    assert refused(tmp_path, b"\0\1\2" * 17_000_000, name)
    assert refused(tmp_path, "x y z " * 2_000_000, name)
    assert refused(tmp_path, "", name)
    for value in ('{"swagger": "2.0"}', '{"openapi": "9"}', '{"openapi": "3.0.0", "paths": {}}', '{"openapi": "3.0.0", "paths": []}', "3", "[1, 2]"):
        assert refused(tmp_path, value, name)


def test_more_than_any_definition_has_is_refused(tmp_path: Path) -> None:
    assert "objects" in refused(tmp_path, "[" + '{"id":"a"},' * 1_600_000 + '{"id":"b"}]')
    assert "operations" in refused(tmp_path, json.dumps([{"id": f"a.b{i}"} for i in range(60_000)]))


def test_aliases_that_multiply_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    assert "aliases" in refused(tmp_path, "\n".join(lines), "bomb.yaml")
    assert "inside what it names" in refused(tmp_path, "a: &a [*a]", "self.yaml")
    assert refused(tmp_path, "!!python/object/apply:os.system ['true']", "tag.yaml")


SWAGGER = SHARED / "swagger"


@pytest.mark.skipif(not SWAGGER.is_dir(), reason="the shared folder with real definitions is absent")
def test_every_operation_of_real_definitions_can_be_called() -> None:
    unread, count = [], 0
    for file in sorted(SWAGGER.glob("*.json")):
        try:
            catalog = load_catalog([file])
        except CatalogError as error:
            assert len(str(error)) < 400
            unread.append(file.name)
            continue
        count += assert_callable(Catalog({k: c for k, c in catalog.connectors.items() if k not in load_catalog().connectors}, catalog.builtins))
    assert unread == ["giphy.swagger.json"]
    assert count > 300


def test_a_flow_of_an_imported_operation_is_laid_out_as_it_stands(tmp_path: Path) -> None:
    update = imported(tmp_path, PETS).operations[0]
    text = flow_of(update, holes=False)
    assert format_text(format_text(text)) == format_text(text)

"""Workflows out of every kind of container, and hostile ones refused in one clause, in bounded time and memory."""

from __future__ import annotations

import json
import os
import struct
import time
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest

from flowquill.grammar.wdl import arm
from flowquill.grammar.wdl.containers import Unread, Workflow, api_name, candidates, read
from flowquill.grammar.wdl.shelves import MAX_MEMBERS, UnfitFile
from tests.grammar.wdl.definitions import MAIL, definition, zipped

COMPOSE = definition()
ID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"


def workflows(path: Path, **options: Any) -> list[Workflow]:
    found = list(read(path, **options))
    assert all(isinstance(f, Workflow) for f in found), found
    return [f for f in found if isinstance(f, Workflow)]


def one(path: Path) -> Workflow:
    (found,) = workflows(path)
    return found


def refused(path: Path) -> str:
    """Why a file gave nothing: one clause, within 5 seconds of the processor and 250 MB."""
    tracemalloc.start()
    began = time.process_time()
    try:
        (found,) = list(read(path))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(found, Unread)
    assert time.process_time() - began < 5
    assert most < 250_000_000
    assert "\n" not in found.reason and len(found.reason) < 300 and not found.reason.endswith(".")
    return found.reason


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_bare_definition_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    text = json.dumps(definition({"Compose": {"type": "Compose", "inputs": "Grüße ☺"}}), indent=2, ensure_ascii=False)
    (tmp_path / "leave.json").write_bytes(text.replace("\n", "\r\n").encode(encoding))
    found = one(tmp_path / "leave.json")
    assert (found.title, found.definition["actions"]["Compose"]["inputs"]) == ("leave", "Grüße ☺")


def test_a_wrapped_definition_tells_its_connections(tmp_path: Path) -> None:
    values = {"$connections": {"value": {"mail_1": {"id": "/subscriptions/s/providers/Microsoft.Web/locations/w/managedApis/office365"}}}, "limit": {"value": 3}}
    inner = definition(parameters={"limit": {"type": "Int"}})
    (tmp_path / "a.json").write_text(json.dumps({"definition": inner, "parameters": values}))
    found = one(tmp_path / "a.json")
    assert found.definition == inner
    assert found.connections == {"mail_1": "office365"}
    assert any("limit" in n for n in found.notes)


def test_a_standard_project(tmp_path: Path) -> None:
    (tmp_path / "Leave").mkdir()
    (tmp_path / "Leave/workflow.json").write_text(json.dumps({"definition": COMPOSE, "kind": "Stateless"}))
    connections = {
        "managedApiConnections": {"mail": {"api": {"id": "/subscriptions/s/providers/Microsoft.Web/locations/w/managedApis/office365"}}},
        "serviceProviderConnections": {"bus": {"serviceProvider": {"id": "/serviceProviders/serviceBus"}}},
    }
    (tmp_path / "connections.json").write_text(json.dumps(connections))
    (tmp_path / "host.json").write_text("{}")
    assert candidates(tmp_path) == (tmp_path / "Leave/workflow.json",)
    found = one(tmp_path / "Leave/workflow.json")
    assert found.title == "Leave"
    assert found.connections == {"mail": "office365", "bus": "serviceBus"}
    assert any("stateless" in n for n in found.notes)


def test_a_template_with_several_workflows_and_nested_deployments(tmp_path: Path) -> None:
    texts = {"Compose": {"type": "Compose", "inputs": ["[parameters('x')]", "[[literal]", "[open", "[[also open"]}}
    managed = "[concat('/subscriptions/', subscription().subscriptionId, '/providers/Microsoft.Web/locations/', parameters('l'), '/managedApis/', 'teams')]"
    first = {
        "type": "Microsoft.Logic/workflows",
        "name": "[parameters('name')]",
        "properties": {"definition": definition(texts), "parameters": {"$connections": {"value": {"teams": {"id": managed}}}}},
    }
    inner = {"resources": [{"type": "Microsoft.Logic/Workflows", "name": "[parameters('n')]", "properties": {"definition": "[variables('d')]"}}], "variables": {"d": COMPOSE}}
    nested = {"type": "Microsoft.Resources/deployments", "name": "n", "properties": {"template": inner, "parameters": {"n": {"value": "inner"}}}}
    computed = {"type": "Microsoft.Logic/workflows", "name": "third", "properties": {"definition": "[json(loadTextContent('x'))]"}}
    template = {"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "parameters": {"name": {"defaultValue": "outer"}}, "resources": [first, nested, computed]}
    (tmp_path / "azuredeploy.json").write_text(json.dumps(template))
    a, b, c = list(read(tmp_path / "azuredeploy.json"))
    assert isinstance(a, Workflow) and isinstance(b, Workflow) and isinstance(c, Unread)
    assert (a.title, b.title) == ("outer", "inner")
    assert a.definition["actions"]["Compose"]["inputs"] == ["[parameters('x')]", "[literal]", "[open", "[[also open"]
    assert a.connections == {"teams": "teams"}
    assert b.definition == COMPOSE
    assert "computed" in c.reason


def test_content_templates_of_a_solution(tmp_path: Path) -> None:
    inner = {"resources": [{"type": "Microsoft.Logic/workflows", "name": "[[parameters('PlaybookName')]", "properties": {"definition": COMPOSE}}]}
    content = {"type": "Microsoft.OperationalInsights/workspaces/providers/contentTemplates", "name": "n", "properties": {"mainTemplate": inner}}
    (tmp_path / "mainTemplate.json").write_text(json.dumps({"resources": [content]}))
    assert one(tmp_path / "mainTemplate.json").definition == COMPOSE


def test_brackets_of_templates_are_undone_and_redone() -> None:
    for text in ("[parameters('x')]", "[concat('a', parameters('b'))]", "[resourceGroup().location]", "[open", "plain"):
        assert arm.escaped(arm.unescaped(text)) == text
    for text in ("[draft]", "[[Page]]", "[]", "[1, 2]"):
        assert arm.escaped(text) == "[" + text
        assert arm.unescaped(arm.escaped(text)) == text


@pytest.mark.parametrize("separator", ["/", "\\"])
def test_a_package_of_power_automate(tmp_path: Path, separator: str) -> None:
    flow = {
        "name": ID,
        "properties": {"displayName": "Leave request", "definition": COMPOSE, "connectionReferences": {"shared_office365_1": {"id": "/providers/Microsoft.PowerApps/apis/shared_office365"}}},
    }
    files: dict[str, bytes | str] = {
        "manifest.json": "{}",
        f"Microsoft.Flow/flows/{ID}/definition.json": json.dumps(flow),
        f"Microsoft.Flow/flows/{ID}/apisMap.json": "{}",
    }
    (tmp_path / "p.zip").write_bytes(zipped({k.replace("/", separator): v for k, v in files.items()}))
    found = one(tmp_path / "p.zip")
    assert found.title == "Leave request"
    assert found.connections == {"shared_office365_1": "office365"}
    assert found.source == f"{tmp_path / 'p.zip'}!Microsoft.Flow/flows/{ID}/definition.json"


@pytest.mark.parametrize("titled", [True, False])
def test_a_solution(tmp_path: Path, titled: bool) -> None:
    name = f"Workflows/LeaveRequest-{ID.upper()}.json"
    customizations = f'<ImportExportXml><Workflows><Workflow WorkflowId="{{{ID}}}" Name="Leave &amp; more"><JsonFileName>/{name}</JsonFileName></Workflow></Workflows></ImportExportXml>'
    flow = {"properties": {"connectionReferences": {"shared_teams": {"api": {"name": "shared_teams"}}}, "definition": COMPOSE}, "schemaVersion": "1.0.0.0"}
    files: dict[str, bytes | str] = {"solution.xml": "<x/>", name: json.dumps(flow).encode("utf-8-sig"), "customizations.xml": customizations if titled else "<broken"}
    (tmp_path / "s.zip").write_bytes(zipped(files))
    found = one(tmp_path / "s.zip")
    assert found.title == ("Leave & more" if titled else "LeaveRequest")
    assert found.connections == {"shared_teams": "teams"}


def test_titles_from_xml_that_declares_entities_are_not_read(tmp_path: Path) -> None:
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x><Workflow Name="&b;"><JsonFileName>/Workflows/a.json</JsonFileName></Workflow></x>'
    (tmp_path / "s.zip").write_bytes(zipped({"Workflows/a.json": json.dumps({"properties": {"definition": COMPOSE}}), "customizations.xml": laughs}))
    assert one(tmp_path / "s.zip").title == "a"


def test_a_folder_of_all_kinds_in_a_fixed_order(tmp_path: Path) -> None:
    for name in ("b/two.json", "a/one.json", ".hidden/no.json", "node_modules/no.json"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(json.dumps(COMPOSE))
    (tmp_path / "c.zip").write_bytes(zipped({"x.json": json.dumps(COMPOSE)}))
    (tmp_path / "other.json").write_text('{"an": "other thing"}')
    (tmp_path / "readme.md").write_text("no")
    files = candidates(tmp_path)
    assert [f.relative_to(tmp_path).as_posix() for f in files] == ["a/one.json", "b/two.json", "c.zip", "other.json"]
    assert [w.title for f in files for w in workflows(f, alone=False)] == ["one", "two", "x"]


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        ("/subscriptions/s/providers/Microsoft.Web/locations/w/managedApis/office365", "office365"),
        ("[subscriptionResourceId('Microsoft.Web/locations/managedApis', parameters('location'), 'teams')]", "teams"),
        ("[concat(subscription().id, '/providers/Microsoft.Web/locations/', resourceGroup().location, '/managedApis/sql')]", "sql"),
        ("/providers/Microsoft.PowerApps/apis/shared_teams", "teams"),
        ("shared_sql", "sql"),
        ("[parameters('id')]", None),
        (None, None),
    ],
)
def test_api_names(identity: object, name: str | None) -> None:
    assert api_name(identity) == name


# Hostile input

BAD_TEXTS: dict[str, tuple[bytes, str]] = {
    "truncated": (json.dumps(COMPOSE).encode()[:-20], "too early"),
    "inside a text": (b'{"a": "x', "too early"),
    "empty": (b" \n", "empty"),
    "no json": (b"hello", "no JSON at line 1"),
    "comment": (b"// why\n{}", "comment"),
    "twice": (b'{"a": 1, "b": 2, "a": 3}', '"a" is given twice'),
    "nan": (b'{"a": NaN}', "NaN"),
    "infinite": (b'{"a": 1e999}', "too large"),
    "long number": (b"[" + b"9" * 5000 + b"]", "thousands of digits"),
    "deep": (b"[" * 300 + b"]" * 300, "nested"),
    "very deep": (b'{"a":' * 100_000, "nested"),
    "half a pair": (b'{"a": "\\ud800"}', "surrogate"),
    "many values": (b"[" + b"[]," * 1_900_000 + b"1]", "values"),
    "50 MB": (b"\x00\x9f\xff{" * 12_500_000, "larger than"),
    "not utf-8": (b'{"a": "\xff\xfe\xfd"}', "not UTF-8"),
    "no workflow": (b'{"a": 1}', "no workflow"),
    "a list": (b"[1, 2]", "no workflow"),
    "definition of the wrong form": (b'{"definition": [1]}', "no workflow"),
}


@pytest.mark.parametrize("case", BAD_TEXTS)
def test_unfit_texts(tmp_path: Path, case: str) -> None:
    content, says = BAD_TEXTS[case]
    (tmp_path / "a.json").write_bytes(content)
    assert says in refused(tmp_path / "a.json")


def test_a_zip_bomb(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"Workflows/a.json": b" " * 7_000_000}))
    assert "times its size" in refused(tmp_path / "a.zip")


def test_a_member_larger_than_it_says(tmp_path: Path) -> None:
    data = bytearray(zipped({"Workflows/a.json": os.urandom(1000).hex().encode() * 5000}))
    for signature, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = data.rfind(signature)
        data[at + place : at + place + 4] = struct.pack("<I", 100)
    (tmp_path / "a.zip").write_bytes(bytes(data))
    assert refused(tmp_path / "a.zip")


def test_many_members_that_unpack_to_much(tmp_path: Path) -> None:
    filler = b'"' + os.urandom(3_000_000).hex().encode() + b'"'
    (tmp_path / "a.zip").write_bytes(zipped({f"Workflows/{n:02}.json": filler for n in range(15)}))
    assert "unpacks to more than 64 MB" in refused(tmp_path / "a.zip")


def test_too_many_members(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(MAX_MEMBERS + 1):
            archive.writestr(f"{number}.json", "")
    assert "entries" in refused(tmp_path / "a.zip")


@pytest.mark.parametrize("name", ["../evil.json", "/etc/evil.json", "a/../../evil.json", "..\\evil.json", "C:\\evil.json", "C:evil.json"])
def test_names_that_leave_the_archive(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"ok.json": json.dumps(COMPOSE), name: json.dumps(COMPOSE)}))
    assert "outside of itself" in refused(tmp_path / "a.zip")


def test_links_and_names_given_twice(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.json")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "link" in refused(tmp_path / "a.zip")
    (tmp_path / "b.zip").write_bytes(zipped({"a/x.json": "{}", "a\\x.json": "{}"}))
    assert "twice" in refused(tmp_path / "b.zip")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" + b"x" * 100, b"no zip at all", zipped({"a.json": "{}"})[:-10]])
def test_broken_archives(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    assert "zip" in refused(tmp_path / "a.zip")


def test_damaged_bytes_never_raise(tmp_path: Path) -> None:
    good = zipped({"manifest.json": "{}", f"Microsoft.Flow/flows/{ID}/definition.json": json.dumps({"properties": {"definition": COMPOSE}})})
    for place in range(0, len(good), 7):
        for value in (0, 255, good[place] ^ 1):
            (tmp_path / "a.zip").write_bytes(good[:place] + bytes([value]) + good[place + 1 :])
            assert list(read(tmp_path / "a.zip"))


def test_pipes_and_missing_files_do_not_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    assert "plain file" in refused(tmp_path / "pipe.json")
    assert "no such file" in refused(tmp_path / "missing.json")
    assert "folder" in refused(tmp_path)


def test_a_folder_with_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowquill.grammar.wdl.shelves.MAX_FILES", 3)
    for number in range(5):
        (tmp_path / f"{number}.json").write_text("{}")
    with pytest.raises(UnfitFile, match="more than 3 files"):
        candidates(tmp_path)


def test_a_template_that_contains_itself_many_times_ends(tmp_path: Path) -> None:
    template: dict[str, Any] = {"resources": [{"type": "Microsoft.Logic/workflows", "name": "deep", "properties": {"definition": definition({"Mail": MAIL})}}]}
    for _ in range(30):
        template = {"resources": [{"type": "Microsoft.Resources/deployments", "name": "n", "properties": {"template": template}}]}
    (tmp_path / "a.json").write_text(json.dumps(template))
    assert refused(tmp_path / "a.json")

"""Attempts by workflows, packages and solutions that are read: nothing is written outside, and costs are bounded."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from flowquill.grammar.wdl.containers import Unread, read
from tests.security.command import ESCAPE, flowquill

WORKFLOW = json.dumps({"definition": {"triggers": {"manual": {"type": "Request", "kind": "Http"}}, "actions": {"A": {"type": "Compose", "inputs": 1, "runAfter": {}}}}})


def archive(file: Path, members: dict[str, str], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(file, "w", packing) as made:
        for name, text in members.items():
            made.writestr(name, text)
    return file


def files(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("name", ["../evil.json", "../../tmp/evil.json", "/tmp/evil.json", "a/../../evil.json", "C:\\evil.json", "..\\evil.json"])
def test_members_that_lie_outside(name: str, tmp_path: Path) -> None:
    archive(tmp_path / "p.zip", {name: WORKFLOW})
    (tmp_path / "out").mkdir()
    flowquill("decompile", str(tmp_path / "p.zip"), "-o", str(tmp_path / "out"))
    assert all(f == "p.zip" or f.startswith("out/") for f in files(tmp_path))
    assert not (tmp_path.parent / "evil.json").exists() and not Path("/tmp/evil.json").exists() and not (tmp_path / "evil.json").exists()


def test_a_member_that_unpacks_to_gigabytes(tmp_path: Path) -> None:
    found = list(read(archive(tmp_path / "p.zip", {"w.json": " " * 30_000_000})))
    assert found and all(isinstance(f, Unread) for f in found)


def test_many_members_that_unpack_to_much_together(tmp_path: Path) -> None:
    found = list(read(archive(tmp_path / "p.zip", {f"w{n}.json": '["' + "ab" * 480_000 + '"]' for n in range(80)})))
    assert any(isinstance(f, Unread) and "more than" in f.reason for f in found)


def test_a_hundred_thousand_members(tmp_path: Path) -> None:
    found = list(read(archive(tmp_path / "p.zip", {f"{n}.json": "" for n in range(20_500)}, zipfile.ZIP_STORED)))
    assert len(found) == 1 and isinstance(found[0], Unread) and "entries" in found[0].reason


def test_an_archive_in_an_archive(tmp_path: Path) -> None:
    inner = archive(tmp_path / "inner.zip", {"w.json": WORKFLOW})
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as made:
        made.write(inner, "inner.zip")
    assert all(isinstance(f, Unread) for f in read(tmp_path / "p.zip"))


def test_half_an_archive(tmp_path: Path) -> None:
    file = archive(tmp_path / "p.zip", {"w.json": WORKFLOW})
    file.write_bytes(file.read_bytes()[:-30])
    assert all(isinstance(f, Unread) for f in read(file))


@pytest.mark.parametrize(
    "declared",
    ['<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>', '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY x "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'],
)
def test_entities_in_the_xml_of_a_solution(declared: str, tmp_path: Path) -> None:
    xml = f"<?xml version='1.0'?>{declared}<ImportExportXml><Workflows><Workflow Name='&x;'><JsonFileName>/Workflows/w.json</JsonFileName></Workflow></Workflows></ImportExportXml>"
    body = json.dumps({"properties": json.loads(WORKFLOW)})
    archive(tmp_path / "s.zip", {"customizations.xml": xml, "solution.xml": xml, "Workflows/w.json": body})
    for one in read(tmp_path / "s.zip"):
        assert "root:" not in str(one) and "aaaaaaaaaaaaaaaaaaaa" not in str(one)


@pytest.mark.parametrize("title", ["../../evil", "/tmp/evil", "a/b", "..", "con\x00.flow", ESCAPE])
def test_titles_that_are_paths(title: str, tmp_path: Path) -> None:
    body = json.dumps({"name": title, "properties": {"displayName": title, **json.loads(WORKFLOW)}})
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "w.json").write_text(body)
    done = flowquill("decompile", str(tmp_path / "in"), "-o", str(tmp_path / "out"))
    assert all(f.startswith(("in/", "out")) for f in files(tmp_path))
    assert not (tmp_path.parent / "evil.flow").exists() and "\x1b" not in done.out + done.err


def test_a_definition_nested_without_end(tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text('{"definition": {"triggers": {}, "actions": ' + '{"a": ' * 100_000)
    found = list(read(tmp_path / "w.json"))
    assert len(found) == 1 and isinstance(found[0], Unread)


def test_a_link_to_a_folder_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "w.json").write_text(WORKFLOW.replace("Compose", "Compose"))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "secret")
    assert "flow " not in flowquill("decompile", str(tmp_path / "in")).out

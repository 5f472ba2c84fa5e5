"""Attempts by names of tenants, adapters and versions that look like others', or lead elsewhere on a disk."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from flowquill.gateway.errors import GatewayError
from flowquill.gateway.keys import Keys, editing
from flowquill.gateway.registry import Registry as Served
from flowquill.gateway.registry import RegistryError
from flowquill.gateway.settings import SettingsError, read_settings
from flowquill.gateway.tenants import Tenants
from flowquill.training.tenant.errors import TenantError
from flowquill.training.tenant.registry import Registry
from tests.gateway.running import publish
from tests.security.command import flowquill

ALIKE = {
    "capitals": "Acme", "all capitals": "ACME", "Cyrillic e": "acm\u0435", "Cyrillic a": "\u0430cme", "full width": "ａｃｍｅ", "mathematical": "\U0001d41a\U0001d41c\U0001d426\U0001d41e",
    "composed": unicodedata.normalize("NFC", "acmé"), "decomposed": unicodedata.normalize("NFD", "acmé"), "long s": "acme\u017f", "dotless": "\u0131cme", "Kelvin": "acme\u212a",
    "zero width space": "ac\u200bme", "zero width joiner": "ac\u200dme", "soft hyphen": "ac\u00adme", "byte order mark": "\ufeffacme", "right to left": "\u202eemca", "variation": "acme\ufe0f",
    "Arabic digit": "acme\u0661", "superscript": "acme\u00b2", "dot behind": "acme.", "dots behind": "acme..", "dot before": ".acme", "blank behind": "acme ", "blank before": " acme",
    "hard blank": "acme\u00a0", "tab": "acme\t", "line": "acme\n", "return": "acme\r", "line separator": "acme\u2028", "NUL": "acme\x00", "NUL inside": "acme\x00bolt", "colon": "acme:stream",
}  # fmt: skip
ELSEWHERE = {
    "nothing": "", "here": ".", "above": "..", "above and in": "../acme", "in and above": "acme/../bolt", "slash behind": "acme/", "slash before": "/acme", "absolute": "/etc", "below": "acme/versions",
    "backslash": "acme\\..\\bolt", "drive": "C:", "drive's folder": "C:\\acme", "share": "\\\\host\\acme", "home": "~", "variable": "$HOME", "escaped dots": "%2e%2e", "escaped slash": "acme%2fbolt",
    "full-width dots": "．．", "two dots in one": "\u2025", "division slash": "acme\u2215bolt", "option": "-rf", "too long": "a" * 64,
}  # fmt: skip
DEVICES = {n: n for n in ("con", "prn", "aux", "nul", "com1", "com9", "lpt1")}
ALL = {**ALIKE, **ELSEWHERE}
CONFIG = '[[replica]]\nname = "a"\nurl = "http://127.0.0.1:1"\n[tenant.acme]\n'


def files(root: Path) -> set[str]:
    return {str(p.relative_to(root)) for p in root.rglob("*")}


@pytest.mark.parametrize("name", [pytest.param(n, id=i) for i, n in {**ALL, **DEVICES}.items()])
def test_tenants_of_the_registry_that_look_alike(name: str, tmp_path: Path) -> None:
    """Refused by everything that makes a path of a name, before anything is made or read."""
    root = tmp_path / "registry"
    (root / "acme" / "versions").mkdir(parents=True)
    (root / "acme" / "aliases.json").write_text(json.dumps({"format": 1, "champion": 1, "former": []}))
    before = files(tmp_path)
    registry = Registry(root)
    for use in (registry.home, registry.versions, registry.version, registry.aliases, registry.roll_back, lambda n: registry.promote(n, "1"), lambda n: registry.note(n, "x")):
        with pytest.raises(TenantError):
            use(name)
    with pytest.raises(TenantError), registry.locked(name):
        pass
    assert files(tmp_path) == before and registry.tenants() == ["acme"]


def test_folders_of_such_names_are_no_tenants(tmp_path: Path) -> None:
    for name in ("Acme", "acme.", "acme ", "acm\u0435", "acmé", "con", "a" * 60, ".stage", "acme"):
        (tmp_path / name / "versions").mkdir(parents=True, exist_ok=True)
    assert Registry(tmp_path).tenants() == ["acme"]


@pytest.mark.parametrize("which", ["\u0661", "\u00b2", "\uff11", "\u2460", "1\u200b", "+1", "1_", " 1", "1 ", "-1", "0x1", "1.0", "1\n", "\u0967", "Champion", "champion ", "ch\u0430mpion", "../1"])
def test_versions_that_look_like_numbers(which: str, tmp_path: Path) -> None:
    """`int` and `isdigit` know the digits of all scripts; a version is none of them."""
    folder = tmp_path / "acme" / "versions" / "0001"
    folder.mkdir(parents=True)
    (folder / "card.json").write_text("{}")
    (tmp_path / "acme" / "versions" / "\u00b2").mkdir()
    (tmp_path / "acme" / "versions" / "\u00b2" / "card.json").write_text("{}")
    (tmp_path / "acme" / "aliases.json").write_text(json.dumps({"format": 1, "champion": 1, "former": []}))
    registry = Registry(tmp_path)
    assert [v.number for v in registry.versions("acme")] == [1] and registry.version("acme", "1").number == 1
    with pytest.raises(TenantError):
        registry.version("acme", which)


@pytest.mark.parametrize("name", [pytest.param(n, id=i) for i, n in ALL.items()])
def test_tenants_of_the_gateway_that_look_alike(name: str, tmp_path: Path) -> None:
    file = tmp_path / "g.toml"
    file.write_text(f"{CONFIG}[tenant.{json.dumps(name)}]\n", encoding="utf-8")
    with pytest.raises(SettingsError):
        read_settings(file)


@pytest.mark.parametrize("name", [pytest.param(n, id=i) for i, n in {**ALL, **DEVICES, "device with an end": "con.1", "device in capitals": "NUL"}.items() if i not in ("capitals", "all capitals", "too long")])
def test_adapters_and_versions_of_such_names(name: str, tmp_path: Path) -> None:
    """In the gateway's own reading of the registry, whatever the configuration let through."""
    publish(tmp_path, "acme", "1")
    served = Served(tmp_path, max_rank=8)
    with pytest.raises(RegistryError):
        served.resolve(name, "champion")
    with pytest.raises(RegistryError):
        served.resolve("acme", name)
    (tmp_path / "acme" / "aliases.json").write_text(json.dumps({"champion": name}))
    with pytest.raises(RegistryError):
        served.resolve("acme", "champion")


@pytest.mark.parametrize("adapter", ["acme.\\n", "acme\\n", "../acme", "acm\u0435", "acme/", "..", ""])
@pytest.mark.parametrize("key", ["adapter", "version"])
def test_adapters_in_the_configuration(adapter: str, key: str, tmp_path: Path) -> None:
    file = tmp_path / "g.toml"
    file.write_text(f'[registry]\npath = "r"\n{CONFIG}{key} = "{adapter}"\n', encoding="utf-8")
    with pytest.raises(SettingsError):
        read_settings(file)


def test_adapters_that_differ_in_capitals_only(tmp_path: Path) -> None:
    """On some systems they are one folder, and one tenant's requests would be answered with the other's adapter."""
    file = tmp_path / "g.toml"
    file.write_text(f'[registry]\npath = "r"\n{CONFIG}adapter = "acme"\n[tenant.bolt]\nadapter = "Acme"\n')
    with pytest.raises(SettingsError, match="capital"):
        read_settings(file)
    file.write_text(f'[registry]\npath = "r"\n{CONFIG}adapter = "acme"\n[tenant.bolt]\nadapter = "acme"\n')
    assert read_settings(file).tenant["bolt"].adapter == "acme"


@pytest.mark.parametrize("name", [pytest.param(n, id=i) for i, n in ALL.items()])
def test_a_key_of_a_tenant_that_looks_alike(name: str, tmp_path: Path) -> None:
    """An entry for such a name in the file of keys opens nobody's door, and its salt is nobody's."""
    (tmp_path / "g.toml").write_text(CONFIG)
    with editing(tmp_path / "keys.json") as edit:
        edit.keys, own, _ = edit.keys.with_new("acme")
        edit.keys, key, _ = edit.keys.with_new(name)
    tenants = Tenants(tmp_path / "g.toml")
    assert tenants.client(f"Bearer {own}").name == "acme"
    with pytest.raises(GatewayError):
        tenants.client(f"Bearer {key}")
    keys = Keys("00" * 32)
    assert keys.cache_salt(name) != keys.cache_salt("acme")


@pytest.mark.parametrize("name", ["Acme", "acme.", "acm\u0435", "acme\n", "../acme", " acme"])
def test_a_key_cannot_be_made_for_such_a_name(name: str, tmp_path: Path) -> None:
    (tmp_path / "g.toml").write_text(CONFIG)
    done = flowquill("serve", "key", "add", name, "--config", str(tmp_path / "g.toml"))
    assert done.code != 0 and not done.out and not (tmp_path / "keys.json").exists()

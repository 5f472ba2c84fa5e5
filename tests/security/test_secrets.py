"""Attempts to get at secrets: in flows, in messages, in logs, in the file of keys."""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from flowquill.gateway.keys import Keys
from flowquill.generation.mask import mask
from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.check import check
from flowquill.grammar.parse import parse
from tests.editors.programs import ROOT

SECRETS = {
    "storage key": "DefaultEndpointsProtocol=https;AccountKey=abcdefghijklmnopqrstuvwxyz0123456789AB==",
    "bus key": "Endpoint=sb://x;SharedAccessKey=abcdefghijklmnopqrstuvwxyz0123456789=",
    "payment key": "sk_live_" + "abcdefghij0123456789",
    "cloud key": "AKIA" + "ABCDEFGHIJKLMNOP",
    "code host token": "ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789",
    "chat token": "xoxb-" + "1234567890-abcdefghij",
    "private key": "-----BEGIN RSA PRIVATE KEY-----",
    "signed token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc",
    "signed address": "https://x.example/a?sv=1&sig=abcdefghijklmnopqrstuvwxyz%3D",
    "password": "Server=x;Password=hunter2hunter2;",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_in_a_flow_is_flagged_and_not_repeated(kind: str) -> None:
    text = f'flow a {{\n  on manual()\n  compose(value: {json.dumps(SECRETS[kind])})\n}}\n'
    found = check(parse(text), load_catalog())
    assert "FQ020" in [d.code for d in found]
    assert not [d for d in found if SECRETS[kind] in d.message]


def test_what_leaves_for_a_remote_model_holds_no_value() -> None:
    said = 'mail bob@corp.example the file "Salaries 2024" from https://corp.example/x?key=1 with id 3f2504e0-4f89-11d3-9a0c-0305e82c3301 and 4711'
    sent = mask(said).text
    assert not any(v in sent for v in ("bob@", "Salaries", "corp.example", "3f2504e0", "4711"))


def test_the_language_server_writes_nothing_that_is_typed_to_its_log(tmp_path: Path) -> None:
    typed = "sk_live_" + "typedbyaperson12345"
    text = f'flow a {{\n  on manual()\n  slack.post_mesage(channel: "{typed}"\n'
    messages = [
        {"id": 1, "method": "initialize", "params": {"processId": None, "rootUri": tmp_path.as_uri(), "capabilities": {}}},
        {"method": "initialized", "params": {}},
        {"method": "textDocument/didOpen", "params": {"textDocument": {"uri": "file:///a.flow", "languageId": "flowquill", "version": 1, "text": text}}},
        {"id": 2, "method": "textDocument/hover", "params": {"textDocument": {"uri": "file:///a.flow"}, "position": {"line": 2, "character": 9}}},
        {"id": 3, "method": "textDocument/rename", "params": {"textDocument": {"uri": "file:///a.flow"}, "position": {"line": 0, "character": 5}, "newName": typed + " "}},
        {"id": 4, "method": "workspace/executeCommand", "params": {"command": "flowquill.generate", "arguments": [typed]}},
        {"id": 5, "method": "shutdown"},
        {"method": "exit"},
    ]
    bodies = [json.dumps({"jsonrpc": "2.0", **m}).encode() for m in messages]
    data = b"".join(b"Content-Length: %d\r\n\r\n%s" % (len(b), b) for b in bodies)
    process = subprocess.Popen([sys.executable, "-m", "flowquill.cli.main", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(data, timeout=120)
    assert b'"id":' in out.replace(b'"id": ', b'"id":')
    assert typed.encode() not in err


def test_the_gateway_logs_no_prompt_answer_or_key() -> None:
    """No call of the log gives it a field for what people say."""
    names: set[str] = set()
    for file in (ROOT / "server" / "flowquill" / "gateway").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("info", "warn", "write") and "log" in ast.unparse(node.func.value):
                names |= {k.arg or "**" for k in node.keywords}
    assert names and not names & {"prompt", "text", "messages", "content", "body", "answer", "completion", "key", "authorization", "request"}


@pytest.fixture
def keys() -> tuple[Keys, str]:
    made, key, _ = Keys("00" * 32).with_new("acme")
    return made, key


def test_the_file_of_keys_holds_no_key(keys: tuple[Keys, str]) -> None:
    made, key = keys
    assert key not in repr(made) and key.split("-", 2)[2] not in repr(made)
    assert made.keys[0].sha256 == hashlib.sha256(key.encode()).hexdigest()


@pytest.mark.parametrize("forge", [lambda k: k[:-1], lambda k: k + "A", lambda k: k.upper(), lambda k: "-".join([*k.split("-")[:2], "A" * 43]), lambda k: "", lambda k: "fq--", lambda k: k.replace("fq-", "fq-0")])
def test_forged_keys(forge: object, keys: tuple[Keys, str]) -> None:
    made, key = keys
    assert made.tenant_of(key) == "acme"
    assert made.tenant_of(forge(key)) is None  # type: ignore[operator]


def test_the_hash_of_a_key_is_no_key(keys: tuple[Keys, str]) -> None:
    made, _ = keys
    assert made.tenant_of(f"fq-{made.keys[0].id}-{made.keys[0].sha256}") is None


def test_one_tenants_key_under_anothers_number(keys: tuple[Keys, str]) -> None:
    made, key = keys
    made, other, _ = made.with_new("other")
    assert made.tenant_of("-".join(["fq", other.split("-")[1], key.split("-", 2)[2]])) is None


def test_keys_are_compared_in_constant_time() -> None:
    source = (ROOT / "server" / "flowquill" / "gateway" / "keys.py").read_text()
    assert "compare_digest" in source
    compared = [ast.unparse(n) for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Compare) and "sha256" in ast.unparse(n)]
    assert not compared

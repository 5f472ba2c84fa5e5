"""`flowquill serve` on the command line: keys, check, status, and its errors in one sentence."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from flowquill.gateway.keys import read_keys

GOOD = '[[replica]]\nname = "a"\nurl = "http://127.0.0.1:1"\n[tenant.acme]\n'


def serve(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flowquill.cli.main", "serve", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def test_a_key_is_made_shown_once_listed_and_revoked(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text(GOOD)
    made = serve(tmp_path, "key", "add", "acme", "--days", "7")
    key = made.stdout.strip()
    assert made.returncode == 0 and read_keys(tmp_path / "keys.json").tenant_of(key) == "acme"
    listed = serve(tmp_path, "key", "list").stdout
    assert key.split("-")[1] in listed and "acme" in listed and key.split("-", 2)[2] not in listed
    assert "acme: the base model, 1 valid key" in serve(tmp_path, "check").stdout
    assert serve(tmp_path, "key", "revoke", key.split("-")[1]).returncode == 0
    assert read_keys(tmp_path / "keys.json").tenant_of(key) is None
    serve(tmp_path, "key", "add", "acme", "--keys", "copy.json")
    assert len(read_keys(tmp_path / "copy.json").keys) == 1 and read_keys(tmp_path / "keys.json").keys == ()


def test_mistakes_are_one_sentence(tmp_path: Path) -> None:
    def failed(*arguments: str) -> str:
        done = serve(tmp_path, *arguments)
        assert done.returncode == 1 and "Traceback" not in done.stderr
        return done.stderr.strip()

    assert "There is no configuration at gateway.toml" in failed()
    (tmp_path / "gateway.toml").write_text(GOOD)
    assert "There are no keys at" in failed()
    assert "has no tenant bolt; it has acme." in failed("key", "add", "bolt")
    assert "No gateway answers at 127.0.0.1:8801" in failed("status")
    (tmp_path / "gateway.toml").write_text(GOOD + "colour = 1\n")
    assert "the key tenant.acme.colour does not exist" in failed("check")


def test_a_port_that_is_taken_ends_the_gateway(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        (tmp_path / "gateway.toml").write_text(f'[server]\nlisten = "127.0.0.1:{port}"\nadmin = "127.0.0.1:0"\n' + GOOD)
        serve(tmp_path, "key", "add", "acme")
        done = serve(tmp_path)
    assert done.returncode == 1
    assert "cannot listen" in done.stderr and str(port) in done.stderr

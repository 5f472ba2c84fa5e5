"""The first answer comes before the server is imported, and the server that follows knows what the client said."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from flowquill.server.initialize import answer, of_server, reduced

TIME = 30
Json = dict[str, Any]


def asking(capabilities: object, number: int | str = 1, **more: object) -> Json:
    return {"jsonrpc": "2.0", "id": number, "method": "initialize", "params": {"processId": None, "rootUri": None, "capabilities": capabilities, **more}}


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen([sys.executable, "-m", "flowquill.cli.main", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    yield started
    started.kill()
    started.communicate()


def framed(*messages: Json | bytes) -> bytes:
    bodies = [m if isinstance(m, bytes) else json.dumps(m).encode() for m in messages]
    return b"".join(b"Content-Length: %d\r\n\r\n" % len(b) + b for b in bodies)


def received(data: bytes) -> list[Json]:
    """All messages of a stream that ended."""
    found = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length"))
        found.append(json.loads(data[:length]))
        data = data[length:]
    return found


def until(stream: IO[bytes], number: int | str) -> list[Json]:
    """Messages up to the response to a request."""
    found: list[Json] = []
    while not found or found[-1].get("id") != number or "method" in found[-1]:
        length = 0
        while line := stream.readline().strip():
            if line.startswith(b"Content-Length"):
                length = int(line.split(b":")[1])
        assert length, "the server ended"
        found.append(json.loads(stream.read(length)))
    return found


def said(process: subprocess.Popen[bytes], data: bytes) -> list[Json]:
    """What the server says to all of `data` until it ends."""
    out, _ = process.communicate(data, TIME)
    return received(out)


def opening(text: str) -> Json:
    document = {"uri": "file:///a.flow", "languageId": "flow", "version": 1, "text": text}
    return {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": document}}


def asked(number: int, method: str, **params: object) -> Json:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


INITIALIZED: Json = {"jsonrpc": "2.0", "method": "initialized", "params": {}}
SHUTDOWN: Json = {"jsonrpc": "2.0", "id": 90, "method": "shutdown"}
EXIT: Json = {"jsonrpc": "2.0", "method": "exit"}

CLIENTS: dict[str, Json] = {
    "nothing": {},
    "utf-8": {"general": {"positionEncodings": ["utf-8", "utf-16"]}},
    "unknown encoding": {"general": {"positionEncodings": ["utf-7"]}},
    "encodings null": {"general": {"positionEncodings": None}},
    "prepares renames": {"textDocument": {"rename": {"prepareSupport": True, "dynamicRegistration": True}}},
    "much": {
        "general": {"positionEncodings": ["utf-32"], "staleRequestSupport": {"cancel": True, "retryOnContentModified": []}},
        "notebookDocument": {"synchronization": {"dynamicRegistration": True}},
        "textDocument": {
            "synchronization": {"willSave": True, "willSaveWaitUntil": True, "didSave": True},
            "inlineCompletion": {"dynamicRegistration": True},
            "rename": {"prepareSupport": False},
            "diagnostic": {"relatedDocumentSupport": True},
        },
        "workspace": {"fileOperations": {"willCreate": True, "didRename": True}, "workspaceFolders": True, "didChangeWatchedFiles": {"dynamicRegistration": True}},
        "window": {"workDoneProgress": True},
    },
}


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
def test_the_answer_is_the_servers_own(client: Json) -> None:
    message = asking(client, "one")
    assert answer(message) == of_server(message), "write initialize.json anew: python -m flowquill.server.initialize"
    assert of_server(reduced(message)) == answer(message)


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        {},
        asking({})["params"],
        {**asking({}), "jsonrpc": "1.0"},
        {**asking({}), "method": "shutdown"},
        {**asking({}), "id": True},
        {**asking({}), "id": None},
        {**asking({}), "params": []},
        asking(None),
        asking({"general": 5}),
        asking({"general": {"positionEncodings": "utf-8"}}),
        asking({"textDocument": {"rename": {"prepareSupport": "yes"}}}),
    ],
)
def test_what_is_in_doubt_is_left_to_the_server(message: object) -> None:
    assert answer(message) is None


def test_nothing_heavy_is_imported_before_the_answer() -> None:
    code = (
        "import sys, flowquill.cli.main, flowquill.server.main; "
        "heavy = {'click', 'rich', 'asyncio', 'logging', 'pathlib', 'lsprotocol', 'pygls', 'lark', 'numpy'} & set(sys.modules); "
        "print(sorted(heavy), file=sys.stderr); sys.exit(bool(heavy))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_all_at_once_and_the_request_is_answered_once(process: subprocess.Popen[bytes]) -> None:
    client = {"general": {"positionEncodings": ["utf-8"]}}
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(
        framed(asking(client), INITIALIZED, opening('flow a {\n  on manual()\n  compose(value: "é", nope: 1)\n}\n'), asked(2, "textDocument/diagnostic", textDocument={"uri": "file:///a.flow"}))
    )
    process.stdin.flush()
    first = until(process.stdout, 2)
    rest = said(process, framed(SHUTDOWN, EXIT))
    assert [m["id"] for m in first + rest if "id" in m and "method" not in m] == [1, 2, 90]
    assert first[0]["result"]["capabilities"]["positionEncoding"] == "utf-8"
    [found] = first[-1]["result"]["items"]
    # An é has two units of UTF-8: the server counts as the client asked it to.
    assert (found["code"], found["range"]["start"]["character"]) == ("FQ004", 23)


def test_settings_and_folder_of_the_request_are_taken_over(process: subprocess.Popen[bytes], tmp_path: Path) -> None:
    (tmp_path / "flowquill.toml").write_text("builtin-catalog = 5\n")
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(framed(asking({}, rootUri=tmp_path.as_uri(), initializationOptions={"catalogs": 7}), INITIALIZED, asked(2, "workspace/symbol", query="")))
    process.stdin.flush()
    told = [m["params"]["message"] for m in until(process.stdout, 2) if m.get("method") == "window/showMessage"]
    assert any("flowquill.catalogs is no list" in t for t in told)
    assert any("builtin-catalog" in t for t in told)


def test_a_client_whose_capabilities_cannot_be_read_is_served(process: subprocess.Popen[bytes]) -> None:
    client = {"textDocument": {"completion": 5}, "general": {"positionEncodings": ["utf-32"]}}
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(framed(asking(client), INITIALIZED, opening("flow a {\n}\n"), asked(2, "textDocument/diagnostic", textDocument={"uri": "file:///a.flow"})))
    process.stdin.flush()
    found = until(process.stdout, 2)
    assert found[0]["result"]["capabilities"]["positionEncoding"] == "utf-32"
    assert [d["code"] for d in found[-1]["result"]["items"]] == ["FQ015"]


@pytest.mark.parametrize("garbage", [b"{not json", b"\xff\xfe", b"[" * 100_000, b"null", json.dumps(asking(None, 5)).encode()])
def test_a_first_message_that_is_garbage_does_not_end_the_server(process: subprocess.Popen[bytes], garbage: bytes) -> None:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(framed(garbage, asking({}, 2), SHUTDOWN))
    process.stdin.flush()
    assert any("capabilities" in (m.get("result") or {}) for m in until(process.stdout, 90) if m.get("id") == 2)


def test_lines_before_the_first_message_are_passed_over(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(b"hello\r\nContent-Type: a\r\n" + framed(asking({}, 2)))
    process.stdin.flush()
    assert "result" in until(process.stdout, 2)[-1]


@pytest.mark.parametrize("data", [b"", b"\r\n", framed(EXIT), b"Content-Length: 10\r\n\r\n{", framed(asking({}), SHUTDOWN, EXIT)])
def test_it_ends_when_it_is_told_or_left(process: subprocess.Popen[bytes], data: bytes) -> None:
    process.communicate(data, TIME)
    assert process.returncode is not None


def test_shutdown_before_initialize_is_answered(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(framed(SHUTDOWN))
    process.stdin.flush()
    assert "result" in until(process.stdout, 90)[-1]


def test_a_client_over_tcp() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "flowquill.cli.main", "lsp", "--tcp", f"127.0.0.1:{port}"], stderr=subprocess.PIPE)
    try:
        with connected(port) as client, client.makefile("rb") as back:
            client.sendall(framed(asking({}), INITIALIZED, opening("flow a {\n}\n"), asked(2, "textDocument/diagnostic", textDocument={"uri": "file:///a.flow"})))
            assert [d["code"] for d in until(back, 2)[-1]["result"]["items"]] == ["FQ015"]
            client.sendall(framed(SHUTDOWN, EXIT))
        process.wait(TIME)
    finally:
        process.kill()
        process.communicate()


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run([sys.executable, "-m", "flowquill.cli.main", "lsp", "--tcp", f"127.0.0.1:{port}"], capture_output=True, text=True, timeout=TIME, check=False)
    assert done.returncode == 1
    assert "in use" in done.stderr and "Traceback" not in done.stderr


def connected(port: int) -> socket.socket:
    """A connection to a server that is still starting."""
    from time import monotonic, sleep

    end = monotonic() + TIME
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), TIME)
        except ConnectionRefusedError:
            if monotonic() > end:
                raise
            sleep(0.05)

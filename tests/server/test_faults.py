"""Real servers when something breaks under them: each fault is one clear sentence, nothing is lost, and the server goes on.

What breaks at the edges is elsewhere: a taken port in `test_start`, stalled and dying vLLMs in `tests/engines` and `tests/gateway`, full disks under
registries in `tests/training`.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flowquill.generation.model_files import default_folder
from tests.editors.programs import ROOT
from tests.faults import powerless, read_only
from tests.server.talking import Talking

FAULTY = (str(Path(__file__).with_name("faulty_main.py")),)
FEED = 'flow a {\n  on manual()\n  pets.feed(food: "hay")\n}\n'
HAND = {"triggerKind": 1}


def sentence(text: str) -> str:
    """A text that is one sentence for a person."""
    assert text and "\n" not in text and "Traceback" not in text and len(text) < 400 and text.endswith("."), text
    return text


def connector(*parameters: str) -> str:
    takes = [{"name": p, "path": f"body/{p}", "type": "text"} for p in parameters]
    return json.dumps({"name": "pets", "operations": [{"name": "feed", "id": "Feed", "kind": "action", "parameters": takes}]})


def works(server: Talking, uri: str = "file:///works.flow") -> None:
    """Everything that a person sees first is answered still."""
    server.open(uri, "flow a {\n  on manual()\n  compose(nope: 1)\n}\n")
    assert "FQ004" in server.codes(uri)
    place = {"textDocument": {"uri": uri}, "position": {"line": 2, "character": 4}}
    assert server.ask("textDocument/hover", place) and server.ask("textDocument/completion", place)
    assert server.ask("textDocument/formatting", {"textDocument": {"uri": uri}, "options": {"tabSize": 2, "insertSpaces": True}}) in ([], None)


@pytest.mark.parametrize("answer", [None, "yes", {}])
def test_an_editor_whose_answer_cannot_be_read(answer: object) -> None:
    with Talking() as server:
        server.taken = answer
        server.open("file:///a.flow", "flow a {\n  on manual()\n  todo \"call them\"\n}\n")
        asked = {"command": "flowquill.explain", "arguments": ["file:///a.flow", "a"]}
        given_up = server.answer(server.begin("workspace/executeCommand", asked))["error"]
        assert "cannot be read" in sentence(given_up["message"])
        works(server)


def generated(server: Talking, said: str, uri: str = "file:///new.flow") -> dict[str, object]:
    server.open(uri, f"# {said}\n\n")
    return server.command("flowquill.generate", uri, 0)


@pytest.mark.parametrize(("said", "kind"), [("fill the memory", "MemoryError"), ("a native failure with hunter2", "RuntimeError"), ("a nested failure", "RecursionError")])
def test_an_engine_that_fails_in_the_middle(said: str, kind: str) -> None:
    with Talking(program=FAULTY, stderr=subprocess.PIPE) as server:
        answer = generated(server, said)
        assert (answer["applied"], answer["code"]) == (False, "failed") and kind in sentence(str(answer["message"]))
        assert server.shown == [answer["message"]] and not server.edits and server.status()["state"] == "ready"
        ghost = {"textDocument": {"uri": "file:///new.flow"}, "position": {"line": 1, "character": 0}, "context": HAND}
        assert server.ask("textDocument/inlineCompletion", ghost)["items"] == []
        assert server.status()["nothing"]["code"] == "failed" and server.shown[-1] == answer["message"]
        assert generated(server, "fetch the tickets")["applied"] and len(server.edits) == 1
        works(server)
        server.kill()
        assert server.process.stderr is not None
        log = server.process.stderr.read().decode()
        assert kind in log and "hunter2" not in log


@pytest.mark.model
def test_a_model_that_is_cut_off_before_and_under_a_running_server(tmp_path: Path) -> None:
    model = Path(shutil.copytree(default_folder(), tmp_path / "model"))
    pets = tmp_path / "pets.json"
    pets.write_text(connector("food"))
    with Talking(options={"model": str(model), "catalogs": [str(pets)]}) as server:
        assert generated(server, "every day at 9 wait two hours")["applied"]
        for name in ("encoder.onnx", "embedder.onnx", "vectors.npz"):
            os.truncate(model / name, (model / name).stat().st_size // 2)
        # It works with what it has read.
        assert generated(server, "every day at 9 wait two hours")["applied"]
        # Read again, the files are not what their hashes say.
        pets.write_text(connector("drink"))
        server.changed(pets)
        answer = generated(server, "every day at 9 wait two hours")
        assert answer["code"] == "failed" and "damaged" in sentence(str(answer["message"])) and str(model) in str(answer["message"])
        assert server.status()["state"] == "failed" and server.status()["message"] == answer["message"]
        server.open("file:///a.flow", FEED)
        assert server.codes("file:///a.flow") == ["FQ004"]
        works(server)
        # The way out that the sentence names.
        server.tell("workspace/didChangeConfiguration", {"settings": {"flowquill": {"catalogs": [str(pets)]}}})
        assert generated(server, "every day at 9 wait two hours")["applied"] and server.status()["state"] == "ready"


@pytest.mark.parametrize("cut", [0, 1, 40, -1])
def test_a_catalog_that_is_written_while_it_is_watched(tmp_path: Path, cut: int) -> None:
    (tmp_path / "flowquill.toml").write_text('catalogs = ["pets.json"]\n')
    pets = tmp_path / "pets.json"
    pets.write_text(connector("food"))
    uri = (tmp_path / "a.flow").as_uri()
    with Talking(tmp_path, FAULTY) as server:
        server.open(uri, FEED)
        assert server.codes(uri) == []
        whole = connector("drink")
        pets.write_text(whole[:cut])
        server.changed(pets)
        assert server.codes(uri) == []
        [told] = server.shown
        assert "pets.json" in sentence(told)
        answer = generated(server, "fetch the tickets")
        assert answer["code"] == "failed" and "pets.json" in sentence(str(answer["message"])) and server.status()["state"] == "failed"
        pets.write_text(whole)
        server.changed(pets)
        assert server.codes(uri) == ["FQ004"]
        assert generated(server, "fetch the tickets")["applied"] and server.status()["state"] == "ready"
        works(server)


def test_a_clock_on_the_wall_that_jumps_by_years() -> None:
    with Talking(program=FAULTY, env={**os.environ, "FAULT": "clock"}) as server:
        for _ in range(3):
            answer = generated(server, "fetch the tickets")
            assert answer["applied"] and 0 < float(str(answer["latencyMs"])) < 60_000
        server.open("file:///new.flow", "# fetch the tickets\n\n")
        ghost = {"textDocument": {"uri": "file:///new.flow"}, "position": {"line": 1, "character": 0}, "context": {"triggerKind": 2}}
        assert server.ask("textDocument/inlineCompletion", ghost)["items"]
        works(server)
        assert server.close() == 0


def test_only_clocks_that_never_jump_decide() -> None:
    """The clock on the wall dates what people read (logs, histories) and what people set a date for (keys); nothing else looks at it."""
    dated = {"keys.py", "serve.py", "logs.py", "registry.py"}
    wall = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now", "time.localtime", "time.gmtime"}
    files = [f for room in ("grammar", "server", "training") for f in (ROOT / room / "flowquill").rglob("*.py") if f.name not in dated]
    found = []
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in wall:
                found.append(f"{file}:{node.lineno}")
            if isinstance(node, ast.ImportFrom) and node.module == "time" and {"time", "time_ns"} & {a.name for a in node.names}:
                found.append(f"{file}:{node.lineno}")
    assert len(files) > 150 and not found


def test_two_servers_on_one_workspace(tmp_path: Path) -> None:
    (tmp_path / "flowquill.toml").write_text('catalogs = ["pets.json"]\n')
    pets, file = tmp_path / "pets.json", tmp_path / "a.flow"
    pets.write_text(connector("food"))
    file.write_text(FEED)
    before = sorted(p.name for p in tmp_path.iterdir())
    with Talking(tmp_path, FAULTY) as one, Talking(tmp_path, FAULTY) as two:
        for server in (one, two):
            server.open(file.as_uri(), FEED)
        assert one.codes(file.as_uri()) == two.codes(file.as_uri()) == []
        # Each has the texts of its own client: what one types the other does not see.
        one.tell("textDocument/didChange", {"textDocument": {"uri": file.as_uri(), "version": 2}, "contentChanges": [{"text": FEED.replace("food", "fodo")}]})
        assert one.codes(file.as_uri()) == ["FQ004"]
        pets.write_text(connector("fodo"))
        for server in (one, two):
            server.changed(pets)
        assert (one.codes(file.as_uri()), two.codes(file.as_uri())) == ([], ["FQ004"])
        started = [s.begin("workspace/executeCommand", {"command": "flowquill.edit", "arguments": [file.as_uri(), "a", "fetch the tickets"]}) for s in (one, two)]
        assert all(s.answer(n)["result"]["applied"] for s, n in zip((one, two), started, strict=True))
        one.kill()
        works(two)
    # Neither wrote anything by itself.
    assert file.read_text() == FEED and sorted(p.name for p in tmp_path.iterdir()) == before


def test_two_formatters_of_one_file(tmp_path: Path) -> None:
    (tmp_path / "a.flow").write_text('flow a{on manual()\n   compose( value:1 )}')
    command = [sys.executable, "-m", "flowquill.cli.main", "format", "a.flow"]
    running = [subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE) for _ in range(2)]
    assert [p.wait(60) for p in running] == [0, 0]
    assert (tmp_path / "a.flow").read_text() == "flow a {\n  on manual()\n  compose(value: 1)\n}\n"
    assert [p.name for p in tmp_path.iterdir()] == ["a.flow"]


def test_a_home_and_a_workspace_that_are_read_only(tmp_path: Path) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    (work / "flowquill.toml").write_text('catalogs = ["pets.json"]\n')
    (work / "pets.json").write_text(connector("food"))
    (work / "a.flow").write_text(FEED)
    limits = powerless()
    env = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": "", "TMPDIR": str(home)}
    with read_only(home, work), Talking(work, FAULTY, env=env, cwd=work, **limits) as server:
        server.open((work / "a.flow").as_uri(), FEED)
        assert server.codes((work / "a.flow").as_uri()) == []
        assert generated(server, "fetch the tickets")["applied"] and not server.shown
        works(server)
        assert server.close() == 0


def test_a_configuration_that_may_not_be_read(tmp_path: Path) -> None:
    config = tmp_path / ".config" / "flowquill"
    config.mkdir(parents=True)
    (config / "config.toml").write_text("[engine]\n")
    env = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": "", "FLOWQUILL_CONFIG": ""}
    limits = powerless()
    config.chmod(0)
    try:
        with Talking(options={"engine": "openai", "engineUrl": "http://127.0.0.1:9/v1"}, env=env, **limits) as server:
            answer = generated(server, "fetch the tickets")
            assert answer["code"] == "failed" and "config.toml cannot be read (Permission denied)" in sentence(str(answer["message"]))
            works(server)
    finally:
        config.chmod(0o755)

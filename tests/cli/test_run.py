"""`flowquill run` as a person calls it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.command import Run, one_sentence

FLOW = 'flow a {\n  on manual(n: integer) as r\n  x = compose(value: 10 / r.n)\n  sent = slack.post_message(channel: "c", message: $"{x}")\n}\n'


def test_a_run_is_shown_and_its_failure_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.flow").write_text(FLOW)
    done = run("run", "a.flow", "--inputs", '{"n": 2}')
    assert done.returncode == 0, done.stderr
    assert "sent: slack.post_message" in done.stdout and '"message":"5"' in done.stdout
    assert "\x1b" not in done.stdout
    failed = run("run", "a.flow", "--inputs", '{"n": 0}')
    sentence = one_sentence(failed)
    assert "failed at x" in sentence and "zero" in sentence
    assert "skipped" in failed.stdout


def test_json_mocks_and_seeds(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.flow").write_text(FLOW)
    (tmp_path / "m.json").write_text('{"sent": {"failed": "no such channel", "status_code": 404}}')
    done = run("run", "a.flow", "--inputs", '{"n": 2}', "--mocks", "m.json", "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["failed_step"] == "sent" and found["steps"][1]["error"]["message"] == "no such channel"
    assert run("run", "a.flow", "--seed", "3", "--json").stdout == run("run", "a.flow", "--seed", "3", "--json").stdout


def test_what_cannot_be_used_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.flow").write_text(FLOW)
    (tmp_path / "m.json").write_text('{"nobody": 1}')
    (tmp_path / "bad.json").write_text("{")
    assert "nobody" in one_sentence(run("run", "a.flow", "--mocks", "m.json"))
    assert "no JSON" in one_sentence(run("run", "a.flow", "--mocks", "bad.json"))
    assert "--inputs" in one_sentence(run("run", "a.flow", "--inputs", "{"))
    assert "no flow z" in one_sentence(run("run", "a.flow", "--flow", "z"))
    assert "no file" in one_sentence(run("run", "none.flow"))


def test_two_flows_are_compared(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.flow").write_text(FLOW)
    (tmp_path / "b.flow").write_text(FLOW.replace("x", "y").replace("flow a", "flow b"))
    (tmp_path / "c.flow").write_text(FLOW.replace('"c"', '"d"'))
    assert run("run", "a.flow", "--same-as", "b.flow").stdout.startswith("The same")
    other = run("run", "a.flow", "--same-as", "c.flow")
    assert other.returncode == 1 and "Not the same" in other.stdout

"""The command line as a whole: help, completion, quick start, no heavy imports, no traces."""

from __future__ import annotations

import subprocess
import sys
from time import perf_counter

import pytest

from tests.cli.command import Run, one_sentence

COMMANDS = ["generate", "check", "format", "parse", "catalog", "lsp", "train", "eval", "bench", "doctor", "completion"]


def test_help_names_every_command(run: Run) -> None:
    text = run("--help").stdout
    assert all(f"  {command} " in text for command in COMMANDS)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in ("train", "eval")])
def test_every_command_explains_itself(run: Run, command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert "Usage: flowquill " + command in done.stdout


def test_wrong_usage_exits_with_2(run: Run) -> None:
    assert run("nonsense").returncode == 2
    assert run("check", "--nonsense", "x").returncode == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(run: Run, shell: str) -> None:
    assert "_FLOWQUILL_COMPLETE" in run("completion", shell).stdout


@pytest.mark.parametrize("address", ["nowhere", "host:port", "host:99999"])
def test_an_address_that_is_none(run: Run, address: str) -> None:
    assert "is no address" in one_sentence(run("lsp", "--tcp", address))


def test_doctor_finds_a_missing_model(run: Run) -> None:
    done = run("doctor", "--model", "nowhere")
    assert done.returncode == 1
    assert "There is no model at nowhere" in done.stdout
    assert "Traceback" not in done.stderr + done.stdout


def test_doctor_finds_a_bad_catalog(run: Run) -> None:
    done = run("doctor", "--catalog", "nowhere")
    assert done.returncode == 1
    assert "no catalog at nowhere" in done.stdout


def test_light_commands_import_nothing_heavy() -> None:
    code = (
        "import sys; from flowquill.cli.commands import cli; "
        "cli.main(['catalog', 'list'], standalone_mode=False); "
        "heavy = {'torch', 'transformers', 'onnxruntime', 'faiss', 'numpy', 'pygls', 'rich', 'lark'} & set(sys.modules); "
        "print(sorted(heavy), file=sys.stderr); sys.exit(bool(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_generation_imports_no_training_library() -> None:
    code = "import sys, flowquill.generation.pipeline, flowquill.generation.retrieve; sys.exit(bool({'torch', 'transformers'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_start_is_quick(run: Run) -> None:
    run("--help")
    times = []
    for _ in range(5):
        start = perf_counter()
        run("--help")
        times.append(perf_counter() - start)
    assert min(times) < 0.5


def test_the_reader_may_go_away() -> None:
    command = f"{sys.executable} -m flowquill.cli.main catalog list --json | head -1"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert done.stderr == ""

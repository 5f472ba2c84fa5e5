"""A real Emacs, as a daemon, driven by its keys: open, diagnose, fix, generate, format, hover, rename, dry run."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.editors.programs import EDITORS, environment, program

PATIENCE = 90.0
"""Seconds that something may take before it counts as not coming; loading the model on a busy machine is the longest."""
WRONG = 'flow demo {\n  on manual()\n  slack.post_mesage(channel: "general", message: "hello")\n}\n'
ASKED = "# When a file is added to the Contracts library, post its name in the Legal channel\n\n"
SETTINGS = """
(setq inhibit-startup-screen t make-backup-files nil auto-save-default nil eldoc-idle-delay 0.1)
(setq native-comp-deferred-compilation nil native-comp-jit-compilation nil)
(package-initialize)
(require 'flowquill-mode)
;; A busy machine may take longer than the ten seconds that eglot waits.
(setq jrpc-default-request-timeout 60)
(defvar wanted nil "Part of the title that the person picks.")
(setq completing-read-function
      (lambda (_prompt choices &rest _)
        (let ((titles (all-completions "" choices)))
          (or (and wanted (seq-find (lambda (title) (string-search wanted title)) titles))
              (error "None of %S is %s" titles wanted)))))
"""


class Emacs:
    """One daemon. `lisp` takes an expression whose value can be written as JSON; the current buffer is the selected window's."""

    def __init__(self, emacs: str, client: str, folder: Path) -> None:
        self._client, self._socket = client, str(folder / "s")
        self._environment = environment(folder)
        settings = folder / "init.el"
        settings.write_text(SETTINGS)
        command = [emacs, "-q", f"--fg-daemon={self._socket}", "-L", str(EDITORS / "emacs"), "-l", str(settings)]
        with open(folder / "log", "wb") as log:
            self._process = subprocess.Popen(command, env=self._environment, cwd=folder, stdout=log, stderr=log)
        try:
            self.wait("t", "the editor")
        except AssertionError as error:
            self._process.kill()
            raise AssertionError(f"{error}; {(folder / 'log').read_text()}") from None

    def lisp(self, expression: str) -> Any:
        body = f"(with-current-buffer (window-buffer (selected-window)) {expression})"
        command = [self._client, "-s", self._socket, "--eval", f"(base64-encode-string (encode-coding-string (json-encode {body}) 'utf-8) t)"]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=100, check=False)
        if done.returncode:
            raise ValueError(f"{expression}: {(done.stdout + done.stderr).strip()}")
        return json.loads(base64.b64decode(done.stdout.strip().strip('"')))

    def keys(self, text: str) -> None:
        """Types keys, in the notation of `kbd`."""
        self.lisp(f"(progn (execute-kbd-macro (kbd {json.dumps(text)})) t)")

    def wait(self, expression: str, what: str) -> Any:
        """Waits until the expression is true. Fails with the name of what did not come, and what the editor said."""
        end = time.monotonic() + PATIENCE
        said: object = ""
        while time.monotonic() < end and self._process.poll() is None:
            try:
                found = self.lisp(expression)
            except (subprocess.SubprocessError, ValueError) as error:
                found, said = None, getattr(error, "stderr", error)
            if found:
                return found
            time.sleep(0.2)
        with contextlib.suppress(subprocess.SubprocessError, ValueError):
            said = self.lisp("(vector (buffer-string) (with-current-buffer (messages-buffer) (buffer-string)))")
        raise AssertionError(f"{what} did not come; the editor says {said}")

    def open(self, path: Path) -> None:
        self.lisp(f"(progn (delete-other-windows) (switch-to-buffer (find-file-noselect {json.dumps(str(path))})) (goto-char (point-min)) t)")
        # eglot starts its server after a command, and a daemon runs none by itself.
        self.keys("C-a")
        self.wait("(and (fboundp 'eglot-current-server) (eglot-current-server) t)", "the language server")

    def go(self, line: int, column: int) -> None:
        self.lisp(f"(progn (goto-char (point-min)) (forward-line {line - 1}) (move-to-column {column}) t)")

    def lines(self) -> list[str]:
        return str(self.lisp("(buffer-substring-no-properties (point-min) (point-max))")).splitlines()

    def stop(self) -> None:
        with contextlib.suppress(subprocess.SubprocessError):
            command = [self._client, "-s", self._socket, "--eval", "(let ((kill-emacs-hook nil)) (kill-emacs))"]
            subprocess.run(command, env=self._environment, capture_output=True, timeout=20, check=False)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(20)


def start(folder: Path) -> Emacs:
    path = program("emacs", "FLOWQUILL_EMACS", "emacs-nox", "elpa-eglot")
    client = shutil.which("emacsclient")
    if client is None:
        pytest.skip("emacsclient is not installed: apt-get install emacs-nox.")
    return Emacs(path, client, folder)


@pytest.fixture(scope="module")
def emacs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emacs]:
    editor = start(tmp_path_factory.mktemp("emacs"))
    yield editor
    editor.stop()


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all files: the editor starts one server for it, which loads its model once."""
    return tmp_path_factory.mktemp("work")


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_mistake_is_shown_and_its_fix_applied(emacs: Emacs, work: Path) -> None:
    emacs.open(written(work, "wrong.flow", WRONG))
    assert emacs.lisp("(vector (symbol-name major-mode) comment-start)") == ["flowquill-mode", "# "]
    emacs.wait("(and (flymake-diagnostics) t)", "the diagnostic")
    said = emacs.lisp("(mapcar (lambda (d) (vector (line-number-at-pos (flymake-diagnostic-beg d)) (flymake-diagnostic-text d))) (flymake-diagnostics))")
    assert len(said) == 1 and said[0][0] == 3 and "post_message" in said[0][1]
    emacs.go(3, 10)
    emacs.lisp('(setq wanted "Change to post_message")')
    emacs.keys("C-c C-a")
    emacs.wait('(save-excursion (goto-char (point-min)) (and (search-forward "post_message" nil t) t))', "the fixed line")
    emacs.wait("(null (flymake-diagnostics))", "a file without diagnostics")


@pytest.mark.model
def test_a_flow_is_generated_by_code_action(emacs: Emacs, work: Path) -> None:
    emacs.open(written(work, "asked.flow", ASKED))
    emacs.go(1, 3)
    emacs.lisp('(setq wanted "Generate flow from comment")')
    emacs.keys("C-c C-a")
    emacs.wait('(save-excursion (goto-char (point-min)) (and (re-search-forward "^flow .*{$" nil t) t))', "the flow")
    lines = emacs.lines()
    assert lines[0] == ASKED.splitlines()[0]
    assert any("Legal" in line for line in lines) and "}" in lines


@pytest.mark.model
def test_a_flow_is_generated_by_key_and_can_be_stopped(emacs: Emacs, work: Path) -> None:
    emacs.open(written(work, "key.flow", ASKED))
    emacs.go(1, 3)
    emacs.lisp("(with-current-buffer (messages-buffer) (let ((inhibit-read-only t)) (erase-buffer) t))")
    emacs.keys("C-c C-g C-c C-k")
    emacs.wait('(with-current-buffer (messages-buffer) (and (string-search "nothing was changed" (buffer-string)) t))', "the word that it stopped")
    assert emacs.lines() == ASKED.splitlines()
    emacs.keys("C-c C-g")
    emacs.wait('(save-excursion (goto-char (point-min)) (and (re-search-forward "^flow .*{$" nil t) t))', "the flow")


def test_formatting_hover_and_rename(emacs: Emacs, work: Path) -> None:
    text = 'flow demo {\non manual(who: text) as asked\n    done = slack.post_message(channel: "general",message:asked.who)\n  compose(value:done)\n}\n'
    emacs.open(written(work, "rough.flow", text))
    emacs.keys("C-c C-f")
    emacs.wait('(string-search "\\n  compose(value: done)\\n" (buffer-string))', "the formatted file")
    assert emacs.lines()[1:3] == ["  on manual(who: text) as asked", '  done = slack.post_message(channel: "general", message: asked.who)']
    emacs.go(3, 18)
    emacs.lisp("(progn (eldoc t) t)")
    # Asked once: another question would take the place of an answer on its way.
    hover = "(progn (seq-some (lambda (b) (and (string-match-p \"eldoc\" (buffer-name b)) (with-current-buffer b"
    hover += ' (and (string-search "slack.post_message" (buffer-string)) t)))) (buffer-list)))'
    emacs.wait(hover, "the hover")
    emacs.go(3, 3)
    emacs.lisp('(progn (eglot-rename "posted") t)')
    emacs.wait('(string-search "compose(value: posted)" (buffer-string))', "the renamed uses")
    assert emacs.lines()[2].startswith("  posted = slack")
    emacs.go(4, 18)
    emacs.keys("M-.")
    emacs.wait("(= (line-number-at-pos) 3)", "the definition")


def test_dry_run_and_export_open_a_window(emacs: Emacs, work: Path) -> None:
    emacs.open(written(work, "run.flow", WRONG.replace("mesage", "message")))
    emacs.go(3, 3)
    emacs.keys("C-c C-r")
    shown = '(let ((b (get-buffer "%s"))) (and b (get-buffer-window b) (with-current-buffer b (buffer-string))))'
    assert "slack.post_message" in emacs.wait(shown % "*Flowquill dry run*", "the dry run")
    emacs.keys("C-c C-x")
    definition = json.loads(emacs.wait(shown % "*Flowquill definition*", "the definition"))
    assert "triggers" in json.dumps(definition)


def test_colours_and_indentation(emacs: Emacs, work: Path) -> None:
    text = 'flow demo {\non manual()\nif length("}#{") > 1 { # {\nslack.post_message(\nchannel: true\n)\n}\n}\n'
    emacs.open(written(work, "plain.flow", text))
    emacs.keys("C-x h C-M-\\")
    assert emacs.lines() == [
        "flow demo {",
        "  on manual()",
        '  if length("}#{") > 1 { # {',
        "    slack.post_message(",
        "      channel: true",
        "    )",
        "  }",
        "}",
    ]

    def colour(line: int, column: int) -> Any:
        emacs.go(line, column)
        return emacs.lisp("(progn (font-lock-ensure) (let ((f (get-text-property (point) 'face))) (symbol-name (if (consp f) (car f) f))))")

    assert colour(1, 0) == "font-lock-keyword-face" and colour(1, 6) == "font-lock-function-name-face"
    assert colour(3, 2) == "font-lock-keyword-face" and colour(3, 13) == "font-lock-string-face"
    assert colour(3, 28) == "font-lock-comment-face"
    assert colour(4, 4) == "font-lock-type-face" and colour(4, 12) == "font-lock-function-name-face"
    assert colour(5, 6) == "font-lock-variable-name-face" and colour(5, 15) == "font-lock-constant-face"


def test_a_missing_server_is_said_in_one_sentence(tmp_path: Path) -> None:
    editor = start(tmp_path)
    try:
        path = written(tmp_path, "alone.flow", WRONG)
        editor.lisp(f"(progn (setq flowquill-server-command '(\"no-such-program\")) (switch-to-buffer (find-file-noselect {json.dumps(str(path))})) t)")
        said = editor.lisp("(with-current-buffer (messages-buffer) (buffer-string))")
        assert "no-such-program is not on the PATH; install it (pip install flowquill)" in said
    finally:
        editor.stop()

"""A real Neovim, headless, driven by its keys: open, diagnose, fix, generate, format, hover, rename, dry run."""

from __future__ import annotations

import contextlib
import json
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


class Neovim:
    """One editor process with a socket. `lua` takes the body of a function whose result can be written as JSON."""

    def __init__(self, nvim: str, folder: Path) -> None:
        self._nvim, self._socket = nvim, str(folder / "s")
        self._environment = environment(folder)
        settings = folder / "init.lua"
        settings.write_text(
            f"vim.opt.runtimepath:prepend {json.dumps(str(EDITORS / 'neovim'))}\n"
            "vim.cmd 'filetype plugin indent on | syntax on'\n"
            "vim.g.maplocalleader = ','\n"
            "Said = {}\n"
            "vim.notify = function(text) table.insert(Said, text) end\n"
            "vim.notify_once = vim.notify\n"
            # The person at the list of actions picks the one whose title holds Wanted.
            "vim.ui.select = function(items, options, done)\n"
            "  Offered = {}\n"
            "  for number, item in ipairs(items) do\n"
            "    local title = options.format_item and options.format_item(item) or tostring(item)\n"
            "    table.insert(Offered, title)\n"
            "    if Wanted and title:find(Wanted, 1, true) then local chosen = Wanted; Wanted = nil; done(item, number) end\n"
            "  end\n"
            "end\n"
            "require('flowquill').setup {}\n"
        )
        command = [nvim, "--headless", "-n", "-i", "NONE", "-u", str(settings), "--listen", self._socket]
        self._process = subprocess.Popen(command, env=self._environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait("return true", "the editor")

    def keys(self, text: str) -> None:
        """Types keys, in the notation of mappings."""
        self._remote("--remote-send", text)

    def lua(self, body: str) -> Any:
        quoted = body.replace("'", "''")
        return json.loads(self._remote("--remote-expr", f"json_encode(luaeval('(function() {quoted} end)()'))"))

    def wait(self, body: str, what: str) -> Any:
        """Waits until the function is true. Fails with the name of what did not come, and what the editor said."""
        end = time.monotonic() + PATIENCE
        said: object = ""
        while time.monotonic() < end:
            try:
                found = self.lua(body)
            except (subprocess.CalledProcessError, json.JSONDecodeError) as error:
                found, said = None, getattr(error, "stderr", error)
            if found:
                return found
            time.sleep(0.2)
        with contextlib.suppress(subprocess.CalledProcessError, json.JSONDecodeError):
            said = self.lua("return {Said, Offered, vim.fn.getline(1, '$'), vim.fn.execute('messages')}")
        raise AssertionError(f"{what} did not come; the editor says {said}")

    def open(self, path: Path) -> None:
        self.keys(f"<C-\\><C-n>:only<CR>:edit! {path}<CR>")
        self.wait(f"return vim.api.nvim_buf_get_name(0) == {json.dumps(str(path))}", "the file")
        self.wait("return require('flowquill.client').of(0) ~= nil", "the language server")

    def lines(self) -> list[str]:
        found = self.lua("return vim.fn.getline(1, '$')")
        assert isinstance(found, list)
        return found

    def stop(self) -> None:
        try:
            self.keys("<C-\\><C-n>:qa!<CR>")
            self._process.wait(20)
        except (subprocess.SubprocessError, OSError):
            self._process.kill()
            self._process.wait(20)

    def _remote(self, how: str, text: str) -> str:
        command = [self._nvim, "--headless", "-u", "NONE", "-i", "NONE", "--server", self._socket, how, text]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=60, check=True)
        # Neovim 0.7 answers on its standard error, later ones on the standard output.
        return (done.stdout or done.stderr).strip()


@pytest.fixture(scope="module")
def nvim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neovim]:
    path = program("nvim", "FLOWQUILL_NVIM", "neovim")
    editor = Neovim(path, tmp_path_factory.mktemp("nvim"))
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


def test_a_mistake_is_shown_and_its_fix_applied(nvim: Neovim, work: Path) -> None:
    nvim.open(written(work, "wrong.flow", WRONG))
    assert nvim.lua("return {vim.bo.filetype, vim.bo.commentstring}") == ["flowquill", "# %s"]
    nvim.wait("return #(vim.diagnostic.get(0)) == 1", "the diagnostic")
    assert nvim.lua("local d = vim.diagnostic.get(0)[1]; return {d.code, d.lnum, d.col}") == ["FQ003", 2, 8]
    nvim.lua("Wanted = 'Change to post_message'")
    nvim.keys("3G9|,a")
    nvim.wait("return vim.fn.getline(3):find('post_message', 1, true) ~= nil", "the fixed line")
    nvim.wait("return #(vim.diagnostic.get(0)) == 0", "a file without diagnostics")
    assert "settings" not in nvim.lua("return table.concat(Said) .. vim.fn.execute('messages')")


@pytest.mark.model
def test_a_flow_is_generated_by_code_action(nvim: Neovim, work: Path) -> None:
    nvim.open(written(work, "asked.flow", ASKED))
    nvim.lua("Wanted = 'Generate flow from comment'")
    nvim.keys("gg,a")
    nvim.wait("return vim.fn.search('^flow .*{', 'nw') > 0", "the flow")
    lines = nvim.lines()
    assert lines[0] == ASKED.splitlines()[0]
    assert any("Legal" in line for line in lines) and lines[-1 if lines[-1] else -2] == "}"
    nvim.keys("u")
    nvim.wait("return vim.fn.search('^flow ', 'nw') == 0", "the file as it was, after undo")


@pytest.mark.model
def test_a_flow_is_generated_by_command_and_can_be_stopped(nvim: Neovim, work: Path) -> None:
    nvim.open(written(work, "command.flow", ASKED))
    nvim.lua("Said = {}")
    nvim.keys("gg:FlowquillGenerate | FlowquillCancel<CR>")
    nvim.wait("return (table.concat(Said) .. vim.fn.execute('messages')):find('Stopped; nothing was changed', 1, true) ~= nil", "the word that it stopped")
    assert nvim.lines()[0] == ASKED.splitlines()[0] and len(nvim.lines()) == 2
    nvim.keys(",g")
    nvim.wait("return vim.fn.search('^flow .*{', 'nw') > 0", "the flow")


def test_formatting_hover_and_rename(nvim: Neovim, work: Path) -> None:
    text = 'flow demo {\non manual(who: text) as asked\n    done = slack.post_message(channel: "general",message:asked.who)\n  compose(value:done)\n}\n'
    nvim.open(written(work, "rough.flow", text))
    nvim.keys(":FlowquillFormat<CR>")
    nvim.wait("return vim.fn.getline(4) == '  compose(value: done)'", "the formatted file")
    assert nvim.lines()[1:3] == ["  on manual(who: text) as asked", '  done = slack.post_message(channel: "general", message: asked.who)']
    nvim.keys("3G18|K")
    shown = "for _, w in ipairs(vim.api.nvim_list_wins()) do if vim.api.nvim_win_get_config(w).relative ~= '' then "
    shown += "return table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(w), 0, -1, false), ' ') end end"
    assert "slack.post_message" in nvim.wait(shown, "the hover")
    nvim.keys("<Esc>3G3|")
    nvim.lua("vim.lsp.buf.rename('posted')")
    nvim.wait("return vim.fn.getline(4) == '  compose(value: posted)'", "the renamed uses")
    assert nvim.lines()[2].startswith("  posted = slack")
    nvim.keys("4G18|gd")
    nvim.wait("return vim.fn.line '.' == 3", "the definition")


def test_dry_run_and_export_open_a_window(nvim: Neovim, work: Path) -> None:
    nvim.open(written(work, "run.flow", WRONG.replace("mesage", "message")))
    nvim.keys("3G,r")
    nvim.wait("return vim.api.nvim_buf_get_name(0):find('Dry run of demo', 1, true) ~= nil", "the dry run")
    assert any("slack.post_message" in line for line in nvim.lines())
    nvim.keys("q3G:FlowquillExport<CR>")
    nvim.wait("return vim.api.nvim_buf_get_name(0):find('Definition of demo', 1, true) ~= nil", "the definition")
    definition = json.loads("\n".join(nvim.lines()))
    assert "triggers" in json.dumps(definition) and len(nvim.lines()) > 10
    nvim.keys("q")


def test_colours_and_indentation(nvim: Neovim, work: Path) -> None:
    text = 'flow demo {\non manual()\nif length("}#{") > 1 {\nslack.post_message(\nchannel: $"a{length("b")}"\n)\n}\n}\n'
    nvim.open(written(work, "plain.flow", text))
    nvim.keys("gg=G")
    nvim.wait("return vim.fn.getline(2) == '  on manual()'", "the indented file")
    assert nvim.lines() == [
        "flow demo {",
        "  on manual()",
        '  if length("}#{") > 1 {',
        "    slack.post_message(",
        '      channel: $"a{length("b")}"',
        "    )",
        "  }",
        "}",
    ]

    def colour(line: int, column: int) -> Any:
        return nvim.lua(f"return vim.fn.synIDattr(vim.fn.synID({line}, {column}, 1), 'name')")

    nvim.lua("vim.treesitter.stop = vim.treesitter.stop or function() end; pcall(vim.treesitter.stop, 0); vim.cmd 'syntax on'")
    assert colour(1, 1) == "flowquillStructure" and colour(1, 7) == "flowquillFlowName"
    assert colour(3, 3) == "flowquillConditional" and colour(3, 14) == "flowquillString"
    assert colour(4, 5) == "flowquillConnector" and colour(4, 12) == "flowquillOperation"
    assert colour(5, 7) == "flowquillParameter" and colour(5, 20) == "flowquillFunction"


@pytest.mark.model
def test_ghost_text_where_the_editor_has_it(nvim: Neovim, work: Path) -> None:
    if nvim.lua("return vim.lsp.inline_completion ~= nil") is not True:
        pytest.skip("This Neovim has no inline completion; 0.12 has.")
    nvim.open(written(work, "ghost.flow", "\n"))
    nvim.keys("gg0i" + ASKED.strip() + "<CR>")
    ghost = "for name, space in pairs(vim.api.nvim_get_namespaces()) do if name:find('inline_completion', 1, true) then "
    ghost += "for _, m in ipairs(vim.api.nvim_buf_get_extmarks(0, space, 0, -1, {})) do return true end end end return false"
    nvim.wait(ghost, "the ghost text")
    nvim.keys("<Tab>")
    nvim.wait("return vim.fn.search('^flow .*{', 'nw') > 0", "the flow")
    nvim.keys("<Esc>")


def test_a_missing_server_is_said_in_one_sentence(tmp_path: Path) -> None:
    editor = Neovim(program("nvim", "FLOWQUILL_NVIM", "neovim"), tmp_path)
    try:
        editor.lua("require('flowquill').options.cmd = { 'no-such-program' }")
        path = written(tmp_path, "alone.flow", WRONG)
        editor.keys(f":edit {path}<CR>")
        editor.wait("return #Said > 0", "the sentence")
        assert "no-such-program" in editor.lua("return Said[1]") and "pip install flowquill" in editor.lua("return Said[1]")
    finally:
        editor.stop()

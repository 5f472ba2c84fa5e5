--- Flowquill for Neovim: starts the language server where nothing else does, and keeps what the person set.
local client = require 'flowquill.client'

local M = {}

--- `cmd`: the server's command line. `settings`: catalogs, builtinCatalog, model. `ghost_text`, `keys`: false turns them off.
M.options = {
  cmd = { 'flowquill', 'lsp' },
  settings = {},
  ghost_text = true,
  keys = true,
}

local wanted = false

--- Whether this Neovim starts servers itself from `lsp/*.lua`.
local function modern()
  return vim.lsp.config ~= nil and vim.lsp.enable ~= nil
end

--- To be called once, from init.lua; every option may be left out.
function M.setup(options)
  M.options = vim.tbl_deep_extend('force', M.options, options or {})
  -- An empty Lua table would be sent as a list.
  if vim.tbl_isempty(M.options.settings) then
    M.options.settings = vim.empty_dict()
  end
  wanted = true
  if modern() then
    vim.lsp.config('flowquill', { cmd = M.options.cmd, init_options = M.options.settings, settings = { flowquill = M.options.settings } })
    vim.lsp.enable 'flowquill'
  end
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buffer) and vim.bo[buffer].filetype == 'flowquill' then
      M.open(buffer)
    end
  end
end

--- A file of flows was opened: before Neovim 0.11 the server is started here.
function M.open(buffer)
  if not wanted then
    return
  end
  if vim.fn.executable(M.options.cmd[1]) == 0 then
    vim.notify_once(
      'flowquill: "' .. M.options.cmd[1] .. '" is not on the PATH; install it (pip install flowquill) or name it in setup { cmd = { PATH, "lsp" } }.',
      vim.log.levels.ERROR
    )
    return
  end
  if not modern() then
    client.start(buffer, M.options)
  end
end

return M

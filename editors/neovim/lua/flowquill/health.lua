--- `:checkhealth flowquill`.
local M = {}

function M.check()
  local health = vim.health or require 'health'
  local start = health.start or health.report_start
  local ok, warn, err = health.ok or health.report_ok, health.warn or health.report_warn, health.error or health.report_error
  local options = require('flowquill').options
  start 'flowquill'
  if vim.fn.executable(options.cmd[1]) == 1 then
    local said = vim.trim(vim.fn.system { options.cmd[1], '--version' })
    ok('The server is ' .. vim.fn.exepath(options.cmd[1]) .. ' (' .. said .. ').')
  else
    err('"' .. options.cmd[1] .. '" is not on the PATH: install it (pip install flowquill), or name it in require("flowquill").setup { cmd = { PATH, "lsp" } }.')
  end
  if vim.lsp.inline_completion then
    ok 'Ghost text: this Neovim has it.'
  else
    warn 'Ghost text needs Neovim 0.12; :FlowquillGenerate and the code action write the flow here.'
  end
end

return M

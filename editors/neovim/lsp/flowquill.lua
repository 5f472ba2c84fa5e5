-- The language server, for `vim.lsp.enable 'flowquill'` of Neovim 0.11 and later.
return {
  cmd = { 'flowquill', 'lsp' },
  filetypes = { 'flowquill' },
  root_markers = { 'flowquill.toml', '.git' },
  capabilities = require('flowquill.client').capabilities(),
  handlers = require('flowquill.client').handlers(),
  commands = require('flowquill.commands').lenses,
  on_attach = function(client, buffer)
    require('flowquill.client').attached(client, buffer)
  end,
}

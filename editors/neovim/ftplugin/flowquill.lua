-- What a file of flows sets for its buffer.
if vim.b.did_ftplugin == 1 then
  return
end
vim.b.did_ftplugin = 1

vim.bo.commentstring = '# %s'
vim.bo.comments = ':#'
vim.bo.expandtab = true
vim.bo.shiftwidth = 2
vim.bo.softtabstop = 2
vim.bo.iskeyword = '@,48-57,_'
-- A comment's next line is where the flow goes, so Enter must not continue the comment.
vim.opt_local.formatoptions:remove { 'r', 'o' }
vim.b.undo_ftplugin = 'setlocal commentstring< comments< expandtab< shiftwidth< softtabstop< iskeyword< formatoptions<'

-- The tree-sitter parser where it is installed; else the colours of syntax/flowquill.vim.
if vim.treesitter.start then
  pcall(vim.treesitter.start, 0, 'flowquill')
end

require('flowquill.commands').define(vim.api.nvim_get_current_buf())
require('flowquill').open(vim.api.nvim_get_current_buf())

--- One server a root folder for Neovim 0.7 to 0.10, and what every version does when a server has been attached.
local M = {}

local started = {} -- root folder -> client id

--- What the server last said of itself (`flowquill/status` in server/README.md), or nil.
M.status = nil

--- A request to a client: its first argument was the client's own closure until 0.11.
function M.request(client, method, params, handler, buffer)
  if vim.fn.has 'nvim-0.11' == 1 then
    return client:request(method, params, handler, buffer)
  end
  return client.request(method, params, handler, buffer)
end

--- A notification to a client.
function M.notify(client, method, params)
  if vim.fn.has 'nvim-0.11' == 1 then
    return client:notify(method, params)
  end
  return client.notify(method, params)
end

--- The Flowquill server of a buffer, or nil.
function M.of(buffer)
  local get = vim.lsp.get_clients or vim.lsp.get_active_clients
  for _, client in pairs(get()) do
    if client.name == 'flowquill' and vim.lsp.buf_is_attached(buffer, client.id) then
      return client
    end
  end
end

--- The nearest folder at or above a file with a flowquill.toml or .git; else the file's own.
local function root_of(buffer)
  local folder = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(buffer), ':p:h')
  local file = vim.fn.findfile('flowquill.toml', vim.fn.escape(folder, ' ,;') .. ';')
  if file ~= '' then
    return vim.fn.fnamemodify(file, ':p:h')
  end
  local git = vim.fn.finddir('.git', vim.fn.escape(folder, ' ,;') .. ';')
  return git ~= '' and vim.fn.fnamemodify(git, ':p:h:h') or folder
end

--- Handlers of what only this server says: its progress is shown, since older versions show none.
function M.handlers()
  return {
    ['$/progress'] = function(error, result, context, config)
      local value = result and result.value or {}
      require('flowquill.commands').progress(vim.lsp.get_client_by_id(context.client_id), result.token, value)
      if value.kind == 'begin' and value.title then
        vim.api.nvim_echo({ { 'flowquill: ' .. value.title .. ' (:FlowquillCancel stops it)' } }, false, {})
      elseif value.kind == 'end' then
        vim.api.nvim_echo({ { '' } }, false, {})
      end
      local usual = vim.lsp.handlers['$/progress']
      return usual and usual(error, result, context, config)
    end,
    ['flowquill/status'] = function(_, status)
      M.status = status
    end,
    ['flowquill/input'] = function(_, asked)
      local given = vim.fn.input((asked.prompt or 'Instruction') .. ': ')
      return { value = given ~= '' and given or vim.NIL }
    end,
  }
end

--- What this client can do beyond the protocol; see "What a client may call beyond the protocol" in server/README.md.
function M.capabilities()
  local able = vim.lsp.protocol.make_client_capabilities()
  able.experimental = { flowquill = { results = true, input = true } }
  return able
end

--- Starts or joins the server of a buffer's root folder.
function M.start(buffer, options)
  if vim.api.nvim_buf_get_name(buffer) == '' or M.of(buffer) then
    return
  end
  local root = root_of(buffer)
  local id = started[root]
  if not (id and vim.lsp.get_client_by_id(id)) then
    id = vim.lsp.start_client {
      name = 'flowquill',
      cmd = options.cmd,
      root_dir = root,
      workspace_folders = { { uri = vim.uri_from_fname(root), name = vim.fn.fnamemodify(root, ':t') } },
      init_options = options.settings,
      settings = { flowquill = options.settings },
      get_language_id = function()
        return 'flowquill'
      end,
      capabilities = M.capabilities(),
      handlers = M.handlers(),
      commands = require('flowquill.commands').lenses,
      on_attach = M.attached,
      on_exit = function()
        started[root] = nil
      end,
    }
    started[root] = id
  end
  if id then
    vim.lsp.buf_attach_client(buffer, id)
  end
end

--- Options and keys of a buffer that a server serves now.
function M.attached(client, buffer)
  local options = require('flowquill').options
  vim.bo[buffer].omnifunc = 'v:lua.vim.lsp.omnifunc'
  local inline = vim.lsp.inline_completion
  if options.ghost_text and inline and client:supports_method('textDocument/inlineCompletion', buffer) then
    inline.enable(true, { bufnr = buffer, client_id = client.id })
    if options.keys then
      vim.keymap.set('i', '<Tab>', function()
        if not inline.get() then
          return '<Tab>'
        end
      end, { buffer = buffer, expr = true, desc = 'Take the ghost text' })
    end
  end
  if options.keys then
    local function key(sequence, action, says)
      vim.keymap.set('n', sequence, action, { buffer = buffer, desc = says })
    end
    key('<LocalLeader>g', '<Cmd>FlowquillGenerate<CR>', 'Generate the flow of the comment here')
    key('<LocalLeader>r', '<Cmd>FlowquillRun<CR>', 'Dry run of the flow here')
    key('<LocalLeader>f', '<Cmd>FlowquillFormat<CR>', 'Format the file')
    key('<LocalLeader>a', vim.lsp.buf.code_action, 'Fixes and actions here')
    key('<LocalLeader>n', vim.lsp.buf.rename, 'Rename')
    key('K', vim.lsp.buf.hover, 'What is this?')
    key('gd', vim.lsp.buf.definition, 'Where the name is made')
  end
end

return M

--- The commands of a buffer of flows, and what the lenses above a flow do.
local M = {}

local running = nil -- the command under way: its name, and its `token` and `client` once the server shows progress; `stop`: it is not wanted any more

local function say(text, level)
  vim.notify('flowquill: ' .. text, level or vim.log.levels.INFO)
end

local function server(buffer)
  local found = require('flowquill.client').of(buffer)
  if not found then
    say('no language server is attached to this file; :checkhealth flowquill says why.', vim.log.levels.ERROR)
  end
  return found
end

--- The name of the flow around the cursor: the last one that begins at or above it.
local function flow_here()
  for number = vim.fn.line '.', 1, -1 do
    local name = vim.fn.getline(number):match '^%s*flow%s+([%a_][%w_]*)'
    if name then
      return name
    end
  end
end

--- Shows text in a window of its own, which `q` closes.
local function show(title, text, filetype)
  vim.cmd 'botright new'
  local buffer = vim.api.nvim_get_current_buf()
  vim.bo[buffer].buftype = 'nofile'
  vim.bo[buffer].bufhidden = 'wipe'
  vim.bo[buffer].swapfile = false
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, vim.split(text, '\n'))
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].filetype = filetype
  pcall(vim.api.nvim_buf_set_name, buffer, title)
  vim.keymap.set('n', 'q', '<Cmd>bwipeout<CR>', { buffer = buffer })
end

--- JSON text with line breaks and two blanks a level.
local function laid_out(json)
  local out, depth, quoted, escaped = {}, 0, false, false
  local function line()
    out[#out + 1] = '\n' .. string.rep('  ', depth)
  end
  for letter in json:gmatch '.' do
    if quoted then
      out[#out + 1] = letter
      quoted = escaped or letter ~= '"'
      escaped = not escaped and letter == '\\'
    elseif letter == '{' or letter == '[' then
      depth = depth + 1
      out[#out + 1] = letter
      line()
    elseif letter == '}' or letter == ']' then
      depth = depth - 1
      line()
      out[#out + 1] = letter
    elseif letter == ',' then
      out[#out + 1] = letter
      line()
    elseif letter == ':' then
      out[#out + 1] = ': '
    elseif not letter:match '%s' then
      quoted = letter == '"'
      out[#out + 1] = letter
    end
  end
  return (table.concat(out):gsub('([%[{])%s+([%]}])', '%1%2'))
end

--- Sends a command of the server; `done` gets its answer.
local function execute(buffer, command, arguments, done)
  local client = server(buffer)
  if not client then
    return
  end
  local function answered(error, result)
    if running and running.command == command then
      running = nil
    end
    if error then
      say(error.message or tostring(error), vim.log.levels.ERROR)
    elseif done then
      done(result)
    end
  end
  running = { command = command }
  require('flowquill.client').request(client, 'workspace/executeCommand', { command = command, arguments = arguments }, answered, buffer)
end

--- Told of the server's progress, so that it can be stopped: the server stops a command by its progress, not by its request.
function M.progress(client, token, value)
  if value.kind == 'begin' then
    running = running or {}
    running.client, running.token = client, token
    if running.stop then
      M.cancel()
    end
  elseif value.kind == 'end' and running and running.token == token then
    running = nil
  end
end

function M.generate()
  local buffer = vim.api.nvim_get_current_buf()
  execute(buffer, 'flowquill.generate', { vim.uri_from_bufnr(buffer), vim.fn.line '.' - 1 })
end

--- The `todo` on the cursor's line becomes a step.
function M.todo()
  local buffer = vim.api.nvim_get_current_buf()
  execute(buffer, 'flowquill.generateTodo', { vim.uri_from_bufnr(buffer), vim.fn.line '.' - 1 })
end

function M.cancel()
  if not running then
    return say 'nothing is running.'
  end
  running.stop = true
  if running.token then
    require('flowquill.client').notify(running.client, 'window/workDoneProgress/cancel', { token = running.token })
  end
end

local function run(buffer, uri, flow)
  execute(buffer, 'flowquill.run', { uri, flow }, function(result)
    show('Dry run of ' .. flow, result.sentence .. '\n\n' .. result.text, '')
  end)
end

local function export(buffer, uri, flow)
  execute(buffer, 'flowquill.compile', { uri, flow }, function(result)
    for _, problem in ipairs(result.problems) do
      say(problem, vim.log.levels.WARN)
    end
    show('Definition of ' .. flow, laid_out(vim.fn.json_encode(result.definition)), 'json')
  end)
end

local function with_flow(action)
  return function()
    local buffer, flow = vim.api.nvim_get_current_buf(), flow_here()
    if not flow then
      return say('the cursor stands in no flow; put it into one.', vim.log.levels.WARN)
    end
    action(buffer, vim.uri_from_bufnr(buffer), flow)
  end
end

M.run = with_flow(run)
M.export = with_flow(export)
M.explain = with_flow(function(buffer, uri, flow)
  execute(buffer, 'flowquill.explain', { uri, flow })
end)

--- Changes the flow at the cursor as `instruction` says; asks for it where it is empty.
function M.edit(instruction)
  with_flow(function(buffer, uri, flow)
    execute(buffer, 'flowquill.edit', { uri, flow, instruction ~= '' and instruction or nil })
  end)()
end

--- What the server says of itself, in a sentence.
function M.status()
  local status = require('flowquill.client').status
  say(status and (status.message or status.state) or 'the server has said nothing yet.')
end

function M.format()
  if vim.lsp.buf.format then
    vim.lsp.buf.format { name = 'flowquill', timeout_ms = 10000 }
  else
    vim.lsp.buf.formatting_sync(nil, 10000)
  end
end

local function lens(action)
  return function(command, context)
    action(context.bufnr, command.arguments[1], command.arguments[2])
  end
end

--- Commands of lenses, which answer with data that somebody must show.
M.lenses = {
  ['flowquill.run'] = lens(run),
  ['flowquill.compile'] = lens(export),
  ['flowquill.graph'] = function()
    say 'the graph is drawn in VS Code only; :FlowquillRun lists the steps.'
  end,
}

--- Defines the commands of a buffer.
function M.define(buffer)
  local function command(name, action, says)
    vim.api.nvim_buf_create_user_command(buffer, name, function()
      action()
    end, { desc = says, bar = true })
  end
  command('FlowquillGenerate', M.generate, 'Generate the flow of the comment at or above the cursor')
  command('FlowquillTodo', M.todo, 'Generate the step of the todo on this line')
  vim.api.nvim_buf_create_user_command(buffer, 'FlowquillEdit', function(given)
    M.edit(given.args)
  end, { desc = 'Change the flow at the cursor as an instruction says', nargs = '*' })
  command('FlowquillExplain', M.explain, 'Write what the flow at the cursor does as a comment above it')
  command('FlowquillStatus', M.status, 'What the language server is doing')
  command('FlowquillCancel', M.cancel, 'Stop what the server is doing')
  command('FlowquillRun', M.run, 'Dry run of the flow at the cursor')
  command('FlowquillExport', M.export, 'The Logic Apps definition of the flow at the cursor')
  command('FlowquillFormat', M.format, 'Format the file')
end

return M

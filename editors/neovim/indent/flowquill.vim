" Indentation by brackets: one step deeper after a line that ends with an open one.
if exists('b:did_indent')
  finish
endif
let b:did_indent = 1

setlocal indentexpr=FlowquillIndent(v:lnum)
setlocal indentkeys=0{,0},0),0],!^F,o,O
setlocal nosmartindent
let b:undo_indent = 'setlocal indentexpr< indentkeys< smartindent<'

if exists('*FlowquillIndent')
  finish
endif

" A line without its texts and comments, so that brackets inside them do not count.
function! s:Bare(number) abort
  let l:line = substitute(getline(a:number), '"\%(\\.\|[^"\\]\)*"', '', 'g')
  return substitute(l:line, '#.*$', '', '')
endfunction

function! FlowquillIndent(number) abort
  let l:above = prevnonblank(a:number - 1)
  if l:above == 0
    return 0
  endif
  let l:depth = indent(l:above)
  if s:Bare(l:above) =~# '[{(\[]\s*$'
    let l:depth += shiftwidth()
  endif
  if s:Bare(a:number) =~# '^\s*[})\]]'
    let l:depth -= shiftwidth()
  endif
  return l:depth < 0 ? 0 : l:depth
endfunction

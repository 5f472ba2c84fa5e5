" Colours of flows, for Neovim without the tree-sitter parser.
if exists('b:current_syntax')
  finish
endif

syntax case match
syntax sync minlines=100

syntax match flowquillName "\<\h\w*\>"
syntax match flowquillParameter "\<\h\w*\>\ze\s*:"
syntax match flowquillFunction "\<\h\w*\>\ze\s*("
syntax match flowquillConnector "\<\h\w*\>\ze\.\h\w*\s*(" nextgroup=flowquillDot
syntax match flowquillDot "\." contained nextgroup=flowquillOperation
syntax match flowquillOperation "\h\w*" contained
syntax match flowquillNumber "\<\d\+\%(\.\d\+\)\?\%([eE][+-]\?\d\+\)\?\>"
syntax match flowquillOperator "==\|!=\|<=\|>=\|??\|!\.\|[<>+*/%=-]"
syntax match flowquillHole "?"
syntax match flowquillDecorator "@\h\w*"

syntax keyword flowquillStructure flow on as scope branch param var
syntax keyword flowquillConditional if else switch case default
syntax keyword flowquillRepeat for in do until limit parallel
syntax keyword flowquillException try catch finally after
syntax keyword flowquillStatement set append to increment decrement by todo refuse
syntax keyword flowquillLogical and or not
syntax keyword flowquillStatus succeeded failed skipped timed_out
syntax keyword flowquillBoolean true false
syntax keyword flowquillNull null
syntax match flowquillType ":\s*\zs\<\%(text\|integer\|number\|boolean\|list\|object\|any\)\>"
syntax match flowquillFlowName "\%(\<flow\s\+\)\@<=\h\w*"

syntax match flowquillEscape "\\[\"\\/bfnrt]\|\\u\x\{4}" contained
syntax match flowquillTemplateEscape "\\[\"\\/bfnrt{}]\|\\u\x\{4}" contained
syntax region flowquillString start=+"+ skip=+\\.+ end=+"+ oneline contains=flowquillEscape,@Spell
syntax region flowquillTemplate matchgroup=flowquillString start=+\$"+ skip=+\\.+ end=+"+ oneline contains=flowquillTemplateEscape,flowquillInterpolation,@Spell
syntax region flowquillInterpolation matchgroup=flowquillDelimiter start="{" end="}" contained oneline contains=TOP
syntax match flowquillComment "#.*$" contains=@Spell

highlight default link flowquillName Identifier
highlight default link flowquillParameter Identifier
highlight default link flowquillFunction Function
highlight default link flowquillConnector Type
highlight default link flowquillDot Delimiter
highlight default link flowquillOperation Function
highlight default link flowquillNumber Number
highlight default link flowquillOperator Operator
highlight default link flowquillHole Todo
highlight default link flowquillDecorator PreProc
highlight default link flowquillStructure Structure
highlight default link flowquillConditional Conditional
highlight default link flowquillRepeat Repeat
highlight default link flowquillException Exception
highlight default link flowquillStatement Statement
highlight default link flowquillLogical Operator
highlight default link flowquillStatus Constant
highlight default link flowquillBoolean Boolean
highlight default link flowquillNull Constant
highlight default link flowquillType Type
highlight default link flowquillFlowName Function
highlight default link flowquillEscape SpecialChar
highlight default link flowquillTemplateEscape SpecialChar
highlight default link flowquillString String
highlight default link flowquillTemplate String
highlight default link flowquillDelimiter Delimiter
highlight default link flowquillComment Comment

let b:current_syntax = 'flowquill'

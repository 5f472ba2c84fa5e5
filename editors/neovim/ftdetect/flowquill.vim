" Files of workflows.
autocmd BufNewFile,BufRead *.flow setfiletype flowquill

[(flow) (block) (switch) (parallel) (arguments) (manual) (list) (object)] @indent
["}" ")" "]"] @outdent

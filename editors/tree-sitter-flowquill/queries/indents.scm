[(flow) (block) (switch) (parallel) (arguments) (manual) (list) (object)] @indent.begin
["}" ")" "]"] @indent.end @indent.branch
(comment) @indent.auto
(ERROR) @indent.auto

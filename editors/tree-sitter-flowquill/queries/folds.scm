[(flow) (block) (switch) (parallel) (arguments) (list) (object)] @fold

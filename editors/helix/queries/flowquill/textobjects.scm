(flow) @function.around
(block) @class.inside
(argument) @parameter.inside
(comment) @comment.inside

; Later patterns win over earlier ones.
(reference (name) @variable)
(label name: (name) @label)
(after_clause step: (name) @label)
(trigger name: (name) @variable)
(bound_call result: (name) @variable)
(param name: (name) @variable.parameter)
(var name: (name) @variable)
(set name: (name) @variable)
(append name: (name) @variable)
(increment name: (name) @variable)
(decrement name: (name) @variable)
(for_each name: (name) @variable)
(scope name: (name) @label)

(flow name: (name) @function)
(flow description: (string) @string.documentation)
(connector) @module
(operation) @function.call
(callee . (operation) @function.builtin)
(function_name) @function.builtin
(parameter) @variable.parameter
(property) @property
(key) @property
(decorator "@" @attribute name: (decorator_name) @attribute)
(type) @type.builtin

["flow" "on" "manual" "as" "scope" "parallel" "branch" "param" "var" "set" "append" "to" "increment" "decrement" "by" "todo" "refuse"] @keyword
["if" "else" "switch" "case" "default"] @keyword.conditional
["for" "in" "do" "until" "limit"] @keyword.repeat
["try" "catch" "finally" "after"] @keyword.exception
["and" "or" "not"] @keyword.operator
(status) @constant.builtin
[(true) (false)] @boolean
(null) @constant.builtin
(number) @number
(hole) @constant.builtin

(string) @string
(template ["$\"" "\""] @string)
(template (text) @string)
(escape) @string.escape
(interpolation ["{" "}"] @punctuation.special)
(comment) @comment

["==" "!=" "<=" ">=" "<" ">" "+" "-" "*" "/" "%" "??" "="] @operator
["." "!." "," ":"] @punctuation.delimiter
["(" ")" "[" "![" "]"] @punctuation.bracket
(flow ["{" "}"] @punctuation.bracket)
(block ["{" "}"] @punctuation.bracket)
(switch ["{" "}"] @punctuation.bracket)
(parallel ["{" "}"] @punctuation.bracket)
(object ["{" "}"] @punctuation.bracket)

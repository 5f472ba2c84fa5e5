; The names of captures are those of Helix's themes.
(reference (name) @variable)
(trigger name: (name) @variable)
(bound_call result: (name) @variable)
(var name: (name) @variable)
(set name: (name) @variable)
(append name: (name) @variable)
(increment name: (name) @variable)
(decrement name: (name) @variable)
(for_each name: (name) @variable)
(param name: (name) @variable.parameter)
(label name: (name) @label)
(after_clause step: (name) @label)
(scope name: (name) @label)

(flow name: (name) @function)
(connector) @namespace
(operation) @function
(callee . (operation) @function.builtin)
(function_name) @function.builtin
(parameter) @variable.parameter
(property) @variable.other.member
(key) @variable.other.member
(decorator "@" @attribute name: (decorator_name) @attribute)
(type) @type.builtin

["flow" "on" "manual" "as" "scope" "parallel" "branch" "param" "var" "set" "append" "to" "increment" "decrement" "by" "todo" "refuse"] @keyword
["if" "else" "switch" "case" "default"] @keyword.control.conditional
["for" "in" "do" "until" "limit"] @keyword.control.repeat
["try" "catch" "finally" "after"] @keyword.control.exception
["and" "or" "not"] @keyword.operator
[(status) (null) (hole)] @constant.builtin
[(true) (false)] @constant.builtin.boolean
(number) @constant.numeric

(string) @string
(template ["$\"" "\""] @string)
(template (text) @string)
(escape) @constant.character.escape
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

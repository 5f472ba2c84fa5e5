; The names of captures are those of Zed's themes.
(reference (name) @variable)
(label name: (name) @label)
(after_clause step: (name) @label)
(trigger name: (name) @variable)
(bound_call result: (name) @variable)
(param name: (name) @variable)
(var name: (name) @variable)
(set name: (name) @variable)
(append name: (name) @variable)
(increment name: (name) @variable)
(decrement name: (name) @variable)
(for_each name: (name) @variable)
(scope name: (name) @label)

(flow name: (name) @function)
(flow description: (string) @string)
(connector) @type
(operation) @function
(callee . (operation) @function)
(function_name) @function
(parameter) @variable
(property) @property
(key) @property
(decorator "@" @attribute name: (decorator_name) @attribute)
(type) @type

["flow" "on" "manual" "as" "scope" "parallel" "branch" "param" "var" "set" "append" "to" "increment" "decrement" "by" "todo" "refuse"] @keyword
["if" "else" "switch" "case" "default"] @keyword
["for" "in" "do" "until" "limit"] @keyword
["try" "catch" "finally" "after"] @keyword
["and" "or" "not"] @keyword
(status) @constant
[(true) (false)] @boolean
(null) @constant
(number) @number
(hole) @constant

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

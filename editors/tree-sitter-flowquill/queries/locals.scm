(flow) @local.scope
(block) @local.scope
(for_each) @local.scope

(trigger name: (name) @local.definition)
(input name: (parameter) @local.definition)
(bound_call result: (name) @local.definition)
(label name: (name) @local.definition)
(param name: (name) @local.definition)
(var name: (name) @local.definition)
(for_each name: (name) @local.definition)
(scope name: (name) @local.definition)

(reference (name) @local.reference)
(set name: (name) @local.reference)
(append name: (name) @local.reference)
(increment name: (name) @local.reference)
(decrement name: (name) @local.reference)
(after_clause step: (name) @local.reference)

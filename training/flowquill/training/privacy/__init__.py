"""Personal data and secrets in examples: found by pattern, replaced by made-up values of the same kind, and looked for in what a model writes."""

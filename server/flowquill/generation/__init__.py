"""Comment to flow: guard, mask, retrieve, prompt, decode, repair, each a stage in a file. Imports the grammar, nothing else of ours."""

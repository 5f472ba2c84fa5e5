"""The decoding grammar: flow.lark specialised to some operations and one request, for language models that decode under a grammar.

What a model may then write: the operations of the prompt's tags and their parameters, each at most once and in order; values of closed
enumerations; texts that are spans of the request or stand in the flow so far; numbers the request mentions; names that steps give by
rule and the outputs their operations have; all in the one spelling of `flowquill.grammar.spelling`, blanks included. The dialect is
Lark as llguidance reads it (`%regex {"substring_words": ...}`, `&` between terminals), with a plain line `start:` for vLLM.
"""

from flowquill.grammar.decoding.grammar import Scene, decoding_grammar

__all__ = ["Scene", "decoding_grammar"]

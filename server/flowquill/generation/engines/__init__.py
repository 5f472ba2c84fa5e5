"""Engines beside the embedded one: language models behind vLLM or any OpenAI-compatible endpoint, and the chain that falls back. See server/ENGINES.md."""

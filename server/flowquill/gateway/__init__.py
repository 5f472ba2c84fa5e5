"""The gateway: one OpenAI-compatible address for many tenants, in front of one or many vLLM replicas."""

"""Adapters for tenants: from a catalog and a few examples to LoRA weights on the default model, a gate, and a registry of versions."""

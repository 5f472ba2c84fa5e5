"""Measuring a model: on the project's own test split, on Flow-Bench, and against the network it was exported from."""

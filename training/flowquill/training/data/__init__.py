"""Pairs of a request and its flow: a typed sampler of plausible flows and the language that asks for them."""

from flowquill.training.data.banks import Banks, load_banks
from flowquill.training.data.pairs import Mention, Pair
from flowquill.training.data.sampler import Sampler

__all__ = ["Banks", "Mention", "Pair", "Sampler", "load_banks"]

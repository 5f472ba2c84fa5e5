"""Weights on the grid that ships: int8 steps with one float16 scale for each block of inputs, during training already.

A network trained on exact weights and rounded afterwards writes another flow for a tenth of all requests (two readings nearly as good as one another are
common). One trained on rounded weights is the one that ships. Gradients pass the rounding unchanged (straight-through, Bengio et al. 2013).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flowquill.training.model.modeling import FlowquillModel

BLOCK = 32
LEAST = 1e-8


class RoundedLinear(nn.Linear):
    """A layer whose product uses the weights as they will ship."""

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            step = on_grid(self.weight) - self.weight
        return F.linear(x, self.weight + step, self.bias)


def on_grid(weight: Tensor) -> Tensor:
    """A matrix (out, in) rounded to the grid of its blocks along `in`."""
    whole, scales = in_steps(weight)
    return (whole * scales).reshape(weight.shape)


def in_steps(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Whole steps -127 to 127 (out, in / BLOCK, BLOCK) and the size of a step (out, in / BLOCK, 1), a float16 number in float32."""
    blocks = weight.float().reshape(weight.shape[0], -1, BLOCK)
    scales = (blocks.abs().amax(-1, keepdim=True).clamp(min=LEAST) / 127).half().float()
    return torch.clamp(torch.round(blocks / scales), -127, 127), scales


def layers_of(model: FlowquillModel) -> list[nn.Linear]:
    """The layers that ship in int8: those of the encoder and of the decoder, not the heads."""
    return [m for part in (model.encoder, model.layers) for m in part.modules() if isinstance(m, nn.Linear)]


def train_rounded(model: FlowquillModel) -> None:
    """Makes the model compute with rounded weights from now on; names and parameters stay as they are."""
    for layer in layers_of(model):
        layer.__class__ = RoundedLinear


@torch.no_grad()
def settle(model: FlowquillModel) -> None:
    """Puts the weights themselves on what ships: the grid, and float16 numbers in the heads."""
    for layer in layers_of(model):
        layer.weight.copy_(on_grid(layer.weight))
    for parameter in model.heads.parameters():
        parameter.copy_(parameter.half().float())

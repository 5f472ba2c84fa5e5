"""Whether the exported networks write the same flows as the PyTorch model they came from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from flowquill.generation.embedded import EmbeddedEngine, open_engine
from flowquill.generation.heads import Heads
from flowquill.generation.model_files import default_folder
from flowquill.generation.network import Array
from flowquill.generation.pipeline import Generator
from flowquill.grammar.catalog import Catalog, load_catalog
from flowquill.training.evaluation.own import pairs, run, summary
from flowquill.training.model.export import Reader, Stepper
from flowquill.training.model.modeling import FlowquillModel
from flowquill.training.model.pretrained import encoder
from flowquill.training.model.restore import restore


class TorchNetwork:
    """The trained model in float32, as the decoder asks for it (`flowquill.generation.network.Network`)."""

    def __init__(self, model: FlowquillModel) -> None:
        config = model.config
        self.shape = config.layers, config.heads, config.width // config.heads
        self.words = encoder().eval().embeddings.word_embeddings
        self.reader = Reader(model.encoder, model.layers).eval()
        self.stepper = Stepper(model).eval()

    @torch.no_grad()
    def read(self, ids: tuple[int, ...], segments: tuple[int, ...]) -> tuple[Array, Tensor]:
        hidden, memory = self.reader(self.words(torch.tensor([ids])), torch.tensor([segments]))
        return hidden[0].numpy(), memory

    @torch.no_grad()
    def step(self, inputs: Array, past: Tensor | None, memory: Tensor) -> tuple[Array, Tensor]:
        count = len(inputs)
        layers, heads, width = self.shape
        if past is None:
            past = torch.zeros(layers, 2, count, heads, 0, width)
        if memory.shape[2] != count:
            memory = memory[:, :, :1].expand(-1, -1, count, -1, -1, -1)
        hidden, present = self.stepper(torch.from_numpy(np.ascontiguousarray(inputs))[:, None], past, memory)
        return hidden[:, 0].numpy(), present

    def reorder(self, past: Tensor, rows: list[int]) -> Tensor:
        return past if rows == list(range(past.shape[2])) else past[:, :, rows]


@dataclass(frozen=True, slots=True)
class Parity:
    """`same`: share (0 to 1) of requests for which both write the same flow. `faster`: PyTorch's median time over the exported one's.

    `different`: the other requests, with what the exported networks and PyTorch wrote.
    """

    same: float
    faster: float
    different: tuple[tuple[str, str, str], ...]


def float_engine(catalog: Catalog, folder: Path | None, source: Path | None = None) -> EmbeddedEngine:
    """The engine on PyTorch in float32, one thread: the trained model of `source`, or the weights of the exported `folder`."""
    torch.set_num_threads(1)
    exported = open_engine(catalog, folder)
    model = (FlowquillModel.from_pretrained(str(source)) if source else restore(folder or default_folder())).float().eval()
    weights: dict[str, Any] = {k: v.detach().numpy().astype(np.float32) for k, v in model.heads.state_dict().items()}
    return EmbeddedEngine(catalog, TorchNetwork(model), Heads(weights, model.config.kinds), exported.vectors, exported.tokenizer, "pytorch", exported.calibration)


def parity(source: Path | None, folder: Path | None, count: int) -> Parity:
    """Compares the model in `folder` with PyTorch, over `count` requests, one thread each.

    `source`: the trained model that it was exported from; None: the same weights, read from the export.
    """
    catalog = load_catalog()
    exported = open_engine(catalog, folder)
    original = float_engine(catalog, folder, source)
    tests = list(pairs(catalog, count, "create", seed=7))
    ours, theirs = run(Generator(catalog, exported), tests), run(Generator(catalog, original), tests)
    different = tuple((a.pair.text, a.written, b.written) for a, b in zip(ours, theirs, strict=True) if a.written != b.written)
    return Parity(1 - len(different) / count, summary(theirs).p50 / summary(ours).p50, different)

"""An exported model made trainable again: its int8 weights as floats in a `FlowquillModel`, so that training and adapters start from what ships."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn

from flowquill.grammar.choices import KINDS
from flowquill.training.model.modeling import FlowquillConfig, FlowquillModel
from flowquill.training.model.pretrained import encoder
from flowquill.training.model.tokens import folder


def restore(exported: Path) -> FlowquillModel:
    """The model of an exported folder. Step classes that the export does not know start anew.

    Raises ValueError where the networks are not those that `export` writes.
    """
    described = json.loads((exported / "model.json").read_text(encoding="utf-8"))
    read = json.loads((folder() / "config.json").read_text())
    read.update(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    model = FlowquillModel(FlowquillConfig(encoder=read, kinds=list(KINDS), layers=described["layers"]))
    model.encoder.load_state_dict(encoder().state_dict())
    prefix = {"bert.": "encoder."}
    _load(model, exported / "encoder.onnx", list(_reader_layers(model)), prefix)
    _load(model, exported / "decoder.onnx", list(_stepper_layers(model)), {})
    _load_heads(model, exported / "heads.npz", described["kinds"])
    return model


def _reader_layers(model: FlowquillModel) -> Iterator[tuple[str, nn.Linear]]:
    """The products of `export.Reader` in the order its graph runs them."""
    for layer in model.encoder.encoder.layer:
        attention = layer.attention
        yield from (("query", attention.self.query), ("key", attention.self.key), ("value", attention.self.value))
        yield from (("dense", attention.output.dense), ("dense", layer.intermediate.dense), ("dense", layer.output.dense))
    for block in model.blocks:
        yield "memory", block.memory


def _stepper_layers(model: FlowquillModel) -> Iterator[tuple[str, nn.Linear]]:
    """The products of `export.Stepper` in the order its graph runs them."""
    for block in model.blocks:
        for name in ("qkv", "out_self", "query", "out_cross", "inner", "outer"):
            yield name, getattr(block, name)


@torch.no_grad()
def _load(model: FlowquillModel, file: Path, linear: list[tuple[str, nn.Linear]], prefix: dict[str, str]) -> None:
    graph = onnx.load(str(file)).graph
    tensors = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    products = [n for n in graph.node if n.op_type == "MatMul" and f"{n.input[1]}.int8" in tensors]
    if len(products) != len(linear):
        raise ValueError(f"{file} has {len(products)} products and {len(linear)} were expected; export the model again with this version.")
    for node, (name, layer) in zip(products, linear, strict=True):
        if not node.name.startswith(f"/{name}"):
            raise ValueError(f"{file} has {node.name} where {name} was expected; export the model again with this version.")
        whole, scales = (tensors[f"{node.input[1]}.{part}"].astype(np.float32) for part in ("int8", "scale"))
        layer.weight.copy_(torch.from_numpy((whole * scales).reshape(layer.weight.shape[::-1]).T.copy()))
    own = dict(model.named_parameters())
    for name, value in tensors.items():
        for old, new in prefix.items():
            name = name.replace(old, new, 1) if name.startswith(old) else name
        if name in own and own[name].requires_grad and own[name].shape == value.shape:
            own[name].copy_(torch.from_numpy(value.astype(np.float32)))


@torch.no_grad()
def _load_heads(model: FlowquillModel, file: Path, kinds: list[str]) -> None:
    own = dict(model.heads.named_parameters())
    rows = [(KINDS.index(kind), at) for at, kind in enumerate(kinds) if kind in KINDS]
    here, there = ([r[side] for r in rows] for side in (0, 1))
    with np.load(file) as data:
        for name in data.files:
            value: NDArray[np.float32] = data[name].astype(np.float32)
            target = own[name]
            if name in ("step.weight", "kind.weight", "kind.bias", "match.weight"):
                target[here] = torch.from_numpy(value[there])
            else:
                target.copy_(torch.from_numpy(value).reshape(target.shape))

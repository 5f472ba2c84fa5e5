"""A trained model to the files the embedded engine reads: ONNX int8 networks, int8 word vectors, float16 heads, vectors, a manifest."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import BertModel

from flowquill.generation.features import BUILTIN_TEXT, MANUAL_TEXT, connector_text, operation_text, parameter_text
from flowquill.generation.model_files import FORMAT, MANIFEST
from flowquill.grammar.catalog import Catalog, Output, load_catalog
from flowquill.grammar.lalr import grammar_text
from flowquill.grammar.words import DECORATORS, LIMITS
from flowquill.training.model.modeling import FlowquillModel
from flowquill.training.model.pretrained import Embedder, encoder, quantised_rows
from flowquill.training.model.rounding import in_steps
from flowquill.training.model.tokens import folder

OPSET = 17


class Reader(nn.Module):
    """The encoder from word vectors on, without batching or padding, so that its graph is small."""

    def __init__(self, bert: BertModel, layers: nn.ModuleList | None) -> None:
        """`layers`: the decoder's, where its keys and values of the request are wanted too."""
        super().__init__()
        self.bert = bert
        self.layers = layers

    def forward(self, words: Tensor, segments: Tensor) -> tuple[Tensor, ...]:
        """words (1, S, W), segments (1, S) -> hidden (1, S, W) and, with layers, memory (L, 2, 1, H, S, D)."""
        embeddings = self.bert.embeddings
        x = words + embeddings.token_type_embeddings(segments) + embeddings.position_embeddings.weight[: words.shape[1]]
        x = embeddings.LayerNorm(x)
        heads = self.bert.config.num_attention_heads
        for layer in self.bert.encoder.layer:
            attention = layer.attention
            q, k, v = (_split(part(x), heads) for part in (attention.self.query, attention.self.key, attention.self.value))
            mixed = torch.softmax(q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5, -1) @ v
            x = attention.output.LayerNorm(attention.output.dense(mixed.transpose(1, 2).flatten(2)) + x)
            x = layer.output.LayerNorm(layer.output.dense(F.gelu(layer.intermediate.dense(x))) + x)
        if self.layers is None:
            return (x,)
        kept = [torch.stack(layer.remember(x)) for layer in self.layers]  # type: ignore[operator]
        return x, torch.stack(kept)


class Stepper(nn.Module):
    """One decoder step for B hypotheses, with its cache as a tensor."""

    def __init__(self, model: FlowquillModel) -> None:
        super().__init__()
        self.layers = model.layers
        self.blocks = model.blocks
        self.norm = model.norm

    def forward(self, x: Tensor, past: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """x (B, 1, W), past (L, 2, B, H, P, D), memory (L, 2, B, H, S, D) -> hidden (B, 1, W), present with P + 1."""
        present = []
        for number, layer in enumerate(self.blocks):
            q, k, v = (layer.split(part) for part in layer.qkv(layer.norm_self(x)).chunk(3, -1))
            k, v = torch.cat([past[number, 0], k], 2), torch.cat([past[number, 1], v], 2)
            size = q.shape[-1] ** 0.5
            x = x + layer.out_self((torch.softmax(q @ k.transpose(-1, -2) / size, -1) @ v).transpose(1, 2).flatten(2))
            q2 = layer.split(layer.query(layer.norm_cross(x)))
            weights = torch.softmax(q2 @ memory[number, 0].transpose(-1, -2) / size, -1)
            x = x + layer.out_cross((weights @ memory[number, 1]).transpose(1, 2).flatten(2))
            x = x + layer.outer(F.gelu(layer.inner(layer.norm_inner(x)), approximate="tanh"))
            present.append(torch.stack([k, v]))
        return self.norm(x), torch.stack(present)


def _split(x: Tensor, heads: int) -> Tensor:
    return x.view(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)


def export(source: Path, out: Path, *, name: str = "flowquill-base", label: str = "", catalog: Catalog | None = None) -> Path:
    """Writes the model folder `out` from a trained model's folder. `label`: its version, the package's where empty."""
    catalog = catalog or load_catalog()
    model = FlowquillModel.from_pretrained(str(source)).float().eval()
    config = model.config
    out.mkdir(parents=True, exist_ok=True)
    frozen = encoder().eval()
    with torch.no_grad():
        _networks(model, frozen, out)
    _words(frozen, out)
    weights = {k: v.detach().numpy().astype(np.float16) for k, v in model.heads.state_dict().items()}
    np.savez(out / "heads.npz", **weights)
    _vectors(frozen, texts_of_catalog(catalog), out)
    shutil.copyfile(folder() / "tokenizer.json", out / "tokenizer.json")
    training = json.loads((source / "training.json").read_text()) if (source / "training.json").exists() else {}
    described = {
        "format": FORMAT,
        "name": name,
        "version": label or _version(),
        "kinds": list(config.kinds),
        "layers": config.layers,
        "heads": config.heads,
        "width": config.width,
        "grammar": hashlib.sha256(grammar_text().encode()).hexdigest(),
        "catalog": _catalog_hash(catalog),
        "training": training,
    }
    (out / "model.json").write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")
    write_manifest(out, name)
    return out


def write_manifest(folder: Path, name: str) -> None:
    """Writes the hashes of a model's files."""
    files = {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in sorted(folder.iterdir()) if f.is_file() and f.name not in (MANIFEST, "MODEL_CARD.md")}
    (folder / MANIFEST).write_text(json.dumps({"name": name, "files": files}, indent=1) + "\n", encoding="utf-8")


def _version() -> str:
    try:
        return version("flowquill")
    except Exception:
        return "0.1.0"


def _catalog_hash(catalog: Catalog) -> str:
    said = "\n".join(sorted(f"{o.text} {o.id} {operation_text(o)}" for o in catalog.operations()))
    return hashlib.sha256(said.encode()).hexdigest()


def _networks(model: FlowquillModel, frozen: BertModel, out: Path) -> None:
    config = model.config
    width, heads = config.width, config.heads
    words, segments = torch.zeros(1, 7, width), torch.zeros(1, 7, dtype=torch.long)
    past = torch.zeros(config.layers, 2, 2, heads, 3, width // heads)
    memory = torch.zeros(config.layers, 2, 2, heads, 7, width // heads)
    length = {1: "S"}
    _onnx(
        Reader(model.encoder, model.layers), (words, segments), out / "encoder.onnx", ["words", "segments"], ["hidden", "memory"],
        {"words": length, "segments": length, "hidden": length, "memory": {4: "S"}},
    )  # fmt: skip
    _onnx(
        Stepper(model), (torch.zeros(2, 1, width), past, memory), out / "decoder.onnx", ["x", "past", "memory"], ["hidden", "present"],
        {"x": {0: "B"}, "past": {2: "B", 4: "P"}, "memory": {2: "B", 4: "S"}, "hidden": {0: "B"}, "present": {2: "B", 4: "Q"}},
    )  # fmt: skip
    _onnx(_Embedding(frozen), (words,), out / "embedder.onnx", ["words"], ["hidden"], {"words": length, "hidden": length})


class _Embedding(nn.Module):
    """The frozen encoder, for words that have no vector yet."""

    def __init__(self, bert: BertModel) -> None:
        super().__init__()
        self.reader = Reader(bert, None)

    def forward(self, words: Tensor) -> Tensor:
        return self.reader(words, torch.zeros(words.shape[:2], dtype=torch.long))[0]


def _onnx(module: nn.Module, example: tuple[Tensor, ...], file: Path, inputs: list[str], outputs: list[str], axes: dict[str, dict[int, str]]) -> None:
    """Exports a network and stores the weights of its matrix products in int8."""
    whole = file.with_suffix(".float.onnx")
    torch.onnx.export(module.eval(), example, str(whole), input_names=inputs, output_names=outputs, dynamic_axes=axes, opset_version=OPSET, dynamo=False)
    network = onnx.load(str(whole))
    whole.unlink()
    onnx.save(in_int8(network), str(file))


def in_int8(network: onnx.ModelProto) -> onnx.ModelProto:
    """The network with the weights of its products as int8 and one float16 scale for each block of a column.

    They become floats again when the network is loaded, and products are computed in float32: to round their inputs too, as dynamic quantisation does,
    is half as fast again and changes a quarter of all flows.
    """
    graph = network.graph
    stored = {i.name: i for i in graph.initializer}
    made: list[onnx.NodeProto] = []
    for node in graph.node:
        name = node.input[1] if node.op_type == "MatMul" and len(node.input) > 1 else ""
        if name not in stored:
            continue
        weights = torch.from_numpy(numpy_helper.to_array(stored[name]).copy())
        depth, width = weights.shape
        whole, scales = in_steps(weights.T)
        shape = np.array([depth, width], np.int64)
        parts = {"int8": whole.permute(1, 2, 0).to(torch.int8), "scale": scales.permute(1, 2, 0).half()}
        graph.initializer.remove(stored.pop(name))
        for part, value in parts.items():
            graph.initializer.append(numpy_helper.from_array(value.contiguous().numpy(), f"{name}.{part}"))
        graph.initializer.append(numpy_helper.from_array(shape, f"{name}.shape"))
        made += [
            onnx.helper.make_node("Cast", [f"{name}.int8"], [f"{name}.whole"], to=onnx.TensorProto.FLOAT),
            onnx.helper.make_node("Cast", [f"{name}.scale"], [f"{name}.size"], to=onnx.TensorProto.FLOAT),
            onnx.helper.make_node("Mul", [f"{name}.whole", f"{name}.size"], [f"{name}.blocks"]),
            onnx.helper.make_node("Reshape", [f"{name}.blocks", f"{name}.shape"], [name]),
        ]
    nodes = [*made, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(network)
    return network


def _words(frozen: BertModel, out: Path) -> None:
    np.savez_compressed(out / "words.npz", **quantised_rows(frozen.embeddings.word_embeddings.weight.detach().numpy()))


def _vectors(frozen: BertModel, texts: list[str], out: Path) -> None:
    embedder = Embedder(frozen)
    embedder.add(texts)
    (out / "vectors.json").write_text(json.dumps(texts, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    np.savez_compressed(out / "vectors.npz", **quantised_rows(embedder.matrix[[embedder.rows[t] for t in texts]]))


def texts_of_catalog(catalog: Catalog) -> list[str]:
    """All words that decoding with this catalog needs vectors of, once each."""
    found: dict[str, None] = dict.fromkeys((MANUAL_TEXT, BUILTIN_TEXT))
    parameters = [*LIMITS, *(p for ps in DECORATORS.values() for p in ps)]
    for operation in catalog.operations():
        found[operation_text(operation)] = None
        found[connector_text(operation, catalog)] = None
        parameters += operation.parameters
        for output in operation.outputs:
            found.update(dict.fromkeys(_paths(output)))
    for parameter in parameters:
        found[parameter_text(parameter)] = None
        found.update(dict.fromkeys(parameter.enum))
    return sorted(t for t in found if t)


def _paths(output: Output, above: str = "") -> Iterable[str]:
    text = f"{above} {output.name}".strip().replace("_", " ")
    yield text
    yield from output.enum
    for below in output.properties:
        yield from _paths(below, text if output.type == "object" else "")

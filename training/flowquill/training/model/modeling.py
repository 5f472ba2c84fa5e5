"""The pointing decoder over a pretrained encoder, as a transformers model.

At each step the decoder takes the last step it chose and gives a hidden state; heads read from it the next step's class and, where
the class points, scores over what it may point at. Candidates are not part of the model: operations, parameters, enum values and
properties come as vectors of a frozen copy of the encoder, so that a new connector works as soon as it is embedded.
Ancestors: Rongali et al. 2020, "Don't Parse, Generate!"; Wang et al. 2020, RAT-SQL.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import BertConfig, BertModel, PretrainedConfig, PreTrainedModel

POINTERS = ("parameter", "reference", "enum", "number", "keep")


class FlowquillConfig(PretrainedConfig):  # type: ignore[misc]
    """Sizes of the model. `kinds`: names of the step classes, in the order of the class head."""

    model_type = "flowquill"

    def __init__(
        self,
        encoder: dict[str, Any] | None = None,
        kinds: list[str] | None = None,
        layers: int = 4,
        heads: int = 12,
        width: int = 384,
        inner: int = 1536,
        positions: int = 320,
        dropout: float = 0.1,
        **rest: Any,
    ) -> None:
        super().__init__(**rest)
        self.encoder = encoder or {}
        self.kinds = kinds or []
        self.layers = layers
        self.heads = heads
        self.width = width
        self.inner = inner
        self.positions = positions
        self.dropout = dropout


class Residual(nn.Module):
    """x + f(x) with f two layers that start at zero: a frozen vector moves only as far as training shows it should."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(width, width)
        self.second = nn.Linear(width, width)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.gelu(self.first(x), approximate="tanh"))


class Added(nn.Linear):
    """What it adds to a sum starts at nothing, so that a model from before it was there goes on as it was."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__(inputs, width, bias=False)

    def reset_parameters(self) -> None:
        nn.init.zeros_(self.weight)


class Layer(nn.Module):
    """One decoder layer: self-attention with cache, attention to the request, feed-forward; normalised before each."""

    def __init__(self, config: FlowquillConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.norm_self = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out_self = nn.Linear(width, width)
        self.norm_cross = nn.LayerNorm(width)
        self.query = nn.Linear(width, width)
        self.memory = nn.Linear(width, 2 * width)
        self.out_cross = nn.Linear(width, width)
        self.norm_inner = nn.LayerNorm(width)
        self.inner = nn.Linear(width, config.inner)
        self.outer = nn.Linear(config.inner, width)
        self.drop = nn.Dropout(config.dropout)

    def split(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def forward(
        self, x: Tensor, past: tuple[Tensor, Tensor] | None, cross: tuple[Tensor, Tensor], seen: Tensor | None, causal: bool
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """x (B, T, W); past keys and values (B, H, P, W/H); cross the same of the request; `seen` (B, 1, 1, S) true where readable."""
        q, k, v = (self.split(part) for part in self.qkv(self.norm_self(x)).chunk(3, -1))
        if past is not None:
            k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        x = x + self.drop(self.out_self(attended.transpose(1, 2).flatten(2)))
        q2 = self.split(self.query(self.norm_cross(x)))
        attended = F.scaled_dot_product_attention(q2, cross[0], cross[1], attn_mask=seen)
        x = x + self.drop(self.out_cross(attended.transpose(1, 2).flatten(2)))
        x = x + self.drop(self.outer(F.gelu(self.inner(self.norm_inner(x)), approximate="tanh")))
        return x, (k, v)

    def remember(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """The request's keys and values for this layer, computed once."""
        k, v = self.memory(hidden).chunk(2, -1)
        return self.split(k), self.split(v)


class Heads(nn.Module):
    """What is read from a hidden state, and how a chosen step becomes the next input. Exported as plain matrices."""

    def __init__(self, config: FlowquillConfig) -> None:
        super().__init__()
        width = config.width
        self.step = nn.Embedding(len(config.kinds), width)
        self.position = nn.Embedding(config.positions, width)
        self.begin = nn.Parameter(torch.zeros(3, width))
        self.text_in = nn.Linear(width, width, bias=False)
        self.owner_in = nn.Linear(width, width, bias=False)
        self.start_in = nn.Linear(width, width, bias=False)
        self.end_in = nn.Linear(width, width, bias=False)
        self.ahead_in = Added(width, width)
        self.ahead_place_in = Added(width, width)
        self.shared_in = Added(1, width)
        self.shared_key = Added(1, width)
        self.about_in = Added(width, width)
        self.about_key = Added(width, width)
        self.closest_in = Added(1, width)
        self.closest_key = Added(1, width)
        self.kind = nn.Linear(width, len(config.kinds))
        self.match = nn.Linear(2, len(config.kinds), bias=False)
        nn.init.zeros_(self.match.weight)
        self.summary_query = nn.Linear(width, width)
        self.connector_query = nn.Linear(width, width)
        self.gate = nn.Linear(width, 1)
        self.scale = nn.Parameter(torch.tensor(math.log(20.0)))
        self.summary_map = Residual(width)
        self.connector_map = Residual(width)
        self.pointer = nn.ModuleDict({name: nn.Linear(width, width) for name in POINTERS})
        self.text_key = nn.Linear(width, width)
        self.step_key = nn.Linear(width, width, bias=False)
        self.place_key = nn.Linear(width, width, bias=False)
        self.span_start = nn.Linear(width, width)
        self.span_end = nn.Linear(width, width)
        self.start_key = nn.Linear(width, width, bias=False)
        self.end_key = nn.Linear(width, width, bias=False)
        self.end_after = Added(width, width)
        for table in (self.step, self.position):
            nn.init.normal_(table.weight, std=0.02)

    def operations(self, hidden: Tensor, summaries: Tensor, connectors: Tensor) -> Tensor:
        """Scores (..., N) of operations with summary and connector vectors (N, W)."""
        gate = torch.sigmoid(self.gate(hidden))
        scale = self.scale.exp()
        by_summary = F.normalize(self.summary_query(hidden), dim=-1) @ F.normalize(self.summary_map(summaries), dim=-1).T
        by_connector = F.normalize(self.connector_query(hidden), dim=-1) @ F.normalize(self.connector_map(connectors), dim=-1).T
        return scale * (by_summary + gate * by_connector)


@dataclass
class Batch:
    """Tensors of a batch. B pairs, S tokens of the request, T steps, C candidates of a step, N operations."""

    tokens: Tensor  # (B, S) int
    segments: Tensor  # (B, S) int
    readable: Tensor  # (B, S) bool
    asked: Tensor  # (B, S) bool: the request's own words
    modes: Tensor  # (B,) int: create, edit, complete
    kinds: Tensor  # (B, T) int, -100 padding
    legal: Tensor  # (B, T, K) bool
    input_kinds: Tensor  # (B, T) int: the step before; -1 at the start
    input_text: Tensor  # (B, T) row of `vectors`, -1 none
    input_owner: Tensor  # (B, T)
    input_start: Tensor  # (B, T) token, -1 none
    input_end: Tensor  # (B, T)
    ahead_text: Tensor  # (B, T) row of `vectors`, -1 none
    ahead_first: Tensor  # (B, T) token, -1 none
    ahead_last: Tensor  # (B, T)
    ahead_shared: Tensor  # (B, T) 0 to 1
    vectors: Tensor  # (V, W)
    summaries: Tensor  # (N, W)
    connectors: Tensor  # (N, W)
    operation: Tensor  # (B, T) gold among N, -100 none
    fitting: Tensor  # (B, 2, N) bool: actions, triggers a pair may use
    pointer_of: Tensor  # (P, 3) pair, step, index into POINTERS
    candidates: Tensor  # (P, C, 4) rows of vectors, steps, first and last tokens; -1 none
    shared: Tensor  # (P, C) 0 to 1
    candidate_mask: Tensor  # (P, C) bool
    pointer_gold: Tensor  # (P,)
    spans: Tensor  # (Q, 4) pair, step, first token, last token


class FlowquillModel(PreTrainedModel):  # type: ignore[misc]
    """Encoder, decoder and heads. `forward` gives the loss of a batch and its parts."""

    config_class = FlowquillConfig
    base_model_prefix = "flowquill"

    def __init__(self, config: FlowquillConfig) -> None:
        super().__init__(config)
        self.encoder = BertModel(BertConfig(**config.encoder), add_pooling_layer=False)
        self.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.heads = Heads(config)
        self.drop = nn.Dropout(config.dropout)
        self.call = config.kinds.index("call") if config.kinds else 0
        self.trigger = config.kinds.index("trigger") if config.kinds else 0
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Layers initialise themselves; the residual maps must stay at zero, and what a saved model lacks starts there."""
        if isinstance(module, Added):
            module.reset_parameters()

    @property
    def blocks(self) -> list[Layer]:
        """The decoder's layers, typed."""
        return [layer for layer in self.layers if isinstance(layer, Layer)]

    def read(self, tokens: Tensor, segments: Tensor, readable: Tensor) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """The request's hidden states (B, S, W) and the decoder's keys and values of them."""
        hidden = self.encoder(input_ids=tokens, token_type_ids=segments, attention_mask=readable.long()).last_hidden_state
        return hidden, [layer.remember(hidden) for layer in self.blocks]

    def embed(self, batch: Batch, hidden: Tensor) -> Tensor:
        """The decoder's inputs (B, T, W): the steps before, what they pointed at, and their positions."""
        heads = self.heads
        first = batch.input_kinds < 0
        x = torch.where(first[..., None], heads.begin[batch.modes][:, None], heads.step(batch.input_kinds.clamp(min=0)))
        for rows, project in ((batch.input_text, heads.text_in), (batch.input_owner, heads.owner_in), (batch.ahead_text, heads.ahead_in)):
            x = x + project(batch.vectors[rows.clamp(min=0)] * (rows >= 0)[..., None])
        for places, project in ((batch.input_start, heads.start_in), (batch.input_end, heads.end_in)):
            index = places.clamp(min=0)[..., None].expand(-1, -1, hidden.shape[-1])
            x = x + project(hidden.gather(1, index) * (places >= 0)[..., None])
        pair = torch.arange(len(x), device=x.device)
        x = x + _mean(heads.ahead_place_in(hidden), pair, batch.ahead_first, batch.ahead_last) + heads.shared_in(batch.ahead_shared[..., None])
        if (batch.ahead_first >= 0).any():
            said, closest = about(hidden, batch.asked, batch.vectors, batch.ahead_text, batch.ahead_first, batch.ahead_last)
            x = x + heads.about_in(said) + heads.closest_in(closest[..., None])
        return x + heads.position.weight[: x.shape[1]]

    def decode(self, x: Tensor, cross: list[tuple[Tensor, Tensor]], readable: Tensor) -> Tensor:
        """Hidden states (B, T, W) of all steps at once."""
        x = self.drop(x)
        seen = readable[:, None, None, :]
        for layer, memory in zip(self.blocks, cross, strict=True):
            x, _ = layer(x, None, memory, seen, True)
        return self.norm(x)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        heads = self.heads
        hidden, cross = self.read(batch.tokens, batch.segments, batch.readable)
        states = self.decode(self.embed(batch, hidden), cross, batch.readable)
        scores = heads.operations(states, batch.summaries, batch.connectors)
        lowest = torch.finfo(scores.dtype).min
        best = []
        masked = []
        for side in (0, 1):
            fit = batch.fitting[:, side][:, None]
            masked.append(scores.masked_fill(~fit, lowest))
            best.append(masked[-1].amax(-1) / heads.scale.exp())
        features = torch.stack(best, -1).clamp(-2, 2).detach()
        logits = heads.kind(states) + heads.match(features)
        logits = logits.masked_fill(~batch.legal, lowest).float()
        out: dict[str, Tensor] = {}
        real = batch.kinds >= 0
        out["kind_loss"] = F.cross_entropy(logits[real], batch.kinds[real])
        out["kind_right"] = (logits[real].argmax(-1) == batch.kinds[real]).float().mean()
        loss = out["kind_loss"]
        pointed = batch.operation >= 0
        if pointed.any():
            triggers = (batch.kinds == self.trigger)[pointed]
            chosen = torch.where(triggers[:, None], masked[1][pointed], masked[0][pointed]).float()
            gold = batch.operation[pointed]
            out["operation_loss"] = F.cross_entropy(chosen, gold)
            out["operation_right"] = (chosen.argmax(-1) == gold).float().mean()
            loss = loss + out["operation_loss"]
        if len(batch.pointer_of):
            pair, step, which = batch.pointer_of.unbind(-1)
            at = states[pair, step]
            queries = torch.stack([heads.pointer[name](at) for name in POINTERS], 1)[torch.arange(len(at)), which]
            rows, steps, first, last = batch.candidates.unbind(-1)
            # Projected before they are gathered: a token or a word stands in many candidates.
            # By calling the layer, so that an adapter's additions count; its bias goes to candidates without a text too.
            bias = heads.text_key.bias
            keys = _picked(heads.text_key(batch.vectors) - bias, rows) + bias
            keys = keys + _picked(heads.step_key(states).flatten(0, 1), _of_pair(steps, pair, states.shape[1]))
            keys = keys + _mean(heads.place_key(hidden), pair, first, last) + heads.shared_key(batch.shared[..., None])
            kept = (which == POINTERS.index("keep")).nonzero()[:, 0]
            if len(kept):
                at_pair = pair[kept]
                said, closest = about(hidden[at_pair], batch.asked[at_pair], batch.vectors, rows[kept], first[kept], last[kept])
                keys = keys.index_add(0, kept, (heads.about_key(said) + heads.closest_key(closest[..., None])).to(keys.dtype))
            found = (keys @ queries[..., None]).squeeze(-1) / math.sqrt(keys.shape[-1])
            found = found.masked_fill(~batch.candidate_mask, lowest).float()
            out["pointer_loss"] = F.cross_entropy(found, batch.pointer_gold)
            out["pointer_right"] = (found.argmax(-1) == batch.pointer_gold).float().mean()
            loss = loss + out["pointer_loss"]
        if len(batch.spans):
            pair, step, first, last = batch.spans.unbind(-1)
            at = states[pair, step]
            size = math.sqrt(hidden.shape[-1])
            starts = (heads.start_key(hidden)[pair] @ heads.span_start(at)[..., None]).squeeze(-1) / size
            query = heads.span_end(at) + heads.end_after(hidden[pair, first])
            ends = (heads.end_key(hidden)[pair] @ query[..., None]).squeeze(-1) / size
            starts = starts.masked_fill(~batch.readable[pair], lowest).float()
            ends = ends.masked_fill(~batch.readable[pair], lowest).float()
            out["span_loss"] = (F.cross_entropy(starts, first) + F.cross_entropy(ends, last)) / 2
            right = (starts.argmax(-1) == first) & (ends.argmax(-1) == last)
            out["span_right"] = right.float().mean()
            loss = loss + 2 * out["span_loss"]
        out["loss"] = loss
        return out


def _picked(rows: Tensor, index: Tensor) -> Tensor:
    """Rows (N, W) at `index` (..., any shape); zeros where it is below 0."""
    return F.embedding(index.clamp(min=0), rows) * (index >= 0)[..., None]


SHARPNESS = 15.0
"""How sharply a piece of a flow picks the words about it: the factor of cosines before the softmax."""


def about(hidden: Tensor, asked: Tensor, vectors: Tensor, text: Tensor, first: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
    """What the request says of pieces of the flow being edited.

    `hidden` (B, S, W), `asked` (B, S) the request's own words, `text` (B, C) rows of `vectors`, `first`, `last` (B, C) tokens, below 0 for none.
    A piece is the mean of its tokens and the vector of what it calls, both of unit length. Gives the request's words, each by how near it is to the piece,
    (B, C, W), and the cosine of the nearest (B, C); zeros where there is no piece.
    """
    pair = torch.arange(len(hidden), device=hidden.device)
    piece = F.normalize(_mean(hidden, pair, first, last), dim=-1) + F.normalize(_picked(vectors, text).float(), dim=-1)
    near = F.normalize(piece, dim=-1) @ F.normalize(hidden.float(), dim=-1).transpose(1, 2)
    near = near.masked_fill(~asked[:, None], -1.0).float()
    said = torch.softmax(SHARPNESS * near, -1).to(hidden.dtype) @ hidden
    there = first >= 0
    return said * there[..., None], near.amax(-1) * there


def _mean(rows: Tensor, pair: Tensor, first: Tensor, last: Tensor) -> Tensor:
    """Of each pair's rows (B, S, W), the mean of those from `first` to `last` (P, C); zeros where `first` is below 0. `pair` (P,)."""
    sums = F.pad(rows.float().cumsum(1), (0, 0, 1, 0))
    length = sums.shape[1]
    flat = sums.flatten(0, 1)
    upto = F.embedding((last.clamp(min=0) + 1) + pair[:, None] * length, flat)
    found = (upto - F.embedding(first.clamp(min=0) + pair[:, None] * length, flat)) / (last - first + 1)[..., None]
    return found * (first >= 0)[..., None]


def _of_pair(index: Tensor, pair: Tensor, length: int) -> Tensor:
    """Numbers within a pair (P, C) as numbers in the batch laid flat; below 0 stays."""
    return torch.where(index >= 0, index + pair[:, None] * length, index)

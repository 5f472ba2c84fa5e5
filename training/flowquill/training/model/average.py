"""The average of two models that share a beginning: a run and what it went on from.

Both lie in one valley of the loss, and the middle between them keeps more of what each is good at than either (Wortsman et al., Model soups, 2022,
arXiv 2203.05482). It costs no training.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from flowquill.training.model.modeling import FlowquillModel
from flowquill.training.model.restore import restore
from flowquill.training.model.rounding import settle, train_rounded


def average(one: Path, other: Path, out: Path, share: float = 0.5) -> Path:
    """Saves the mean of two models in `out`, rounded as it will ship. Each is a saved or an exported one; `share` is the weight of `other`, 0 to 1.

    Raises ValueError where they are not of one shape.
    """
    model, beside = _opened(one), _opened(other).state_dict()
    own = model.state_dict()
    if {k: v.shape for k, v in own.items()} != {k: v.shape for k, v in beside.items()}:
        raise ValueError(f"{one} and {other} are not of one shape, so they have no average")
    with torch.no_grad():
        for name, values in own.items():
            if values.is_floating_point():
                values.lerp_(beside[name], share)
    train_rounded(model)
    settle(model)
    model.save_pretrained(out)
    runs = [_trained(one), _trained(other)]
    # The data is the last run's: what the first learnt from is told by its own entry.
    (out / "training.json").write_text(json.dumps({"averaged": runs, "share": share, "data": runs[1].get("data", {})}, indent=1))
    return out


def _opened(folder: Path) -> FlowquillModel:
    return restore(folder) if (folder / "encoder.onnx").exists() else FlowquillModel.from_pretrained(folder)


def _trained(folder: Path) -> dict[str, Any]:
    """How a model was trained, as its folder says; {} where it does not."""
    for name, key in (("model.json", "training"), ("training.json", "")):
        if (folder / name).exists():
            found = json.loads((folder / name).read_text(encoding="utf-8"))
            return dict(found.get(key, {}) if key else found)
    return {}

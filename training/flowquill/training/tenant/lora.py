"""LoRA on the default model (Hu et al. 2021, with peft): attached, saved as safetensors, and merged into weights that ship.

Encoder, decoder and the heads that read and point get low-rank additions; the base's own weights never change.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn

from flowquill.training.model.modeling import FlowquillModel
from flowquill.training.model.rounding import settle
from flowquill.training.tenant.errors import TenantError

WEIGHTS = "adapter_model.safetensors"
SETTINGS = "adapter_config.json"
# Named by where they stand, since "query" is a layer of the encoder as well as of the decoder.
ENCODER = r"encoder\.encoder\.layer\.\d+\.(attention\.self\.(query|key|value)|attention\.output\.dense|intermediate\.dense|output\.dense)"
DECODER = r"layers\.\d+\.(qkv|out_self|query|memory|out_cross|inner|outer)"
HEADS = r"heads\.(kind|summary_query|connector_query|summary_map\.(first|second)|connector_map\.(first|second)|pointer\.\w+|text_key|step_key|place_key|span_start|span_end|start_key|end_key|end_after)"
TARGETS = rf"({ENCODER}|{DECODER}|{HEADS})"


def attach(model: FlowquillModel, rank: int, alpha: int, dropout: float) -> PeftModel:
    """The model with fresh additions of rank `rank`, scaled by `alpha` / `rank`. Only they are trainable; at first they change nothing."""
    return get_peft_model(model, LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=TARGETS, bias="none"))


def trainable(adapted: nn.Module) -> list[nn.Parameter]:
    """The additions."""
    return [p for p in adapted.parameters() if p.requires_grad]


def save(adapted: PeftModel, folder: Path) -> None:
    """Writes the additions as safetensors, with their settings."""
    adapted.save_pretrained(str(folder), safe_serialization=True)
    # peft writes a card of its own that says nothing; and where the base lay on this machine is no part of an adapter.
    (folder / "README.md").unlink(missing_ok=True)
    settings: dict[str, Any] = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    settings["base_model_name_or_path"] = None
    (folder / SETTINGS).write_text(json.dumps(settings, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def load(model: FlowquillModel, folder: Path) -> PeftModel:
    """The model with the additions of `folder`. Raises TenantError where there are none or they fit another network."""
    if not (folder / WEIGHTS).is_file():
        raise TenantError(f"{folder} holds no adapter ({WEIGHTS}); give the folder of one.")
    try:
        return PeftModel.from_pretrained(model, str(folder))
    except Exception as error:
        raise TenantError(f"The adapter in {folder} does not fit this model ({' '.join(str(error).split())[:160]}); train it again.") from None


def weaken(folder: Path, alpha: float, strength: float) -> None:
    """Sets how strongly the additions of `folder`, trained with `alpha`, count from now on: 1 as trained, 0 not at all.

    Weights between those of base and adapter keep most of what both can do (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
    """
    settings: dict[str, Any] = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    settings["lora_alpha"] = alpha * strength
    (folder / SETTINGS).write_text(json.dumps(settings, indent=1, sort_keys=True) + "\n", encoding="utf-8")


@torch.no_grad()
def merge(adapted: PeftModel) -> FlowquillModel:
    """The plain model with the additions inside its weights, on the grid that ships. `adapted` is used up."""
    merged = adapted.merge_and_unload()
    assert isinstance(merged, FlowquillModel)
    settle(merged)
    return merged

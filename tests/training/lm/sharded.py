"""Run by two processes: an adapted model in pieces (FSDP2 over gloo), one update, and a look at what changed."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import distributed
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from flowquill.training.lm.adapter import attach, load_base
from flowquill.training.lm.config import AdapterConfig, read_config

CONFIG = Path(__file__).parents[3] / "training" / "configs" / "phi-4-mini.toml"


def main(folder: str) -> None:
    """Prints a sentence where all is as it should be."""
    distributed.init_process_group("gloo")
    torch.set_num_threads(1)
    torch.manual_seed(1)
    config = read_config(CONFIG, AdapterConfig, base=folder, out="unused", bf16=False, gradient_checkpointing=False)
    model = attach(load_base(config), config)
    before = {name: value.detach().clone() for name, value in model.state_dict().items()}
    mesh = init_device_mesh("cpu", (2,))
    for layer in model.base_model.model.model.layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    ids = torch.arange(3, 43).reshape(2, 20) + distributed.get_rank()
    model(input_ids=ids, labels=ids).loss.backward()
    optimizer.step()
    after = get_model_state_dict(model, options=StateDictOptions(full_state_dict=True, broadcast_from_rank0=False))
    gathered = [after if distributed.get_rank() == 0 else None]
    distributed.broadcast_object_list(gathered, src=0)
    whole = gathered[0]
    assert whole is not None
    changed = {name for name in before if not torch.equal(before[name], whole[name])}
    assert all("lora_" in name for name in changed), sorted(changed)
    assert {name for name in before if "lora_B" in name} <= changed
    print("only the additions changed", flush=True)
    distributed.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1])

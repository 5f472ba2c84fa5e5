"""A Mistral with random weights and adapters for it: what a real vLLM can serve in a test. Needs flowquill[train]."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from flowquill.bench.samples import REQUESTS
from tests.gateway.running import point

RANK = 8


def make_model(folder: Path) -> None:
    """A model of eight layers with a byte-level tokenizer of its own; smaller ones are at an answer's end before its first line is sent."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import MistralConfig, MistralForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator(REQUESTS, trainer)
    whole = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>")
    whole.save_pretrained(folder)
    torch.manual_seed(0)
    config = MistralConfig(
        vocab_size=len(whole),
        hidden_size=512,
        intermediate_size=2048,
        num_hidden_layers=8,
        num_attention_heads=8,
        num_key_value_heads=4,
        max_position_embeddings=4096,
        sliding_window=None,
        bos_token_id=0,
        eos_token_id=1,
    )
    MistralForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)


def publish_adapter(registry: Path, model: Path, name: str, version: str, seed: int, *, champion: bool = True) -> None:
    """An adapter with random weights that are large enough to change what the model says."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import MistralForCausalLM

    torch.manual_seed(seed)
    settings = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    adapted = get_peft_model(MistralForCausalLM.from_pretrained(model), settings)
    for parameter, weights in adapted.named_parameters():
        if "lora_B" in parameter:
            torch.nn.init.normal_(weights, std=1.0)
    folder = registry / name / "versions" / version
    adapted.save_pretrained(str(folder))
    for file in folder.iterdir():
        if file.name not in ("adapter_config.json", "adapter_model.safetensors"):
            file.unlink()
    files = {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in folder.iterdir()}
    (folder / "card.json").write_text(json.dumps({"format": 1, "base": "tiny", "files": files}))
    if champion:
        point(registry, name, version)

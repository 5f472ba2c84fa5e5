"""A tiny Mistral with random weights and a tokenizer of its own: a real model for the real vLLM that no training is needed for.

Random weights would write on for ever, so all hidden states share a direction, and the output rows of what closes something (`"`, `)`,
a line's end, the end of the text) lean to it: what it writes is nonsense, but ends.
"""

from __future__ import annotations

from pathlib import Path

from flowquill.generation.prompt import tag
from flowquill.grammar.catalog import Catalog

SEED = 7
_LEANING = {"</s>": 1.8, '"': 1.6, '")': 1.6, ")": 1.6, "Ċ": 0.2, "}": 1.2, "]": 1.2}


def make(folder: Path, catalog: Catalog) -> Path:
    """Writes config, weights (float32) and tokenizer into `folder`."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import MistralConfig, MistralForCausalLM, PreTrainedTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    raw = ByteLevelBPETokenizer()
    raw.train_from_iterator([tag(o) for o in catalog.operations()], vocab_size=2000, special_tokens=["<s>", "</s>", "<pad>"])
    raw.save(str(folder / "tokenizer.json"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), bos_token="<s>", eos_token="</s>", pad_token="<pad>", clean_up_tokenization_spaces=False)
    tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}"
    tokenizer.save_pretrained(folder)
    torch.manual_seed(SEED)
    config = MistralConfig(
        vocab_size=len(tokenizer), hidden_size=128, intermediate_size=256, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2, head_dim=64,
        initializer_range=0.1, max_position_embeddings=4096, sliding_window=None, bos_token_id=0, eos_token_id=1, pad_token_id=2, tie_word_embeddings=False,
    )  # fmt: skip
    model = MistralForCausalLM(config).to(torch.float32)
    shared = torch.randn(config.hidden_size)
    shared /= shared.norm()
    with torch.no_grad():
        model.model.embed_tokens.weight.normal_(0, 0.08)
        model.model.embed_tokens.weight += shared
        model.lm_head.weight.normal_(0, 0.15)
        for text, weight in _LEANING.items():
            number = raw.token_to_id(text)
            if number is not None:
                model.lm_head.weight[number] += weight * shared
    model.save_pretrained(folder)
    return folder


def make_adapter(folder: Path, model: Path) -> Path:
    """Writes a LoRA adapter of rank 16 with random weights for `model`."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import MistralForCausalLM

    torch.manual_seed(SEED + 1)
    adapted = get_peft_model(MistralForCausalLM.from_pretrained(model), LoraConfig(r=16, target_modules=["q_proj", "v_proj", "down_proj"], task_type="CAUSAL_LM"))
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, 0, 0.3)
    adapted.save_pretrained(folder)
    return folder


class Greedy:
    """transformers and llguidance, one token at a time: what every engine must write, byte for byte."""

    def __init__(self, folder: Path, adapter: Path | None = None) -> None:
        import llguidance.hf
        import torch
        from transformers import MistralForCausalLM, PreTrainedTokenizerFast

        torch.set_num_threads(1)
        self.torch = torch
        self.tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
        self.guide = llguidance.hf.from_tokenizer(self.tokenizer)
        self.model = MistralForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        if adapter is not None:
            from peft import PeftModel

            self.model = PeftModel.from_pretrained(self.model, adapter).eval()

    def write(self, prompt: str, grammar: str, tokens: int) -> str:
        """At most `tokens` tokens after `prompt` under `grammar`."""
        import llguidance.torch
        from llguidance import LLMatcher

        matcher = LLMatcher(self.guide, LLMatcher.grammar_from_lark(grammar))
        assert not matcher.get_error(), matcher.get_error()
        mask = llguidance.torch.allocate_token_bitmask(1, self.guide.vocab_size)
        following = self.torch.tensor([self.tokenizer(prompt).input_ids])
        cache = None
        written: list[int] = []
        with self.torch.inference_mode():
            while len(written) < tokens:
                out = self.model(input_ids=following, past_key_values=cache, use_cache=True)
                cache = out.past_key_values
                logits = out.logits[:, -1]
                llguidance.torch.fill_next_token_bitmask(matcher, mask)
                llguidance.torch.apply_token_bitmask_inplace(logits, mask)
                taken = int(logits.argmax())
                if taken == self.tokenizer.eos_token_id:
                    break
                assert matcher.consume_token(taken)
                written.append(taken)
                following = self.torch.tensor([[taken]])
        return str(self.tokenizer.decode(written))

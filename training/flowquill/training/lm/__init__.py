"""Language models: pairs as prompts and answers, a small reference model from scratch, LoRA adapters, and files for hosted fine-tuning."""

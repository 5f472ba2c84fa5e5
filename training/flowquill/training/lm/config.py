"""Configurations of language-model runs: TOML files read into typed dataclasses. A key that does not exist is an error."""

from __future__ import annotations

import tomllib
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from flowquill.training.tenant import config as tenant_config

C = TypeVar("C")
KINDS = ("pointer", "causal")


class ConfigError(Exception):
    """A configuration, or what it names, that cannot be used. The message is one sentence that says what to do."""


@dataclass(frozen=True, kw_only=True)
class PairSettings:
    """Which pairs are read and how they are put to the model."""

    pairs: int = 4000
    """Pairs drawn from the sampler. 0: only those of `files`."""
    files: list[str] = field(default_factory=list)
    """JSON-lines files of {"text", "flow"} and perhaps "context", beside the sampler's pairs."""
    catalogs: list[str] = field(default_factory=list)
    """Files or folders of connectors beside the package's own."""
    handwritten: bool = True
    """Whether the package's hand-written pairs are read too."""
    repeat_handwritten: int = 1
    """How many times a hand-written pair is put to the model, each time with other operations beside the right ones."""
    dev_pairs: int = 200
    """Pairs kept apart (other seed, same phrases) for the dev score."""
    tags: int = 8
    """The most operations in a prompt: those the flow calls, and some that read alike."""
    near: str = "operations"
    """Which operations are offered beside the right ones: "operations" like those of the flow, or those that a "request" retrieves,
    as engines do; that embeds every clause and takes its time on a CPU."""
    masked: bool = True
    """Whether literals are typed placeholders, as what leaves for a remote engine."""
    length: int = 512
    """The most tokens of a prompt with its answer; longer pairs are left out and counted. Also the length of a packed row."""
    packed: bool = True
    """Whether several pairs share a row. They do not see one another."""
    seed: int = 1
    """Of the pairs, their order and the weights that are new."""

    def __post_init__(self) -> None:
        choice(self.near, ("operations", "request"), "near")


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """How a run goes."""

    out: str
    """Folder for data, checkpoints, the log and the result. A run found there goes on."""
    kind: str = "causal"
    """"causal" for a language model, "pointer" for the default model."""
    steps: int = 1000
    """Updates of the weights."""
    batch: int = 8
    """Rows at once on one device."""
    accumulate: int = 1
    """Batches whose gradients are added up for one update."""
    rate: float = 2e-4
    """Peak learning rate."""
    warmup: int = 20
    """Updates until the peak."""
    decay: int = 0
    """Updates at the end in which the rate falls to zero. 0: it falls from the peak to the end, as a cosine."""
    weight_decay: float = 0.0
    bf16: bool = True
    """Whether products are computed in bfloat16; weights that are trained stay in float32."""
    threads: int = 0
    """CPU threads of torch. 0: torch's own choice."""
    checkpoint_every: int = 200
    """Updates between two checkpoints."""
    keep: int = 2
    """Checkpoints kept."""
    evaluate_every: int = 200
    """Updates between two dev scores. 0: none, and no early stopping."""
    watch: str = "loss"
    """The dev score: "loss" of the answers' tokens, or "similarity" of the calls in written flows."""
    written: int = 32
    """Dev pairs for which flows are written, where `watch` is "similarity"."""
    patience: int = 0
    """Dev scores without a better one after which the run stops. 0: never."""
    log_every: int = 10
    """Updates between two lines of the log."""

    def __post_init__(self) -> None:
        # The next in line, where a configuration is of several parts.
        getattr(super(), "__post_init__", lambda: None)()
        choice(self.kind, KINDS, "kind")
        choice(self.watch, ("loss", "similarity"), "watch")
        for name in ("steps", "batch", "accumulate", "checkpoint_every", "keep", "log_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} = {getattr(self, name)}: it must be 1 or more.")
        for name in ("evaluate_every", "patience", "warmup", "decay", "threads"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} = {getattr(self, name)}: it must be 0 or more.")
        if self.patience and not self.evaluate_every:
            raise ConfigError("patience needs dev scores; set evaluate_every.")


@dataclass(frozen=True, kw_only=True)
class ReferenceConfig(RunSettings, PairSettings):
    """A small language model from scratch: `flowquill train base`."""

    vocabulary: int = 6000
    """Entries of its tokenizer."""
    width: int = 384
    """Of the hidden states."""
    inner: int = 1024
    """Width inside the feed-forward part."""
    layers: int = 6
    heads: int = 6
    """Attention heads; `width` is a multiple."""
    key_heads: int = 2
    """Heads of keys and values; `heads` is a multiple."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % self.heads or self.heads % self.key_heads:
            raise ConfigError(f"width {self.width} must be a multiple of heads {self.heads}, and that of key_heads {self.key_heads}.")


@dataclass(frozen=True, kw_only=True)
class AdapterConfig(RunSettings, PairSettings):
    """A LoRA adapter on a language model: `flowquill train adapter`."""

    base: str
    """The model it is for: a folder, or a name that transformers knows."""
    name: str = "adapter"
    """What the manifest calls it."""
    rank: int = 16
    """Rank of the update. vLLM serves adapters of one rank at once: keep 16."""
    alpha: int = 32
    """Scale of the update, times `rank`."""
    dropout: float = 0.0
    """Of the update's input."""
    targets: list[str] = field(default_factory=list)
    """Names of the linear layers that are adapted."""
    quantise: str = ""
    """"4bit": the base model's weights are kept in four bits (QLoRA); needs a CUDA GPU and bitsandbytes."""
    gradient_checkpointing: bool = False
    """Whether activations are computed again instead of kept: less memory, a third slower."""

    def __post_init__(self) -> None:
        super().__post_init__()
        choice(self.quantise, ("", "4bit"), "quantise")
        if self.rank not in (1, 8, 16, 32, 64, 128, 256):
            raise ConfigError(f"rank = {self.rank}: vLLM serves ranks 1, 8, 16, 32, 64, 128 and 256 only.")
        if not self.targets:
            raise ConfigError('targets is empty; name the linear layers to adapt, for example ["q_proj", "v_proj"].')


@dataclass(frozen=True, kw_only=True)
class HostedConfig(PairSettings):
    """The pairs of a fine-tuning file for a hosted model: `flowquill train hosted`. `length` and `packed` mean nothing there."""


@dataclass(frozen=True, kw_only=True)
class PointerConfig(tenant_config.AdapterConfig):
    """A LoRA adapter on the default model: `flowquill train adapter` with `kind = "pointer"`. `train tenant` does more: gate and registry."""

    out: str
    """Folder of the adapter."""
    kind: str = "pointer"
    base: str = ""
    """An exported model; "": the package's own."""
    name: str = "adapter"
    """What the manifest calls it."""
    files: list[str] = field(default_factory=list)
    """JSON-lines files of {"text", "flow"} and perhaps "context"."""
    catalogs: list[str] = field(default_factory=list)
    """Files or folders of connectors beside the package's own."""
    pairs: int = 0
    """Pairs of the sampler beside those of `files`."""

    def __post_init__(self) -> None:
        choice(self.kind, ("pointer",), "kind")
        if not self.files and not self.pairs:
            raise ConfigError("There is nothing to learn from; name files, or set pairs.")


def choice(value: str, allowed: tuple[str, ...], name: str) -> None:
    """Raises ConfigError where `value` is none of `allowed`."""
    if value not in allowed:
        raise ConfigError(f"{name} = {value!r}: it must be one of {', '.join(repr(a) for a in allowed)}.")


def read_toml(path: Path) -> dict[str, Any]:
    """The keys of a TOML file. Raises ConfigError with one sentence."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"There is no configuration at {path}; training/configs holds examples.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as TOML ({error}); mend it.") from None


def kind_of(path: Path) -> str:
    """What kind of model a configuration is for; "pointer", the default model, where it does not say. Raises ConfigError."""
    kind = read_toml(path).get("kind", "pointer")
    choice(str(kind), KINDS, f"{path}: kind")
    return str(kind)


def read_config(path: Path, config: type[C], **changes: Any) -> C:
    """A configuration from a TOML file; `changes` that are not None go before it. Raises ConfigError for unknown keys and wrong types."""
    data = read_toml(path) | {k: v for k, v in changes.items() if v is not None}
    known = {f.name: f for f in fields(config)}  # type: ignore[arg-type]
    if unknown := sorted(set(data) - set(known)):
        raise ConfigError(f"{path} has unknown settings ({', '.join(unknown)}); known are {', '.join(sorted(known))}.")
    needed = [n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING and n not in data]
    if needed:
        raise ConfigError(f"{path} lacks {', '.join(needed)}; add it.")
    types = get_type_hints(config)
    try:
        return config(**{name: _typed(name, value, types[name]) for name, value in data.items()})
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def _typed(name: str, value: Any, wanted: Any) -> Any:
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if wanted == list[str]:
        if isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
            return list(value)
        raise ConfigError(f"{name} = {value!r}: a list of texts is expected.")
    if type(value) is not wanted:
        raise ConfigError(f"{name} = {value!r}: {_NAMES[wanted]} is expected.")
    return value


_NAMES = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


__all__ = ["AdapterConfig", "ConfigError", "HostedConfig", "PairSettings", "PointerConfig", "ReferenceConfig", "RunSettings", "kind_of", "read_config", "read_toml"]

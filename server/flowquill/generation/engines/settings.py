"""What a person may set about engines. It comes from the command line, the editor's own settings or the person's configuration file.

A workspace's `flowquill.toml` has no say here: whoever sends a folder must not choose a command, a path, an address or a key.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

from flowquill.generation.request import GenerationError

Kind = Literal["embedded", "vllm", "openai"]
KINDS: Final = get_args(Kind)
KEY_VARIABLE: Final = "FLOWQUILL_API_KEY"
_LOCAL = frozenset(["localhost", "127.0.0.1", "::1"])


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """`engine` answers first; those of `fallback` follow in order where it is down or slow."""

    engine: Kind = "embedded"
    fallback: tuple[Kind, ...] = ()
    url: str = ""
    """Address of an OpenAI-compatible server, as https://models.example.org/v1. `vllm` without it starts a server of its own."""
    model: str = ""
    """The name of the model there; for a server of our own the model's folder. Empty: the first that the server names."""
    adapter: str = ""
    """A LoRA adapter by the name it is served under; it takes the model's place in requests."""
    vllm: str = ""
    """The program `vllm` of a virtual environment that has it. Empty: FLOWQUILL_VLLM, or what the PATH has."""
    options: tuple[str, ...] = ()
    """Further arguments of `vllm serve`."""
    adapters: tuple[str, ...] = ()
    """LoRA adapters a server of our own loads, each NAME=FOLDER."""
    key_variable: str = KEY_VARIABLE
    """The environment variable that holds the key."""
    certificates: str = ""
    """A file of certificate authorities to trust instead of the usual ones."""
    unencrypted: bool = False
    """Whether requests may go to another machine without TLS."""
    mask: bool = True
    """Whether literals are replaced by placeholders before anything leaves."""
    tags: int = 8
    """Operations shown in the prompt."""
    examples: str = ""
    """A folder with examples.jsonl, lines {"text", "flow"}, from which the nearest are shown."""
    shots: int = 5
    """Examples shown, where there are any."""
    budget: float = 30.0
    """Seconds one request may take in all, over all engines."""
    stall: float = 15.0
    """Seconds without a byte after which a server counts as stalled."""
    tokens: int = 1024
    """Tokens of an answer."""

    @property
    def key(self) -> str:
        """The key from the environment; empty where there is none."""
        return os.environ.get(self.key_variable, "")

    def checked(self) -> EngineSettings:
        """These settings, if they can work. Raises GenerationError with one sentence."""
        if self.engine == "openai" and not self.url:
            raise GenerationError("The engine openai needs an address; give --url, or url under [engine] in your configuration file.")
        if self.url:
            parts = urlsplit(self.url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise GenerationError(f"{self.url[:80]} is no address of a model server; give one such as https://models.example.org/v1.")
            if parts.username or parts.password:
                raise GenerationError(f"The address of the model server holds a password; put the key into the environment variable {self.key_variable}.")
            if parts.scheme == "http" and parts.hostname not in _LOCAL and not self.unencrypted:
                raise GenerationError(f"Requests to {parts.hostname} would not be encrypted; use https, or set unencrypted = true in your configuration file.")
        return self


def user_file() -> Path:
    """The person's configuration file: FLOWQUILL_CONFIG, or config.toml in the configuration folder of the platform."""
    given = os.environ.get("FLOWQUILL_CONFIG")
    if given:
        return Path(given)
    base = os.environ.get("APPDATA") if os.name == "nt" else os.environ.get("XDG_CONFIG_HOME")
    return Path(base or Path.home() / ".config") / "flowquill" / "config.toml"


def read_settings(file: Path | None = None, **given: Any) -> EngineSettings:
    """The settings of the configuration file (that of the person where None) with those `given` (None: not given) over them.

    Raises GenerationError with one sentence where the file or a value cannot be used.
    """
    place = file or user_file()
    table: Mapping[str, Any] = {}
    try:
        if place.is_file():
            table = tomllib.loads(place.read_text(encoding="utf-8-sig")).get("engine", {})
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise GenerationError(f"{place} cannot be read ({reason[:120]}); mend or remove it.") from error
    if not isinstance(table, Mapping):
        raise GenerationError(f"{place}: engine is no table; write its settings under a line [engine].")
    settings = EngineSettings()
    for key, value in table.items():
        settings = _with(settings, key.replace("-", "_"), value, f"{place}: ")
    for key, value in given.items():
        if value is not None:
            settings = _with(settings, key, value, "")
    return settings.checked()


def of_client(given: object) -> tuple[EngineSettings, list[str]]:
    """The settings an editor sends (`engine`, `engineUrl`, `engineModel`), with a sentence for each that cannot be used.

    Where one cannot, the embedded engine is taken.
    """
    if isinstance(given, Mapping) and isinstance(given.get("flowquill"), Mapping):
        given = given["flowquill"]
    if not isinstance(given, Mapping):
        given = {}
    try:
        return read_settings(engine=given.get("engine") or None, url=given.get("engineUrl") or None, model=given.get("engineModel") or None), []
    except GenerationError as error:
        return EngineSettings(), [f"{error} Until then the embedded model answers."]


def _with(settings: EngineSettings, key: str, value: Any, where: str) -> EngineSettings:
    known = {f.name for f in fields(EngineSettings)}
    if key not in known:
        near = get_close_matches(key, known, 1)
        raise GenerationError(f"{where}There is no setting {key[:60]} of engines{f'; did you mean {near[0]}?' if near else '.'}")
    current = getattr(settings, key)
    if isinstance(current, tuple) and isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
        value = tuple(value)
    elif isinstance(current, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not type(current):
        wanted = {str: "a text", bool: "true or false", int: "a whole number", float: "a number", tuple: "a list of texts"}[type(current)]
        raise GenerationError(f"{where}The setting {key} takes {wanted}.")
    kinds = value if key == "fallback" else (value,) if key == "engine" else ()
    for kind in kinds:
        if kind not in KINDS:
            raise GenerationError(f"{where}There is no engine {str(kind)[:40]}; expected {', '.join(KINDS)}.")
    if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
        raise GenerationError(f"{where}The setting {key} cannot be negative.")
    return replace(settings, **{key: value})

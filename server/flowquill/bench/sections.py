"""The sections of the bench by name, in the order they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from flowquill.bench import converting, decoding, editing, generating, language, server_start
from flowquill.bench.figures import Figure, Settings

Section = Callable[[Settings], Iterator[Figure]]

SECTIONS: Mapping[str, Section] = MappingProxyType(
    {
        "parse": language.parse_and_check,
        "keystroke": language.keystroke,
        "catalog": language.catalog_load,
        "forward": language.forward_steps,
        "wdl": converting.definitions,
        "grammar": decoding.grammars,
        "generate": generating.comment_to_flow,
        "parity": generating.parity,
        "server": server_start.cold_start,
        "editor": editing.editing,
    }
)

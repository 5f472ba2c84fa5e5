"""The real vLLM for tests: its environment, the tiny model, one server for the session."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flowquill.generation.engines.local import LocalServer
from flowquill.generation.engines.settings import EngineSettings
from flowquill.grammar.catalog import Catalog
from tests.engines import tiny_model

TOKENS = 200
SKIP = "there is no vLLM here; make it a virtual environment and set FLOWQUILL_VLLM to its bin/vllm"


def program() -> str:
    """The program `vllm`, or the test is skipped with one sentence."""
    given = os.environ.get("FLOWQUILL_VLLM", "/opt/vllm/bin/vllm")
    if not Path(given).exists():
        pytest.skip(SKIP)
    for package in ("torch", "transformers", "tokenizers", "peft", "httpx"):
        pytest.importorskip(package, reason=f"the tiny model for vLLM is made with {package}")
    return given


def settings(folder: Path, catalog: Catalog) -> EngineSettings:
    """Makes model and adapter in `folder`; the settings that serve them on a CPU. FLOWQUILL_REFERENCE: the folder of a trained model to take instead."""
    found = program()
    trained = os.environ.get("FLOWQUILL_REFERENCE")
    model = Path(trained) if trained else tiny_model.make(folder / "tiny", catalog)
    adapter = tiny_model.make_adapter(folder / "tenant", model)
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
    return EngineSettings(
        engine="vllm", model=str(model), vllm=found, adapters=(f"tenant={adapter}",), options=("--enforce-eager", "--max-model-len", "2048" if trained else "4096", "--dtype", "float32"),
        tokens=TOKENS, budget=300.0, stall=120.0,
    )  # fmt: skip


def started(given: EngineSettings, log: Path) -> LocalServer:
    """A server that answers."""
    server = LocalServer(given, print, log)
    server.wire(lambda: False, 600.0)
    return server

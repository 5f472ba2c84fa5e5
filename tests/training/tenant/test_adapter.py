"""A real adapter, trained for a few steps: its weights change and the base's do not, merged it writes what it wrote before, and its folder opens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("peft")
import torch

from flowquill.generation.model_files import default_folder, examine
from flowquill.generation.pipeline import open_generator
from flowquill.generation.request import Request
from flowquill.grammar.catalog import Catalog, load_catalog
from flowquill.training.model.restore import restore
from flowquill.training.privacy.canary import plant, told
from flowquill.training.tenant import lora
from flowquill.training.tenant.config import AdapterConfig, config_of
from flowquill.training.tenant.errors import TenantError
from flowquill.training.tenant.examples import read
from flowquill.training.tenant.package import base_name, package
from flowquill.training.tenant.recipe import LOG, Stream, train_adapter

pytestmark = [pytest.mark.slow, pytest.mark.model]
EXAMPLE = Path(__file__).parents[3] / "training" / "examples" / "nordwerft"
CATALOG = load_catalog([EXAMPLE / "catalog"])
CONFIG = AdapterConfig(steps=4, batch=6, warmup=1, own_share=1.0, catalog_share=0.0, refuse_share=0.0, threads=1)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[Any]]]:
    """An adapter trained on examples with planted secrets."""
    folder = tmp_path_factory.mktemp("adapter")
    pairs, canaries = plant(read(EXAMPLE / "train.jsonl", CATALOG)[0], 8)
    train_adapter(pairs, CATALOG, folder / "adapter", CONFIG)
    package(folder / "adapter", default_folder(), CATALOG, folder / "model", "test", "1")
    yield folder, canaries


def test_adapter_weights_change_and_base_weights_do_not(trained: tuple[Path, list[Any]]) -> None:
    base = restore(default_folder())
    before = {name: value.clone() for name, value in base.state_dict().items()}
    adapted = lora.load(base, trained[0] / "adapter")
    added = {n: p for n, p in adapted.named_parameters() if "lora_B" in n}
    # What only edits or flows with closed lists of values use may have seen no gradient; every layer of encoder and decoder has.
    still = [n for n, p in added.items() if float(p.detach().abs().max()) == 0]
    assert len(added) > 80 and all(".pointer." in n for n in still), still
    kept = {n.replace("base_model.model.", "").replace(".base_layer", ""): p for n, p in adapted.state_dict().items() if "lora_" not in n}
    assert set(kept) == set(before) and all(torch.equal(kept[n], before[n]) for n in before)


def test_merged_weights_write_what_the_additions_do_but_for_rounding(trained: tuple[Path, list[Any]]) -> None:
    tokens = torch.randint(1000, 20_000, (1, 12))
    seen = (tokens, torch.zeros_like(tokens), torch.ones_like(tokens, dtype=torch.bool))
    adapted = lora.load(restore(default_folder()), trained[0] / "adapter").eval()
    plain = restore(default_folder()).eval()
    with torch.no_grad():
        apart, base = adapted.get_base_model().read(*seen)[0], plain.read(*seen)[0]
        merged = lora.merge(adapted).eval().read(*seen)[0]
    moved, lost = float((apart - base).norm()), float((merged - apart).norm())
    assert moved > 0 and lost < 0.5 * moved


def test_additions_can_be_made_weaker_down_to_nothing(trained: tuple[Path, list[Any]], tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "weak"
    shutil.copytree(trained[0] / "adapter", folder)
    tokens = torch.randint(1000, 20_000, (1, 12))
    seen = (tokens, torch.zeros_like(tokens), torch.ones_like(tokens, dtype=torch.bool))
    moved = []
    with torch.no_grad():
        base = restore(default_folder()).eval().read(*seen)[0]
        for strength in (1.0, 0.5, 0.0):
            lora.weaken(folder, CONFIG.alpha, strength)
            moved.append(float((lora.load(restore(default_folder()), folder).eval().get_base_model().read(*seen)[0] - base).norm()))
    assert moved[0] > moved[1] > moved[2] == 0.0


def test_the_folder_is_whole_small_and_opens(trained: tuple[Path, list[Any]]) -> None:
    folder = trained[0] / "model"
    assert examine(folder).problems == ()
    described = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    assert described["training"]["adapter_of"] == base_name(default_folder()) and str(default_folder()) not in json.dumps(described)
    for file in ("words.npz", "embedder.onnx", "tokenizer.json"):
        assert (folder / file).read_bytes() == (default_folder() / file).read_bytes()
    made = open_generator(CATALOG, folder).generate(Request("When a truck comes back, email ben@acme.io"))
    assert made.model == "test 1" and made.flow.startswith("flow ")
    # Nothing but tensors and JSON: nothing that runs when it is read.
    assert not [f for f in trained[0].rglob("*") if f.suffix in (".bin", ".pt", ".pkl", ".pickle")]


def test_planted_secrets_never_come_out(trained: tuple[Path, list[Any]]) -> None:
    generator = open_generator(CATALOG, trained[0] / "model")

    def write(request: str) -> str:
        made = generator.generate(Request(request), alternatives=3)
        return made.flow + "".join(made.alternatives)

    assert len(trained[1]) == 8
    assert told(trained[1], write) == []
    # The test can fail: a writer that knows them is caught.
    assert told(trained[1], lambda request: " ".join(c.secret for c in trained[1])) == [c.secret for c in trained[1]]


def test_the_log_says_every_step_and_the_data_is_the_same_for_the_same_seed(trained: tuple[Path, list[Any]]) -> None:
    log = [json.loads(line) for line in (trained[0] / "adapter" / LOG).read_text(encoding="utf-8").splitlines()]
    assert [entry["step"] for entry in log] == [1, 2, 3, 4]
    pairs = read(EXAMPLE / "train.jsonl", CATALOG)[0][:20]
    mixed = AdapterConfig(steps=2, batch=8)
    drawn = [[e.identity for batch in Stream(pairs, CATALOG, mixed).batches() for e in batch] for _ in range(2)]
    assert drawn[0] == drawn[1] and len(drawn[0]) == 16


def test_what_cannot_be_trained_is_told(tmp_path: Path) -> None:
    with pytest.raises(TenantError, match="unknown settings"):
        config_of({"stepz": 3}, "a.toml")
    with pytest.raises(TenantError, match="no whole number"):
        config_of({"steps": "many"}, "a.toml")
    with pytest.raises(TenantError, match="None of the examples"):
        train_adapter([], Catalog({}, CATALOG.builtins), tmp_path / "out", CONFIG)
    with pytest.raises(TenantError, match="holds no adapter"):
        lora.load(restore(default_folder()), tmp_path)

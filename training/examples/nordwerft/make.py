"""Makes the example tenant: connector files, 64 pairs to learn from and 150 to test with, from phrases written for each operation.

    python training/examples/nordwerft/make.py

The phrases of the test pairs are in no pair to learn from, and neither is the order of their operations.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from flowquill.grammar.catalog import load_catalog
from flowquill.grammar.format import render
from flowquill.training.data.banks import Banks, ItemBank, OperationBank, load_banks, slots
from flowquill.training.data.handwritten import PairError, pair_of
from flowquill.training.data.sampler import Sampler
from flowquill.training.evaluation.metrics import calls

HERE = Path(__file__).parent
GENERAL = frozenset(["outlook.send_email", "outlook.email_arrives", "teams.post_message", "approvals.start_and_wait"])
SEED = 64


def connector(name: str, said: dict[str, Any]) -> dict[str, Any]:
    """A connector file's content."""
    operations = [operation(key, about) for key, about in said["operations"].items()]
    return {"name": name, "title": said["title"], "api": name, "category": "in-house", "summary": said["summary"], "operations": operations}


def operation(name: str, about: dict[str, Any]) -> dict[str, Any]:
    """One operation of a connector file."""
    return {
        "name": name,
        "id": "".join(part.title() for part in name.split("_")),
        "kind": about["kind"],
        "title": about["title"],
        "method": "post",
        "path": f"/{name}",
        "summary": about["summary"],
        "parameters": [parameter(key, kind) for key, kind in about["parameters"].items()],
        "outputs": [output(key, kind) for key, kind in about["outputs"].items()],
    }


def parameter(name: str, kind: str) -> dict[str, Any]:
    """A parameter: its type, "!" where it is required, its values behind a colon."""
    plain, _, values = kind.partition(":")
    found = {"name": name, "path": f"body/{name}", "type": plain.rstrip("!"), "required": plain.endswith("!")}
    return found | ({"enum": values.split(",")} if values else {})


def output(name: str, kind: str | list[str]) -> dict[str, Any]:
    """A result: its type, or the properties of its elements."""
    if isinstance(kind, str):
        return {"name": name, "path": f"body/{name}", "type": kind}
    inner = [{"name": n, "path": n, "type": t or "text"} for n, _, t in (k.partition(":") for k in kind)]
    return {"name": name, "path": f"body/{name}", "type": "list", "properties": inner}


def main() -> None:
    """Writes catalog/, train.jsonl and test.jsonl beside this file."""
    phrases = json.loads((HERE / "phrases.json").read_text(encoding="utf-8"))
    (HERE / "catalog").mkdir(exist_ok=True)
    for name, said in phrases.items():
        (HERE / "catalog" / f"{name}.json").write_text(json.dumps(connector(name, said), indent=1) + "\n", encoding="utf-8")
    catalog = load_catalog([HERE / "catalog"])
    general = load_banks(catalog=catalog)
    own: dict[str, OperationBank] = {}
    for name, said in phrases.items():
        for key, about in said["operations"].items():
            found = catalog.find(name, key)
            assert found is not None
            values = dict(about.get("values", {})) | {p.name: "enum" for p in found.parameters if p.enum}
            assert all(s in values for say in about["say"] for s in slots(say)), (name, key)
            items = {k: ItemBank(tuple(v["names"]), {}) for k, v in about.get("item", {}).items()}
            refer = {k: tuple(v) for k, v in about.get("refer", {}).items()}
            own[found.text] = OperationBank(found, tuple(about["say"]), values, refer, items, tuple(said["mentions"]))
    shared = {k: b for k, b in general.operations.items() if k in GENERAL or b.operation.connector is None}
    banks = Banks({**own, **shared}, general.language, general.values)
    for split, count in (("train", 64), ("test", 150)):
        sampler = Sampler(catalog, banks, SEED, split, (("create", 1.0),))  # type: ignore[arg-type]
        lines: list[str] = []
        seen: set[str] = set()
        while len(lines) < count:
            pair = sampler.sample()
            entry = {"text": pair.text, "flow": render(replace(pair.flow, name=replace(pair.flow.name, text="new_flow")))}
            called = [c for c in calls(pair.flow) if "." in c]
            if 2 * sum(c in own for c in called) <= len(called) or pair.withheld or pair.text in seen or len(pair.text) > 500:
                continue
            try:
                pair_of(entry, catalog, "made")
            except PairError:
                continue
            seen.add(pair.text)
            lines.append(json.dumps(entry, ensure_ascii=False))
        (HERE / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

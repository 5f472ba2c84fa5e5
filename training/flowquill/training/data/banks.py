"""Phrase banks: how people say each operation, each joining of steps, each value; and which of it is kept for the test split."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from flowquill.grammar.catalog import Catalog, Operation
from flowquill.training.data.values import Values

Split = Literal["train", "test"]
TEMPLATES_HELD_OUT = 0.2
CONNECTIVES_HELD_OUT = 0.15


class BankError(Exception):
    """A phrase bank that cannot be used. The message is one sentence that says which file and what to do."""


@dataclass(frozen=True, slots=True)
class ItemBank:
    """What one element of a list is called and how its properties are named."""

    names: tuple[str, ...]
    properties: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class OperationBank:
    """How one operation is said: imperatives of an action, "when" clauses of a trigger, values of its slots, names of its results."""

    operation: Operation
    says: tuple[str, ...]
    values: Mapping[str, str | tuple[Any, ...]]
    refer: Mapping[str, tuple[str, ...]]
    item: Mapping[str, ItemBank]
    mentions: tuple[str, ...] = ()
    preposition: str = "in"
    public: bool = False
    plain: bool = False
    """Of a catalog that knows one line of it: its product is named unless it was just spoken of."""


@dataclass(frozen=True)
class Banks:
    """The banks of a split. `operations`: by the text of the operation; `language`: the JSON of the other files by name."""

    operations: Mapping[str, OperationBank]
    language: Mapping[str, Any]
    values: Values = field(repr=False)
    split: Split = "train"

    def of(self, split: Split) -> Banks:
        """These banks with the phrases of one split: test has only held-out templates, train none of them."""
        operations = {k: _split_operation(b, split) for k, b in self.operations.items()}
        return Banks(operations, self.language, self.values, split)

    def merged(self, others: Iterable[OperationBank]) -> Banks:
        """These banks and those of more operations; one of the same operation stays as it is."""
        added = {b.operation.text: b for b in others}
        return Banks({**added, **self.operations}, self.language, self.values, self.split)

    @cached_property
    def _connectives(self) -> dict[str, tuple[Sequence[str], Sequence[str]]]:
        found: dict[str, tuple[Sequence[str], Sequence[str]]] = {}
        for name in ("connectives", "edits", "builtins", "completions", "refusals"):
            for key, phrases in self.language.get(name, {}).items():
                if isinstance(phrases, list) and phrases and isinstance(phrases[0], str):
                    found[f"{name}.{key}"] = split_phrases(phrases, CONNECTIVES_HELD_OUT, key) if len(phrases) > 5 else (phrases, phrases)
        return found

    def say(self, rng: random.Random, key: str, name: str = "connectives") -> str:
        """A phrase of `connectives.json` (or of the file `name`), of this split; the test split mixes held-out and others."""
        train, held = self._connectives[f"{name}.{key}"]
        if self.split == "test" and rng.random() < 0.5:
            return rng.choice(held)
        return rng.choice(train)


def load_banks(folder: Path | None = None, catalog: Catalog | None = None) -> Banks:
    """The banks of the package, or of a folder of the same layout, for the operations of the catalog.

    Phrases of operations that the catalog lacks are left out. Raises BankError where a file is no JSON.
    """
    from flowquill.grammar.catalog import load_catalog

    catalog = catalog or load_catalog()
    root = folder or Path(str(resources.files("flowquill.training").joinpath("language")))
    language: dict[str, Any] = {}
    for file in sorted(root.glob("*.json")):
        language[file.stem] = _json(file)
    operations: dict[str, OperationBank] = {}
    for file in sorted((root / "operations").glob("*.json")):
        for bank in _read(file, catalog):
            operations[bank.operation.text] = bank
    values = language.pop("values", None)
    if values is None:
        raise BankError(f"The language folder {root} holds no values.json; give a folder of the package's layout.")
    return Banks(operations, language, Values(values))


def held_out(text: str, share: float, salt: str = "") -> bool:
    """Whether a fixed hash puts this text among the `share` that only the test split sees."""
    return _rank(text, salt) < share


def split_phrases(phrases: Sequence[str], share: float, salt: str = "") -> tuple[Sequence[str], Sequence[str]]:
    """Phrases for training and held-out ones, by hash: at least one is held out, and at least one is not."""
    if len(phrases) < 2:
        return phrases, phrases
    ranked = sorted(phrases, key=lambda p: _rank(p, salt))
    count = min(len(ranked) - 1, max(1, round(share * len(ranked))))
    held = frozenset(ranked[:count])
    return [p for p in phrases if p not in held], [p for p in phrases if p in held]


def _rank(text: str, salt: str) -> float:
    return int.from_bytes(hashlib.sha1(f"{salt}\0{text}".encode()).digest()[:6], "big") / 2**48


def _split_operation(bank: OperationBank, split: Split) -> OperationBank:
    train, held = split_phrases(bank.says, TEMPLATES_HELD_OUT, bank.operation.text)
    says = tuple(train if split == "train" else held)
    return replace(bank, says=says)


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except ValueError as error:
        raise BankError(f"The phrase bank {file} cannot be read as JSON ({error}); mend the file.") from None


def _read(file: Path, catalog: Catalog) -> Iterable[OperationBank]:
    data = _json(file)
    connector = data.get("connector")
    connector = None if connector in ("builtin", "", None) else connector
    mentions = tuple(data.get("mentions") or ())
    for name, entry in data["operations"].items():
        operation = catalog.find(connector, name)
        if operation is None:
            continue
        says = tuple(dict.fromkeys(entry.get("say") or entry.get("when") or ()))
        values = {k: v if isinstance(v, str) else _sample_values(v) for k, v in (entry.get("values") or {}).items()}
        says = tuple(s for s in says if all(p in values and operation.parameter(p) is not None for p in slots(s)))
        if not says:
            continue
        refer = {k: tuple(v) for k, v in (entry.get("refer") or {}).items()}
        item = {
            k: ItemBank(tuple(v.get("names") or ("item",)), {p: tuple(n) for p, n in v.items() if p != "names"})
            for k, v in (entry.get("item") or {}).items()
        }
        yield OperationBank(operation, says, values, refer, item, mentions, data.get("preposition") or "in")


def _sample_values(values: Sequence[Any]) -> tuple[Any, ...]:
    """Without those that read like a reference to something ("the phishing incident"), where others remain."""
    kept = tuple(v for v in values if not (isinstance(v, str) and v.startswith(("the ", "The "))))
    return kept or tuple(values)


def slots(template: str) -> list[str]:
    """The parameters that a template says."""
    found: list[str] = []
    start = template.find("{")
    while start >= 0:
        end = template.find("}", start)
        if end < 0:
            break
        found.append(template[start + 1 : end])
        start = template.find("{", end)
    return found
